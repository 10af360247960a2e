// Steps 7 to 10: each checkpoint of the log in a bundle, who has signed it, and who has stamped it.

import { sha512 } from "@noble/hashes/sha2.js";
import { type Files, readSmall } from "./bag.js";
import type { Bytes } from "./bytes.js";
import { type Certificate, certificatesIn } from "./certificates.js";
import { type Checkpoint, cosignaturesBy, parseCheckpoint } from "./checkpoint.js";
import { shown } from "./documents.js";
import { NOTE_LIMIT_BYTES, parseNote } from "./note.js";
import { type Policy, isMetBy } from "./policy.js";
import { refuse } from "./refused.js";
import { RENEWAL_LIMIT_BYTES, verifyRenewal } from "./renewal.js";
import { RESPONSE_LIMIT_BYTES, tokenIn, verifyToken } from "./stamp.js";
import { NotChecked, type Results, type StepResult } from "./steps.js";

const CHECKPOINT = /^data\/log\/(0|[1-9][0-9]{0,18})\/checkpoint$/;
const CHAIN_LIMIT_BYTES = 1024 * 1024;

/** A checkpoint of the bundle, and what was found about it. */
export interface Seen {
  readonly size: bigint;
  readonly path: string;
  readonly raw: Bytes;
  /** Null where it is malformed. */
  checkpoint: Checkpoint | null;
  readonly steps: StepResult[];
  /** Moments that others than the vault state, each with a step that passed. */
  readonly stamped: Date[];
  readonly cosigned: Date[];
  readonly roots: Certificate[];
}

export function sizesIn(files: Files): bigint[] {
  const sizes = [...files.keys()].map((path) => CHECKPOINT.exec(path)?.[1]).filter((size) => size !== undefined);
  return sizes.map(BigInt).sort((one, other) => (one < other ? -1 : one > other ? 1 : 0));
}

export async function readCheckpoint(files: Files, size: bigint): Promise<Seen> {
  const path = `data/log/${size}/checkpoint`;
  return { size, path, raw: await readSmall(files, path, NOTE_LIMIT_BYTES), checkpoint: null, steps: [], stamped: [], cosigned: [], roots: [] };
}

/** Steps 7 and 8. */
export async function signatureSteps(results: Results, ground: readonly StepResult[], seen: Seen, origin: string, policies: readonly Policy[]): Promise<void> {
  const about = { kind: "checkpoint", size: seen.size } as const;
  const signed = await results.step("log-signatures", about, ground, () => {
    const note = parseNote(seen.raw, "checkpoint");
    const checkpoint = parseCheckpoint(note.untrustedText);
    if (checkpoint.origin !== origin) refuse("otherOrigin", { found: shown(checkpoint.origin), expected: shown(origin) });
    if (checkpoint.size !== seen.size) refuse("checkpointDiffers", { what: seen.path });
    for (const policy of policies) {
      const logs = policy.logs.filter((key) => key.name === checkpoint.origin);
      if (!cosignaturesBy(note, logs).length) refuse("logNotSigned", { origin: shown(checkpoint.origin) });
    }
    seen.checkpoint = checkpoint;
    return ["okSigned", { who: shown(origin) }];
  });
  const cosigned = await results.step("cosignatures", about, [signed], () => {
    const asking = policies.filter((policy) => policy.quorum !== "none");
    if (!asking.length) throw new NotChecked("noQuorum");
    const note = parseNote(seen.raw, "checkpoint");
    const names = new Set<string>();
    for (const policy of asking) {
      const found = cosignaturesBy(note, policy.witnesses.map((each) => each.key)).filter((each) => each.at !== null);
      const signers = [...new Set(found.map((each) => each.key.name))].sort();
      if (!isMetBy(policy, found.map((each) => each.key))) refuse("quorumNotMet", { quorum: shown(policy.quorum), signers: shown(signers.join(", ") || "0") });
      for (const each of found) {
        names.add(each.key.name);
        seen.cosigned.push(each.at!);
      }
    }
    return ["okCosigned", { who: shown([...names].sort().join(", ")) }];
  });
  seen.steps.push(signed, cosigned);
}

/** Steps 9 and 10. */
export async function stampSteps(results: Results, files: Files, seen: Seen, authorities: Bytes | null): Promise<void> {
  const folder = `data/log/${seen.size}/stamps/`;
  const names = [...new Set([...files.keys()].filter((path) => path.startsWith(folder)).map((path) => path.slice(folder.length).split("/")[0]!))].sort();
  const [signed] = seen.steps;
  for (const name of names.length ? names : [null]) {
    const about = name === null ? ({ kind: "checkpoint", size: seen.size } as const) : ({ kind: "authority", size: seen.size, name } as const);
    const trusted = async (): Promise<[Certificate[], Certificate[]]> => {
      const path = `${folder}${name}/chain.pem`;
      const chain = files.has(path) ? certificatesIn(await readSmall(files, path, CHAIN_LIMIT_BYTES)) : [];
      if (authorities) return [certificatesIn(authorities), chain];
      return chain.length ? [chain, []] : refuse("fileMissing", { name: path });
    };
    const stamped = await results.step("stamps", about, signed ? [signed] : [], async () => {
      if (name === null) throw new NotChecked("noStamp");
      const response = await readSmall(files, `${folder}${name}/response.tsr`, RESPONSE_LIMIT_BYTES);
      const [roots, helping] = await trusted();
      const facts = await verifyToken(tokenIn(response), "SHA-512", sha512(seen.raw), roots, helping);
      seen.stamped.push(facts.time);
      seen.roots.push(facts.chain[facts.chain.length - 1]!);
      return ["okStamped", { at: facts.time.toISOString(), who: shown(facts.signer) }];
    });
    const renewals = name === null ? [] : [...files.keys()].filter((path) => path.startsWith(`${folder}${name}/`) && path.endsWith(".ers")).sort();
    const renewed = await results.step("renewals", about, [stamped], async () => {
      if (!renewals.length) throw new NotChecked("noRenewal");
      const [roots, helping] = await trusted();
      let at = "";
      let who = "";
      for (const path of renewals) {
        const facts = await verifyRenewal(await readSmall(files, path, RENEWAL_LIMIT_BYTES), seen.raw, roots, helping);
        [at, who] = [facts.time.toISOString(), shown(facts.signer)];
      }
      return ["okStamped", { at, who }];
    });
    seen.steps.push(stamped, renewed);
  }
}
