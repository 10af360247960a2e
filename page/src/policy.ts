// Which logs count, which cosigners, and how many of them are enough. Source: c2sp.org/tlog-policy.

import { type Checkpoint, type Cosignature, ED25519, ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE, cosignaturesBy, parseCheckpoint } from "./checkpoint.js";
import { same } from "./bytes.js";
import { type VerifierKey, parseNote, parseVkey, sameKey } from "./note.js";
import { refuse } from "./refused.js";

export const POLICY_LIMIT_BYTES = 512 * 1024;
const LINES_LIMIT = 1000;
const LOG_KINDS = [ED25519, ML_DSA_44_COSIGNATURE];
const WITNESS_KINDS = [ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE];
const COUNT = /^[1-9][0-9]{0,3}$/;

interface Witness {
  readonly name: string;
  readonly key: VerifierKey;
}

interface Group {
  readonly name: string;
  readonly k: number;
  readonly members: readonly string[];
}

export interface Policy {
  readonly logs: readonly VerifierKey[];
  readonly witnesses: readonly Witness[];
  readonly groups: readonly Group[];
  readonly quorum: string;
}

export interface Accepted {
  readonly checkpoint: Checkpoint;
  readonly log: VerifierKey;
  readonly cosignatures: readonly Cosignature[];
}

class Reading {
  readonly logs: VerifierKey[] = [];
  readonly witnesses: Witness[] = [];
  readonly groups: Group[] = [];
  quorum: string | null = null;
  private readonly names = new Set<string>();
  private readonly members = new Set<string>();

  take(words: readonly string[]): boolean {
    const [kind, first, second, ...rest] = words;
    if (this.logs.length + this.witnesses.length + this.groups.length >= LINES_LIMIT || first === undefined) return false;
    if (kind === "log") return !rest.length && this.takeKey(first, LOG_KINDS, this.logs, (key) => this.logs.push(key));
    if (kind === "quorum") {
      const known = this.quorum === null && second === undefined && (first === "none" || this.names.has(first));
      if (known) this.quorum = first;
      return known;
    }
    if (second === undefined || first === "none" || this.names.has(first)) return false;
    if (kind === "witness" && rest.length <= 1) {
      const keys = this.witnesses.map((each) => each.key);
      this.names.add(first);
      return this.takeKey(second, WITNESS_KINDS, keys, (key) => this.witnesses.push({ name: first, key }));
    }
    return kind === "group" && this.takeGroup(first, second, rest);
  }

  private takeKey(text: string, kinds: readonly number[], before: readonly VerifierKey[], keep: (key: VerifierKey) => void): boolean {
    const key = parseVkey(text);
    if (!kinds.includes(key.kind) || before.some((each) => same(each.publicKey, key.publicKey))) return false;
    keep(key);
    return true;
  }

  private takeGroup(name: string, count: string, members: readonly string[]): boolean {
    for (const member of members) {
      if (!this.names.has(member) || this.members.has(member)) return false;
      this.members.add(member);
    }
    const k = count === "any" ? 1 : count === "all" ? members.length : COUNT.test(count) ? Number(count) : 0;
    if (k < 1 || k > members.length) return false;
    this.names.add(name);
    this.groups.push({ name, k, members });
    return true;
  }
}

export function parsePolicy(raw: Uint8Array): Policy {
  const what = "policy";
  if (raw.length > POLICY_LIMIT_BYTES) refuse("tooLong", { what, limit: POLICY_LIMIT_BYTES });
  // Names are opaque bytes there: one character a byte compares them as they are.
  const text = Array.from(raw, (byte) => String.fromCharCode(byte)).join("");
  if (!/^[\t\n\x20-\x7e\x80-\xff]*$/.test(text) || (text && !text.endsWith("\n"))) refuse("malformed", { what });
  const reading = new Reading();
  text.split("\n").forEach((line, at) => {
    const words = line.split(/[ \t]+/).filter(Boolean);
    if (words.length && !words[0]!.startsWith("#") && !reading.take(words)) refuse("policyLine", { line: at + 1 });
  });
  const { logs, witnesses, groups, quorum } = reading;
  return { logs, witnesses, groups, quorum: quorum ?? refuse("policyQuorum") };
}

export function isMetBy(policy: Policy, keys: readonly VerifierKey[]): boolean {
  if (policy.quorum === "none") return true;
  const met = new Set(policy.witnesses.filter((each) => keys.some((key) => sameKey(key, each.key))).map((each) => each.name));
  // A group's members stand above it, so one pass is enough.
  for (const group of policy.groups) if (group.members.filter((member) => met.has(member)).length >= group.k) met.add(group.name);
  return met.has(policy.quorum);
}

/** The checkpoint in a note that a log of the policy and enough of its cosigners have signed. */
export function openUnderPolicy(raw: Uint8Array, policy: Policy): Accepted {
  const note = parseNote(raw, "checkpoint");
  const checkpoint = parseCheckpoint(note.untrustedText);
  const logs = policy.logs.filter((key) => key.name === checkpoint.origin);
  const [log] = cosignaturesBy(note, logs);
  if (!log) return refuse("logNotSigned", { origin: checkpoint.origin });
  const cosignatures = cosignaturesBy(note, policy.witnesses.map((each) => each.key));
  const signers = [...new Set(cosignatures.map((each) => each.key.name))].sort().join(", ");
  if (!isMetBy(policy, cosignatures.map((each) => each.key))) refuse("quorumNotMet", { quorum: policy.quorum, signers: signers || "0" });
  return { checkpoint, log: log.key, cosignatures };
}
