// The telephone window's way to Twilio: its Voice JavaScript SDK, which the page has loaded as `Twilio`.
export class TwilioTelephone {
  constructor({ token, silence, csrf, on }) {
    Object.assign(this, { token, silence, csrf, on });
    this.call = null;
  }

  async fetchToken() {
    const answer = await fetch(this.token, { method: "POST", headers: { "X-CSRFToken": this.csrf } });
    if (!answer.ok || !answer.headers.get("Content-Type")?.includes("json")) throw new Error("no token");
    return answer.json();
  }

  async register() {
    try {
      const { token, edge } = await this.fetchToken();
      this.device ??= this.prepare(token, edge);
      this.device.updateToken(token);
      if (this.device.state === "unregistered") await this.device.register();
    } catch {
      this.on.reachable(false);
      setTimeout(() => this.register(), 5000);
    }
  }

  prepare(token, edge) {
    const { Device } = globalThis.Twilio;
    // The window rings by itself; the library would fetch its sounds from another server.
    const sounds = Object.fromEntries(Object.values(Device.SoundName).map((sound) => [sound, this.silence]));
    const device = new Device(token, { edge, sounds, closeProtection: true, codecPreferences: ["opus", "pcmu"],
      logLevel: "error", tokenRefreshMs: 60000, maxCallSignalingTimeoutMs: 15000 });
    device.on("registered", () => this.on.reachable(true));
    device.on("unregistered", () => this.on.reachable(false));
    device.on("error", () => this.on.reachable(device.state === "registered"));
    device.on("tokenWillExpire", async () => {
      try {
        device.updateToken((await this.fetchToken()).token);
      } catch {
        this.on.reachable(false); // the log-in has ended
      }
    });
    device.on("incoming", (call) => this.rung(call));
    return device;
  }

  rung(call) {
    this.call = call;
    call.on("accept", () => this.on.answered());
    call.on("cancel", () => this.ended(call, this.on.gone));
    call.on("reject", () => this.ended(call, this.on.gone));
    call.on("disconnect", () => this.ended(call, () => this.on.over("")));
    call.on("error", () => this.ended(call, () => this.on.over("lost")));
    call.on("reconnecting", () => this.on.connected(false));
    call.on("reconnected", () => this.on.connected(true));
    call.on("volume", (spoken) => this.on.level(call.isMuted() ? 0 : spoken));
    this.on.rings();
  }

  ended(call, then) {
    if (this.call !== call) return;
    this.call = null;
    this.on.level(0);
    then();
  }

  async unregister() {
    this.device?.destroy();
    this.device = null;
  }

  // The library opens the microphone itself; here it is only tried.
  async open() {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    for (const track of stream.getTracks()) track.stop();
  }

  async answer() {
    if (this.call) this.call.accept();
    else this.on.over("");
  }

  async decline() {
    this.call?.reject();
  }

  mute(on) {
    this.call?.mute(on);
  }

  press(key) {
    this.call?.sendDigits(key);
  }

  hangUp() {
    this.call?.disconnect();
  }

  leave() {}
}
