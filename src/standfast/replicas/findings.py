"""What an audit says: faults, notes, what was not checked."""

from __future__ import annotations

import builtins
import threading
from dataclasses import dataclass, field
from typing import Literal

from standfast.tlog.checkpoint import Checkpoint

FaultKind = Literal["missing", "damaged", "unreadable", "withheld", "unexpected", "unsigned", "rolled back", "forked"]
NoteKind = Literal["unfinished", "debris"]
Freshness = Literal["passed", "failed", "not checked"]

FINDINGS_LIMIT = 10_000
"""Faults kept by name, and notes too: a copy in other hands can hold any number of strange files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One object that is not what the log commits to. Kinds: docs/formats/replica.md."""

    object: str
    """Its path in the copy."""
    kind: FaultKind
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something that belongs to no acknowledged state, as a copy that was cut off leaves it. It is no fault."""

    object: str
    kind: NoteKind
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditResult:
    """What an audit found. Three outcomes, never two: a fault, no fault, and what was not checked."""

    ok: bool
    """No fault, and nothing left unchecked but freshness."""
    objects: int
    """Objects of known names that are there."""
    bytes: int
    """Their bytes, as the place lists them."""
    entries: int
    """Leaves of the log that the copy was checked against; 0 where no checkpoint could be trusted."""
    faults: tuple[Fault, ...]
    notes: tuple[Note, ...]
    not_checked: tuple[str, ...]
    """In words: what could not be checked, and why."""
    faults_left_off: int
    """Further faults beyond `FINDINGS_LIMIT`."""
    freshness: Freshness
    checkpoint: Checkpoint | None
    """The copy's own, when it is signed by every key given."""
    checkpoint_note: builtins.bytes = field(repr=False)
    """Its bytes; empty where there is none that can be trusted."""


class Findings:
    """Collects findings from several threads."""

    def __init__(self) -> None:
        """Nothing found yet."""
        self._lock = threading.Lock()
        self.faults: dict[tuple[str, str], Fault] = {}
        self.notes: list[Note] = []
        self.not_checked: list[str] = []
        self.faults_left_off = 0

    def fault(self, name: str, kind: FaultKind, detail: str) -> None:
        """Name a fault; the same kind of fault of one object is named once."""
        with self._lock:
            if len(self.faults) < FINDINGS_LIMIT:
                self.faults.setdefault((name, kind), Fault(object=name, kind=kind, detail=detail))
            elif (name, kind) not in self.faults:
                self.faults_left_off += 1

    def note(self, name: str, kind: NoteKind, detail: str) -> None:
        """Name something that is no fault."""
        with self._lock:
            if len(self.notes) < FINDINGS_LIMIT:
                self.notes.append(Note(object=name, kind=kind, detail=detail))

    def leave_unchecked(self, what: str) -> None:
        """Say what could not be checked."""
        with self._lock:
            if what not in self.not_checked and len(self.not_checked) < FINDINGS_LIMIT:
                self.not_checked.append(what)

    def faulty_names(self) -> set[str]:
        """The objects with a fault."""
        with self._lock:
            return {name for name, _ in self.faults}
