// The focus of who works by keyboard is not lost with a part of a page that goes, and Escape leads back.
const REACHED = "a[href], button, input:not([type=hidden]), select, textarea, summary";
const reached = (within) => [...within.querySelectorAll(REACHED)].filter((one) => !one.disabled && one.checkVisibility());

// -- what has the focus goes with a refresh: its neighbour gets it -----------------------------------------------
let had = null; // before a refresh: what has the focus, its part of the page, and its place there
document.addEventListener("htmx:before:swap", () => {
  const focused = document.activeElement;
  const part = focused?.closest("[hx-get][id]");
  if (!part) return;
  const row = focused.closest("[data-row]");
  had = { focused, id: part.id, row: row ? [...part.querySelectorAll("[data-row]")].indexOf(row) : -1, place: reached(part).indexOf(focused) };
});
document.addEventListener("htmx:after:swap", () => {
  const before = had;
  had = null;
  const kept = before?.focused.isConnected && before.focused.checkVisibility();
  if (!before || kept || (document.activeElement && document.activeElement !== document.body)) return;
  const part = document.getElementById(before.id);
  const rows = before.row < 0 || !part ? [] : [...part.querySelectorAll("[data-row]")];
  const next = rows.length ? rows[Math.min(before.row, rows.length - 1)].querySelector("a[href]") : null;
  const others = part?.checkVisibility() ? reached(part) : [];
  (next ?? others[Math.min(before.place, others.length - 1)] ?? document.querySelector("#main"))?.focus({ preventScroll: true });
});

// -- Escape closes what is open around the focus -------------------------------------------------------------------
const menu = document.querySelector(".top-menu");
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || event.isComposing || event.target.closest("dialog")) return;
  if (location.hash === "#side" && menu) {
    location.hash = "main";
    menu.focus();
    return;
  }
  const open = event.target.closest("details[open]");
  if (!open || event.target.matches("[type=search]")) return;
  open.open = false;
  open.querySelector("summary").focus();
});
