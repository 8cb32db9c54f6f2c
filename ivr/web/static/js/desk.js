// The desk: keys, ticked tasks, the command palette and alerts. Everything works without it, more slowly.
const token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";
const stored = (key, fallback) => localStorage.getItem(`hotline.${key}`) ?? fallback;
const store = (key, value) => localStorage.setItem(`hotline.${key}`, value);

// -- what somebody has chosen is kept by the server, for all their browsers ---------------------------------------
const own = document.body.dataset;
const choose = (field, on) => {
  own[field === "alerts" ? "alerts" : "singleKeys"] = on ? "on" : "off";
  const form = new URLSearchParams({ csrf_token: token, [field]: on ? "on" : "off" });
  return fetch(own.choicesUrl, { method: "POST", body: form, keepalive: true });
};
// What this browser has kept before the server did.
for (const [kept, field] of [["alerts", "alerts"], ["keys", "single_keys"]]) {
  const value = localStorage.getItem(`hotline.${kept}`);
  if (value && own.choicesUrl) choose(field, value === "on").then((answer) => answer.ok && localStorage.removeItem(`hotline.${kept}`));
}

// -- ticked tasks survive the refresh of the list -------------------------------------------------------------
const ticked = new Set();
const told = document.querySelector("[data-ticked]");
const showTicked = () => {
  for (const box of document.querySelectorAll('input[name="task"]')) box.checked = ticked.has(box.value);
  for (const one of document.querySelectorAll("[data-all]")) one.hidden = false;
  const count = ticked.size ? `(${ticked.size})` : "";
  if (told && told.textContent !== count) told.textContent = count; // a change is observed: it must end
};
document.addEventListener("change", (event) => {
  if (event.target.matches('input[name="task"]')) {
    event.target.checked ? ticked.add(event.target.value) : ticked.delete(event.target.value);
    showTicked();
  }
});
const boxes = () => [...document.querySelectorAll('input[name="task"]')];
document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-all]")) return;
  for (const box of boxes()) event.target.checked ? ticked.add(box.value) : ticked.delete(box.value);
  showTicked();
});
const list = document.querySelector("#queue")?.parentElement;
if (list) {
  showTicked();
  const refreshed = () => {
    showTicked();
    const count = Number(list.querySelector("#queue")?.dataset.count ?? 0);
    const title = document.title.replace(/^\(\d+\) /, "");
    document.title = count ? `(${count}) ${title}` : title;
  };
  new MutationObserver(refreshed).observe(list, { childList: true, subtree: true });
}

// -- a place in the list ------------------------------------------------------------------------------------
const rows = () => [...document.querySelectorAll("[data-row]")];
const rowInFocus = () => document.activeElement?.closest?.("[data-row]");
const move = (step) => {
  const all = rows();
  const next = all[Math.min(Math.max(all.indexOf(rowInFocus()) + step, 0), all.length - 1)];
  next?.querySelector('a[href*="/tasks/"]')?.focus();
};

// -- keys ---------------------------------------------------------------------------------------------------
const sheet = document.querySelector("#keys");
const palette = document.querySelector("#palette");
const click = (selector) => document.querySelector(selector)?.click();
// One form is open at a time; the text of a form is where somebody types first.
const act = (name) => {
  const one = document.querySelector(`[data-act="${name}"]`);
  if (!one) return;
  one.open = true;
  (one.querySelector("textarea") ?? one.querySelector("input:not([type=hidden]), select, a"))?.focus();
};
const keys = {
  n: () => click("#next button"),
  j: () => move(1),
  k: () => move(-1),
  o: () => rowInFocus()?.querySelector('a[href*="/tasks/"]')?.click(),
  x: () => rowInFocus()?.querySelector('input[name="task"]')?.click(),
  X: () => click("[data-all]"),
  z: () => document.querySelector("#bulk-to")?.focus(),
  "/": () => document.querySelector("#search")?.focus(),
  c: () => click('form[action$="/claim"] button'),
  e: () => document.querySelector("#note-text")?.focus(),
  b: () => click('form[action*="/call-back/"] button'),
  p: () => {
    const audio = document.querySelector("[data-player] audio");
    if (audio) audio.paused ? audio.play() : audio.pause();
  },
  f: () => click('form[action$="/no-danger"] button'),
  q: () => click("[data-queue]"),
  "+": () => click('.side-link[href$="/desk/new"]'),
  r: () => act("attempt"),
  a: () => act("close"),
  h: () => act("hand-over"),
  w: () => act("put-off"),
  s: () => act("sms"),
  "!": () => click('[data-call="help"]'),
  "#": () => {
    const marks = document.querySelector('[data-call="incident"]');
    if (!marks) return;
    for (let above = marks.parentElement?.closest("details"); above; above = above.parentElement?.closest("details")) above.open = true;
    marks.open = true;
    marks.querySelector("select")?.focus();
  },
  u: () => click("[data-undo] button"),
  v: () => act("represent"),
  i: () => act("identity"),
  "?": () => sheet?.showModal(),
  ...Object.fromEntries([..."123456789"].map((number) => [number, () => click(`[data-macro="${number}"]`)])),
};
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && event.target.form && !event.target.closest("dialog")) {
    event.preventDefault();
    const form = event.target.form; // of several buttons the first one is meant
    form.requestSubmit([...form.elements].find((one) => one.matches("button:not([type=button])")));
    return;
  }
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k" && palette) {
    event.preventDefault();
    openPalette();
    return;
  }
  const typing = event.target.closest("input:not([type=checkbox]), textarea, select, dialog[open]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || own.singleKeys === "off") return;
  if (Object.hasOwn(keys, event.key)) {
    event.preventDefault();
    keys[event.key]();
  }
});
const keySwitch = document.querySelector("[data-keys]");
if (keySwitch) {
  keySwitch.checked = own.singleKeys === "on";
  keySwitch.addEventListener("change", () => choose("single_keys", keySwitch.checked));
}
for (const opener of document.querySelectorAll("[data-open]")) {
  opener.hidden = false;
  opener.addEventListener("click", () => (opener.dataset.open === "palette" ? openPalette() : sheet?.showModal()));
}

// -- where one is stands in sight in the side bar, however long it is
document.querySelector(".side-nav [aria-current]")?.scrollIntoView({ block: "nearest" });

// -- the command palette --------------------------------------------------------------------------------------
const words = palette?.querySelector("input");
const found = palette?.querySelector("[role=listbox]");
let chosen = 0;
const mark = () => {
  [...found.children].forEach((option, number) => option.setAttribute("aria-selected", String(number === chosen)));
  words.setAttribute("aria-activedescendant", found.children[chosen]?.id ?? "");
  found.children[chosen]?.scrollIntoView({ block: "nearest" });
};
const look = async () => {
  const asked = words.value;
  const answer = await fetch(palette.dataset.url, {
    method: "POST",
    headers: { "X-CSRFToken": document.querySelector('meta[name="csrf-token"]').content },
    body: new URLSearchParams({ q: asked }),
  });
  if (!answer.ok || words.value !== asked) return;
  const options = (await answer.json()).found.map((one, number) => {
    const option = document.createElement("li");
    option.id = `found-${number}`;
    option.setAttribute("role", "option");
    option.textContent = one.label;
    option.addEventListener("click", () => {
      if (one.url) location.assign(one.url);
      else {
        palette.close();
        keys[one.action]();
      }
    });
    return option;
  });
  found.replaceChildren(...options);
  chosen = 0;
  mark();
};
function openPalette() {
  palette.showModal();
  words.value = "";
  look();
}
let soon;
words?.addEventListener("input", () => {
  clearTimeout(soon);
  soon = setTimeout(look, 200);
});
words?.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    event.preventDefault();
    chosen = Math.min(Math.max(chosen + step, 0), found.children.length - 1);
    mark();
  } else if (event.key === "Enter") {
    event.preventDefault();
    found.children[chosen]?.click();
  }
});
for (const dialog of document.querySelectorAll("dialog")) {
  dialog.querySelector("[data-close]")?.addEventListener("click", () => dialog.close());
}

// -- text modules are put where one types ------------------------------------------------------------------------
for (const button of document.querySelectorAll("[data-insert]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const field = document.getElementById(button.dataset.insert);
    const before = field.value && !field.value.endsWith("\n") && field.selectionStart === field.value.length ? "\n" : "";
    field.focus();
    field.setRangeText(before + button.dataset.text, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

// -- alerts: only where somebody has asked for them --------------------------------------------------------------
const bell = document.querySelector("[data-alerts-switch]");
const known = new Set(JSON.parse(stored("alerted", "[]")));
const ring = () => {
  const context = new AudioContext();
  const tone = context.createOscillator();
  const volume = context.createGain();
  volume.gain.value = 0.1;
  tone.frequency.value = 880;
  tone.connect(volume).connect(context.destination);
  tone.start();
  tone.stop(context.currentTime + 0.3);
  tone.onended = () => context.close();
};
const watch = async (quietly) => {
  if (own.alerts !== "on") return;
  try {
    const answer = await fetch(own.alertsUrl);
    if (!answer.ok) return;
    const { emergencies, at_risk: atRisk } = await answer.json();
    for (const one of [...emergencies, ...atRisk]) {
      const name = `${one.text} ${one.code}`;
      if (known.has(name)) continue;
      known.add(name);
      if (quietly) continue;
      ring();
      if (Notification.permission === "granted") {
        const note = new Notification(one.text, { body: one.code, tag: one.code });
        note.onclick = () => location.assign(one.url);
      }
    }
    store("alerted", JSON.stringify([...known].slice(-200)));
  } catch {
    // the server does not answer; the next poll repeats it
  }
};
if (bell && own.alertsUrl) {
  bell.hidden = false;
  const show = () => bell.setAttribute("aria-pressed", String(own.alerts === "on"));
  show();
  bell.addEventListener("click", async () => {
    const on = own.alerts !== "on";
    if (on && "Notification" in window) await Notification.requestPermission();
    await choose("alerts", on);
    show();
    watch(true);
  });
  watch(true);
  setInterval(() => watch(false), 5000);
}

// -- after a form the page stands where it stood ------------------------------------------------------------------
const here = `place.${location.pathname}`;
const place = sessionStorage.getItem(here);
if (place && !location.hash) window.scrollTo(0, Number(place));
sessionStorage.removeItem(here);
document.addEventListener("submit", () => sessionStorage.setItem(here, String(window.scrollY)));

// -- what lies over the end of a page makes it longer by as much: it covers nothing for good ------------------------
const overlays = () => [...document.querySelectorAll("#phone, .phone-remote")].filter((one) => getComputedStyle(one).position === "fixed");
const makeRoom = () => {
  const tops = overlays().filter((one) => one.offsetHeight).map((one) => one.getBoundingClientRect().top);
  document.documentElement.style.setProperty("--over", `${tops.length ? Math.round(innerHeight - Math.min(...tops)) : 0}px`);
};
const sizes = new ResizeObserver(makeRoom);
const watchOverlays = () => {
  for (const one of overlays()) sizes.observe(one);
  makeRoom();
};
watchOverlays();
document.addEventListener("htmx:after:swap", watchOverlays);
window.addEventListener("resize", makeRoom);

// -- a sign of life: who answers calls in this browser is there as long as it is open -------------------------------
if (document.body.dataset.aliveUrl) {
  const alive = () => {
    if (!document.querySelector("#phone.phone-bar--off")) fetch(document.body.dataset.aliveUrl).catch(() => undefined);
  };
  alive();
  setInterval(alive, 50000);
}

// -- a form is sent once, however often its button is pressed while it is on its way --------------------------------
const sentFor = 5000; // an answer that is a file leaves the page as it is: the form can be sent again then
let sentAt = new WeakMap();
window.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.getAttribute("method") !== "post") return;
  if (event.timeStamp - (sentAt.get(event.target) ?? -sentFor) < sentFor) event.preventDefault();
  else sentAt.set(event.target, event.timeStamp);
});
window.addEventListener("pageshow", () => (sentAt = new WeakMap()));

// -- a transcript, a language or a rendering has come: shown at once where nobody listens, types or reads an answer ----
let sending = false; // a form is on its way: loading the page anew would break its answer off
window.addEventListener("submit", (event) => (sending ||= !event.defaultPrevented));
window.addEventListener("pageshow", () => (sending = false));
document.addEventListener("htmx:after:swap", () => {
  if (!document.querySelector("#others [data-heard-more]")) return;
  const listening = [...document.querySelectorAll("audio")].some((audio) => audio.currentTime > 0);
  const typing = document.activeElement?.matches("input, select, textarea");
  const open = document.querySelector(".app-message details[open], details.act[open], dialog[open]");
  const answered = document.querySelector(".flashes > *"); // what came of a form would be gone
  if (sending || listening || typing || open || answered || String(getSelection())) return;
  location.reload();
});

// -- who leaves a task's page says so: others are shown who looks at it --------------------------------------------
window.addEventListener("pagehide", () => {
  const left = document.querySelector("[data-left-url]")?.dataset.leftUrl;
  if (left) navigator.sendBeacon(left, new URLSearchParams({ csrf_token: token }));
});
