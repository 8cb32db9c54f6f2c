// Lights the word that is heard, and plays from the word that is clicked.
for (const player of document.querySelectorAll("[data-player]")) {
  const audio = player.querySelector("audio");
  const words = [...player.querySelectorAll("[data-start]")];
  if (!audio || !words.length) continue;
  const starts = words.map((word) => Number(word.dataset.start));
  let lit = null;

  const wordAt = (time) => {
    let low = 0;
    let high = starts.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (starts[middle] <= time) low = middle + 1;
      else high = middle - 1;
    }
    const word = words[high];
    return word && time < Number(word.dataset.end) ? word : null;
  };

  const light = () => {
    const word = wordAt(audio.currentTime);
    if (word !== lit) {
      lit?.removeAttribute("aria-current");
      word?.setAttribute("aria-current", "true");
      lit = word;
    }
    if (!audio.paused) requestAnimationFrame(light);
  };

  audio.addEventListener("play", light);
  audio.addEventListener("seeked", light);
  for (const word of words) {
    word.addEventListener("click", () => {
      audio.currentTime = Number(word.dataset.start);
      audio.play();
    });
  }
}
