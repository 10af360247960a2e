// Opens and makes age files with the npm package age-encryption, by age's author.
//   node age.mjs open IDENTITY < file      node age.mjs open-passphrase WORDS < file
//   node age.mjs seal RECIPIENT… < plain   node age.mjs seal-passphrase WORDS < plain
//   node age.mjs recipient IDENTITY        node age.mjs generate
import { readFileSync, writeSync } from "node:fs";
import { Decrypter, Encrypter, generateHybridIdentity, identityToRecipient } from "age-encryption";

const [what, ...words] = process.argv.slice(2);
const input = () => new Uint8Array(readFileSync(0));
const out = (bytes) => writeSync(1, bytes);
const acts = {
  async open() {
    const d = new Decrypter();
    d.addIdentity(words[0]);
    out(await d.decrypt(input()));
  },
  async "open-passphrase"() {
    const d = new Decrypter();
    d.addPassphrase(words[0]);
    out(await d.decrypt(input()));
  },
  async seal() {
    const e = new Encrypter();
    for (const word of words) e.addRecipient(word);
    out(await e.encrypt(input()));
  },
  async "seal-passphrase"() {
    const e = new Encrypter();
    e.setPassphrase(words[0]);
    e.setScryptWorkFactor(12);
    out(await e.encrypt(input()));
  },
  async recipient() {
    out(new TextEncoder().encode(await identityToRecipient(words[0])));
  },
  async generate() {
    out(new TextEncoder().encode(await generateHybridIdentity()));
  },
};
await acts[what]();
