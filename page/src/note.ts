// Signed notes and verifier keys: their form. Sources: c2sp.org/signed-note; docs/formats/log.md.

import { sha256 } from "@noble/hashes/sha2.js";
import { type Bytes, concat, fromBase64, same, textOf, toHex, utf8 } from "./bytes.js";
import { refuse } from "./refused.js";

export const NOTE_LIMIT_BYTES = 1_000_000;
const SIGNATURES_LIMIT = 100;
const NAME_LIMIT_BYTES = 255;
const KEY_ID_BYTES = 4;
const VKEY_LIMIT = 4096;
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/;
const EM_DASH = "\u2014 ";

export interface VerifierKey {
  readonly name: string;
  readonly kind: number;
  readonly publicKey: Bytes;
  readonly keyId: Bytes;
}

export interface SignatureLine {
  readonly name: string;
  readonly keyId: Bytes;
  readonly blob: Bytes;
}

export interface Note {
  /** Ends in a newline; nothing in it is verified. */
  readonly untrustedText: string;
  readonly lines: readonly SignatureLine[];
}

export function parseVkey(text: string): VerifierKey {
  const what = "vkey";
  const [name, keyIdText, ...rest] = text.split("+");
  if (text.length > VKEY_LIMIT || name === undefined || keyIdText === undefined || !rest.length)
    return refuse("malformed", { what });
  requireName(name, what);
  const decoded = fromBase64(rest.join("+"), what);
  const kind = decoded[0];
  if (kind === undefined || decoded.length < 2) return refuse("malformed", { what });
  const keyId = sha256(concat(utf8(name), utf8("\n"), decoded)).slice(0, KEY_ID_BYTES);
  if (toHex(keyId) !== keyIdText) refuse("keyIdWrong", { who: name });
  return { name, kind, publicKey: decoded.slice(1), keyId };
}

export function labelOf(key: VerifierKey): string {
  return `${key.name}+${toHex(key.keyId)}`;
}

export function sameKey(one: VerifierKey, other: VerifierKey): boolean {
  return one.name === other.name && one.kind === other.kind && same(one.publicKey, other.publicKey);
}

/** Whether a line claims to be by this key. The signature decides whether it is. */
export function claims(line: SignatureLine, key: VerifierKey): boolean {
  return line.name === key.name && same(line.keyId, key.keyId);
}

export function parseNote(raw: Uint8Array, what: string): Note {
  if (raw.length > NOTE_LIMIT_BYTES) refuse("tooLong", { what, limit: NOTE_LIMIT_BYTES });
  const whole = textOf(raw, what);
  const end = whole.lastIndexOf("\n\n");
  if (CONTROL.test(whole) || end < 0 || !whole.endsWith("\n") || end + 2 >= whole.length) refuse("malformed", { what });
  const lines = whole.slice(end + 2, -1).split("\n");
  if (lines.length > SIGNATURES_LIMIT) refuse("malformed", { what });
  return { untrustedText: whole.slice(0, end + 1), lines: lines.map((line) => parseLine(line, what)) };
}

function parseLine(line: string, what: string): SignatureLine {
  const rest = line.startsWith(EM_DASH) ? line.slice(EM_DASH.length) : refuse("malformed", { what });
  const space = rest.indexOf(" ");
  if (space < 0) refuse("malformed", { what });
  const name = rest.slice(0, space);
  requireName(name, what);
  const decoded = fromBase64(rest.slice(space + 1), what);
  if (decoded.length <= KEY_ID_BYTES) refuse("malformed", { what });
  return { name, keyId: decoded.slice(0, KEY_ID_BYTES), blob: decoded.slice(KEY_ID_BYTES) };
}

function requireName(name: string, what: string): void {
  const length = utf8(name).length;
  // Python's isspace, which the other checker goes by, takes U+001C to U+001F (control) and U+0085 as spaces too.
  if (!length || length > NAME_LIMIT_BYTES || /[+\s\u0085]/u.test(name) || name.includes("\ufeff") || CONTROL.test(name))
    refuse("malformed", { what });
}
