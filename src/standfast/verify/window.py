"""Step 12: between which moments an item entered the log as outside parties saw it, and whose clocks that rests on.

Not after: every authority's stamp over a checkpoint that holds the item shows that it existed by then. The latest of
them is taken: it holds even where all of them but one lie. Not before: the earlier checkpoint did not hold it, and its
cosigners, who sign no smaller log after a greater one, had seen no greater one by then. What the vault had not shown
them yet, they can't know. A stamp alone shows only that the earlier checkpoint existed; that it was the newest is then
the vault's word.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from standfast.errors.verify import BundleRefusedError
from standfast.verify.item_steps import ItemFound
from standfast.verify.log_steps import CheckpointFound
from standfast.verify.results import NotCheckedError, Report, Window


def take_window(report: Report, item: ItemFound, checkpoints: Mapping[int, CheckpointFound]) -> None:
    """Take the step for one item, from what the others found."""

    def act() -> str:
        if not item.sound:
            raise NotCheckedError("steps 3 to 6, which it rests on, did not all pass")
        newer, older = _signed(checkpoints, item.size), _signed(checkpoints, item.earlier)
        not_after, by = _not_after(newer)
        not_before, of = _not_before(older)
        if not_after is None and not_before is None:
            raise NotCheckedError("nobody but the vault gives a time")
        words = (
            f"not before {_text(not_before)} ({of}), not after {_text(not_after)} ({by})"
            if not_after and not_before
            else f"not after {_text(not_after)} ({by}); nothing shows a not-before"
            if not_after
            else f"not before {_text(not_before)} ({of}); nothing shows a not-after"
        )
        if not_after and not_before and not_before > not_after:
            raise BundleRefusedError(f"the times contradict each other: {words}")
        report.windows.append(Window(item=item.n, not_before=not_before, not_after=not_after, says=words))
        return words

    report.take("window", act, item=item.n)


def _signed(checkpoints: Mapping[int, CheckpointFound], size: int | None) -> CheckpointFound | None:
    found = checkpoints.get(size) if size is not None else None
    return found if found and found.signed else None


def _not_after(found: CheckpointFound | None) -> tuple[datetime | None, str]:
    if found and found.stamped:
        latest = max(time + accuracy for time, accuracy in found.stamped)
        return latest, f"the latest of {len(found.stamped)} time-stamping authorities"
    if found and found.cosigned:
        return max(found.cosigned), "the latest of its cosigners"
    return None, ""


def _not_before(found: CheckpointFound | None) -> tuple[datetime | None, str]:
    if found and found.cosigned:
        return min(found.cosigned), "by then, the cosigners of the earlier checkpoint had seen no greater log"
    if found and found.stamped:
        earliest = min(time - accuracy for time, accuracy in found.stamped)
        return earliest, "a stamp on the earlier checkpoint; that it was the newest then is the vault's word"
    return None, ""


def _text(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else "?"
