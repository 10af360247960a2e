// Bytes and their spellings. Each has one canonical spelling; any other is refused.

import { refuse } from "./refused.js";

export type Bytes = Uint8Array<ArrayBuffer>;

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const DECIMAL = /^(0|[1-9][0-9]{0,18})$/;
const HEX = /^([0-9a-f]{2})*$/;
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function utf8(text: string): Bytes {
  return new Uint8Array(new TextEncoder().encode(text));
}

/** The text of these bytes; bytes that are no UTF-8 are refused. A byte order mark stays what it is. */
export function textOf(data: Uint8Array, what: string): string {
  try {
    return strictUtf8.decode(data);
  } catch {
    return refuse("notUtf8", { what });
  }
}

export function concat(...parts: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function same(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

/** Big-endian, 8 bytes. */
export function u64(value: bigint): Bytes {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, value);
  return out;
}

export function readU64(data: Uint8Array): bigint {
  return new DataView(data.buffer, data.byteOffset, data.byteLength).getBigUint64(0);
}

export function toHex(data: Uint8Array): string {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function fromHex(text: string, what: string): Bytes {
  if (!HEX.test(text)) refuse("notHex", { what });
  return new Uint8Array((text.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16)));
}

export function toBase64(data: Uint8Array): string {
  let text = "";
  for (const byte of data) text += String.fromCharCode(byte);
  return btoa(text);
}

export function fromBase64(text: string, what: string): Bytes {
  if (!BASE64.test(text) || text.length % 4) refuse("notBase64", { what });
  const data = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  // Bits that mean nothing could be set: two spellings of one value.
  if (toBase64(data) !== text) refuse("notBase64", { what });
  return data;
}

export function fromDecimal(text: string, what: string, limit: bigint = 2n ** 63n - 1n): bigint {
  if (!DECIMAL.test(text)) refuse("notDecimal", { what });
  const value = BigInt(text);
  return value <= limit ? value : refuse("notDecimal", { what });
}
