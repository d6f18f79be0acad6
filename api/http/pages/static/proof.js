// Checks a case's events against a signed checkpoint, in this browser: SHA-256, an RFC 6962 inclusion proof, Ed25519.
// It trusts nothing that the page came with but this file itself; the verifier key is the reader's own.

const bytes = (base64) => Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
const hex = (array) => [...array].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const base64 = (array) => btoa(String.fromCharCode(...array));
const joined = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));
const sha256 = async (array) => new Uint8Array(await crypto.subtle.digest("SHA-256", array));
const same = (a, b) => a.length === b.length && a.every((byte, place) => byte === b[place]);

/** The root that an inclusion proof leads to (RFC 9162, 2.1.3.2); null where the proof has a wrong length. */
async function rootOf(leaf, index, size, proof) {
  let node = await sha256(joined([0], leaf)), at = index, last = size - 1;
  for (const sibling of proof) {
    if (last === 0) return null;
    if (at % 2 || at === last) {
      node = await sha256(joined([1], sibling, node));
      while (at && !(at % 2)) { at = Math.floor(at / 2); last = Math.floor(last / 2); }
    } else node = await sha256(joined([1], node, sibling));
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? node : null;
}

/** Origin, size, root and signatures of a signed note (C2SP signed-note, tlog-checkpoint). */
function checkpointOf(note) {
  const cut = note.lastIndexOf("\n\n"), text = note.slice(0, cut + 1), [origin, size, root] = text.split("\n");
  const signatures = note.slice(cut + 2).split("\n").filter(Boolean).map((line) => {
    const [, name, blob] = line.split(" "), raw = bytes(blob);
    return { name, id: raw.slice(0, 4), blob: raw.slice(4) };
  });
  return { text, origin, size: Number(size), root: bytes(root), signatures };
}

/** Whether a key signed a checkpoint: true or false, or a sentence that says why it cannot be told. */
async function signedBy(vkey, checkpoint) {
  const [name, id, ...rest] = vkey.trim().split("+"), key = bytes(rest.join("+"));
  if (name !== checkpoint.origin) return `the key is of ${name}, the checkpoint of ${checkpoint.origin}`;
  if (key[0] !== 1 || key.length !== 33) return "this is no Ed25519 verifier key";
  const expected = (await sha256(joined(new TextEncoder().encode(`${name}\n`), key))).slice(0, 4);
  if (hex(expected) !== id) return "the id in the key does not fit it";
  const found = checkpoint.signatures.find((each) => each.name === name && same(each.id, expected));
  if (!found) return "the checkpoint bears no signature of this key";
  const known = await crypto.subtle.importKey("raw", key.slice(1), { name: "Ed25519" }, false, ["verify"]);
  return crypto.subtle.verify({ name: "Ed25519" }, known, found.blob, new TextEncoder().encode(checkpoint.text));
}

/** The first three steps for an event: what was computed, and whether each holds. */
async function checked(event, checkpoint) {
  const state = bytes(event.state), leaf = bytes(event.leaf), words = new TextDecoder().decode(leaf);
  const digest = hex(await sha256(state));
  const stated = /^state-sha256 ([0-9a-f]{64})$/m.exec(words)?.[1] ?? "none";
  const root = await rootOf(leaf, event.index, checkpoint.size, event.proof.map(bytes));
  const shown = event.event, fields = `originator-version ${shown.version}\ntopic ${shown.topic}\n`;
  const readable = JSON.stringify(JSON.parse(new TextDecoder().decode(state))) === JSON.stringify(shown.state);
  return {
    bytes: [digest === stated && readable, digest === stated ? `SHA-256 ${digest}` : `SHA-256 of the bytes is ${digest}; the leaf says ${stated}`],
    digest: [words.startsWith("caseledger-event/v1\n") && words.includes(`state-sha256 ${digest}\n`) && words.includes(fields), `leaf ${event.index}: ${words.trim().replaceAll("\n", " · ")}`],
    leaf: [root !== null && same(root, checkpoint.root), root === null ? "the proof has a wrong length" : `leaf ${event.index} of ${checkpoint.size} leads to ${base64(root)}`],
  };
}

const place = document.querySelector("[data-proof]"), field = document.querySelector("#vkey");
const verdict = document.querySelector("#verdict");
let data, checkpoint, results = [], shown = 0;

function say(step, holds, words) {
  const line = document.querySelector(`#steps [data-step="${step}"]`);
  line.className = holds === null ? "" : holds ? "holds" : "fails";
  line.querySelector("[data-told]").textContent = words;
}

function show(number) {
  shown = number;
  for (const step of ["bytes", "digest", "leaf"]) say(step, ...results[number][step]);
  document.querySelector("#bytes").textContent = new TextDecoder().decode(bytes(data.events[number].state));
}

async function signature() {
  if (!field.value.trim()) { say("root", null, "not checked: paste the key that you noted"); return null; }
  let found;
  try { found = await signedBy(field.value, checkpoint); } catch (error) { found = `this key cannot be read here: ${error.message}`; }
  const holds = found === true;
  say("root", holds, holds ? `Ed25519 by ${checkpoint.origin}, ${checkpoint.size} leaves, root ${base64(checkpoint.root)}`
    : found === false ? "the signature is not by this key over this checkpoint" : found);
  if (holds) localStorage.setItem("vkey", field.value.trim());
  return holds;
}

async function judge() {
  const signed = await signature(), broken = results.filter((each) => Object.values(each).some(([holds]) => !holds)).length;
  const order = data.events.every((each, before) => each.event.version === before + 1);
  verdict.className = broken || !order || signed === false ? "error" : signed ? "notice good" : "notice warn";
  verdict.textContent = broken ? `REFUSED: ${broken} of ${results.length} events do not match the log.`
    : !order ? "REFUSED: an event is missing in between."
    : signed === false ? "REFUSED: the checkpoint is not signed by this key."
    : signed ? `Nothing was altered: all ${results.length} events are in the log that this key signed, as they stand here.`
    : `All ${results.length} events lead to the checkpoint's root. Paste the verifier key to check who signed it.`;
}

async function begin() {
  data = await (await fetch(place.dataset.proof)).json();
  checkpoint = checkpointOf(data.checkpoint);
  results = await Promise.all(data.events.map((event) => checked(event, checkpoint).catch((error) => ({ bytes: [false, String(error)], digest: [false, ""], leaf: [false, ""] }))));
  results.forEach((each, number) => {
    const holds = Object.values(each).every(([fine]) => fine), told = document.querySelector(`[data-result="${number}"]`);
    if (told) told.textContent = holds ? "holds" : "REFUSED";
  });
  const first = results.findIndex((each) => Object.values(each).some(([holds]) => !holds));
  field.value ||= localStorage.getItem("vkey") ?? "";
  show(first < 0 ? Math.max(0, data.events.findIndex((each) => `#e${each.event.version}` === location.hash)) : first);
  await judge();
  document.body.dataset.checked = "yes";
}

document.addEventListener("click", (event) => {
  const given = event.target.closest("[data-key]");
  if (given) { field.value = given.dataset.key; if (results.length) judge(); }
  const asked = event.target.closest("[data-event]");
  if (asked && results.length) show(Number(asked.dataset.event));
});
field.addEventListener("input", () => { if (results.length) judge(); });
begin();
