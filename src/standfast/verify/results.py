"""What a step found: passed, failed or not checked. Only the first may be quiet."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

from standfast.errors.base import StandfastError

Outcome = Literal["passed", "failed", "not checked"]

STEPS = (
    "zip",
    "bag",
    "record",
    "content",
    "leaf",
    "inclusion",
    "log-signatures",
    "cosignatures",
    "stamps",
    "renewals",
    "consistency",
    "window",
    "custody",
    "report",
    "trust",
)
"""In this order, numbered from 1. A number and a name never change their meaning."""


class NotCheckedError(Exception):
    """A step can't be taken: what it needs is not there, or its ground failed. Its text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """One step over one thing."""

    name: str
    result: Outcome
    detail: str
    item: int | None = None
    """The number of the item it is about."""
    checkpoint: int | None = None
    """The size of the checkpoint it is about."""
    authority: str = ""

    @property
    def n(self) -> int:
        """The step's number."""
        return STEPS.index(self.name) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Between which moments an item entered the log, as far as that was shown."""

    item: int
    not_before: datetime | None
    not_after: datetime | None
    says: str
    """In words, whose clocks it rests on."""


@dataclass(slots=True)
class Report:
    """All steps that were taken, in order."""

    steps: list[StepResult] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the steps that failed, each once, in order."""
        return tuple(dict.fromkeys(each.name for each in self.sorted() if each.result == "failed"))

    def sorted(self) -> list[StepResult]:
        """By number, then by what they are about."""
        return sorted(self.steps, key=lambda each: (each.n, each.item or 0, -(each.checkpoint or 0), each.authority))

    def take(
        self,
        name: str,
        act: Callable[[], str],
        *,
        item: int | None = None,
        checkpoint: int | None = None,
        authority: str = "",
    ) -> bool:
        """Take a step: `act` returns what it found in words, or raises why it failed or could not be taken.

        Returns:
            Whether it passed.
        """
        outcome: Outcome
        try:
            outcome, detail = "passed", act()
        except NotCheckedError as why:
            outcome, detail = "not checked", str(why)
        except StandfastError as why:
            outcome, detail = "failed", str(why)
        self.steps.append(
            StepResult(name=name, result=outcome, detail=detail, item=item, checkpoint=checkpoint, authority=authority)
        )
        return outcome == "passed"


@cache
def words(language: str) -> Mapping[str, Any]:
    """Titles and meanings of the steps, and the words for outcomes, in a language."""
    file = Path(__file__).parent / "words" / f"{language}.json"
    loaded: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return loaded
