// Prints the age vectors of the npm package cctv-age as JSON: name → base64 of the vector's file.
import { writeFileSync } from "node:fs";
import * as vectors from "cctv-age";

const files = vectors.default ?? vectors;
const texts = Object.entries(files).map(([name, bytes]) => [name, Buffer.from(bytes).toString("base64")]);
writeFileSync(1, JSON.stringify(Object.fromEntries(texts)));
