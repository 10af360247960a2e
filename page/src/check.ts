// Takes the steps over one bundle, as src/standfast/verify/steps.py does.

import { type Files, readDescription, readSmall, verifyBag } from "./bag.js";
import type { Description } from "./documents.js";
import { type Digests, type Progress, digestsOf } from "./hashing.js";
import { ItemSteps } from "./item_steps.js";
import { type CheckpointSeen, takeCheckpoint } from "./log_steps.js";
import { POLICY_LIMIT_BYTES, type Policy, parsePolicy } from "./policy.js";
import { Refused } from "./refused.js";
import { type Given, type ItemSeen, NotChecked, type Report, Results, STEPS } from "./steps.js";
import { takeWindow } from "./window.js";

const BUNDLE = { kind: "bundle" } as const;
const CHECKPOINT = /^data\/log\/(0|[1-9][0-9]{0,18})\/checkpoint$/;
const CHECKPOINTS_LIMIT = 2100;

/** How the bundle came: as a zip that is opened first, or as the files of a folder. */
export type Source = { readonly zip: () => Promise<Files> } | { readonly folder: Files };

/** What was found. `progress` hears once the negative of how many bytes there are, then of each piece read. */
export async function checkBundle(source: Source, given: Given, progress: Progress, signal: AbortSignal): Promise<Report> {
  const results = new Results();
  const files = await openFiles(source, results);
  if (!files) return report(results, [], null, [], new Map(), given);
  progress(-[...files.values()].reduce((sum, file) => sum + file.sizeBytes, 0));
  const digests = new Map<string, Digests>();
  await results.step("bag", BUNDLE, async () => {
    for (const [path, file] of files) digests.set(path, await digestsOf(file, progress, signal));
    await verifyBag(files, digests);
    return ["okZip", { count: files.size }];
  });
  let description: Description;
  try {
    description = await readDescription(files);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    results.all.splice(1);
    await results.step("bag", BUNDLE, () => { throw error; });
    results.passOver(STEPS.slice(2), "bundleSilent");
    return report(results, [], null, [], new Map(), given);
  }
  const items: ItemSeen[] = description.items.map((entry) => ({ entry, record: null, size: null, earlier: null, after: null, before: null }));
  for (const item of items) await new ItemSteps(results, files, digests, item).take();
  const policies = await policiesOf(files, given);
  const sizes = sizesIn(files);
  const checkpoints = new Map<bigint, CheckpointSeen>();
  for (const size of sizes) checkpoints.set(size, await takeCheckpoint(results, files, size, description.origin, policies, given.authorities));
  if (!sizes.length) results.passOver(["log-signatures", "cosignatures", "stamps"], "noCheckpoint");
  if (!results.all.some((step) => step.name === "renewals")) results.passOver(["renewals"], "noStamp");
  for (const item of items) await takeWindow(results, item, checkpoints);
  const hasStamps = [...files.keys()].some((path) => path.endsWith("/response.tsr"));
  await results.step("trust", BUNDLE, () => {
    if (!given.policy || (hasStamps && !given.authorities)) throw new NotChecked("trustBundle");
    return ["trustGiven"];
  });
  return report(results, items, description, policies, checkpoints, given);
}

async function openFiles(source: Source, results: Results): Promise<Files | null> {
  let files: Files | null = "folder" in source ? source.folder : null;
  const opened = await results.step("zip", BUNDLE, async () => {
    if ("folder" in source) throw new NotChecked("fromFolder");
    files = await source.zip();
    return ["okZip", { count: files.size }];
  });
  if (opened.result === "failed") results.passOver(STEPS.slice(1), "zipBroken");
  return files;
}

function sizesIn(files: Files): bigint[] {
  const sizes = [...files.keys()].flatMap((path) => CHECKPOINT.exec(path)?.[1] ?? []).map(BigInt);
  return sizes.sort((one, other) => (one < other ? -1 : 1)).slice(0, CHECKPOINTS_LIMIT);
}

/** The reader's own policy alone, where there is one; else both of the bundle. An error stands in place of one that is none. */
async function policiesOf(files: Files, given: Given): Promise<(Policy | Refused)[]> {
  const read = async (raw: () => Promise<Uint8Array>): Promise<Policy | Refused> => {
    try {
      return parsePolicy(await raw());
    } catch (error) {
      if (error instanceof Refused) return error;
      throw error;
    }
  };
  const { policy } = given;
  if (policy) return [await read(async () => policy)];
  return Promise.all(["classic", "pq"].map((name) => read(() => readSmall(files, `data/policy/${name}`, POLICY_LIMIT_BYTES))));
}

function report(
  results: Results,
  items: readonly ItemSeen[],
  description: Description | null,
  policies: readonly (Policy | Refused)[],
  checkpoints: ReadonlyMap<bigint, CheckpointSeen>,
  given: Given,
): Report {
  const roots = [...checkpoints.values()].flatMap((each) => each.roots);
  return { steps: results.inOrder(), items, description, policies: policies.filter((each): each is Policy => !(each instanceof Refused)), roots, given };
}
