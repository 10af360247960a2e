"""What a drill found: checks with what was found and expected, and what each origin's recovery took and cost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Outcome = Literal["passed", "failed", "not checked"]

CheckName = Literal[
    "signatures",
    "not rolled back",
    "objects of the copy",
    "packs present",
    "manifests opened",
    "something held",
    "records in the log",
    "failures in restoring",
    "items restored",
    "content",
    "modes",
    "times",
    "links",
    "attributes",
    "nothing else",
    "redirects",
    "text",
    "pages loaded",
    "requests failed",
    "requests elsewhere",
    "mail folders",
    "flags",
    "mail server",
    "rehearsed to the end",
]
"""Every check there is. `drill/words/` says each in four languages."""

EXAMPLES_KEPT = 20
"""Of one check; the counts are always whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One thing that is not as it should be. Its name and reason come from what was captured: don't let them act."""

    item: str = ""
    """The item's id; empty where it concerns none."""
    name: str = ""
    """As `escape_name` writes it: a path, an address, an object of the copy."""
    why: str
    public: bool = False
    """It names objects of the copy only, which whoever holds a copy sees anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One comparison. Three outcomes, never two: only `passed` may be quiet."""

    name: CheckName
    outcome: Outcome
    found: int | None
    """A count; None where it was not checked."""
    expected: int
    examples: tuple[Example, ...] = ()

    @property
    def ok(self) -> bool:
        """It was checked, and it is as it should be."""
        return self.outcome == "passed"


def check_all(name: CheckName, found: int, expected: int, examples: Iterable[Example] = ()) -> Check:
    """Passes when all that is expected was found."""
    outcome: Outcome = "passed" if found == expected else "failed"
    return Check(name=name, outcome=outcome, found=found, expected=expected, examples=_few(examples))


def check_none(name: CheckName, found: int, examples: Iterable[Example] = ()) -> Check:
    """Passes when nothing was found."""
    return check_all(name, found, 0, examples)


def not_checked(name: CheckName, expected: int, why: str, *, public: bool = False) -> Check:
    """Could not be looked at. `public`: as in `Example`."""
    examples = (Example(why=why, public=public),)
    return Check(name=name, outcome="not checked", found=None, expected=expected, examples=examples)


def _few(examples: Iterable[Example]) -> tuple[Example, ...]:
    return tuple(each for each, _ in zip(examples, range(EXAMPLES_KEPT), strict=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What a scenario did with one origin."""

    items_expected: int
    items_restored: int
    items_identical: int
    newest_at: str
    """When the newest thing that came back was captured, as `clock.to_text` writes it; empty when nothing did."""
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginDrill:
    """One origin's rehearsal."""

    origin: str
    kind: str
    copy: str
    """The name of the replica that it was restored from."""
    items_expected: int
    items_restored: int
    items_identical: int
    """Restored, and in every respect that was checked as the record says."""
    items_incomplete: int
    """Of those expected: known not to be whole when they were captured, as a file that changed while it was read."""
    bytes_expected: int
    recovery_time_s: float
    """From the start to the last check of this origin, as if it were the only one: checking and opening the copy count
    for each."""
    loss_s: float | None
    """Age of the newest thing restored when the drill began; None when nothing came back."""
    newest_at: str
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Every check passed; one that was not made is not passed."""
        return bool(self.checks) and all(check.ok for check in self.checks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What kind of machine a time was measured on. It names no machine."""

    system: str
    processor: str
    processor_count: int
    memory_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillResult:
    """One drill: what was restored from which copy, when, on what."""

    started_at: str
    duration_s: float
    copy: str
    location: str
    log_origin: str
    log_size: int
    """Entries of the log that the copy holds; 0 where its checkpoint can't be trusted."""
    machine: Machine
    tool: str
    drills: tuple[OriginDrill, ...]
    kept: Path | None = field(default=None)
    """Where what was restored lies, in plain text, when it was to be kept."""

    @property
    def failed(self) -> list[str]:
        """Names of the origins that did not pass."""
        return [drill.origin for drill in self.drills if not drill.ok]


def drill_json(drill: OriginDrill, *, names: bool = True) -> dict[str, Any]:
    """One member of `drills` of what `drill --json` prints. Without `names` it tells no name of anything captured."""
    return {
        "origin": drill.origin,
        "kind": drill.kind,
        "ok": drill.ok,
        "from": drill.copy,
        "items_expected": drill.items_expected,
        "items_restored": drill.items_restored,
        "items_identical": drill.items_identical,
        "items_incomplete": drill.items_incomplete,
        "bytes_expected": drill.bytes_expected,
        "recovery_time_s": round(drill.recovery_time_s, 3),
        "loss_s": None if drill.loss_s is None else round(drill.loss_s, 3),
        "newest_at": drill.newest_at,
        "checks": [_check_json(check, names) for check in drill.checks],
    }


def _check_json(check: Check, names: bool) -> dict[str, Any]:
    said: dict[str, Any] = {
        "name": check.name,
        "ok": None if check.outcome == "not checked" else check.ok,
        "result": check.outcome,
        "found": check.found,
        "expected": check.expected,
    }
    examples = [_example_json(each, names) for each in check.examples]
    if any(examples):
        said["examples"] = [each for each in examples if each]
    return said


def _example_json(example: Example, names: bool) -> dict[str, str]:
    item = {"item": example.item} if example.item else {}
    return {**item, "what": example.name, "why": example.why} if names or example.public else item
