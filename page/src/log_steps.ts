// Steps 7 to 10: one checkpoint of the log in a bundle, who has signed it, and who has stamped it.

import { sha512 } from "@noble/hashes/sha2.js";
import { type Files, readSmall } from "./bag.js";
import { type Bytes, same } from "./bytes.js";
import { type Certificate, certificatesIn } from "./certificates.js";
import { cosignaturesBy, parseCheckpoint } from "./checkpoint.js";
import { shown } from "./documents.js";
import { NOTE_LIMIT_BYTES, type Note, labelOf, parseNote } from "./note.js";
import { type Policy, isMetBy } from "./policy.js";
import { Refused, refuse } from "./refused.js";
import { RENEWAL_LIMIT_BYTES, verifyRenewal } from "./renewal.js";
import { RESPONSE_LIMIT_BYTES, type StampFacts, tokenIn, verifyToken } from "./stamp.js";
import { NotChecked, type Results, type Said } from "./steps.js";

const CHAIN_LIMIT_BYTES = 1024 * 1024;
const AUTHORITIES_LIMIT = 32;
const RENEWAL = /^renewal-([1-9][0-9]{0,5})\.ers$/;

/** What the steps learned of a checkpoint, for the window and for the reader. */
export interface CheckpointSeen {
  signed: boolean;
  cosigned: Date[];
  readonly stamped: StampFacts[];
  readonly roots: Certificate[];
}

export async function takeCheckpoint(
  results: Results,
  files: Files,
  size: bigint,
  origin: string,
  policies: readonly (Policy | Refused)[],
  authorities: Bytes | null,
): Promise<CheckpointSeen> {
  return new CheckpointSteps(results, files, size, origin, policies, authorities).take();
}

class CheckpointSteps {
  private readonly seen: CheckpointSeen = { signed: false, cosigned: [], stamped: [], roots: [] };
  private readonly folder: string;
  private readonly first = new Map<string, StampFacts>();

  constructor(
    private readonly results: Results,
    private readonly files: Files,
    private readonly size: bigint,
    private readonly origin: string,
    private readonly policies: readonly (Policy | Refused)[],
    private readonly authorities: Bytes | null,
  ) {
    this.folder = `data/log/${size}/stamps/`;
  }

  async take(): Promise<CheckpointSeen> {
    const { results, size } = this;
    const about = { kind: "checkpoint", size } as const;
    const signed = await results.step("log-signatures", about, () => this.verifyLog());
    this.seen.signed = signed.result === "passed";
    await results.step("cosignatures", about, () => this.verifyCosigners());
    const names = [...new Set(this.paths().map((path) => path.slice(this.folder.length).split("/")[0]!))].sort();
    if (!names.length) await results.step("stamps", about, () => { throw new NotChecked("noStamp"); });
    for (const name of names.slice(0, AUTHORITIES_LIMIT)) {
      const authority = { kind: "authority", size, name } as const;
      await results.step("stamps", authority, () => this.verifyStamp(name));
      await results.step("renewals", authority, () => this.verifyRenewal(name));
    }
    if (names.length > AUTHORITIES_LIMIT) await results.step("stamps", about, () => refuse("authoritiesMany", { limit: AUTHORITIES_LIMIT }));
    return this.seen;
  }

  private paths(): string[] {
    return [...this.files.keys()].filter((path) => path.startsWith(this.folder));
  }

  private raw(): Promise<Bytes> {
    return readSmall(this.files, `data/log/${this.size}/checkpoint`, NOTE_LIMIT_BYTES);
  }

  private async note(): Promise<Note> {
    return parseNote(await this.raw(), "checkpoint");
  }

  private usable(): Policy[] {
    return this.policies.map((policy) => {
      if (policy instanceof Refused) throw policy;
      return policy;
    });
  }

  private async verifyLog(): Promise<Said> {
    const note = await this.note();
    const checkpoint = parseCheckpoint(note.untrustedText);
    if (checkpoint.origin !== this.origin || checkpoint.size !== this.size)
      refuse("otherOrigin", { found: shown(`${checkpoint.origin} (${checkpoint.size})`), expected: shown(`${this.origin} (${this.size})`) });
    const signers: string[] = [];
    for (const policy of this.usable()) {
      const found = cosignaturesBy(note, policy.logs.filter((key) => key.name === this.origin));
      if (!found.length) refuse("logNotSigned", { origin: shown(this.origin) });
      signers.push(...found.map((each) => labelOf(each.key)));
    }
    return ["okSigned", { who: shown(signers.join(", ")) }];
  }

  private async verifyCosigners(): Promise<Said> {
    const note = await this.note();
    const asking = this.usable().filter((policy) => policy.quorum !== "none");
    if (!asking.length) throw new NotChecked("noQuorum");
    const names = new Set<string>();
    const moments: Date[] = [];
    for (const policy of asking) {
      const found = cosignaturesBy(note, policy.witnesses.map((each) => each.key)).filter((each) => each.at !== null);
      const signers = [...new Set(found.map((each) => each.key.name))].sort().join(", ");
      if (!isMetBy(policy, found.map((each) => each.key))) refuse("quorumNotMet", { quorum: shown(policy.quorum), signers: shown(signers || "0") });
      for (const { key, at } of found) {
        names.add(key.name);
        moments.push(at!);
      }
    }
    this.seen.cosigned = moments;
    return ["okCosigned", { who: shown([...names].sort().join(", ")) }];
  }

  /** The reader's authorities alone, where there are any; what stands in the bundle then only helps. */
  private async judged<T>(chains: readonly string[], act: (given: readonly Certificate[], helping: readonly Certificate[]) => Promise<T>): Promise<T> {
    const own: Certificate[] = [];
    for (const path of chains) own.push(...certificatesIn(await readSmall(this.files, path, CHAIN_LIMIT_BYTES)));
    if (!this.authorities) return act(own, []);
    try {
      return await act(certificatesIn(this.authorities), own);
    } catch (error) {
      if (error instanceof Refused && error.reason === "unknownSigner") throw new NotChecked("signerNotGiven", error.details);
      throw error;
    }
  }

  private async verifyStamp(name: string): Promise<Said> {
    const response = await readSmall(this.files, `${this.folder}${name}/response.tsr`, RESPONSE_LIMIT_BYTES);
    const digest = sha512(await this.raw());
    const facts = await this.judged([`${this.folder}${name}/chain.pem`], (given, helping) => verifyToken(tokenIn(response), "SHA-512", digest, given, helping));
    this.seen.stamped.push(facts);
    this.first.set(name, facts);
    this.seen.roots.push(facts.chain.at(-1)!);
    return ["okStamped", { at: facts.time.toISOString(), who: shown(facts.signer) }];
  }

  /** The newest record: it holds all the renewals before it. */
  private async verifyRenewal(name: string): Promise<Said> {
    const folder = `${this.folder}${name}/`;
    const numbers = this.paths().flatMap((path) => (path.startsWith(folder) ? (RENEWAL.exec(path.slice(folder.length))?.[1] ?? []) : []));
    if (!numbers.length) throw new NotChecked("noRenewal");
    const record = await readSmall(this.files, `${folder}renewal-${Math.max(...numbers.map(Number))}.ers`, RENEWAL_LIMIT_BYTES);
    const message = await this.raw();
    const chains = this.paths().filter((path) => path.endsWith(".pem")).sort();
    const facts = await this.judged(chains, (given, helping) => verifyRenewal(record, message, given, helping));
    const first = this.first.get(name);
    if (first && !same(first.info, facts[0]!.info)) refuse("renewsAnother");
    return ["okRenewed", { count: facts.length, at: facts[0]!.time.toISOString() }];
  }
}
