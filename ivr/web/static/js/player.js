// Lights the word that is heard, and plays from the word that is clicked.
for (const player of document.querySelectorAll("[data-player]")) {
  const audio = player.querySelector("audio");
  const words = [...player.querySelectorAll("[data-start]")];
  if (!audio) continue;

  // What cannot be read, or is covered since a colleague has the task, is said, not shown as a recording of no length.
  const wave = player.querySelector(".app-wave");
  const failed = async () => {
    const answer = wave && await fetch(wave.src).catch(() => null);
    player.querySelector("[data-damaged]").hidden = answer?.status !== 404;
    player.querySelector("[data-covered]").hidden = answer?.status !== 204;
  };
  audio.addEventListener("error", failed);
  wave?.addEventListener("error", failed);
  if (wave?.complete && !wave.naturalWidth) failed();

  // Speed, and five seconds back and forth.
  const tools = player.querySelector("[data-tools]");
  if (tools) {
    tools.hidden = false;
    const speed = tools.querySelector("select");
    const remembered = localStorage.getItem("hotline.speed") ?? "1";
    speed.value = remembered;
    audio.playbackRate = Number(remembered);
    speed.addEventListener("change", () => {
      audio.playbackRate = Number(speed.value);
      localStorage.setItem("hotline.speed", speed.value);
    });
    for (const skip of tools.querySelectorAll("[data-skip]")) {
      skip.addEventListener("click", () => {
        audio.currentTime = Math.max(0, audio.currentTime + Number(skip.dataset.skip));
      });
    }
  }
  // What only one of two machines has heard.
  for (const place of player.querySelectorAll("[data-from]")) {
    place.addEventListener("click", () => {
      audio.currentTime = Number(place.dataset.from);
      audio.play();
    });
  }
  if (!words.length) continue;
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
