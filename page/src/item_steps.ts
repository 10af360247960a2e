// Steps 3 to 6, 11, 13 and 14: one item of a bundle. Each takes from the bundle what it needs, so that one change shows in
// as few steps as it should.

import { type Files, readSmall } from "./bag.js";
import { type Bytes, same } from "./bytes.js";
import { type Checkpoint, parseCheckpoint } from "./checkpoint.js";
import { REPORT_FIELDS, type Record_, parseConsistency, parseRecord, verifyCustody, verifyReport } from "./documents.js";
import type { Digests } from "./hashing.js";
import { PROOF_LIMIT_BYTES, type TlogProof, leafHash, leafOf, parseProof, verifyConsistency, verifyInclusion } from "./merkle.js";
import { NOTE_LIMIT_BYTES, parseNote } from "./note.js";
import { refuse } from "./refused.js";
import { type ItemSeen, NotChecked, type Results, type Said } from "./steps.js";

export const LEAF_BYTES = 68;
const DIGESTS = [["sha256", "SHA-256"], ["blake3", "BLAKE3"]] as const;

export class ItemSteps {
  private readonly folder: string;
  private rawRecord: Bytes | null = null;

  constructor(
    private readonly results: Results,
    private readonly files: Files,
    private readonly digests: ReadonlyMap<string, Digests>,
    private readonly seen: ItemSeen,
  ) {
    this.folder = `data/items/${seen.entry.n}/`;
  }

  async take(): Promise<void> {
    const about = { kind: "item", n: this.seen.entry.n } as const;
    await this.results.step("record", about, () => this.verifyRecord());
    await this.results.step("content", about, () => this.verifyContent());
    await this.results.step("leaf", about, () => this.verifyLeaf());
    await this.results.step("inclusion", about, () => this.verifyInclusion());
    await this.results.step("consistency", about, () => this.verifyConsistency());
    await this.results.step("custody", about, async () => ["okEvents", { count: verifyCustody(await this.part("custody.json"), this.record) }]);
    await this.results.step("report", about, async () => {
      verifyReport(await readSmall(this.files, "data/report.html"), this.seen.entry.n, this.record);
      return ["okFacts", { count: REPORT_FIELDS.length }];
    });
  }

  private part(name: string): Promise<Bytes> {
    return readSmall(this.files, `${this.folder}${name}`);
  }

  private get record(): Record_ {
    if (!this.seen.record) throw new NotChecked("noRecord");
    return this.seen.record;
  }

  private async verifyRecord(): Promise<Said> {
    this.rawRecord = await this.part("record.json");
    const record = parseRecord(this.rawRecord);
    if (record.id !== this.seen.entry.id) refuse("malformed", { what: "record" });
    this.seen.record = record;
    return ["okBytes", { count: this.rawRecord.length, digest: this.digests.get(`${this.folder}record.json`)?.sha256 ?? "" }];
  }

  private verifyContent(): Said {
    const { record } = this;
    const path = this.seen.entry.content;
    const found = (path.startsWith(`${this.folder}content/`) ? this.digests.get(path) : null) ?? refuse("fileMissing", { name: path });
    if (found.sizeBytes !== record.size_bytes) refuse("sizeDiffers", { found: found.sizeBytes, expected: record.size_bytes });
    for (const [name, digest] of DIGESTS) if (found[name] !== record[name]) refuse("digestDiffers", { digest });
    return ["okBytes", { count: found.sizeBytes, digest: found.sha256 }];
  }

  private async verifyLeaf(): Promise<Said> {
    const leaf = await this.part("leaf");
    const expected = leafOf(this.rawRecord ?? (await this.part("record.json")), await this.part("salt"));
    if (!same(expected, leaf)) refuse("leafDiffers");
    return ["okBytes", { count: leaf.length, digest: this.digests.get(`${this.folder}leaf`)?.sha256 ?? "" }];
  }

  private async proof(): Promise<[TlogProof, Checkpoint]> {
    const proof = parseProof(await readSmall(this.files, `${this.folder}proof.tlog-proof`, PROOF_LIMIT_BYTES), "proof");
    return [proof, checkpointIn(proof.untrustedCheckpoint)];
  }

  private async verifyInclusion(): Promise<Said> {
    const [proof, { size, root }] = await this.proof();
    const path = `data/log/${size}/checkpoint`;
    const beside = this.files.has(path) ? await readSmall(this.files, path, NOTE_LIMIT_BYTES) : null;
    if (!beside || !same(beside, proof.untrustedCheckpoint)) refuse("checkpointDiffers", { what: "proof.tlog-proof" });
    const index = proof.untrustedIndex;
    verifyInclusion(leafHash(await this.part("leaf")), index, size, root, proof.untrustedHashes);
    this.seen.size = size;
    return ["okPlace", { index: `${index}`, size: `${size}` }];
  }

  private async verifyConsistency(): Promise<Said> {
    if (!this.files.has(`${this.folder}consistency`)) throw new NotChecked("noEarlier");
    const said = parseConsistency(await readSmall(this.files, `${this.folder}consistency`, PROOF_LIMIT_BYTES));
    const [proof, newer] = await this.proof();
    if (!same(said.untrustedCheckpoint, proof.untrustedCheckpoint)) refuse("checkpointDiffers", { what: "consistency" });
    const older = checkpointIn(await readSmall(this.files, `data/log/${said.untrustedOldSize}/checkpoint`, NOTE_LIMIT_BYTES));
    const [index, old] = [proof.untrustedIndex, older.size];
    if (old !== said.untrustedOldSize) refuse("malformed", { what: "checkpoint" });
    if (older.origin !== newer.origin) refuse("otherOrigin", { found: older.origin, expected: newer.origin });
    if (old > index) refuse("holdsAlready", { old: `${old}`, index: `${index}` });
    verifyConsistency(old, older.root, newer.size, newer.root, said.untrustedHashes);
    this.seen.earlier = old;
    return ["okEarlier", { index: `${index}`, old: `${old}` }];
  }
}

function checkpointIn(raw: Uint8Array): Checkpoint {
  return parseCheckpoint(parseNote(raw, "checkpoint").untrustedText);
}
