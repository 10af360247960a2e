// What two libraries that nobody here wrote say of a bundle's log and stamps.
//
// Standard input: a JSON list of cases, bytes in base64:
//   {"notes": [{"note", "vkey"}], "items": [{"note", "entry", "index", "proof": […]}],
//    "stamps": [{"message", "response", "chain": [signer, intermediate, root]}]}
// Standard output: for each {"sigstore": {"notes": […], "items": […], "stamps": […]}, "pkijs": {"stamps": […]}}, true or
// false each. `@sigstore/verify` takes notes apart, checks Ed25519 log signatures, inclusion and time-stamps with their
// chains; `pkijs` checks time-stamps and chains with other code.
import { createHash, createPublicKey, webcrypto } from "node:crypto";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { RFC3161Timestamp, X509Certificate } from "@sigstore/core";
import * as asn1js from "asn1js";
import * as pkijs from "pkijs";

const require = createRequire(import.meta.url);
const inside = (path) => require(require.resolve("@sigstore/verify").replace(/index\.js$/, path));
const { verifyCheckpoint, LogCheckpoint } = inside("tlog/checkpoint.js");
const { verifyMerkleInclusion } = inside("tlog/merkle.js");
const { verifyRFC3161Timestamp } = inside("timestamp/tsa.js");
pkijs.setEngine("node", new pkijs.CryptoEngine({ name: "node", crypto: webcrypto }));

const raw = (text) => Buffer.from(text, "base64");
const bytes = (text) => Uint8Array.from(raw(text)).buffer;

function judged(act) {
  try {
    return act() !== false;
  } catch {
    return false;
  }
}

function ed25519(vkey) {
  const [name, id, ...rest] = vkey.split("+");
  const key = raw(rest.join("+")).subarray(1);
  const der = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), key]);
  return {
    logID: Buffer.from(id, "hex"),
    baseURL: name,
    publicKey: createPublicKey({ key: der, format: "der", type: "spki" }),
  };
}

function sigstoreNote({ note, vkey }) {
  return judged(() => {
    verifyCheckpoint({ inclusionProof: { checkpoint: { envelope: raw(note).toString() } } }, [ed25519(vkey)]);
  });
}

function sigstoreItem({ note, entry, index, proof }) {
  return judged(() => {
    const text = raw(note).toString().split("\n\n")[0] + "\n";
    const item = { canonicalizedBody: raw(entry), inclusionProof: { logIndex: String(index), hashes: proof.map(raw) } };
    verifyMerkleInclusion(item, LogCheckpoint.fromString(text));
  });
}

function sigstoreStamp({ message, response, chain }) {
  return judged(() => {
    const certChain = chain.map((each) => X509Certificate.parse(raw(each)));
    const always = { start: new Date(0), end: new Date(8.64e15) };
    verifyRFC3161Timestamp(RFC3161Timestamp.parse(raw(response)), raw(message), [{ certChain, validFor: always }]);
  });
}

async function pkijsStamp({ message, response, chain }) {
  try {
    const answer = pkijs.TimeStampResp.fromBER(bytes(response));
    const signed = new pkijs.SignedData({ schema: answer.timeStampToken.content });
    const info = pkijs.TSTInfo.fromBER(signed.encapContentInfo.eContent.valueBlock.valueHexView);
    const [signer, ...others] = chain.map((each) => pkijs.Certificate.fromBER(bytes(each)));
    const imprint = createHash("sha512").update(raw(message)).digest();
    if (!imprint.equals(Buffer.from(info.messageImprint.hashedMessage.valueBlock.valueHexView))) return false;
    const found = await signed.verify({
      signer: 0,
      data: bytes(message),
      trustedCerts: others.slice(-1),
      checkDate: info.genTime,
      checkChain: true,
      extendedMode: true,
    });
    // The certificate that the signature verified with must be the one that the chain beside it begins with.
    const same = Buffer.from(found.signerCertificate.toSchema().toBER()).equals(Buffer.from(signer.toSchema().toBER()));
    const purpose = signer.extensions.find((each) => each.extnID === "2.5.29.37");
    return Boolean(
      found.signatureVerified && found.signerCertificateVerified && same && purpose?.critical &&
        purpose.parsedValue.keyPurposes.join() === "1.3.6.1.5.5.7.3.8",
    );
  } catch {
    return false;
  }
}

const answers = [];
for (const each of JSON.parse(readFileSync(0, "utf8"))) {
  answers.push({
    sigstore: {
      notes: each.notes.map(sigstoreNote),
      items: each.items.map(sigstoreItem),
      stamps: each.stamps.map(sigstoreStamp),
    },
    pkijs: { stamps: await Promise.all(each.stamps.map(pkijsStamp)) },
  });
}
process.stdout.write(JSON.stringify(answers));
