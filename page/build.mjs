// Makes verify.html out of src/: one file that needs no other. The same sources and lock give the same bytes, which
// tests/interop/test_page_build.py shows. `node build.mjs` writes it where the program takes it from; a path given is
// written instead.

import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const output = process.argv[2] ?? here("../src/standfast/disclosure/verify.html");
const LIMIT_BYTES = 600_000;

const made = await build({
  absWorkingDir: here("."),
  entryPoints: ["src/page.ts"],
  bundle: true,
  minify: true,
  format: "iife",
  target: ["es2022", "chrome109", "firefox115", "safari17"],
  charset: "utf8",
  legalComments: "none",
  write: false,
  logLevel: "warning",
});
const script = made.outputFiles[0].text.trim();
if (/<\/script|<!--/i.test(script)) throw new Error("the script would end itself");
const style = (await readFile(here("src/style.css"), "utf8")).replace(/\s*\n\s*/g, " ").trim();
const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
const policy = [
  "default-src 'none'",
  `script-src ${hash(script)}`,
  `style-src ${hash(style)}`,
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types report",
].join("; ");
const parts = { "@POLICY@": policy, "@STYLE@": style, "@SCRIPT@": script };
const page = (await readFile(here("src/page.html"), "utf8")).replace(/@POLICY@|@STYLE@|@SCRIPT@/g, (name) => parts[name]);
if (Buffer.byteLength(page) >= LIMIT_BYTES) throw new Error(`verify.html has ${Buffer.byteLength(page)} bytes`);
await writeFile(output, page);
