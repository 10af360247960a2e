// Step 2: the bag around the bundle (RFC 8493), and what the bundle says of itself. Finds damage; proves nothing against
// who wrote it.

import { textOf } from "./bytes.js";
import { type Description, parseDescription, parseManifest } from "./documents.js";
import type { Digests } from "./hashing.js";
import { refuse } from "./refused.js";
import { type BundleFile, readAll } from "./source.js";

const SMALL_LIMIT_BYTES = 16 * 1024 * 1024;
const PAYLOAD = "data/";
const TAG_MANIFEST = /^tagmanifest-/;
const DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";

export type Files = ReadonlyMap<string, BundleFile>;

export async function readSmall(files: Files, path: string, limitBytes: number = SMALL_LIMIT_BYTES): Promise<Uint8Array<ArrayBuffer>> {
  return readAll(files.get(path) ?? refuse("fileMissing", { name: path }), limitBytes);
}

export async function verifyBag(files: Files, digests: ReadonlyMap<string, Digests>): Promise<Description> {
  if (textOf(await readSmall(files, "bagit.txt"), "bagit.txt") !== DECLARATION) refuse("bagForm", { name: "bagit.txt" });
  if (!files.has("bag-info.txt")) refuse("fileMissing", { name: "bag-info.txt" });
  for (const algorithm of ["sha256", "sha512"] as const)
    for (const prefix of ["", "tag"]) {
      const name = `${prefix}manifest-${algorithm}.txt`;
      const listed = parseManifest(await readSmall(files, name), name);
      const covered = (path: string): boolean => (prefix ? !path.startsWith(PAYLOAD) && !TAG_MANIFEST.test(path) : path.startsWith(PAYLOAD));
      for (const path of files.keys()) if (covered(path) && !listed.has(path)) refuse("fileUnlisted", { name: path });
      for (const [path, digest] of listed) {
        if (!covered(path) || !files.has(path)) refuse("fileMissing", { name: path });
        if (digests.get(path)?.[algorithm] !== digest) refuse("fileChanged", { name: path });
      }
    }
  const description = parseDescription(await readSmall(files, "data/bundle.json"));
  for (const { n, content } of description.items) {
    const folder = `data/items/${n}/content/`;
    const inside = [...files.keys()].filter((path) => path.startsWith(folder));
    if (inside.length !== 1 || inside[0] !== content) refuse("fileMissing", { name: content });
  }
  return description;
}
