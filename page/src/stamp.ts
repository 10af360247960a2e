// Verifies time-stamps of RFC 3161, at the time that they say. The same steps as src/standfast/seal/timestamp.py, but
// without a second engine. Sources: RFC 3161, RFC 5652, RFC 5816.

import { sha1 } from "@noble/hashes/legacy.js";
import { sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import { type Bytes, concat, same } from "./bytes.js";
import { CERTIFICATES_LIMIT, Certificate, chainToRoot, digestName, signatureHolds } from "./certificates.js";
import { Der, INTEGER, OCTET_STRING, OID, SEQUENCE, SET } from "./der.js";
import { refuse } from "./refused.js";

export const RESPONSE_LIMIT_BYTES = 1024 * 1024;
const SIGNED_DATA = "1.2.840.113549.1.7.2";
const TST_INFO = "1.2.840.113549.1.9.16.1.4";
const CONTENT_TYPE = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST = "1.2.840.113549.1.9.4";
const SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12";
const SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47";
const SHA_1 = "1.3.14.3.2.26";
const HASHES = new Map<string, (data: Uint8Array) => Uint8Array>([
  ["SHA-256", sha256],
  ["SHA-384", sha384],
  ["SHA-512", sha512],
]);

export interface StampFacts {
  /** TSTInfo, with its serial number: what tells one stamp from another. */
  readonly info: Bytes;
  readonly time: Date;
  /** How far the authority says that its clock may be off; null where it does not. */
  readonly accuracyMs: number | null;
  readonly signer: string;
  readonly chain: readonly Certificate[];
}

/** The digest of some bytes by its name in WebCrypto. */
export function digestBy(name: string, data: Uint8Array): Bytes {
  const hash = HASHES.get(name) ?? refuse("digestKind", { what: name });
  return new Uint8Array(hash(data));
}

/** The token in an authority's answer, which must have granted what was asked. */
export function tokenIn(response: Uint8Array): Bytes {
  if (response.length > RESPONSE_LIMIT_BYTES) refuse("tooLong", { what: "stamp", limit: RESPONSE_LIMIT_BYTES });
  const [status, token, ...rest] = Der.parse(response, "stamp").parts(SEQUENCE);
  if (!status || rest.length) return refuse("notDer", { what: "stamp" });
  if (status.at(0).integer() !== 0n || !token) return refuse("stampRefused");
  return token.raw;
}

interface Info {
  readonly raw: Bytes;
  readonly imprintDigest: string;
  readonly imprint: Bytes;
  readonly time: Date;
  readonly accuracyMs: number | null;
}

function readInfo(raw: Bytes): Info {
  const [version, policy, imprint, serial, time, ...rest] = Der.parse(raw, "stamp").parts(SEQUENCE);
  if (!version || !policy || !imprint || !serial || !time || version.integer() !== 1n) return refuse("notDer", { what: "stamp" });
  policy.bytes(OID);
  serial.bytes(INTEGER);
  const extensions = rest.find((each) => each.isContext(1))?.parts() ?? [];
  if (extensions.some((each) => each.parts(SEQUENCE).length === 3 && each.at(1).boolean())) refuse("notDer", { what: "stamp" });
  return {
    raw,
    imprintDigest: digestName(imprint.at(0).at(0).oid()) ?? refuse("digestKind", { what: imprint.at(0).at(0).oid() }),
    imprint: imprint.at(1).bytes(OCTET_STRING),
    time: time.time(),
    accuracyMs: accuracyOf(rest.find((each) => each.is(SEQUENCE))),
  };
}

/** Seconds, then under tags of their own thousandths and millionths; what is left out is 0. */
function accuracyOf(accuracy: Der | undefined): number | null {
  if (!accuracy) return null;
  const parts = accuracy.parts(SEQUENCE);
  const seconds = parts.find((part) => part.is(INTEGER))?.integer() ?? 0n;
  const [millis, micros] = [0, 1].map((tag) => parts.find((part) => part.isContext(tag))?.number() ?? 0n) as [bigint, bigint];
  if (seconds < 0n || millis < 0n || micros < 0n || seconds >= 2n ** 31n || millis > 999n || micros > 999n) refuse("notDer", { what: "stamp" });
  return Number(seconds) * 1000 + Number(millis) + Number(micros) / 1000;
}

/** Require that an authority which the reader expects stamped this digest, and say when. */
export async function verifyToken(
  token: Uint8Array,
  digestKind: string,
  digest: Uint8Array,
  given: readonly Certificate[],
  helping: readonly Certificate[],
): Promise<StampFacts> {
  const [contentType, content] = Der.parse(token, "stamp").parts(SEQUENCE);
  if (!content || contentType?.oid() !== SIGNED_DATA) return refuse("notDer", { what: "stamp" });
  const parts = content.at(0).parts(SEQUENCE);
  const [, , inner, ...rest] = parts;
  const signers = rest.pop()?.parts(SET) ?? [];
  const [signer] = signers;
  if (!inner || !signer || signers.length !== 1 || inner.at(0).oid() !== TST_INFO) return refuse("notDer", { what: "stamp" });
  const sent = rest.find((each) => each.isContext(0))?.parts() ?? [];
  if (sent.length > CERTIFICATES_LIMIT) refuse("certificatesNone");
  const certificates = sent.filter((each) => each.is(SEQUENCE)).map((each) => new Certificate(each.raw));
  const info = readInfo(inner.at(1).at(0).bytes(OCTET_STRING));
  if (info.imprintDigest !== digestKind || !same(info.imprint, digest)) refuse("wrongImprint");
  const certificate = await verifySigner(signer, info, certificates);
  certificate.requireTimeStamping();
  const roots = given.filter((each) => each.isRoot);
  const others = [...certificates, ...given.filter((each) => !each.isRoot), ...helping];
  const chain = await chainToRoot(certificate, others, roots, info.time);
  return { info: info.raw, time: info.time, accuracyMs: info.accuracyMs, signer: certificate.name, chain };
}

/** The certificate of who signed: the signed attributes bind token and certificate, the signature the attributes. */
async function verifySigner(signer: Der, info: Info, certificates: readonly Certificate[]): Promise<Certificate> {
  const [version, identifier, digestAlgorithm, attributes, algorithm, signature] = signer.parts(SEQUENCE);
  if (!version || !identifier || !digestAlgorithm || !attributes?.isContext(0) || !algorithm || !signature)
    return refuse("notDer", { what: "stamp" });
  const certificate = certificates.find((each) => isNamedBy(each, identifier)) ?? refuse("signerAbsent");
  const digest = digestName(digestAlgorithm.at(0).oid()) ?? refuse("digestKind", { what: digestAlgorithm.at(0).oid() });
  const values = new Map<string, Der>();
  for (const each of attributes.parts()) {
    const found = each.at(1).parts(SET);
    if (values.has(each.at(0).oid()) || found.length !== 1) refuse("notDer", { what: "stamp" });
    values.set(each.at(0).oid(), found[0]!);
  }
  if (values.get(CONTENT_TYPE)?.oid() !== TST_INFO) refuse("stampSignature", { who: certificate.name });
  const signed = values.get(MESSAGE_DIGEST)?.bytes(OCTET_STRING);
  if (!signed || !same(signed, digestBy(digest, info.raw))) refuse("stampSignature", { who: certificate.name });
  requireBound(values, certificate);
  // Signed is a SET; in the token it stands under a context tag (RFC 5652, 5.4).
  const message = concat(Uint8Array.of(0x31), attributes.raw.subarray(1));
  if (!(await signatureHolds(certificate.key, algorithm, digest, signature.bytes(OCTET_STRING), message)))
    refuse("stampSignature", { who: certificate.name });
  return certificate;
}

function isNamedBy(certificate: Certificate, identifier: Der): boolean {
  if (identifier.isContext(0)) {
    const own = certificate.keyIdentifier;
    return own !== null && same(own, identifier.content);
  }
  return same(identifier.at(0).raw, certificate.issuer) && identifier.at(1).integer() === certificate.serial;
}

function requireBound(values: ReadonlyMap<string, Der>, certificate: Certificate): void {
  const one = values.get(SIGNING_CERTIFICATE)?.at(0).at(0);
  const two = values.get(SIGNING_CERTIFICATE_V2)?.at(0).at(0);
  if (!one && !two) refuse("stampSignature", { who: certificate.name });
  // RFC 3161 knew no other digest than SHA-1 for this; the signature's own identifier names the certificate as well.
  if (one && !same(one.at(0).bytes(OCTET_STRING), sha1(certificate.raw))) refuse("stampSignature", { who: certificate.name });
  if (!two) return;
  const named = two.at(0).is(SEQUENCE) ? two.at(0).at(0).oid() : null;
  const bound = two.at(named === null ? 0 : 1).bytes(OCTET_STRING);
  const own = named === SHA_1 ? sha1(certificate.raw) : digestBy(named === null ? "SHA-256" : (digestName(named) ?? named), certificate.raw);
  if (!same(bound, own)) refuse("stampSignature", { who: certificate.name });
}
