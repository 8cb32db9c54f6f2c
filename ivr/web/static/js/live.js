// Parts of a page ask for themselves anew when the server's stream of events names one of their topics (data-live), and
// every ten seconds where there is no stream. All tabs of a browser share one stream: a browser opens only six
// connections to a server.
const url = document.body.dataset.liveUrl;
const POLL = 10000;
const SILENCE = 40000; // the server gives a sign of life every 15 seconds
const SOONEST = 1000; // between two requests of one part
const LONGEST_PAUSE = 30000;

let told = document.body.dataset.liveAt ?? ""; // the position of the last event that this page shows
let fresh = Boolean(told); // the page is as the server has just made it
let following = false;
let heard = 0;
const asked = new Map(); // id of a part -> when it last asked
const planned = new Map();

// -- parts of the page ----------------------------------------------------------------------------------------
const parts = () => [...document.querySelectorAll("[data-live][id]")];
const askSoon = (part, spread) => {
  const id = part.id;
  if (planned.has(id)) return;
  const wait = Math.max(Math.random() * spread, (asked.get(id) ?? 0) + SOONEST - Date.now(), 0);
  planned.set(id, setTimeout(() => {
    planned.delete(id);
    asked.set(id, Date.now());
    document.getElementById(id)?.dispatchEvent(new CustomEvent("live"));
  }, Math.min(wait, POLL)));
};
const askAll = (spread) => parts().forEach((part) => askSoon(part, spread));
const concerns = (part, topics) =>
  part.dataset.live.split(" ").some((wanted) => topics.some((topic) => topic === wanted || topic.startsWith(`${wanted}:`)));

// -- what the page says of it -----------------------------------------------------------------------------------
const note = document.querySelector("#live-note");
let lacking = 0; // since when there is no stream
let trouble = "";
const say = () => {
  const slow = url && !following && Date.now() - lacking > 2 * POLL ? "slow" : "";
  const shown = trouble || slow;
  for (const one of note?.children ?? []) if (one.hidden !== (one.dataset.note !== shown)) one.hidden = one.dataset.note !== shown;
};
const follow = (does) => {
  if (following !== does) lacking = Date.now();
  following = does;
  say();
};
document.addEventListener("htmx:config:request", (event) => {
  if (told && event.target.matches?.("[data-live]")) event.detail.ctx.request.headers["Live-Event"] = told;
});
document.addEventListener("htmx:after:request", (event) => {
  if (!event.target.matches?.("[data-live]")) return;
  const status = event.detail.ctx.response.status;
  trouble = status === 401 ? "out" : status >= 500 ? "gone" : "";
  say();
});
document.addEventListener("htmx:error", (event) => {
  if (!event.target.matches?.("[data-live]")) return;
  trouble = "gone";
  say();
});

// A refresh leaves open what a person has opened, and closed what they have closed. Where what a part is open for has
// changed (data-opens-for), the server decides anew.
window.htmx?.registerExtension("kept-details", {
  htmx_before_morph_attr: (element, { attrName, newValue }) => {
    if (!element.matches("details")) return true;
    if (attrName === "data-opens-for") element.open = Boolean(newValue);
    return attrName !== "open";
  },
});

// -- events, of the stream of this tab or of another one ----------------------------------------------------------
const take = ({ kind, data, at }) => {
  heard = Date.now();
  if (kind === "end") {
    fresh = false;
    follow(false);
    return;
  }
  const begins = !following || kind === "hello";
  follow(true);
  const [spread, ...topics] = data.split(" ");
  if (begins) {
    if (!fresh || at !== told) askAll(Math.max(Number(spread) || 0, 200));
    fresh = false;
  } else if (kind === "change") {
    for (const part of parts()) if (concerns(part, topics)) askSoon(part, Number(spread) || 0);
  }
  if (at) told = at;
};
const tabs = new BroadcastChannel(`hotline-live-${document.querySelector('meta[name="user"]')?.content ?? url}`);
let source = null;
tabs.addEventListener("message", ({ data }) => {
  if (data.kind === "who") {
    if (source && following) tabs.postMessage({ kind: "sign", data: "", at: told });
  } else take(data);
});
const pass = (kind, event) => {
  const one = { kind, data: event.data ?? "", at: event.lastEventId || told };
  take(one);
  tabs.postMessage(one);
};

// -- the stream ------------------------------------------------------------------------------------------------
let pause = 1000;
const close = () => {
  source?.close();
  source = null;
};
const again = () => {
  const was = following;
  close();
  pass("end", {});
  // All desks lose their streams at one time where the server is started again.
  setTimeout(open, (was ? 0.2 + Math.random() : 0.5 + Math.random()) * pause);
  pause = Math.min(pause * 2, LONGEST_PAUSE);
};
function open() {
  if (source) return;
  const mine = new EventSource(url);
  source = mine;
  heard = Date.now();
  mine.addEventListener("hello", (event) => {
    pause = 1000;
    pass("hello", event);
  });
  for (const kind of ["change", "sign"]) mine.addEventListener(kind, (event) => pass(kind, event));
  const over = () => source === mine && again();
  mine.addEventListener("end", over);
  mine.addEventListener("error", over);
}
const begin = () => {
  open();
  return new Promise(() => undefined); // this tab holds the stream until it is closed
};

if (url) {
  tabs.postMessage({ kind: "who" });
  if (navigator.locks) navigator.locks.request(tabs.name, begin);
  else begin();
}
lacking = Date.now();
let polled = Date.now();
setInterval(() => {
  const now = Date.now();
  if (now - heard > SILENCE) {
    if (source) again();
    else follow(false);
  }
  if (!following && now - polled >= POLL) {
    polled = now;
    askAll(POLL / 10);
  }
  for (const part of parts()) {
    const every = Number((following ? undefined : part.dataset.liveAlone) ?? part.dataset.liveEvery ?? 0) * 1000;
    if (!asked.has(part.id)) asked.set(part.id, now - Math.random() * every);
    if (every && now - asked.get(part.id) >= every) askSoon(part, 1000);
  }
  say();
}, 1000);
