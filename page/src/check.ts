// Takes the steps over one bundle, one after the other.

import { type Files, readSmall, verifyBag } from "./bag.js";
import { type Bytes, same } from "./bytes.js";
import { type Checkpoint, parseCheckpoint } from "./checkpoint.js";
import { type Description, type Record_, parseConsistency, parseRecord, verifyCustody, verifyReport } from "./documents.js";
import { type Digests, type Progress, digestsOf } from "./hashing.js";
import { type Seen, readCheckpoint, signatureSteps, sizesIn, stampSteps } from "./log_steps.js";
import { PROOF_LIMIT_BYTES, leafHash, leafOf, parseProof, verifyConsistency, verifyInclusion } from "./merkle.js";
import { parseNote } from "./note.js";
import { POLICY_LIMIT_BYTES, type Policy, parsePolicy } from "./policy.js";
import { Refused, refuse } from "./refused.js";
import { type Given, type ItemSeen, NotChecked, type Report, Results, type StepResult } from "./steps.js";

const BUNDLE = { kind: "bundle" } as const;
/** Each algorithm of the record, and its name for a person. */
const DIGESTS = { sha256: "SHA-256", blake3: "BLAKE3" } as const;

export interface Opened {
  /** Null where the bundle came as a folder: then there is no zip to check. */
  readonly zip: (() => Promise<Files>) | null;
  readonly folder: Files | null;
}

/** What was found; `progress` hears of the bytes read, after one call with the negative of how many there are. */
export async function checkBundle(opened: Opened, given: Given, progress: Progress, signal: AbortSignal): Promise<Report> {
  const results = new Results();
  let files: Files = opened.folder ?? new Map();
  const zip = await results.step("zip", BUNDLE, [], async () => {
    if (!opened.zip) throw new NotChecked("fromFolder");
    files = await opened.zip();
    return ["okZip", { count: files.size }];
  });
  progress(-[...files.values()].reduce((sum, file) => sum + file.sizeBytes, 0));
  const digests = new Map<string, Digests>();
  let description: Description | null = null;
  const bag = await results.step("bag", BUNDLE, [zip], async () => {
    for (const [path, file] of files) digests.set(path, await digestsOf(file, progress, signal));
    description = await verifyBag(files, digests);
    return ["okZip", { count: files.size }];
  });
  const policies: Policy[] = [];
  const known = description as Description | null;
  const checkpoints = await logSteps(results, files, [zip, bag], known, given, policies);
  const items: ItemSeen[] = [];
  for (const entry of known?.items ?? []) {
    const seen: ItemSeen = { entry, record: null, after: null, before: null };
    items.push(seen);
    await new ItemSteps(results, files, digests, checkpoints, seen).take(bag);
  }
  if (!known) for (const name of ITEM_STEPS) await results.step(name, BUNDLE, [zip, bag], () => refuse("fileMissing", { name: "bundle.json" }));
  await results.step("trust", BUNDLE, [zip, bag], () => {
    if (!given.policy || !given.authorities) throw new NotChecked("trustBundle");
    return ["trustGiven"];
  });
  return { steps: results.inOrder(), items, description: known, policies, roots: [...checkpoints.values()].flatMap((each) => each.roots), given };
}

const ITEM_STEPS = ["record", "content", "leaf", "inclusion", "consistency", "window", "custody", "report"] as const;
const LOG_STEPS = ["log-signatures", "cosignatures", "stamps", "renewals"] as const;

async function logSteps(
  results: Results,
  files: Files,
  ground: readonly StepResult[],
  description: Description | null,
  given: Given,
  policies: Policy[],
): Promise<Map<bigint, Seen>> {
  const checkpoints = new Map<bigint, Seen>();
  const sizes = description ? sizesIn(files) : [];
  if (!description || !sizes.length) {
    for (const name of LOG_STEPS) await results.step(name, BUNDLE, ground, () => refuse("fileMissing", { name: "log/…/checkpoint" }));
    return checkpoints;
  }
  for (const size of sizes) {
    const seen = await readCheckpoint(files, size);
    checkpoints.set(size, seen);
    try {
      if (!policies.length) policies.push(...(await policiesOf(files, given)));
      await signatureSteps(results, ground, seen, description.origin, policies);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const about = { kind: "checkpoint", size } as const;
      seen.steps.push(await results.step("log-signatures", about, ground, () => { throw error; }));
      seen.steps.push(await results.step("cosignatures", about, seen.steps, () => refuse("fileMissing")));
    }
    await stampSteps(results, files, seen, given.authorities);
  }
  return checkpoints;
}

/** The reader's own policy alone, where there is one; else both of the bundle. */
async function policiesOf(files: Files, given: Given): Promise<Policy[]> {
  if (given.policy) return [parsePolicy(given.policy)];
  const both = [];
  for (const name of ["classic", "pq"]) both.push(parsePolicy(await readSmall(files, `data/policy/${name}`, POLICY_LIMIT_BYTES)));
  return both;
}

/** The steps of one item; each method takes one, in the order of their numbers. */
class ItemSteps {
  private readonly about: { readonly kind: "item"; readonly n: number };
  private readonly folder: string;
  private rawRecord: Bytes = new Uint8Array();
  private leaf: Bytes = new Uint8Array();
  private index = 0n;
  private later: Seen | null = null;
  private earlier: Seen | null = null;

  constructor(
    private readonly results: Results,
    private readonly files: Files,
    private readonly digests: ReadonlyMap<string, Digests>,
    private readonly checkpoints: ReadonlyMap<bigint, Seen>,
    private readonly seen: ItemSeen,
  ) {
    this.about = { kind: "item", n: seen.entry.n };
    this.folder = `data/items/${seen.entry.n}/`;
  }

  async take(bag: StepResult): Promise<void> {
    const record = await this.results.step("record", this.about, [bag], async () => {
      this.rawRecord = await this.read("record.json");
      this.seen.record = parseRecord(this.rawRecord);
      if (this.seen.record.id !== this.seen.entry.id) refuse("malformed", { what: "record" });
      return ["okBytes", { count: this.rawRecord.length, digest: this.digests.get(`${this.folder}record.json`)!.sha256 }];
    });
    await this.results.step("content", this.about, [record], () => this.content());
    const leaf = await this.results.step("leaf", this.about, [record], async () => {
      this.leaf = leafOf(this.rawRecord, await this.read("salt"));
      if (!same(this.leaf, await this.read("leaf"))) refuse("leafDiffers");
      return ["okBytes", { count: this.leaf.length, digest: this.digests.get(`${this.folder}leaf`)!.sha256 }];
    });
    const inclusion = await this.results.step("inclusion", this.about, [leaf], () => this.inclusion());
    await this.notBefore(inclusion);
    await this.results.step("custody", this.about, [record], async () => ["okEvents", { count: verifyCustody(await this.read("custody.json"), this.record) }]);
    await this.results.step("report", this.about, [record], async () => {
      verifyReport(await readSmall(this.files, "data/report.html"), this.seen.entry.n, this.record);
      return ["okBytes", { count: this.files.get("data/report.html")!.sizeBytes, digest: this.digests.get("data/report.html")!.sha256 }];
    });
  }

  private get record(): Record_ {
    return this.seen.record ?? refuse("malformed", { what: "record" });
  }

  private read(part: string): Promise<Bytes> {
    return readSmall(this.files, `${this.folder}${part}`);
  }

  private content(): readonly ["okBytes", { count: number; digest: string }] {
    const found = this.digests.get(this.seen.entry.content) ?? refuse("fileMissing", { name: this.seen.entry.content });
    if (found.sizeBytes !== this.record.size_bytes) refuse("sizeDiffers", { found: found.sizeBytes, expected: this.record.size_bytes });
    for (const [algorithm, digest] of Object.entries(DIGESTS))
      if (found[algorithm as keyof typeof DIGESTS] !== this.record[algorithm as keyof typeof DIGESTS]) refuse("digestDiffers", { digest });
    return ["okBytes", { count: found.sizeBytes, digest: found.sha256 }];
  }

  private async inclusion(): Promise<readonly ["okPlace", { index: string; size: string }]> {
    const proof = parseProof(await readSmall(this.files, `${this.folder}proof.tlog-proof`, PROOF_LIMIT_BYTES), "proof");
    const { size, root } = checkpointOf(proof.untrustedCheckpoint);
    this.later = this.checkpoints.get(size) ?? null;
    if (!this.later || !same(this.later.raw, proof.untrustedCheckpoint)) refuse("checkpointDiffers", { what: "proof.tlog-proof" });
    verifyInclusion(leafHash(this.leaf), proof.untrustedIndex, size, root, proof.untrustedHashes);
    this.index = proof.untrustedIndex;
    return ["okPlace", { index: `${this.index}`, size: `${size}` }];
  }

  /** Steps 11 and 12. */
  private async notBefore(inclusion: StepResult): Promise<void> {
    const name = `${this.folder}consistency`;
    const signed = this.later?.steps.slice(0, 2) ?? [];
    const consistency = await this.results.step("consistency", this.about, [inclusion, ...signed], async () => {
      if (!this.files.has(name)) throw new NotChecked("noEarlier");
      const proof = parseConsistency(await readSmall(this.files, name, PROOF_LIMIT_BYTES));
      const earlier = this.checkpoints.get(proof.untrustedOldSize) ?? refuse("fileMissing", { name: `data/log/${proof.untrustedOldSize}/checkpoint` });
      if (!this.later || !same(this.later.raw, proof.untrustedCheckpoint)) refuse("checkpointDiffers", { what: "consistency" });
      const old = checkpointOf(earlier.raw);
      const { size, root } = checkpointOf(this.later!.raw);
      verifyConsistency(old.size, old.root, size, root, proof.untrustedHashes);
      if (old.size > this.index) refuse("holdsAlready", { old: `${old.size}`, index: `${this.index}` });
      this.earlier = earlier;
      return ["okEarlier", { index: `${this.index}`, old: `${old.size}` }];
    });
    const ground = [...(this.later?.steps ?? []), ...(this.earlier?.steps ?? []), inclusion, consistency];
    await this.results.step("window", this.about, ground, () => {
      const after = this.earlier ? earliest(this.earlier) : null;
      const before = this.later ? earliest(this.later) : null;
      if (!after && !before) throw new NotChecked("noTime");
      if (after && before && after > before) refuse("windowOrder", { after: after.toISOString(), before: before.toISOString() });
      [this.seen.after, this.seen.before] = [after, before];
      if (after && before) return ["okWindowBoth", { after: after.toISOString(), before: before.toISOString() }];
      return after ? ["okWindowAfter", { after: after.toISOString() }] : ["okWindowBefore", { before: before!.toISOString() }];
    });
  }
}

function checkpointOf(raw: Uint8Array): Checkpoint {
  return parseCheckpoint(parseNote(raw, "checkpoint").untrustedText);
}

/** The first moment at which others vouch that a checkpoint stood. */
function earliest(seen: Seen): Date | null {
  const times = [...(seen.stamped.length ? seen.stamped : seen.cosigned)].sort((one, other) => one.getTime() - other.getTime());
  return times[0] ?? null;
}
