// Security keys (WebAuthn): a form asks the key, puts its answer into the field `key`, and is sent.
const toBytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const toText = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

const decoded = (options) => {
  const described = (list) => (list ?? []).map((one) => ({ ...one, id: toBytes(one.id) }));
  const publicKey = { ...options, challenge: toBytes(options.challenge) };
  if (options.user) publicKey.user = { ...options.user, id: toBytes(options.user.id) };
  if (options.excludeCredentials) publicKey.excludeCredentials = described(options.excludeCredentials);
  if (options.allowCredentials) publicKey.allowCredentials = described(options.allowCredentials);
  return { publicKey };
};

const encoded = (credential) => {
  const response = {};
  for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[part]) response[part] = toText(credential.response[part]);
  }
  return JSON.stringify({ id: credential.id, rawId: toText(credential.rawId), type: credential.type, response });
};

for (const form of document.querySelectorAll("[data-security-key]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const headers = { "X-CSRFToken": document.querySelector('meta[name="csrf-token"]').content };
      const answer = await fetch(form.dataset.securityKey, { method: "POST", headers });
      if (!answer.ok) throw new Error(String(answer.status));
      const options = decoded(await answer.json());
      form.elements.key.value = encoded(await navigator.credentials[form.dataset.use](options));
      form.submit();
    } catch {
      form.querySelector("[data-problem]").hidden = false;
    }
  });
}
