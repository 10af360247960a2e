// The small documents of a bundle: bag, description, record, custody, report. Format: docs/formats/bundle.md. What they
// say is a stranger's word: taken as text, compared, shown as text.

import { type Bytes, fromDecimal, textOf } from "./bytes.js";
import { hashesOf } from "./merkle.js";
import { refuse } from "./refused.js";

const MANIFEST_LINE = /^([0-9a-fA-F]+)[ \t]+\*?(.+)$/;
const DIGEST = /^[0-9a-f]{64}$/;
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;
const DEPTH_LIMIT = 64;
const ITEMS_LIMIT = 1000;
export const REPORT_FIELDS = ["id", "name", "origin", "sha256", "blake3", "size_bytes", "media_type", "captured_at", "tool", "quality"] as const;

export type ReportField = (typeof REPORT_FIELDS)[number];
type Plain = Readonly<Record<string, unknown>>;

export interface ItemEntry {
  readonly n: number;
  readonly id: string;
  readonly content: string;
}

export interface Description {
  readonly origin: string;
  readonly language: string;
  readonly items: readonly ItemEntry[];
}

export type Record_ = Readonly<Record<Exclude<ReportField, "size_bytes">, string>> & { readonly size_bytes: number };

function parseJson(raw: Uint8Array, what: string): Plain {
  let value: unknown;
  const text = textOf(raw, what);
  try {
    value = JSON.parse(text);
  } catch {
    return refuse("malformed", { what });
  }
  return isPlain(value) ? value : refuse("malformed", { what });
}

/** A value whose bytes are its one spelling, by RFC 8785 in the subset that our documents use. */
export function parseCanonical(raw: Uint8Array, what: string): Plain {
  const value = parseJson(raw, what);
  if (textOf(raw, what) !== canonical(value, what, 0)) refuse("notCanonical", { what });
  return value;
}

function canonical(value: unknown, what: string, depth: number): string {
  if (depth > DEPTH_LIMIT) refuse("malformed", { what });
  if (typeof value === "number" && !Number.isSafeInteger(value)) refuse("notCanonical", { what });
  if (typeof value === "string" && /\p{Surrogate}/u.test(value)) refuse("notCanonical", { what });
  if (Array.isArray(value)) return `[${value.map((each) => canonical(each, what, depth + 1)).join(",")}]`;
  if (!isPlain(value)) return JSON.stringify(value);
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name], what, depth + 1)}`).join(",")}}`;
}

function isPlain(value: unknown): value is Plain {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Digests by path, out of one BagIt manifest. */
export function parseManifest(raw: Uint8Array, name: string): Map<string, string> {
  const lines = textOf(raw, name).replaceAll("\r\n", "\n").replace(/\n$/, "").split("\n");
  const listed = new Map<string, string>();
  for (const line of lines) {
    const [, digest, written] = MANIFEST_LINE.exec(line) ?? refuse("bagForm", { name });
    // BagIt writes these three so in a path (RFC 8493, 2.1.3).
    const path = written!.replace(/%(0[aA]|0[dD]|25)/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
    if (listed.has(path)) refuse("bagForm", { name });
    listed.set(path, digest!.toLowerCase());
  }
  return listed;
}

export function parseDescription(raw: Uint8Array): Description {
  const what = "bundle";
  const value = parseJson(raw, what);
  const { format, origin, language, items } = value;
  const texts = [origin, value["made_at"], value["made_by"], value["purpose"], value["recipient"]];
  if (format !== "standfast/bundle/v1" || texts.some((each) => typeof each !== "string") || !Array.isArray(items)) return refuse("malformed", { what });
  if (!items.length || items.length > ITEMS_LIMIT) refuse("malformed", { what });
  if (typeof language !== "string" || !["en", "ar", "fr", "es"].includes(language)) return refuse("malformed", { what });
  const entries = items.map((each: unknown, at): ItemEntry => {
    if (!isPlain(each) || each["n"] !== at + 1 || typeof each["id"] !== "string" || typeof each["content"] !== "string") return refuse("malformed", { what });
    return { n: at + 1, id: each["id"], content: each["content"] };
  });
  if (new Set(entries.map((each) => each.id)).size < entries.length) refuse("malformed", { what });
  return { origin: origin as string, language, items: entries };
}

export function parseRecord(raw: Uint8Array): Record_ {
  const what = "record";
  const value: Plain = { quality: "complete", ...parseCanonical(raw, what) };
  const texts = REPORT_FIELDS.filter((field) => field !== "size_bytes");
  const size = value["size_bytes"];
  const formed =
    value["format"] === "standfast/record/v1" &&
    texts.every((field) => typeof value[field] === "string") &&
    [value["sha256"], value["blake3"]].every((digest) => DIGEST.test(`${digest}`)) &&
    typeof size === "number" &&
    size >= 0 &&
    isPlain(value["facts"]);
  return formed ? (value as Record_) : refuse("malformed", { what });
}

/** The count of its events. It must be about this item, begin with its capture, and be in order. */
export function verifyCustody(raw: Uint8Array, record: Record_): number {
  const what = "custody";
  const { format, item, events } = parseJson(raw, what);
  if (format !== "standfast/custody/v1" || !Array.isArray(events)) return refuse("malformed", { what });
  const lines = (events as unknown[]).map((each) => {
    const { at, detail, event } = isPlain(each) ? each : refuse("malformed", { what });
    if (typeof at !== "string" || typeof detail !== "string" || typeof event !== "string") return refuse("malformed", { what });
    return { at, detail, event };
  });
  if (item !== record.id) refuse("custodyItem");
  // A message that two origins hold is one item with two captures.
  const told = lines.some(({ at, detail, event }) => event === "capture" && at === record.captured_at && detail === record.tool);
  if (!told) refuse("custodyCapture");
  if (lines.some(({ at }, place) => place > 0 && at < lines[place - 1]!.at)) refuse("custodyOrder");
  return lines.length;
}

/** The text with everything spelled out that a page would not show: controls, direction marks, line ends. */
export function shown(text: string): string {
  return text.replace(HIDDEN, (found) => `\\u${found.codePointAt(0)!.toString(16).padStart(4, "0")}`);
}

/** Require that the readable report repeats the record. The parser runs nothing and loads nothing. */
export function verifyReport(raw: Uint8Array, n: number, record: Record_): void {
  const report = new DOMParser().parseFromString(inert(textOf(raw, "report.html")), "text/html");
  const found = [...report.querySelectorAll("[data-field]")].filter((element) => element.getAttribute("data-item") === `${n}`);
  for (const field of REPORT_FIELDS) {
    const same = found.filter((element) => element.getAttribute("data-field") === field);
    if (same.length !== 1 || same[0]!.textContent !== shown(`${record[field]}`)) refuse("reportDiffers", { what: field });
  }
}

/** The page's policy lets text become a document through this one way alone, and only a detached document. */
function inert(html: string): string {
  const types = (globalThis as { trustedTypes?: { createPolicy(name: string, rules: object): { createHTML(text: string): string } } }).trustedTypes;
  policy ??= types?.createPolicy("report", { createHTML: (text: string) => text }) ?? { createHTML: (text) => text };
  return policy.createHTML(html);
}

let policy: { createHTML(text: string): string } | null = null;

export interface ConsistencyText {
  readonly untrustedOldSize: bigint;
  readonly untrustedHashes: readonly Bytes[];
  readonly untrustedCheckpoint: Uint8Array;
}

export function parseConsistency(raw: Uint8Array): ConsistencyText {
  const what = "consistency";
  const end = raw.findIndex((byte, at) => byte === 10 && raw[at + 1] === 10);
  if (end < 0 || end + 2 >= raw.length) refuse("malformed", { what });
  const [old, ...lines] = textOf(raw.subarray(0, end), what).split("\n");
  if (!old?.startsWith("old ") || lines.length > 63) return refuse("malformed", { what });
  return { untrustedOldSize: fromDecimal(old.slice(4), what), untrustedHashes: hashesOf(lines, what), untrustedCheckpoint: raw.subarray(end + 2) };
}
