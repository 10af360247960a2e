// The steps of docs/formats/bundle.md, by number: each passed, failed or not checked. They are taken independently where
// they can be, as `check` does, so that one change shows in as few steps as it should.

import type { Bytes } from "./bytes.js";
import type { Certificate } from "./certificates.js";
import type { Description, ItemEntry, Record_ } from "./documents.js";
import type { Policy } from "./policy.js";
import { type Details, Refused } from "./refused.js";
import type { Outcome, ReasonKey, StepName } from "./words/words.js";

export const STEPS: readonly StepName[] = [
  "zip", "bag", "record", "content", "leaf", "inclusion", "log-signatures", "cosignatures", "stamps", "renewals",
  "consistency", "window", "custody", "report", "trust",
];

export type About =
  | { readonly kind: "bundle" }
  | { readonly kind: "item"; readonly n: number }
  | { readonly kind: "checkpoint"; readonly size: bigint }
  | { readonly kind: "authority"; readonly size: bigint; readonly name: string };

export interface StepResult {
  readonly n: number;
  readonly name: StepName;
  readonly about: About;
  readonly result: Outcome;
  readonly reason: ReasonKey;
  readonly details: Details;
}

/** What the reader brings along, from elsewhere than the bundle. */
export interface Given {
  readonly policy: Bytes | null;
  readonly authorities: Bytes | null;
}

export interface ItemSeen {
  readonly entry: ItemEntry;
  record: Record_ | null;
  /** Of the checkpoint that is shown to hold it, and of the one that is shown not to. */
  size: bigint | null;
  earlier: bigint | null;
  after: Date | null;
  before: Date | null;
}

export interface Report {
  readonly steps: readonly StepResult[];
  readonly items: readonly ItemSeen[];
  readonly description: Description | null;
  readonly policies: readonly Policy[];
  readonly roots: readonly Certificate[];
  readonly given: Given;
}

export type Said = readonly [ReasonKey, Details?];

/** Thrown by a step that can't be taken, for a reason that is nobody's fault. */
export class NotChecked extends Error {
  constructor(
    readonly reason: ReasonKey,
    readonly details: Details = {},
  ) {
    super(reason);
  }
}

/** The results so far. */
export class Results {
  readonly all: StepResult[] = [];

  /** Take a step: `act` says what it found, or throws why it failed or could not be taken. */
  async step(name: StepName, about: About, act: () => Said | Promise<Said>): Promise<StepResult> {
    const keep = (result: Outcome, reason: ReasonKey, details: Details = {}): StepResult => {
      const step = { n: STEPS.indexOf(name) + 1, name, about, result, reason, details };
      this.all.push(step);
      return step;
    };
    try {
      return keep("passed", ...(await act()));
    } catch (error) {
      if (error instanceof NotChecked) return keep("not checked", error.reason, error.details);
      if (error instanceof Refused) return keep("failed", error.reason, error.details);
      throw error;
    }
  }

  passOver(names: readonly StepName[], reason: ReasonKey): void {
    for (const name of names) this.all.push({ n: STEPS.indexOf(name) + 1, name, about: { kind: "bundle" }, result: "not checked", reason, details: {} });
  }

  /** By number, then by what they are about: items in order, the greatest checkpoint first. */
  inOrder(): StepResult[] {
    const size = (step: StepResult): bigint => ("size" in step.about ? step.about.size : 0n);
    const compare = (one: StepResult, other: StepResult): number => one.n - other.n || (size(one) < size(other) ? 1 : size(one) > size(other) ? -1 : 0);
    return [...this.all].sort(compare);
  }
}
