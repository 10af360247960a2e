// The steps of docs/formats/bundle.md, by number: each passed, failed or not checked; one whose ground failed is not
// checked. Times and files come in as arguments; nothing here touches the page.

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
  constructor(readonly reason: ReasonKey) {
    super(reason);
  }
}

/** The results so far, in which later steps find the ground that they stand on. */
export class Results {
  readonly all: StepResult[] = [];

  async step(name: StepName, about: About, ground: readonly StepResult[], act: () => Said | Promise<Said>): Promise<StepResult> {
    const n = STEPS.indexOf(name) + 1;
    const keep = (result: Outcome, reason: ReasonKey, details: Details = {}): StepResult => {
      const step = { n, name, about, result, reason, details };
      this.all.push(step);
      return step;
    };
    const bad = ground.find((each) => each.result === "failed" || each.reason === "ground");
    if (bad) return keep("not checked", "ground", bad.reason === "ground" ? bad.details : { n: bad.n });
    try {
      return keep("passed", ...(await act()));
    } catch (error) {
      if (error instanceof NotChecked) return keep("not checked", error.reason);
      if (error instanceof Refused) return keep("failed", error.reason, error.details);
      throw error;
    }
  }

  inOrder(): StepResult[] {
    return this.all.map((step, at) => ({ step, at })).sort((one, other) => one.step.n - other.step.n || one.at - other.at).map(({ step }) => step);
  }
}
