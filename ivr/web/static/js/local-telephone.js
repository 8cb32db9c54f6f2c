// The telephone window's way to the exchange: long polls for calls and events, speech in short requests. Each shows a
// pass that the desk gives for some minutes: a proxy may send them straight to the exchange, which knows no log-ins.
const PASS_COUNTS = 480000; // milliseconds, of ten minutes
const LOST_AFTER = 15000; // milliseconds: the exchange ends the call of who is away for longer
const BLOCKS_KEPT = 20; // of 100 ms, while the connection is away

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export class LocalTelephone {
  constructor({ exchange, calls, token, worklet, csrf, context, on }) {
    Object.assign(this, { exchange, calls, token, worklet, csrf, context, on });
    this.pass = "";
    this.passUntil = 0;
    navigator.mediaDevices?.addEventListener("devicechange", () => this.openAgain());
    this.registered = false;
    this.call = null;
    this.player = new Audio();
  }

  post(path, body = "{}", type = "application/json", options = {}) {
    const headers = { "Content-Type": type, "X-CSRFToken": this.csrf };
    return this.ask(path, { method: "POST", body, headers, ...options });
  }

  async ask(path, options = {}) {
    if (Date.now() > this.passUntil) await this.renew();
    const answer = await this.asked(path, options);
    if (answer.status !== 401) return answer;
    await this.renew();
    return this.asked(path, options);
  }

  asked(path, options) {
    return fetch(path, { ...options, headers: { ...options.headers, Authorization: `Bearer ${this.pass}` } });
  }

  async renew() {
    const answer = await fetch(this.token, { method: "POST", headers: { "X-CSRFToken": this.csrf } });
    if (!answer.ok || !answer.headers.get("Content-Type")?.includes("json")) throw new Error("no pass");
    this.pass = (await answer.json()).token;
    this.passUntil = Date.now() + PASS_COUNTS;
  }

  // -- being rung ---------------------------------------------------------------------------------

  async register() {
    this.registered = true;
    const known = await this.introduce();
    this.wait();
    if (known?.length && !this.call) {
      await this.open();
      this.begin(known[0], true);
    }
  }

  async introduce() {
    const answer = await this.post(`${this.exchange}register`).catch(() => null);
    this.on.reachable(Boolean(answer?.ok));
    return answer?.ok ? (await answer.json()).in_call : null;
  }

  async wait() {
    const turn = (this.turn = {});
    const goesOn = () => this.registered && this.turn === turn;
    let rung = null;
    while (goesOn()) {
      if (this.call) {
        await sleep(300);
        continue;
      }
      const known = rung ? `?known=${encodeURIComponent(rung)}` : "";
      const answer = await this.ask(`${this.exchange}ringing${known}`).catch(() => null);
      if (!goesOn()) return;
      if (!answer?.ok) {
        this.on.reachable(false);
        await sleep(1000);
        await this.introduce();
        continue;
      }
      this.on.reachable(true);
      const sid = (await answer.json()).calls[0]?.call_sid ?? null;
      if (sid === rung) continue;
      if (rung && !this.call) this.on.gone();
      rung = sid;
      this.rung = sid;
      if (sid && !this.call) this.on.rings();
    }
  }

  async unregister() {
    this.registered = false;
    await this.post(`${this.exchange}gone`).catch(() => null);
  }

  // -- microphone ---------------------------------------------------------------------------------

  async open() {
    if (this.stream) return;
    this.stream = await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 },
    });
    if (!this.loaded) this.loaded = this.context.audioWorklet.addModule(this.worklet);
    await this.loaded;
    await this.context.resume();
    this.source = this.context.createMediaStreamSource(this.stream);
    this.node = new AudioWorkletNode(this.context, "microphone", { numberOfInputs: 1, numberOfOutputs: 0 });
    this.node.port.onmessage = ({ data }) => this.hear(data);
    this.source.connect(this.node);
    const { stream } = this;
    for (const track of stream.getTracks()) track.addEventListener("ended", () => this.lost(stream));
  }

  // Somebody has pulled the plug, or taken the permission away: the call goes on, and nobody hears this side of it.
  lost(stream) {
    if (this.stream !== stream) return;
    this.close();
    this.on.microphone(false);
    this.openAgain();
  }

  async openAgain() {
    if (!this.call || this.stream || this.opening) return;
    this.opening = true;
    try {
      await this.open();
      this.on.microphone(true);
    } catch {
      // told already; the next device that is plugged in is tried
    } finally {
      this.opening = false;
    }
  }

  close() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.source?.disconnect();
    this.stream = this.source = this.node = null;
    this.on.level(0);
  }

  hear(block) {
    const { call } = this;
    this.on.level(call?.muted ? 0 : block.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0));
    if (!call?.talking || call.muted) return;
    call.blocks.push(Int16Array.from(block, (sample) => Math.max(-1, Math.min(1, sample)) * 32767));
    if (call.blocks.length > BLOCKS_KEPT) call.blocks.shift();
  }

  // -- a call -------------------------------------------------------------------------------------

  async answer() {
    const sid = this.rung;
    const answer = sid && (await this.post(`${this.calls}${sid}`, JSON.stringify({ answer: true })).catch(() => null));
    if (!answer?.ok) {
      this.close();
      this.on.over("");
      return;
    }
    this.begin(sid, false);
  }

  async decline() {
    if (this.rung) await this.post(`${this.calls}${this.rung}`, JSON.stringify({ answer: false })).catch(() => null);
  }

  begin(sid, again) {
    this.call = { sid, talking: false, muted: false, blocks: [], heard: Date.now(), next: 0 };
    this.on.answered();
    this.follow(again);
  }

  over(why) {
    this.call = null;
    this.player.pause();
    this.close();
    this.on.over(why);
  }

  // Every answer tells that the connection is there; who gets none for too long has been hung up.
  connected(call, is) {
    if (is) call.heard = Date.now();
    if (this.call === call) this.on.connected(is);
    return is || Date.now() - call.heard < LOST_AFTER;
  }

  async follow(again) {
    const { call } = this;
    let seen = 0;
    let replayed = again; // a page that was loaded anew hears nothing twice
    while (this.call === call) {
      const answer = await this.ask(`${this.calls}${call.sid}/events?after=${seen}`).catch(() => null);
      if (answer?.status === 404) {
        this.over("");
        return;
      }
      if (!this.connected(call, Boolean(answer?.ok))) {
        this.over("lost");
        return;
      }
      if (!answer?.ok) {
        await sleep(700);
        continue;
      }
      const { events } = await answer.json();
      seen += events.length;
      for (const event of events) this.happens(event, replayed);
      replayed = false;
    }
  }

  happens(event, replayed) {
    const { call } = this;
    if (!call) return;
    if (event.type === "said" && !replayed) this.plays(call, event.audio);
    else if (event.type === "interrupted") this.player.pause();
    else if (event.type === "talking") this.talk();
    else if (event.type === "talked") call.talking = false;
    else if (event.type === "over") this.over("");
  }

  async plays(call, name) {
    const answer = await this.ask(`${this.calls}${call.sid}/prompts/${name}.wav`).catch(() => null);
    if (!answer?.ok || this.call !== call) return;
    const sound = URL.createObjectURL(await answer.blob());
    this.player.onended = () => URL.revokeObjectURL(sound);
    this.player.src = sound;
    this.player.play().catch(() => {});
  }

  async talk() {
    const { call } = this;
    if (call.talking) return;
    call.talking = true;
    while (this.call === call && call.talking) {
      const since = Date.now();
      const spoken = await new Blob(call.blocks.splice(0)).arrayBuffer();
      const path = `${this.calls}${call.sid}/audio?rate=${this.context.sampleRate}`;
      const answer = await this.post(path, spoken, "application/octet-stream").catch(() => null);
      if (answer?.ok) this.play(new Int16Array(await answer.arrayBuffer()));
      this.connected(call, Boolean(answer?.ok));
      await sleep(Math.max(answer?.ok ? 0 : 500, 100 - (Date.now() - since)));
    }
  }

  play(samples) {
    const { call } = this;
    if (!samples.length || !call) return;
    const buffer = this.context.createBuffer(1, samples.length, 8000);
    buffer.getChannelData(0).set(Float32Array.from(samples, (sample) => sample / 32768));
    const source = this.context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.context.destination);
    call.next = Math.max(call.next, this.context.currentTime + 0.1);
    source.start(call.next);
    call.next += buffer.duration;
  }

  mute(on) {
    if (this.call) this.call.muted = on;
  }

  press(key) {
    if (this.call) this.post(`${this.calls}${this.call.sid}/keys`, JSON.stringify({ keys: key }));
  }

  hangUp() {
    if (this.call) this.post(`${this.calls}${this.call.sid}/hangup`).catch(() => this.over("lost"));
  }

  // The page goes; where it is only loaded anew, it is back before the exchange hangs up.
  leave() {
    if (!this.call) return;
    const headers = { "Content-Type": "application/json", "X-CSRFToken": this.csrf };
    this.asked(`${this.calls}${this.call.sid}/away`, { method: "POST", body: "{}", headers, keepalive: true });
  }
}
