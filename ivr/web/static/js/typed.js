// What somebody types is not lost: not by a refresh, a connection that is gone, a log-in that has ended, or a second tab.
const token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";
const person = document.querySelector('meta[name="user"]')?.content ?? "";
const saved = document.querySelector('meta[name="saved"]')?.content ?? ""; // where the form was sent that has just been saved

// -- drafts: kept by the server, and in this browser until the server has them ----------------------------------
// A copy belongs to one person: whoever logs in here next neither sees it nor sends it.
for (const name of Object.keys(localStorage)) if (name.startsWith("hotline.draft./")) localStorage.removeItem(name);
for (const field of document.querySelectorAll("[data-draft]")) {
  const place = `draft.${person}.${field.dataset.draft}`;
  if (saved && saved === field.form?.getAttribute("action")) localStorage.removeItem(`hotline.${place}`);
  const local = localStorage.getItem(`hotline.${place}`) ?? "";
  // The server has less where the log-in ended in the middle of a sentence, or it did not answer: nothing is lost.
  if (local && !field.value.includes(local.trim())) {
    const goesOn = local.startsWith(field.value.trim());
    field.value = goesOn ? local : `${field.value}\n${local}`;
  }
  let waiting = 0;
  const keep = async () => {
    const text = field.value;
    try {
      const body = new URLSearchParams({ text, csrf_token: token });
      const answer = await fetch(field.dataset.draft, { method: "POST", body, keepalive: true, redirect: "manual" });
      if (answer.status === 204 && (localStorage.getItem(`hotline.${place}`) ?? "") === text) localStorage.removeItem(`hotline.${place}`);
    } catch {
      // the text stays in this browser until the server answers again
    }
  };
  field.addEventListener("input", () => {
    localStorage.setItem(`hotline.${place}`, field.value);
    clearTimeout(waiting);
    waiting = setTimeout(keep, 400);
  });
  // The copy goes when a page says that the server has it: the log-in may have ended meanwhile.
  field.form?.addEventListener("submit", () => {
    clearTimeout(waiting);
    localStorage.setItem(`hotline.${place}`, field.value);
  });
}

// -- other forms (data-keep): kept in this tab until a page says that the form was saved ---------------------------
const prefix = `hotline.typed.${person}.`;
// data-keep may name the call that a form is about: what was typed for one is not shown for the next.
const nameOf = (field) => `${prefix}${field.form.getAttribute("action")}.${field.form.dataset.keep}.${field.name}`;
const isKept = (field) =>
  Boolean(field.form?.matches?.("[data-keep]")) && field.matches("textarea, select, input:not([type=hidden], [type=checkbox], [type=radio])");
for (const name of Object.keys(sessionStorage)) {
  const others = name.startsWith("hotline.typed.") && !name.startsWith(prefix); // whoever was logged in here before
  if (others || (saved && name.startsWith(`${prefix}${saved}.`))) sessionStorage.removeItem(name);
}
document.addEventListener("input", ({ target }) => isKept(target) && sessionStorage.setItem(nameOf(target), target.value));
// The page says what the server has kept; what was typed comes back where it says nothing else.
const isAsSent = (field) =>
  field.matches("select") ? [...field.options].every((one) => one.selected === one.defaultSelected || !one.value) : field.value === field.defaultValue;
const comesAgain = ["reload", "back_forward"].includes(performance.getEntriesByType("navigation")[0]?.type);
const giveBack = (within) => {
  for (const form of within.querySelectorAll("form[data-keep]")) {
    for (const field of form.elements) {
      const text = isKept(field) ? sessionStorage.getItem(nameOf(field)) : null;
      if (text === null || text === field.value || field.dataset.given || !isAsSent(field)) continue;
      field.value = text;
      field.dataset.given = "1";
      const folded = field.closest("details");
      if (folded && comesAgain && text && !document.querySelector("details.act[open]")) folded.open = true;
    }
  }
};
giveBack(document);

// -- the note of a call: sent again when the server answers again; the wrap-up has it in any case --------------------
let unsent = null; // what was typed without a connection: address, form, text, conversation; done: it needs no sending
const sendAgain = async () => {
  const one = unsent;
  if (!one || one.done) return;
  try {
    const answer = await fetch(one.url, { method: "POST", body: one.form, redirect: "manual" });
    one.done = answer.status === 204 || answer.status === 409; // 409: its wrap-up has been sent
  } catch {
    // the next time
  }
};
const isCallNote = (element) => Boolean(element.matches?.("textarea[hx-post]"));
const hasFailed = ({ target }) => {
  if (!isCallNote(target)) return;
  const form = new URLSearchParams(new FormData(target.form));
  unsent = { url: target.getAttribute("hx-post"), form, text: target.value, conversation: form.get("conversation") };
};
document.addEventListener("htmx:error", hasFailed);
document.addEventListener("htmx:after:request", (event) => {
  if (!isCallNote(event.target)) return;
  if (event.detail.ctx.response.status === 204) unsent = null;
  else hasFailed(event);
});
window.addEventListener("online", sendAgain);
setInterval(sendAgain, 5000);
document.addEventListener("htmx:after:swap", () => {
  const phone = document.querySelector("#phone, #me");
  if (phone) giveBack(phone);
  const wrapUp = document.querySelector("#wrap-up-text");
  if (!unsent || !wrapUp || wrapUp.form.dataset.keep !== unsent.conversation) return;
  const goesOn = unsent.text.startsWith(wrapUp.value.trim());
  if (goesOn) wrapUp.value = unsent.text;
  else if (!wrapUp.value.includes(unsent.text.trim())) wrapUp.value += `\n${unsent.text}`;
});
