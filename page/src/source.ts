// Files of a bundle, out of a zip or out of a folder that somebody unpacked; read as streams, with bounds.

import { type Bytes, concat } from "./bytes.js";
import { refuse } from "./refused.js";

/** Hashing one of these takes some 40 ms: the page stays alive between them. */
const PIECE_BYTES = 1024 * 1024;
const PATH_LIMIT_BYTES = 400;
const CONTROL = /[\u0000-\u001f\u007f]/;

export interface BundleFile {
  /** Below the bundle's folder. */
  readonly path: string;
  readonly sizeBytes: number;
  pieces(): AsyncIterable<Bytes>;
}

export async function* piecesOf(blob: Blob): AsyncIterable<Bytes> {
  for (let at = 0; at < blob.size; at += PIECE_BYTES) yield new Uint8Array(await blob.slice(at, at + PIECE_BYTES).arrayBuffer());
}

/** All of a small file. */
export async function readAll(file: BundleFile, limitBytes: number): Promise<Bytes> {
  if (file.sizeBytes > limitBytes) refuse("tooLong", { what: file.path, limit: limitBytes });
  const pieces: Bytes[] = [];
  for await (const piece of file.pieces()) pieces.push(piece);
  return concat(...pieces);
}

export function requirePath(path: string): void {
  const parts = path.split("/");
  const bad = CONTROL.test(path) || path.includes("\\") || /^[A-Za-z]:/.test(path) || parts.some((part) => !part || part === "." || part === "..");
  if (bad || new TextEncoder().encode(path).length > PATH_LIMIT_BYTES) refuse("zipName", { name: path });
}

/** The files of a folder as the browser lists them, by their paths below it. */
export function filesOfFolder(listed: readonly File[]): Map<string, BundleFile> {
  const files = new Map<string, BundleFile>();
  for (const file of listed) {
    const path = file.webkitRelativePath.split("/").slice(1).join("/");
    requirePath(path);
    files.set(path, { path, sizeBytes: file.size, pieces: () => piecesOf(file) });
  }
  return files;
}
