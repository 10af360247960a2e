// Leaf, inclusion and consistency. Sources: RFC 9162 §2.1.3.2 and §2.1.4.2; c2sp.org/tlog-proof; docs/formats/leaf.md.
// Sizes and roots come from a signed checkpoint, never from what stands beside a proof.

import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { sha3_256 } from "@noble/hashes/sha3.js";
import { type Bytes, concat, fromBase64, fromDecimal, same, textOf, utf8 } from "./bytes.js";
import { HASH_BYTES } from "./checkpoint.js";
import { NOTE_LIMIT_BYTES } from "./note.js";
import { refuse } from "./refused.js";

const HASHES_LIMIT = 63;
const EXTRA_LIMIT_BYTES = 65_536;
export const PROOF_LIMIT_BYTES = NOTE_LIMIT_BYTES + 100_000;
const EMPTY_ROOT = sha256(new Uint8Array());

export interface TlogProof {
  readonly untrustedIndex: bigint;
  readonly untrustedHashes: readonly Bytes[];
  readonly untrustedCheckpoint: Uint8Array;
}

/** The leaf that commits to a record, from its canonical bytes and its salt. */
export function leafOf(statement: Uint8Array, salt: Uint8Array): Bytes {
  if (salt.length !== 32) refuse("saltLength");
  const blinded = concat(utf8("standfast/leaf/v1\0"), salt, sha512(statement));
  return concat(utf8("SFL1"), sha256(blinded), sha3_256(blinded));
}

export function leafHash(entry: Uint8Array): Bytes {
  return new Uint8Array(sha256(concat(Uint8Array.of(0), entry)));
}

function nodeHash(left: Uint8Array, right: Uint8Array): Bytes {
  return new Uint8Array(sha256(concat(Uint8Array.of(1), left, right)));
}

export function parseProof(raw: Uint8Array, what: string): TlogProof {
  if (raw.length > PROOF_LIMIT_BYTES) refuse("tooLong", { what, limit: PROOF_LIMIT_BYTES });
  const end = raw.findIndex((byte, at) => byte === 10 && raw[at + 1] === 10);
  if (end < 0 || end + 2 >= raw.length) refuse("malformed", { what });
  const lines = textOf(raw.subarray(0, end), what).split("\n");
  if (lines.shift() !== "c2sp.org/tlog-proof@v1") refuse("malformed", { what });
  if (lines[0]?.startsWith("extra ")) {
    if (fromBase64(lines.shift()!.slice(6), what).length > EXTRA_LIMIT_BYTES) refuse("malformed", { what });
  }
  const index = lines.shift();
  if (!index?.startsWith("index ") || lines.length > HASHES_LIMIT) return refuse("malformed", { what });
  return {
    untrustedIndex: fromDecimal(index.slice(6), what, 2n ** 63n - 2n),
    untrustedHashes: hashesOf(lines, what),
    untrustedCheckpoint: raw.subarray(end + 2),
  };
}

/** Hashes of 32 bytes, one base64 text each. */
export function hashesOf(lines: readonly string[], what: string): Bytes[] {
  const hashes = lines.map((line) => fromBase64(line, what));
  if (hashes.some((hash) => hash.length !== HASH_BYTES)) refuse("malformed", { what });
  return hashes;
}

export function verifyInclusion(leaf: Uint8Array, index: bigint, size: bigint, root: Uint8Array, proof: readonly Uint8Array[]): void {
  if (index < 0n || index >= size) refuse("proofPlace", { index: `${index}`, size: `${size}` });
  let fn = index;
  let sn = size - 1n;
  let running: Uint8Array = leaf;
  for (const beside of proof) {
    if (beside.length !== HASH_BYTES || sn === 0n) refuse("proofLength");
    if (fn & 1n || fn === sn) {
      running = nodeHash(beside, running);
      while (!(fn & 1n) && fn) {
        fn >>= 1n;
        sn >>= 1n;
      }
    } else {
      running = nodeHash(running, beside);
    }
    fn >>= 1n;
    sn >>= 1n;
  }
  if (sn !== 0n) refuse("proofLength");
  if (!same(running, root)) refuse("proofRoot", { index: `${index}`, size: `${size}` });
}

export function verifyConsistency(
  oldSize: bigint,
  oldRoot: Uint8Array,
  size: bigint,
  root: Uint8Array,
  proof: readonly Uint8Array[],
): void {
  if (oldSize > size) refuse("consistencyOrder", { old: `${oldSize}`, size: `${size}` });
  if (proof.some((hash) => hash.length !== HASH_BYTES)) refuse("proofLength");
  if (oldSize === 0n || oldSize === size) {
    if (proof.length) refuse("proofLength");
    if (!same(oldRoot, oldSize === 0n ? EMPTY_ROOT : root)) refuse("consistencyRoot");
    return;
  }
  // An old tree that is a perfect subtree of the new one is not sent along: it is the first hash itself.
  const path = (oldSize & (oldSize - 1n)) === 0n ? [oldRoot, ...proof] : proof;
  let fn = oldSize - 1n;
  let sn = size - 1n;
  while (fn & 1n) {
    fn >>= 1n;
    sn >>= 1n;
  }
  const first = path[0] ?? refuse("proofLength");
  let oldRunning: Uint8Array = first;
  let running: Uint8Array = first;
  for (const beside of path.slice(1)) {
    if (sn === 0n) refuse("proofLength");
    if (fn & 1n || fn === sn) {
      oldRunning = nodeHash(beside, oldRunning);
      running = nodeHash(beside, running);
      while (!(fn & 1n) && fn) {
        fn >>= 1n;
        sn >>= 1n;
      }
    } else {
      running = nodeHash(running, beside);
    }
    fn >>= 1n;
    sn >>= 1n;
  }
  if (sn !== 0n) refuse("proofLength");
  if (!same(oldRunning, oldRoot) || !same(running, root)) refuse("consistencyRoot");
}
