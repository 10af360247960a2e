// Step 12: between which moments an item entered the log, and whose clocks that rests on. The same rules as
// src/standfast/verify/window.py: of the stamps over a checkpoint that holds the item the latest counts, which holds even
// where all authorities but one lie; of the cosigners of one that does not hold it the earliest.

import type { CheckpointSeen } from "./log_steps.js";
import { refuse } from "./refused.js";
import { type ItemSeen, NotChecked, type Results } from "./steps.js";

/** Taken for how far an authority's clock may be off where it does not say. */
const UNSTATED_MS = 1000;

export async function takeWindow(results: Results, item: ItemSeen, checkpoints: ReadonlyMap<bigint, CheckpointSeen>): Promise<void> {
  const signed = (size: bigint | null): CheckpointSeen | null => {
    const found = size === null ? undefined : checkpoints.get(size);
    return found?.signed ? found : null;
  };
  await results.step("window", { kind: "item", n: item.entry.n }, () => {
    const before = notAfter(signed(item.size));
    const after = notBefore(signed(item.earlier));
    if (!after && !before) throw new NotChecked("noTime");
    const places = { after: after?.toISOString() ?? "", before: before?.toISOString() ?? "" };
    if (after && before && after > before) refuse("windowOrder", places);
    [item.after, item.before] = [after, before];
    return [after && before ? "okWindowBoth" : after ? "okWindowAfter" : "okWindowBefore", places];
  });
}

function notAfter(found: CheckpointSeen | null): Date | null {
  if (found?.stamped.length) return new Date(Math.max(...found.stamped.map((each) => each.time.getTime() + (each.accuracyMs ?? UNSTATED_MS))));
  return found?.cosigned.length ? new Date(Math.max(...found.cosigned.map(Number))) : null;
}

function notBefore(found: CheckpointSeen | null): Date | null {
  if (found?.cosigned.length) return new Date(Math.min(...found.cosigned.map(Number)));
  return found?.stamped.length ? new Date(Math.min(...found.stamped.map((each) => each.time.getTime() - (each.accuracyMs ?? UNSTATED_MS)))) : null;
}
