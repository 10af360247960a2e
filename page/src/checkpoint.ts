// What a log says of itself, and who has signed it. Sources: c2sp.org/tlog-checkpoint, tlog-cosignature;
// docs/formats/log.md. One line by a key that is known and fails rejects the whole note.

import { ed25519 } from "@noble/curves/ed25519.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { ml_dsa44 } from "@noble/post-quantum/ml-dsa.js";
import { type Bytes, concat, fromBase64, fromDecimal, readU64, same, u64, utf8 } from "./bytes.js";
import { type Note, type SignatureLine, type VerifierKey, claims, labelOf } from "./note.js";
import { refuse } from "./refused.js";

export const ED25519 = 0x01;
export const ED25519_COSIGNATURE = 0x04;
export const ML_DSA_44_COSIGNATURE = 0x06;

export const HASH_BYTES = 32;
const EMPTY_ROOT = sha256(new Uint8Array());
const TIME_BYTES = 8;
/** The end of the year 9999. Beyond it a time can't be shown. */
const TIME_LIMIT_S = 253_402_300_799n;
const PUBLIC_BYTES = new Map([
  [ED25519, 32],
  [ED25519_COSIGNATURE, 32],
  [ML_DSA_44_COSIGNATURE, 1312],
]);

export interface Checkpoint {
  readonly origin: string;
  readonly size: bigint;
  readonly root: Bytes;
}

export interface Cosignature {
  readonly key: VerifierKey;
  /** By the signer's clock; null where the signature carries none. */
  readonly at: Date | null;
}

export function parseCheckpoint(text: string): Checkpoint {
  const what = "checkpoint";
  const [origin, sizeText, rootText, ...rest] = text.split("\n");
  // Extension lines are refused: an ML-DSA-44 cosignature does not cover them.
  if (origin === undefined || sizeText === undefined || rootText === undefined || rest.length !== 1 || rest[0])
    return refuse("malformed", { what });
  const originBytes = utf8(origin).length;
  const size = fromDecimal(sizeText, what);
  const root = fromBase64(rootText, what);
  if (!originBytes || originBytes > 255 || root.length !== HASH_BYTES) refuse("malformed", { what });
  if ((size === 0n) !== same(root, EMPTY_ROOT)) refuse("malformed", { what });
  return { origin, size, root };
}

/** The signatures of these keys on a note. None may fail; who has not signed is simply not among them. */
export function cosignaturesBy(note: Note, keys: readonly VerifierKey[]): Cosignature[] {
  const found: Cosignature[] = [];
  for (const line of note.lines) {
    const key = keys.find((each) => claims(line, each));
    if (key) found.push(verifyLine(note.untrustedText, line, key));
  }
  return found;
}

function verifyLine(text: string, line: SignatureLine, key: VerifierKey): Cosignature {
  const who = labelOf(key);
  if (PUBLIC_BYTES.get(key.kind) !== key.publicKey.length) refuse("keyKind", { who });
  if (key.kind === ED25519) {
    if (!ed25519Holds(line.blob, utf8(text), key.publicKey)) refuse("signatureFails", { who });
    return { key, at: null };
  }
  const timeS = line.blob.length > TIME_BYTES ? readU64(line.blob) : refuse("signatureFails", { who });
  const signature = line.blob.subarray(TIME_BYTES);
  const holds =
    key.kind === ED25519_COSIGNATURE
      ? ed25519Holds(signature, utf8(`cosignature/v1\ntime ${timeS}\n${text}`), key.publicKey)
      : mlDsaHolds(signature, subtreeMessage(key.name, parseCheckpoint(text), timeS), key.publicKey);
  if (timeS > TIME_LIMIT_S || !holds) refuse("signatureFails", { who });
  return { key, at: timeS ? new Date(Number(timeS) * 1000) : null };
}

/** As RFC 8032 and OpenSSL have it, not ZIP 215: two checkers must agree on every signature. */
function ed25519Holds(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  try {
    return signature.length === 64 && ed25519.verify(signature, message, publicKey, { zip215: false });
  } catch {
    return false;
  }
}

function mlDsaHolds(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  try {
    return signature.length === 2420 && ml_dsa44.verify(signature, message, publicKey);
  } catch {
    return false;
  }
}

export function subtreeMessage(cosigner: string, checkpoint: Checkpoint, timeS: bigint): Bytes {
  const name = utf8(cosigner);
  const origin = utf8(checkpoint.origin);
  return concat(
    utf8("subtree/v1\n\0"),
    Uint8Array.of(name.length),
    name,
    u64(timeS),
    Uint8Array.of(origin.length),
    origin,
    u64(0n),
    u64(checkpoint.size),
    checkpoint.root,
  );
}
