// A telephone in the browser: small requests to the local exchange, prompts played, the microphone streamed.
const phone = document.querySelector("[data-phone]");
const words = JSON.parse(phone.dataset.words);
const exchange = phone.dataset.exchange;
const csrf = document.querySelector('meta[name="csrf-token"]').content;
const dialButton = phone.querySelector("[data-dial]");
const hangUpButton = phone.querySelector("[data-hangup]");
const keys = [...phone.querySelectorAll("[data-key]")];
const talk = phone.querySelector("[data-talk]");
const status = phone.querySelector("[data-status]");
const level = phone.querySelector("#level");
const field = (id) => phone.querySelector(`#${id}`);

let call = null; // {sid, recording, pending}
let audioContext = null;
let microphone = null;
const player = new Audio();

const post = (path, body, type = "application/json", options = {}) =>
  fetch(exchange + path, {
    method: "POST",
    body,
    headers: { "Content-Type": type, "X-CSRFToken": csrf },
    ...options,
  });

const say = (text, mine = false, language = "") => {
  const line = document.createElement("p");
  line.textContent = text;
  line.dir = "auto";
  if (language) line.lang = language;
  if (mine) line.className = "phone-me";
  talk.append(line);
  talk.scrollTop = talk.scrollHeight;
};

// -- microphone ---------------------------------------------------------------------------------

const openMicrophone = async () => {
  if (microphone) return;
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: 1 },
  });
  audioContext = new AudioContext();
  await audioContext.audioWorklet.addModule(phone.dataset.worklet);
  const source = audioContext.createMediaStreamSource(stream);
  const worklet = new AudioWorkletNode(audioContext, "microphone", { numberOfInputs: 1, numberOfOutputs: 0 });
  worklet.port.onmessage = ({ data }) => hear(data);
  source.connect(worklet);
  microphone = { stream, worklet };
};

const hear = (block) => {
  level.value = block.reduce((loudest, sample) => Math.max(loudest, Math.abs(sample)), 0);
  if (!call?.recording && !call?.talking) return;
  const samples = new Int16Array(block.length);
  block.forEach((sample, index) => {
    samples[index] = Math.max(-1, Math.min(1, sample)) * 32767;
  });
  const { sid } = call;
  const path = `calls/${sid}/speech?rate=${audioContext.sampleRate}`;
  // One after the other, so that what was said first arrives first.
  call.sent = call.sent.then(() => post(path, samples, "application/octet-stream")).catch(() => {});
};

const beep = (seconds) => {
  if (!audioContext) return;
  const tone = audioContext.createOscillator();
  const gain = audioContext.createGain();
  tone.frequency.value = 1000;
  gain.gain.value = 0.2;
  tone.connect(gain).connect(audioContext.destination);
  tone.start();
  tone.stop(audioContext.currentTime + seconds);
};

// -- the call -----------------------------------------------------------------------------------

const on = {
  said: (event) => {
    say(event.text, false, event.language);
    player.src = `${exchange}calls/${call.sid}/audio/${event.audio}.wav`;
    player.play().catch(() => {});
  },
  interrupted: () => player.pause(),
  listening: () => {},
  beep: (event) => {
    say(words.beep);
    beep(event.seconds);
  },
  recording: () => {
    call.recording = true;
    status.textContent = words.recording;
  },
  recorded: () => {
    call.recording = false;
    status.textContent = words.recorded;
  },
  talking: () => {
    call.talking = true;
    status.textContent = words.talking;
    listen(call.sid);
  },
  talked: () => {
    if (call) call.talking = false;
    status.textContent = words.talked;
  },
  over: () => over(words.over),
};

const over = (text) => {
  call = null;
  player.pause();
  status.textContent = text;
  for (const button of [hangUpButton, ...keys]) button.disabled = true;
  dialButton.disabled = false;
};

const follow = async () => {
  let seen = 0;
  while (call) {
    let answer;
    try {
      const response = await fetch(`${exchange}calls/${call.sid}/events?after=${seen}`);
      if (!response.ok) throw new Error(response.status);
      answer = await response.json();
    } catch {
      over(words.no_exchange);
      return;
    }
    seen += answer.events.length;
    for (const event of answer.events) {
      if (event.type !== "recording" && event.type !== "recorded" && call?.recording) call.recording = false;
      on[event.type]?.(event);
    }
  }
};

const dial = async () => {
  dialButton.disabled = true;
  talk.replaceChildren();
  status.textContent = words.dialling;
  try {
    await openMicrophone();
  } catch {
    say(words.no_microphone);
  }
  await audioContext?.resume();
  const wish = { from: field("from").value, at: field("at").value };
  const response = await post("calls", JSON.stringify(wish)).catch(() => null);
  if (!response?.ok) {
    over(words.no_exchange);
    return;
  }
  begin((await response.json()).call_sid);
};

const begin = (sid) => {
  call = { sid, recording: false, talking: false, sent: Promise.resolve() };
  status.textContent = "";
  dialButton.disabled = true;
  for (const button of [hangUpButton, ...keys]) button.disabled = false;
  follow();
};

// -- a conversation: what the others say, fetched piece by piece and played one after the other ------

const listen = async (sid) => {
  let next = 0;
  while (call?.sid === sid && call.talking) {
    const response = await fetch(`${exchange}calls/${sid}/conversation`).catch(() => null);
    const samples = response?.ok ? new Int16Array(await response.arrayBuffer()) : new Int16Array(0);
    if (samples.length && audioContext) {
      const buffer = audioContext.createBuffer(1, samples.length, 8000);
      buffer.getChannelData(0).set(Float32Array.from(samples, (sample) => sample / 32768));
      const source = audioContext.createBufferSource();
      source.buffer = buffer;
      source.connect(audioContext.destination);
      next = Math.max(next, audioContext.currentTime + 0.1);
      source.start(next);
      next += buffer.duration;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
};

// -- being rung -------------------------------------------------------------------------------------

const plugButton = phone.querySelector("[data-plug]");
const answerButton = phone.querySelector("[data-answer]");
const refuseButton = phone.querySelector("[data-refuse]");
let rung = null; // the call that rings here

let number = ""; // under which this window is rung

const plugIn = async () => {
  plugButton.disabled = true;
  const written = encodeURIComponent(field("from").value.replace(/[^+0-9]/g, ""));
  const plugged = await post(`phones/${written}`, "{}").catch(() => null);
  if (!plugged?.ok) {
    plugButton.disabled = false;
    status.textContent = words.no_exchange;
    return;
  }
  number = encodeURIComponent((await plugged.json()).number);
  field("from").readOnly = true;
  status.textContent = `${words.plugged} ${field("from").value}.`;
  await openMicrophone().catch(() => say(words.no_microphone));
  await audioContext?.resume();
  for (;;) {
    const response = await fetch(`${exchange}phones/${number}/ringing${rung ? `?known=${rung}` : ""}`).catch(() => null);
    if (!response?.ok) {
      plugButton.disabled = false;
      return;
    }
    const [ringing] = (await response.json()).calls;
    rung = ringing?.call_sid ?? null;
    answerButton.hidden = refuseButton.hidden = !rung;
    if (rung) {
      status.textContent = `${words.rung_by} ${ringing.from}.`;
      answerButton.focus();
    }
  }
};

const decide = async (answer) => {
  const sid = rung;
  const response = await post(`phones/${number}/calls/${sid}`, JSON.stringify({ answer })).catch(() => null);
  answerButton.hidden = refuseButton.hidden = true;
  if (!answer || !response?.ok) return;
  talk.replaceChildren();
  begin(sid);
};

plugButton.addEventListener("click", plugIn);
answerButton.addEventListener("click", () => decide(true));
refuseButton.addEventListener("click", () => decide(false));

const press = (key) => {
  if (!call) return;
  say(`${words.pressed} ${key}`, true);
  post(`calls/${call.sid}/keys`, JSON.stringify({ keys: key }));
};

const hangUp = (options) => {
  if (call) post(`calls/${call.sid}/hangup`, "{}", "application/json", options);
};

dialButton.addEventListener("click", dial);
hangUpButton.addEventListener("click", () => hangUp());
for (const key of keys) key.addEventListener("click", () => press(key.dataset.key));
document.addEventListener("keydown", (event) => {
  if (event.target.matches("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (/^[0-9*#]$/.test(event.key)) press(event.key);
});
// Closing the window hangs up, as putting the receiver down would.
window.addEventListener("pagehide", () => hangUp({ keepalive: true }));
