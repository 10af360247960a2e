// Evidence records: a newer stamp over the older ones, or over the file and all of them with a stronger digest. The same
// steps as src/standfast/seal/evidence_record.py. Source: RFC 4998, section 5.

import { type Bytes, concat, same } from "./bytes.js";
import { type Certificate, digestName } from "./certificates.js";
import { Der, OCTET_STRING, SEQUENCE } from "./der.js";
import { refuse } from "./refused.js";
import { type StampFacts, digestBy, verifyToken } from "./stamp.js";

const what = "renewal";
export const RENEWAL_LIMIT_BYTES = 1024 * 1024;
const STAMPS_LIMIT = 64;
const LEVELS_LIMIT = 32;

interface ArchiveStamp {
  readonly digest: string;
  /** The row that holds the leaf, then what stands beside on each level. */
  readonly way: readonly (readonly Bytes[])[];
  readonly token: Bytes;
}

/** Require that a record proves a file by a time, through every renewal; the facts of each stamp, oldest first. */
export async function verifyRenewal(raw: Uint8Array, message: Uint8Array, given: readonly Certificate[], helping: readonly Certificate[]): Promise<StampFacts[]> {
  const chains = openRecord(raw);
  const facts: StampFacts[] = [];
  for (const [number, { stamps }] of chains.entries()) {
    const { digest } = stamps[0]!;
    const before = concat(...chains.slice(0, number).map((each) => each.raw));
    const ofMessage = digestBy(digest, message);
    const first = number ? digestBy(digest, concat(ofMessage, digestBy(digest, sequenceOf(before)))) : ofMessage;
    for (const [place, stamp] of stamps.entries()) {
      const group = place ? stamps.slice(0, place).map((each) => digestBy(digest, each.token)) : [first];
      const found = await verifyToken(stamp.token, digest, rootOf(stamp, group), given, helping);
      const last = facts.at(-1);
      // A certificate that had run out could not vouch any more for the stamp that is renewed.
      if (last && (found.time <= last.time || last.chain.some((each) => each.notAfter < found.time))) refuse("renewedLate", { at: found.time.toISOString() });
      facts.push(found);
    }
  }
  return facts;
}

function openRecord(raw: Uint8Array): { raw: Bytes; stamps: ArchiveStamp[] }[] {
  if (raw.length > RENEWAL_LIMIT_BYTES) refuse("tooLong", { what, limit: RENEWAL_LIMIT_BYTES });
  const parts = Der.parse(raw, what).parts(SEQUENCE);
  const [version, digests, chains] = parts;
  // Further parts are for data that was encrypted or changed, which is not what a bundle holds.
  if (!version || !digests || !chains || parts.length !== 3 || version.integer() !== 1n) return refuse("notDer", { what });
  const found = chains.parts(SEQUENCE).map((chain) => ({ raw: chain.raw, stamps: chain.parts(SEQUENCE).map(stampOf) }));
  const count = found.reduce((sum, { stamps }) => sum + stamps.length, 0);
  if (!found.length || count > STAMPS_LIMIT) refuse("malformed", { what });
  const used = new Set<string>();
  for (const { stamps } of found) {
    const digest = stamps[0]?.digest ?? refuse("malformed", { what });
    if (stamps.some((each) => each.digest !== digest)) refuse("malformed", { what });
    used.add(digest);
  }
  const listed = digests.parts(SEQUENCE).map((each) => digestName(each.at(0).oid()) ?? refuse("digestKind", { what: each.at(0).oid() }));
  if (listed.length !== used.size || listed.some((each) => !used.has(each))) refuse("malformed", { what });
  return found;
}

function stampOf(stamp: Der): ArchiveStamp {
  const parts = stamp.parts(SEQUENCE);
  const token = parts.pop() ?? refuse("notDer", { what });
  const tree = parts.pop();
  if (parts.length || (tree && !tree.isContext(2))) refuse("malformed", { what });
  const way = (tree?.parts() ?? []).map((row) => row.parts(SEQUENCE).map((hash) => hash.bytes(OCTET_STRING)));
  const info = Der.parse(token.at(1).at(0).at(2).at(1).at(0).bytes(OCTET_STRING), what);
  const imprint = info.at(2);
  const digest = digestName(imprint.at(0).at(0).oid()) ?? refuse("digestKind", { what: imprint.at(0).at(0).oid() });
  const length = imprint.at(1).bytes(OCTET_STRING).length;
  const [first, ...rest] = way;
  if (way.length > LEVELS_LIMIT || way.flat().some((hash) => hash.length !== length)) refuse("malformed", { what });
  if (first && (first.length < 2 || first.length > STAMPS_LIMIT || rest.some((row) => row.length !== 1))) refuse("malformed", { what });
  return { digest, way, token: token.raw };
}

/** The root that a stamp must be over, when its tree holds this leaf and it is over nothing less. */
function rootOf({ digest, way }: ArchiveStamp, group: readonly Bytes[]): Bytes {
  const [first, ...rest] = way;
  if (!first) return group.length === 1 ? group[0]! : refuse("wrongImprint");
  const equal = (one: readonly Bytes[], other: readonly Bytes[]): boolean => one.length === other.length && one.every((hash, at) => same(hash, other[at]!));
  const holds = group.length > 1 ? equal(first, sorted(group)) : first.some((hash) => same(hash, group[0]!));
  if (!holds || !equal(first, sorted(first))) refuse("wrongImprint");
  return rest.reduce((running, row) => joined(digest, [running, ...row]), joined(digest, first));
}

function joined(digest: string, hashes: readonly Bytes[]): Bytes {
  return digestBy(digest, concat(...sorted(hashes)));
}

function sorted(hashes: readonly Bytes[]): Bytes[] {
  return [...hashes].sort((one, other) => {
    const at = one.findIndex((byte, index) => byte !== other[index]);
    return at < 0 ? 0 : one[at]! - (other[at] ?? -1);
  });
}

/** The DER of a SEQUENCE with this content. */
function sequenceOf(content: Uint8Array): Bytes {
  const digits = content.length.toString(16);
  const long = Uint8Array.from(digits.padStart(digits.length + (digits.length % 2), "0").match(/../g)!, (pair) => Number.parseInt(pair, 16));
  const head = content.length < 128 ? Uint8Array.of(0x30, content.length) : concat(Uint8Array.of(0x30, 0x80 | long.length), long);
  return concat(head, content);
}
