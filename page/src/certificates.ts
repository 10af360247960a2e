// From a certificate to an authority that is expected, at a moment in the past. Source: RFC 5280, section 6, without
// policies; the same rules as src/standfast/seal/certificates.py. No trust store of the machine or the browser.

import { ed25519 } from "@noble/curves/ed25519.js";
import { type Bytes, concat, fromBase64, same, textOf } from "./bytes.js";
import { BIT_STRING, Der, OCTET_STRING, SEQUENCE, SET } from "./der.js";
import { Refused, refuse } from "./refused.js";

const PEM_LIMIT_BYTES = 1024 * 1024;
export const CERTIFICATES_LIMIT = 64;
const CHAIN_LIMIT = 8;
const TRIED_LIMIT = 256;
const RSA_BITS_LEAST = 2048;

const BASIC_CONSTRAINTS = "2.5.29.19";
const KEY_USAGE = "2.5.29.15";
const EXTENDED_KEY_USAGE = "2.5.29.37";
/** Purpose, policies and other names of the subject may be critical: they are looked at, or mean nothing here. */
const UNDERSTOOD = [BASIC_CONSTRAINTS, KEY_USAGE, EXTENDED_KEY_USAGE, "2.5.29.32", "2.5.29.17"];
const TIME_STAMPING = "1.3.6.1.5.5.7.3.8";
const PEM = /-----BEGIN CERTIFICATE-----\s+([A-Za-z0-9+/=\s]+?)\s*-----END CERTIFICATE-----/g;

const RSA = "1.2.840.113549.1.1.1";
const RSA_PSS = "1.2.840.113549.1.1.10";
const EC = "1.2.840.10045.2.1";
const ED25519 = "1.3.101.112";
const DIGESTS = new Map([
  ["2.16.840.1.101.3.4.2.1", "SHA-256"],
  ["2.16.840.1.101.3.4.2.2", "SHA-384"],
  ["2.16.840.1.101.3.4.2.3", "SHA-512"],
]);
const RSA_DIGESTS = new Map([
  ["1.2.840.113549.1.1.11", "SHA-256"],
  ["1.2.840.113549.1.1.12", "SHA-384"],
  ["1.2.840.113549.1.1.13", "SHA-512"],
]);
const ECDSA_DIGESTS = new Map([
  ["1.2.840.10045.4.3.2", "SHA-256"],
  ["1.2.840.10045.4.3.3", "SHA-384"],
  ["1.2.840.10045.4.3.4", "SHA-512"],
]);
const CURVES = new Map([
  ["1.2.840.10045.3.1.7", { name: "P-256", bytes: 32 }],
  ["1.3.132.0.34", { name: "P-384", bytes: 48 }],
  ["1.3.132.0.35", { name: "P-521", bytes: 66 }],
]);
const NAME_PARTS = new Map([
  ["2.5.4.3", "CN"],
  ["2.5.4.6", "C"],
  ["2.5.4.10", "O"],
  ["2.5.4.11", "OU"],
]);

export function digestName(oid: string): string | undefined {
  return DIGESTS.get(oid);
}

interface Extension {
  readonly critical: boolean;
  readonly value: Bytes;
}

export class Certificate {
  readonly serial: bigint;
  readonly issuer: Bytes;
  readonly subject: Bytes;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly key: Der;
  private readonly extensions = new Map<string, Extension>();
  private readonly signed: Bytes;
  private readonly algorithm: Der;
  private readonly signature: Bytes;
  private readonly subjectDer: Der;

  constructor(readonly raw: Bytes) {
    const whole = Der.parse(raw, "certificate").parts(SEQUENCE);
    const [body, algorithm, signature] = whole;
    if (!body || !algorithm || !signature || whole.length !== 3) throw new Refused("notDer", { what: "certificate" });
    const parts = body.parts(SEQUENCE);
    if (parts[0]?.isContext(0)) parts.shift();
    const [serial, inner, issuer, validity, subject, key] = parts;
    if (!serial || !inner || !issuer || !validity || !subject || !key || !same(inner.raw, algorithm.raw))
      throw new Refused("notDer", { what: "certificate" });
    this.serial = serial.integer();
    this.issuer = issuer.raw;
    this.subject = subject.raw;
    this.subjectDer = subject;
    this.notBefore = validity.at(0).time();
    this.notAfter = validity.at(1).time();
    this.key = key;
    this.signed = body.raw;
    this.algorithm = algorithm;
    this.signature = signature.bits();
    for (const each of parts.slice(6).find((part) => part.isContext(3))?.at(0).parts(SEQUENCE) ?? []) {
      const [oid, ...rest] = each.parts(SEQUENCE);
      const value = rest.pop();
      if (!oid || !value || this.extensions.has(oid.oid())) throw new Refused("notDer", { what: "certificate" });
      this.extensions.set(oid.oid(), { critical: rest[0]?.boolean() ?? false, value: value.bytes(OCTET_STRING) });
    }
  }

  get isRoot(): boolean {
    return same(this.issuer, this.subject);
  }

  /** For a person; it is what the certificate says of itself. */
  get name(): string {
    const found: string[] = [];
    for (const set of this.subjectDer.parts(SEQUENCE))
      for (const pair of set.parts(SET)) {
        const kind = NAME_PARTS.get(pair.at(0).oid());
        if (kind) found.unshift(`${kind}=${new TextDecoder().decode(pair.at(1).content)}`);
      }
    return found.join(",") || `${this.serial}`;
  }

  get keyIdentifier(): Bytes | null {
    const extension = this.extensions.get("2.5.29.14");
    return extension ? Der.parse(extension.value, "certificate").bytes(OCTET_STRING) : null;
  }

  equals(other: Certificate): boolean {
    return same(this.raw, other.raw);
  }

  validAt(at: Date): boolean {
    return this.notBefore <= at && at <= this.notAfter;
  }

  /** It insists on time-stamping, and on that alone. */
  requireTimeStamping(): void {
    const purpose = this.extensions.get(EXTENDED_KEY_USAGE);
    const listed = purpose ? Der.parse(purpose.value, "certificate").parts(SEQUENCE).map((each) => each.oid()) : [];
    const usage = this.usage();
    if (listed.length !== 1 || listed[0] !== TIME_STAMPING || !purpose?.critical || (usage !== null && !(usage & 0xc0)))
      refuse("wrongPurpose", { who: this.name });
  }

  mayIssue(below: number): boolean {
    const constraints = this.extensions.get(BASIC_CONSTRAINTS);
    if (!constraints) return false;
    const [authority, limit] = Der.parse(constraints.value, "certificate").parts(SEQUENCE);
    if (!authority?.boolean() || (limit && limit.integer() < BigInt(below))) return false;
    const usage = this.usage();
    return usage === null || (usage & 0x04) !== 0;
  }

  understood(): boolean {
    return [...this.extensions].every(([oid, extension]) => !extension.critical || UNDERSTOOD.includes(oid));
  }

  async issuedBy(issuer: Certificate): Promise<boolean> {
    return same(this.issuer, issuer.subject) && signatureHolds(issuer.key, this.algorithm, null, this.signature, this.signed);
  }

  private usage(): number | null {
    const extension = this.extensions.get(KEY_USAGE);
    return extension ? (Der.parse(extension.value, "certificate").bytes(BIT_STRING)[1] ?? 0) : null;
  }
}

/** The certificates of a PEM file, in its order. */
export function certificatesIn(pem: Uint8Array): Certificate[] {
  const what = "certificates";
  if (pem.length > PEM_LIMIT_BYTES) refuse("tooLong", { what, limit: PEM_LIMIT_BYTES });
  const found = [...textOf(pem, what).matchAll(PEM)].map((match) => fromBase64(match[1]!.replace(/\s/g, ""), what));
  if (!found.length || found.length > CERTIFICATES_LIMIT) refuse("certificatesNone");
  return found.map((raw) => new Certificate(raw));
}

/** The certificates from the signer to one of the roots, each vouched for by the next, all valid at a moment. */
export async function chainToRoot(
  signer: Certificate,
  others: readonly Certificate[],
  roots: readonly Certificate[],
  at: Date,
): Promise<Certificate[]> {
  if (roots.some((root) => root.equals(signer))) return requireValid([signer], at);
  let late: Refused | null = null;
  let tried = 0;
  const isRoot = (each: Certificate): boolean => roots.some((root) => root.equals(each));
  const underWay: Certificate[][] = [[signer]];
  const candidates = [...roots, ...others.filter((each) => !isRoot(each))];
  for (let chain = underWay.pop(); chain; chain = underWay.pop()) {
    const last = chain[chain.length - 1]!;
    if (chain.length >= CHAIN_LIMIT || !last.understood()) continue;
    for (const issuer of candidates) {
      if (!same(issuer.subject, last.issuer) || chain.some((each) => each.equals(issuer)) || !issuer.mayIssue(chain.length - 1)) continue;
      if (++tried > TRIED_LIMIT) return refuse("unknownSigner", { who: signer.name });
      if (!(await last.issuedBy(issuer))) continue;
      const longer = [...chain, issuer];
      if (!isRoot(issuer)) {
        underWay.push(longer);
        continue;
      }
      try {
        return requireValid(longer, at);
      } catch (error) {
        if (error instanceof Refused) late ??= error;
      }
    }
  }
  throw late ?? new Refused("unknownSigner", { who: signer.name });
}

function requireValid(chain: Certificate[], at: Date): Certificate[] {
  const out = chain.find((each) => !each.validAt(at));
  if (out) refuse("expired", { who: out.name, at: at.toISOString() });
  return chain;
}

/**
 * Whether a signature over a message is by this key, with an algorithm that still binds.
 *
 * @param digest of the signer info in CMS, where the algorithm itself may name none; null in a certificate.
 */
export async function signatureHolds(
  key: Der,
  algorithm: Der,
  digest: string | null,
  signature: Bytes,
  message: Bytes,
): Promise<boolean> {
  const name = algorithm.at(0).oid();
  const kind = key.at(0).at(0).oid();
  if (kind === ED25519 && name === ED25519) return ed25519Holds(signature, message, key.at(1).bits());
  if (kind === EC) {
    const curve = CURVES.get(key.at(0).at(1).oid());
    const hash = ECDSA_DIGESTS.get(name) ?? (name === EC ? digest : null);
    if (!curve || !hash) return false;
    const plain = plainEcdsa(signature, curve.bytes);
    return plain !== null && subtleHolds(key.raw, { name: "ECDSA", namedCurve: curve.name }, { name: "ECDSA", hash }, plain, message);
  }
  if (kind !== RSA) return false;
  if (Der.parse(key.at(1).bits(), "certificate").at(0).content.length * 8 < RSA_BITS_LEAST) return false;
  if (name === RSA_PSS) {
    const pss = pssOf(algorithm);
    return pss !== null && subtleHolds(key.raw, { name: "RSA-PSS", hash: pss.hash }, { name: "RSA-PSS", saltLength: pss.salt }, signature, message);
  }
  const hash = RSA_DIGESTS.get(name) ?? (name === RSA ? digest : null);
  return hash !== null && subtleHolds(key.raw, { name: "RSASSA-PKCS1-v1_5", hash }, "RSASSA-PKCS1-v1_5", signature, message);
}

async function subtleHolds(
  spki: Bytes,
  imported: RsaHashedImportParams | EcKeyImportParams,
  used: AlgorithmIdentifier | RsaPssParams | EcdsaParams,
  signature: Bytes,
  message: Bytes,
): Promise<boolean> {
  try {
    const key = await crypto.subtle.importKey("spki", spki, imported, false, ["verify"]);
    return await crypto.subtle.verify(used, key, signature, message);
  } catch {
    return false;
  }
}

function ed25519Holds(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  try {
    return ed25519.verify(signature, message, publicKey, { zip215: false });
  } catch {
    return false;
  }
}

/** Two whole numbers in DER as the browser wants them: side by side, each as long as the curve's order. */
function plainEcdsa(signature: Bytes, length: number): Bytes | null {
  const parts = Der.parse(signature, "signature").parts(SEQUENCE).map((part) => part.integer());
  const [r, s] = parts;
  if (r === undefined || s === undefined || parts.length !== 2 || r <= 0n || s <= 0n || r >> BigInt(8 * length) || s >> BigInt(8 * length))
    return null;
  return concat(bigBytes(r, length), bigBytes(s, length));
}

function bigBytes(value: bigint, length: number): Bytes {
  return new Uint8Array((value.toString(16).padStart(2 * length, "0").match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16)));
}

function pssOf(algorithm: Der): { hash: string; salt: number } | null {
  const given = algorithm.parts(SEQUENCE)[1]?.parts(SEQUENCE) ?? [];
  const part = (tag: number): Der | undefined => given.find((each) => each.isContext(tag));
  const hash = part(0) && DIGESTS.get(part(0)!.at(0).at(0).oid());
  const mask = part(1) && DIGESTS.get(part(1)!.at(0).at(1).at(0).oid());
  // What is left out means SHA-1 (RFC 4055), which does not bind any more.
  return hash && mask === hash ? { hash, salt: Number(part(2)?.at(0).integer() ?? 20n) } : null;
}
