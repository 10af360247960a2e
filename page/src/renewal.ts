// Evidence records: a newer stamp over an older one, or over all of them with a newer digest. Source: RFC 4998, section 5.

import { concat, same } from "./bytes.js";
import { type Certificate, digestName } from "./certificates.js";
import { Der, OCTET_STRING, SEQUENCE } from "./der.js";
import { refuse } from "./refused.js";
import { type StampFacts, digestBy, verifyToken } from "./stamp.js";

const what = "renewal";
export const RENEWAL_LIMIT_BYTES = 1024 * 1024;
const STAMPS_LIMIT = 64;
const HASHES_LIMIT = 1024;

/** Require that each stamp of the record covers what came before it, and that the first covers `data`; the newest stamp's facts. */
export async function verifyRenewal(raw: Uint8Array, data: Uint8Array, roots: readonly Certificate[], helping: readonly Certificate[]): Promise<StampFacts> {
  if (raw.length > RENEWAL_LIMIT_BYTES) refuse("tooLong", { what, limit: RENEWAL_LIMIT_BYTES });
  const parts = Der.parse(raw, what).parts(SEQUENCE);
  const version = parts[0] ?? refuse("notDer", { what });
  const chains = (parts[parts.length - 1] ?? refuse("notDer", { what })).parts(SEQUENCE);
  // Encrypted or otherwise changed data is not what a bundle holds.
  if (version.integer() !== 1n || parts.length !== 3 || !chains.length) refuse("notDer", { what });
  let before: Uint8Array | null = null;
  let newest: StampFacts | null = null;
  let count = 0;
  const chainsSoFar: Uint8Array[] = [];
  for (const chain of chains) {
    const stamps = chain.parts(SEQUENCE);
    const digest = digestOf(stamps[0] ?? refuse("notDer", { what }));
    let covered: Uint8Array = before === null ? digestBy(digest, data) : digestBy(digest, concat(digestBy(digest, data), digestBy(digest, sequenceOf(chainsSoFar))));
    for (const stamp of stamps) {
      if (++count > STAMPS_LIMIT || digestOf(stamp) !== digest) refuse("malformed", { what });
      const token = stamp.parts(SEQUENCE).at(-1) ?? refuse("notDer", { what });
      const facts: StampFacts = await verifyToken(token.raw, digest, rootOf(stamp, digest, covered), roots, helping);
      if (newest && facts.time < newest.time) refuse("malformed", { what });
      // A certificate that had run out by the time of the renewal could not vouch for the stamp that it renews.
      if (newest?.chain.some((each) => !each.validAt(facts.time))) refuse("expired", { who: newest.signer, at: facts.time.toISOString() });
      newest = facts;
      before = token.raw;
      covered = digestBy(digest, before);
    }
    chainsSoFar.push(chain.raw);
  }
  return newest ?? refuse("notDer", { what });
}

/** What the stamp is over: the covered digest itself, or the root of a reduced hash tree whose first list holds it. */
function rootOf(stamp: Der, digest: string, covered: Uint8Array): Uint8Array {
  const tree = stamp.parts(SEQUENCE).find((part) => part.isContext(2));
  if (!tree) return covered;
  let running: Uint8Array | null = null;
  for (const list of tree.parts()) {
    const hashes: Uint8Array[] = list.parts(SEQUENCE).map((hash) => hash.bytes(OCTET_STRING));
    if (hashes.length > HASHES_LIMIT) refuse("malformed", { what });
    if (running === null && !hashes.some((hash) => same(hash, covered))) refuse("wrongImprint");
    if (running !== null && !hashes.some((hash) => same(hash, running!))) hashes.push(running);
    hashes.sort(byBytes);
    running = hashes.length === 1 ? hashes[0]! : digestBy(digest, concat(...hashes));
  }
  return running ?? covered;
}

function byBytes(one: Uint8Array, other: Uint8Array): number {
  const at = one.findIndex((byte, index) => byte !== other[index]);
  return at < 0 ? one.length - other.length : (one[at] ?? 0) - (other[at] ?? 0);
}

/** Of an archive time-stamp: its own, or that of its token's imprint. */
function digestOf(stamp: Der): string {
  const parts = stamp.parts(SEQUENCE);
  const own = parts.find((part) => part.isContext(0));
  if (own) return digestName(own.at(0).oid()) ?? refuse("digestKind", { what: own.at(0).oid() });
  const token = parts.at(-1) ?? refuse("notDer", { what });
  const info = Der.parse(token.at(1).at(0).at(2).at(1).at(0).bytes(OCTET_STRING), what);
  const oid = info.at(2).at(0).at(0).oid();
  return digestName(oid) ?? refuse("digestKind", { what: oid });
}

/** The DER of a SEQUENCE OF these. */
function sequenceOf(parts: readonly Uint8Array[]): Uint8Array {
  const content = concat(...parts);
  let length = content.length.toString(16);
  if (length.length % 2) length = `0${length}`;
  const long = Uint8Array.from(length.match(/../g)!, (pair) => Number.parseInt(pair, 16));
  const head = content.length < 128 ? Uint8Array.of(0x30, content.length) : concat(Uint8Array.of(0x30, 0x80 | long.length), long);
  return concat(head, content);
}
