// Step 2: the bag around the bundle (RFC 8493), and what the bundle says of itself. Finds damage; proves nothing against
// who wrote it.

import { textOf } from "./bytes.js";
import { type Description, parseDescription, parseManifest } from "./documents.js";
import type { Digests } from "./hashing.js";
import { refuse } from "./refused.js";
import { type BundleFile, readAll } from "./source.js";

const SMALL_LIMIT_BYTES = 16 * 1024 * 1024;
const PAYLOAD = "data/";
const DECLARED = /^BagIt-Version: (?:0\.97|1\.0)\r?\nTag-File-Character-Encoding: UTF-8(?:\r?\n)?$/;
const OXUM = /^Payload-Oxum:[ \t]*([0-9]+)\.([0-9]+)[ \t\r]*$/m;
const ALGORITHMS = ["sha256", "sha512"] as const;

export type Files = ReadonlyMap<string, BundleFile>;

export async function readSmall(files: Files, path: string, limitBytes: number = SMALL_LIMIT_BYTES): Promise<Uint8Array<ArrayBuffer>> {
  return readAll(files.get(path) ?? refuse("fileMissing", { name: path }), limitBytes);
}

export async function readDescription(files: Files): Promise<Description> {
  return parseDescription(await readSmall(files, "data/bundle.json"));
}

/** Require that the bag is complete and whole. */
export async function verifyBag(files: Files, digests: ReadonlyMap<string, Digests>): Promise<void> {
  if (!DECLARED.test(textOf(await readSmall(files, "bagit.txt"), "bagit.txt"))) refuse("bagForm", { name: "bagit.txt" });
  const tagManifests = ALGORITHMS.map((algorithm) => `tagmanifest-${algorithm}.txt`);
  const payload = [...files.keys()].filter((path) => path.startsWith(PAYLOAD));
  const tags = [...files.keys()].filter((path) => !path.startsWith(PAYLOAD) && !tagManifests.includes(path));
  for (const algorithm of ALGORITHMS)
    for (const [name, there] of [[`manifest-${algorithm}.txt`, payload], [`tagmanifest-${algorithm}.txt`, tags]] as const) {
      const listed = parseManifest(await readSmall(files, name), name);
      for (const path of there) if (!listed.has(path)) refuse("fileUnlisted", { name: path });
      for (const path of listed.keys()) if (!there.includes(path)) refuse("fileMissing", { name: path });
      for (const [path, digest] of listed) if (digests.get(path)?.[algorithm] !== digest) refuse("fileChanged", { name: path });
    }
  const oxum = OXUM.exec(textOf(await readSmall(files, "bag-info.txt"), "bag-info.txt"));
  const sizeBytes = payload.reduce((sum, path) => sum + (digests.get(path)?.sizeBytes ?? 0), 0);
  if (oxum && (Number(oxum[1]) !== sizeBytes || Number(oxum[2]) !== payload.length)) refuse("bagForm", { name: "bag-info.txt" });
}
