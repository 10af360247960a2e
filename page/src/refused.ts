// Why something was not accepted: a key of the word lists and what to put into its text. No text of a stranger is
// ever a key, and whatever is put in is shown as text only.

import type { ReasonKey } from "./words/words.js";

export type Details = Readonly<Record<string, string | number>>;

export class Refused extends Error {
  constructor(
    readonly reason: ReasonKey,
    readonly details: Details = {},
  ) {
    super(`${reason} ${JSON.stringify(details)}`);
  }
}

export function refuse(reason: ReasonKey, details: Details = {}): never {
  throw new Refused(reason, details);
}
