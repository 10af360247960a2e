// Digests of a file of any size, in one pass, piece by piece.

import { blake3 } from "@noble/hashes/blake3.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { toHex } from "./bytes.js";
import type { BundleFile } from "./source.js";

export interface Digests {
  readonly sha256: string;
  readonly sha512: string;
  readonly blake3: string;
  readonly sizeBytes: number;
}

/** Called with the bytes that were read since the last call. */
export type Progress = (bytes: number) => void;

export class Stopped extends Error {}

export async function digestsOf(file: BundleFile, progress: Progress, signal: AbortSignal): Promise<Digests> {
  const [one, two, three] = [sha256.create(), sha512.create(), blake3.create()];
  let sizeBytes = 0;
  for await (const piece of file.pieces()) {
    if (signal.aborted) throw new Stopped();
    for (const hash of [one, two, three]) hash.update(piece);
    sizeBytes += piece.length;
    progress(piece.length);
  }
  return { sha256: toHex(one.digest()), sha512: toHex(two.digest()), blake3: toHex(three.digest()), sizeBytes };
}
