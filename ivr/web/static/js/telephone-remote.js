// The telephone window's buttons on every page of the desk, in the same browser.
const remote = document.querySelector("[data-remote]");
const part = (name) => remote.querySelector(`[data-remote-${name}]`);
const others = new BroadcastChannel("hotline-telephone");
let phase = "";

const act = (name) => others.postMessage({ act: name });
const text = (element, content) => {
  if (element.textContent !== content) element.textContent = content;
};
others.addEventListener("message", ({ data }) => {
  if (!data.phase) return;
  phase = data.phase;
  const ringing = phase === "ringing";
  const talking = phase === "talking";
  remote.hidden = !ringing && !talking;
  text(part("said"), [data.said, data.about, data.urgent].filter(Boolean).join(" · "));
  part("answer").hidden = part("decline").hidden = !ringing;
  part("mute").hidden = part("hang-up").hidden = !talking;
  part("mute").setAttribute("aria-pressed", String(Boolean(data.muted)));
  text(part("mute-label"), data.muted ? part("mute").dataset.unmute : part("mute").dataset.mute);
});
for (const [name, does] of [["answer", "answer"], ["decline", "decline"], ["mute", "mute"], ["hang-up", "hangUp"]]) {
  part(name).addEventListener("click", () => act(does));
}
const letters = { g: "answer", l: "end", m: "mute" };
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input:not([type=checkbox]), textarea, select, dialog[open]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || document.body.dataset.singleKeys === "off") return;
  if (!remote.hidden && Object.hasOwn(letters, event.key)) {
    event.preventDefault();
    act(letters[event.key]);
  }
});
others.postMessage({ hello: true });

// The window is a small one beside the desk, and the same one again.
for (const link of document.querySelectorAll("[data-telephone-window]")) {
  link.addEventListener("click", (event) => {
    const opened = window.open("", link.target, "popup,width=400,height=640");
    if (!opened) return; // then the link opens it as a tab
    event.preventDefault();
    if (opened.location.href === "about:blank") opened.location.assign(link.href);
    opened.focus();
  });
}
