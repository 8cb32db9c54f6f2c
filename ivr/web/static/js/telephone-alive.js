// Signs of life of the telephone window. A worker gives them: the clocks of pages in the background are slowed down.
const EVERY = 10000; // milliseconds
let asked = null;
let reachable = false;

const report = async () => {
  if (!asked || !reachable) return;
  try {
    const body = new URLSearchParams({ window: asked.window });
    const answer = await fetch(asked.url, { method: "POST", body, headers: { "X-CSRFToken": asked.csrf } });
    const known = answer.headers.get("Content-Type")?.includes("json");
    postMessage(known && answer.ok ? await answer.json() : { out: answer.redirected || answer.status < 500 });
  } catch {
    postMessage({ away: true });
  }
};
addEventListener("message", ({ data }) => {
  if (data.url) asked = data;
  if ("reachable" in data) reachable = data.reachable;
  if (data.now) report();
});
setInterval(report, EVERY);
