// The telephone window: one window of a member's browser is their telephone. The bar of every page steers it.
import { LocalTelephone } from "./local-telephone.js";
import { TwilioTelephone } from "./twilio-telephone.js";

const page = document.querySelector("[data-telephone]");
const words = JSON.parse(page.dataset.words);
const urls = JSON.parse(page.dataset.urls);
const csrf = document.querySelector('meta[name="csrf-token"]').content;
const part = (name) => page.querySelector(`[data-${name}]`);
const others = new BroadcastChannel("hotline-telephone");
const alive = new Worker(urls.alive_worker, { type: "module" });

//: off, other (another window has it), on, ringing, talking
let phase = "off";
let said = "";
let shown = null; // what the call is about
let muted = false;
let heard = true; // whether there is a microphone during the call
let telephone = null;
let name = ""; // of this window
let context = null;

const post = async (url, fields = {}, options = {}) => {
  const body = new URLSearchParams(fields);
  const answer = await fetch(url, { method: "POST", body, headers: { "X-CSRFToken": csrf }, ...options });
  const known = answer.headers.get("Content-Type")?.includes("json");
  return { ok: answer.ok && known, status: answer.status, told: known ? await answer.json() : {} };
};

// -- what is seen -----------------------------------------------------------------------------------

const text = (element, content) => {
  if (element.textContent !== content) element.textContent = content;
};
const show = () => {
  const ringing = phase === "ringing";
  const talking = phase === "talking";
  page.dataset.phase = phase;
  text(part("said"), { off: words.off, other: words.other, ringing: words.ringing, talking: words.talking }[phase] ?? said);
  text(part("about"), shown && (ringing || talking) ? shown.text : "");
  text(part("urgent"), shown && (ringing || talking) ? shown.urgent : "");
  part("switch").hidden = phase !== "off";
  part("take-over").hidden = phase !== "other";
  part("ringing").hidden = !ringing;
  part("talking").hidden = !talking;
  part("off").hidden = phase !== "on";
  part("mute").setAttribute("aria-pressed", String(muted));
  text(part("mute").querySelector("[data-label]"), muted ? words.unmute : words.mute);
  document.title = `${ringing ? "☎ " : ""}${part("said").textContent} · ${words.title}`;
  tell();
};
const tell = () => others.postMessage({ phase, said: part("said").textContent, about: part("about").textContent,
  urgent: part("urgent").textContent, muted });
const trouble = (sentence) => {
  text(part("trouble"), sentence);
  part("trouble").hidden = !sentence;
};

// -- ringing ----------------------------------------------------------------------------------------

let bell = null;
const ring = () => {
  if (bell || !context) return;
  const once = () => {
    const tone = context.createOscillator();
    const volume = context.createGain();
    tone.frequency.value = 425;
    volume.gain.value = 0.15;
    tone.connect(volume).connect(context.destination);
    tone.start();
    tone.stop(context.currentTime + 1);
  };
  once();
  bell = setInterval(once, 4000);
};
const silence = () => {
  clearInterval(bell);
  bell = null;
};

// -- the microphone ---------------------------------------------------------------------------------

const microphoneTrouble = (error) => {
  if (!navigator.mediaDevices) return words.insecure;
  if (error.name === "NotAllowedError") return words.refused;
  return error.name === "NotFoundError" ? words.no_device : words.busy_device;
};
const tryMicrophone = async () => {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  for (const track of stream.getTracks()) track.stop();
};

// -- this window is the telephone -------------------------------------------------------------------

const on = {
  reachable: (is) => {
    alive.postMessage({ reachable: is });
    if (phase === "on") trouble(is ? "" : words.not_reachable);
  },
  rings: async () => {
    for (let tries = 0; tries < 6; tries += 1) {
      const { ok, told } = await post(urls.alive, { window: name }).catch(() => ({}));
      if (ok && !told.mine) {
        giveWay();
        return;
      }
      if (ok && told.call?.rings) {
        shown = told.call;
        phase = "ringing";
        show();
        if (shown.by_itself) answer();
        else {
          ring();
          part("answer").focus();
        }
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 400));
    }
  },
  gone: () => {
    silence();
    if (phase === "ringing") rest();
  },
  answered: () => {
    silence();
    phase = "talking";
    muted = false;
    heard = true;
    show();
  },
  microphone: (is) => {
    heard = is;
    trouble(is ? "" : words.microphone_gone);
  },
  connected: (is) => {
    if (!is) trouble(words.reconnecting);
    else trouble(heard ? "" : words.microphone_gone);
  },
  over: (why) => {
    silence();
    trouble(why === "lost" ? words.lost_call : "");
    rest();
  },
  level: (most) => {
    part("level").value = most;
  },
};

const rest = () => {
  phase = "on";
  shown = null;
  muted = false;
  show();
  alive.postMessage({ now: true });
};

const begin = async () => {
  const settings = { exchange: urls.register.replace(/register$/, ""), calls: urls.calls.replace(/-$/, ""), token: urls.token, silence: urls.silence, worklet: urls.worklet, csrf, context, on };
  telephone ??= page.dataset.library === "yes" ? new TwilioTelephone(settings) : new LocalTelephone(settings);
  alive.postMessage({ url: urls.alive, csrf, window: name });
  phase = "on";
  said = words.on;
  show();
  try {
    await telephone.register();
  } catch (error) {
    trouble(microphoneTrouble(error));
  }
};

const switchOn = async (fromAnother) => {
  trouble("");
  context ??= new AudioContext();
  context.resume();
  try {
    await tryMicrophone();
  } catch (error) {
    trouble(microphoneTrouble(error));
    return;
  }
  const fields = new URLSearchParams({ window: name });
  for (const box of page.querySelectorAll("[name=language]:checked")) fields.append("language", box.value);
  if (fromAnother) fields.append("from_another", "1");
  const { ok, told, status } = await post(urls.on, fields).catch(() => ({ told: {} }));
  if (ok) {
    if (fromAnother) others.postMessage({ taken: name });
    begin();
  } else if (told.reason === "other_window") {
    phase = "other";
    show();
  } else trouble(told.said ?? (status ? words.logged_out : words.no_server));
};

const giveWay = () => {
  silence();
  telephone?.unregister();
  alive.postMessage({ reachable: false });
  phase = "other";
  show();
};

const switchOff = async () => {
  const { ok, told } = await post(urls.off, { window: name }).catch(() => ({ told: {} }));
  if (!ok) {
    trouble(told.said ?? words.no_server);
    return;
  }
  await telephone?.unregister();
  alive.postMessage({ reachable: false });
  phase = "off";
  show();
};

alive.addEventListener("message", ({ data }) => {
  if (data.away) {
    if (phase === "on") trouble(words.no_server);
    return;
  }
  if (data.out) {
    trouble(words.logged_out);
    return;
  }
  if (!data.mine) {
    if (phase === "on" || phase === "ringing") giveWay();
    return;
  }
  if (phase !== "on") return;
  if (data.state === "offline") {
    telephone?.unregister();
    alive.postMessage({ reachable: false });
    phase = "off";
    trouble(data.lost ? words.lost.replace("{at}", data.lost) : "");
  } else {
    said = data.said;
    trouble("");
  }
  show();
});

// -- what a person does -----------------------------------------------------------------------------

const answer = async () => {
  if (phase !== "ringing") return;
  silence();
  try {
    await telephone.open();
  } catch (error) {
    trouble(microphoneTrouble(error));
    decline({ no_microphone: "1" });
    return;
  }
  await telephone.answer();
};
const decline = (why = {}) => {
  if (phase !== "ringing") return;
  silence();
  phase = "on";
  show();
  post(urls.decline, why).catch(() => {});
  telephone.decline();
};
const mute = () => {
  if (phase !== "talking") return;
  muted = !muted;
  telephone.mute(muted);
  show();
};
const hangUp = () => {
  if (phase === "talking") telephone.hangUp();
};
const acts = { answer, decline: () => decline(), mute, hangUp, end: () => (phase === "ringing" ? decline() : hangUp()) };

part("switch-on").addEventListener("click", () => switchOn(false));
part("take").addEventListener("click", () => switchOn(true));
part("off-button").addEventListener("click", switchOff);
part("answer").addEventListener("click", answer);
part("decline").addEventListener("click", acts.decline);
part("mute").addEventListener("click", mute);
part("hang-up").addEventListener("click", hangUp);
for (const key of page.querySelectorAll("[data-key]")) {
  key.addEventListener("click", () => telephone?.press(key.dataset.key));
}
const letters = { g: answer, l: acts.end, m: mute };
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.body.dataset.singleKeys === "off") return;
  if (phase === "talking" && /^[0-9*#]$/.test(event.key)) telephone.press(event.key);
  if (Object.hasOwn(letters, event.key)) {
    event.preventDefault();
    letters[event.key]();
  }
});
others.addEventListener("message", ({ data }) => {
  if (data.hello) tell();
  else if (data.taken && data.taken !== name && phase !== "off") giveWay();
  else if (Object.hasOwn(acts, data.act ?? "")) acts[data.act]();
});
window.addEventListener("beforeunload", (event) => {
  if (phase === "talking") event.preventDefault();
});
window.addEventListener("pagehide", () => {
  others.postMessage({ phase: "closed" });
  if (phase === "off" || phase === "other") return;
  telephone?.leave();
  post(urls.closes, { window: name }, { keepalive: true }).catch(() => {});
});

// -- the beginning: a window that was loaded anew goes on -------------------------------------------

const unused = (wanted) =>
  new Promise((resolve) => {
    if (!navigator.locks) resolve(true);
    else {
      navigator.locks.request(`hotline-window-${wanted}`, { ifAvailable: true }, (lock) => {
        resolve(Boolean(lock));
        return lock ? new Promise(() => {}) : null;
      });
    }
  });
const fresh = () => [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

const start = async () => {
  name = sessionStorage.getItem("hotline.window") ?? fresh();
  if (!(await unused(name))) name = fresh(); // a copy of a tab has its name as well
  await unused(name);
  sessionStorage.setItem("hotline.window", name);
  page.hidden = false;
  const { ok, told } = await post(urls.alive, { window: name }).catch(() => ({ told: {} }));
  if (ok && told.mine && told.state !== "offline") {
    context = new AudioContext();
    if (context.state === "suspended") document.addEventListener("click", () => context.resume(), { once: true });
    await begin();
  } else {
    if (told.lost) trouble(words.lost.replace("{at}", told.lost));
    show();
  }
};
start();
