// ASN.1 as it came, parsed by asn1js within bounds, with the exact bytes of each part at hand: signatures and digests are
// over bytes, not over what was understood.

import { type BaseBlock, fromBER } from "asn1js";
import { type Bytes } from "./bytes.js";
import { refuse } from "./refused.js";

export const BOOLEAN = 1;
export const INTEGER = 2;
export const BIT_STRING = 3;
export const OCTET_STRING = 4;
export const OID = 6;
export const UTF8_STRING = 12;
export const SEQUENCE = 16;
export const SET = 17;
export const UTC_TIME = 23;
export const GENERALIZED_TIME = 24;

const UNIVERSAL = 1;
const CONTEXT = 3;
const UTC = /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/;
const GENERALIZED = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(?:\.(\d{1,9}))?Z$/;

export class Der {
  private constructor(
    private readonly block: BaseBlock,
    private readonly what: string,
  ) {}

  /** One value and nothing after it. */
  static parse(raw: Uint8Array, what: string): Der {
    let parsed: ReturnType<typeof fromBER>;
    try {
      parsed = fromBER(new Uint8Array(raw));
    } catch {
      return refuse("notDer", { what });
    }
    if (parsed.offset !== raw.length || parsed.result.error) refuse("notDer", { what });
    return new Der(parsed.result, what);
  }

  private fail(): never {
    return refuse("notDer", { what: this.what });
  }

  /** The whole value with its tag and length, as it came. */
  get raw(): Bytes {
    return new Uint8Array(this.block.valueBeforeDecodeView);
  }

  /** What comes after tag and length. */
  get content(): Bytes {
    const head = this.block.idBlock.blockLength + this.block.lenBlock.blockLength;
    if (this.block.lenBlock.isIndefiniteForm) this.fail();
    return this.raw.slice(head);
  }

  is(tag: number): boolean {
    return this.block.idBlock.tagClass === UNIVERSAL && this.block.idBlock.tagNumber === tag;
  }

  isContext(tag: number): boolean {
    return this.block.idBlock.tagClass === CONTEXT && this.block.idBlock.tagNumber === tag;
  }

  /** The parts of a constructed value. */
  parts(tag?: number): Der[] {
    if (tag !== undefined && !this.is(tag)) this.fail();
    const value = (this.block.valueBlock as { value?: unknown }).value;
    if (!this.block.idBlock.isConstructed || !Array.isArray(value)) return this.fail();
    return value.map((each: BaseBlock) => new Der(each, this.what));
  }

  /** The part at a place, which must be there. */
  at(index: number): Der {
    return this.parts()[index] ?? this.fail();
  }

  bytes(tag: number): Bytes {
    if (!this.is(tag) || this.block.idBlock.isConstructed) this.fail();
    return this.content;
  }

  /** A bit string of whole bytes. */
  bits(): Bytes {
    const data = this.bytes(BIT_STRING);
    return data[0] === 0 ? data.slice(1) : this.fail();
  }

  integer(): bigint {
    if (!this.is(INTEGER)) this.fail();
    return this.number();
  }

  /** A whole number under whatever tag. */
  number(): bigint {
    const data = this.content;
    if (!data.length || data.length > 64) this.fail();
    const value = data.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    return data[0]! & 0x80 ? value - (1n << BigInt(8 * data.length)) : value;
  }

  boolean(): boolean {
    return this.bytes(BOOLEAN)[0] !== 0;
  }

  oid(): string {
    const data = this.bytes(OID);
    const arcs: bigint[] = [];
    let running = 0n;
    for (const byte of data) {
      running = (running << 7n) | BigInt(byte & 0x7f);
      if (!(byte & 0x80)) {
        arcs.push(running);
        running = 0n;
      }
    }
    const [first, ...rest] = arcs;
    if (first === undefined || data[data.length - 1]! & 0x80) return this.fail();
    const head = first < 80n ? first / 40n : 2n;
    return [head, first - 40n * head, ...rest].join(".");
  }

  /** UTCTime or GeneralizedTime, UTC alone. */
  time(): Date {
    const text = Array.from(this.content, (byte) => String.fromCharCode(byte)).join("");
    const [, year, month, day, hour, minute, second, fraction] =
      (this.is(UTC_TIME) ? UTC.exec(text) : this.is(GENERALIZED_TIME) ? GENERALIZED.exec(text) : null) ?? this.fail();
    const full = year!.length === 4 ? year! : `${Number(year) < 50 ? "20" : "19"}${year}`;
    const at = new Date(`${full}-${month}-${day}T${hour}:${minute}:${second}.${(fraction ?? "").padEnd(3, "0").slice(0, 3)}Z`);
    return Number.isNaN(at.getTime()) ? this.fail() : at;
  }
}
