// Records a prompt with the microphone and sends it as a WAV file, through the same form as an upload.
const root = document.querySelector("[data-studio]");
const words = JSON.parse(root.dataset.words);

const wav = (blocks, rate) => {
  const length = blocks.reduce((sum, block) => sum + block.length, 0);
  const view = new DataView(new ArrayBuffer(44 + length * 2));
  const text = (at, letters) => [...letters].forEach((letter, index) => view.setUint8(at + index, letter.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, 36 + length * 2, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, length * 2, true);
  let at = 44;
  for (const block of blocks) {
    for (const sample of block) {
      view.setInt16(at, Math.max(-1, Math.min(1, sample)) * 32767, true);
      at += 2;
    }
  }
  return new File([view], "recording.wav", { type: "audio/wav" });
};

const start = async () => {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: 1 },
  });
  const context = new AudioContext();
  await context.audioWorklet.addModule(root.dataset.worklet);
  const worklet = new AudioWorkletNode(context, "microphone", { numberOfInputs: 1, numberOfOutputs: 0 });
  const blocks = [];
  worklet.port.onmessage = ({ data }) => blocks.push(data);
  context.createMediaStreamSource(stream).connect(worklet);
  return () => {
    stream.getTracks().forEach((track) => track.stop());
    context.close();
    return wav(blocks, context.sampleRate);
  };
};

for (const form of root.querySelectorAll("[data-recorder]")) {
  const button = form.querySelector("[data-record]");
  const status = form.querySelector("[data-status]");
  let stop = null;
  button.addEventListener("click", async () => {
    if (!stop) {
      try {
        stop = await start();
      } catch {
        status.textContent = words.no_microphone;
        return;
      }
      button.querySelector(".kern-label").textContent = words.stop;
      return;
    }
    const file = stop();
    stop = null;
    const transfer = new DataTransfer();
    transfer.items.add(file);
    form.querySelector("input[type=file]").files = transfer.files;
    form.requestSubmit();
  });
}
