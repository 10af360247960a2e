// The zip of a bundle, by the rules of docs/formats/bundle.md, "The zip". zip.js reads the central directory; where each
// entry lies is compared with its local header here, and contents are streamed with a count, so nothing can unpack to
// more than it says. Nothing is read before every entry has passed.

import { ZipReader } from "@zip.js/zip.js/lib/zip-core-reader.js";
import { type Bytes, same } from "./bytes.js";
import { Refused, refuse } from "./refused.js";
import { type BundleFile, piecesOf, requirePath } from "./source.js";

const ENTRIES_LIMIT = 10_000;
const FILE_LIMIT_BYTES = 16 * 1024 * 1024;
const RATIO_LIMIT = 1100;
/** 10,000 entries with names of 400 bytes and generous extra fields. */
const DIRECTORY_LIMIT_BYTES = 16 * 1024 * 1024;
const LOCAL_HEADER_BYTES = 30;
const CONTENT = /^data\/items\/[1-9][0-9]*\/content\/[^/]+$/;
const TOP = /^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/;
const STORED = 0;
const DEFLATED = 8;
const FILE_TYPE_MASK = 0o170000;
const REGULAR = 0o100000;
const FOLDER = 0o040000;

interface Listed {
  readonly filename: string;
  readonly rawFilename: Uint8Array;
  readonly offset: number;
  readonly compressionMethod: number;
  readonly compressedSize: number;
  readonly uncompressedSize: number;
  readonly encrypted: boolean;
  readonly crc32?: number;
  readonly externalFileAttributes: number;
}

/** Every file of the bundle by its path below the one folder at the top. */
export async function openZip(blob: Blob): Promise<Map<string, BundleFile>> {
  const listed = await listOf(blob);
  const files = new Map<string, BundleFile>();
  const folded = new Set<string>();
  let top: string | null = null;
  for (const entry of listed) {
    requireEntry(entry);
    const [first, ...below] = entry.filename.replace(/\/$/, "").split("/");
    if ((top !== null && first !== top) || !TOP.test(first!)) refuse("zipTop");
    top = first!;
    const plain = entry.filename.replace(/\/$/, "").normalize("NFC").toUpperCase().toLowerCase();
    if (folded.has(plain)) refuse("zipTwice", { name: entry.filename });
    folded.add(plain);
    if (entry.filename.endsWith("/")) continue;
    const path = below.join("/");
    if (!path) refuse("zipTop");
    if (entry.uncompressedSize > FILE_LIMIT_BYTES && !CONTENT.test(path)) refuse("zipLarge", { name: path });
  }
  const starts = await startsOf(blob, listed);
  for (const entry of listed)
    if (!entry.filename.endsWith("/")) {
      const path = entry.filename.slice(top!.length + 1);
      files.set(path, fileOf(path, entry, blob, starts.get(entry)!));
    }
  if (!files.size) refuse("notZip");
  return files;
}

async function listOf(blob: Blob): Promise<Listed[]> {
  const reader = {
    size: blob.size,
    readUint8Array: async (offset: number, length: number): Promise<Uint8Array> => {
      if (length > DIRECTORY_LIMIT_BYTES) refuse("zipMany");
      return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
    },
  };
  const listed: Listed[] = [];
  try {
    const zip = new ZipReader(reader as never, { strictness: "strict", filenameValidation: "tolerant", useWebWorkers: false });
    for await (const entry of zip.getEntriesGenerator()) {
      if (listed.length >= ENTRIES_LIMIT) refuse("zipMany");
      listed.push(entry as Listed);
    }
  } catch (error) {
    if (error instanceof Refused) throw error;
    return refuse("notZip");
  }
  return listed;
}

function requireEntry(entry: Listed): void {
  const name = entry.filename;
  requirePath(name.replace(/\/$/, ""));
  if (entry.encrypted) refuse("zipEncrypted", { name });
  if (entry.compressionMethod !== STORED && entry.compressionMethod !== DEFLATED) refuse("zipMethod", { name });
  const kind = (entry.externalFileAttributes >>> 16) & FILE_TYPE_MASK;
  if (kind !== 0 && kind !== (name.endsWith("/") ? FOLDER : REGULAR)) refuse("zipSpecial", { name });
  if (name.endsWith("/") && entry.uncompressedSize) refuse("zipSpecial", { name });
  if (entry.compressionMethod === STORED && entry.compressedSize !== entry.uncompressedSize) refuse("zipLarge", { name });
  if (entry.uncompressedSize > RATIO_LIMIT * entry.compressedSize + 64) refuse("zipLarge", { name });
}

/** Where the bytes of each entry begin. Refuses entries that overlap and bytes before the first. */
async function startsOf(blob: Blob, listed: readonly Listed[]): Promise<Map<Listed, number>> {
  const starts = new Map<Listed, number>();
  const ordered = [...listed].sort((one, other) => one.offset - other.offset);
  let end = 0;
  for (const entry of ordered) {
    if (entry.offset < end || (end === 0 && entry.offset !== 0)) refuse("zipOverlap", { name: entry.filename });
    const headLength = LOCAL_HEADER_BYTES + entry.rawFilename.length;
    const head = new Uint8Array(await blob.slice(entry.offset, entry.offset + headLength).arrayBuffer());
    if (head.length !== headLength) refuse("notZip");
    const view = new DataView(head.buffer);
    const named = view.getUint16(26, true) === entry.rawFilename.length && same(head.subarray(LOCAL_HEADER_BYTES), entry.rawFilename);
    if (view.getUint32(0, true) !== 0x04034b50 || !named || view.getUint16(8, true) !== entry.compressionMethod) refuse("notZip");
    const start = entry.offset + headLength + view.getUint16(28, true);
    end = start + entry.compressedSize;
    if (end > blob.size) refuse("notZip");
    starts.set(entry, start);
  }
  return starts;
}

function fileOf(path: string, entry: Listed, blob: Blob, start: number): BundleFile {
  const packed = blob.slice(start, start + entry.compressedSize);
  const pieces = (): AsyncIterable<Bytes> => summed(entry.compressionMethod === STORED ? piecesOf(packed) : inflated(packed, path, entry.uncompressedSize), path, entry.crc32);
  return { path, sizeBytes: entry.uncompressedSize, pieces };
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** The same pieces, whose checksum must be the directory's: `check` refuses another as damage too. */
async function* summed(pieces: AsyncIterable<Bytes>, path: string, expected: number | undefined): AsyncIterable<Bytes> {
  let running = 0xffffffff;
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; at++) running = CRC_TABLE[(running ^ piece[at]!) & 0xff]! ^ (running >>> 8);
    yield piece;
  }
  if ((running ^ 0xffffffff) >>> 0 !== expected) refuse("zipDamaged", { name: path });
}

async function* inflated(packed: Blob, path: string, sizeBytes: number): AsyncIterable<Bytes> {
  const reader = packed.stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  let count = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(() => refuse("zipDamaged", { name: path }));
      if (done) break;
      count += value.length;
      if (count > sizeBytes) refuse("zipLarge", { name: path });
      yield value as Bytes;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
  if (count !== sizeBytes) refuse("zipDamaged", { name: path });
}
