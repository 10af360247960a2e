"""What verify.html shows, read out of a browser as `check` tells it, so that the two can be compared step by step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from standfast.verify.results import Report
from standfast.verify.steps import Trust, check_bundle

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "src" / "standfast" / "disclosure" / "verify.html"
VECTORS = Path(__file__).parent / "vectors" / "bundle"

Steps = list[tuple[str, str, str]]
"""Name, outcome, and what it is about."""

FORGET = "document.querySelector('#outcome').replaceChildren()"
DONE = "document.querySelector('#verdict')"
READ = """
const steps = [...document.querySelectorAll('[data-step]')].flatMap((step) =>
  [...step.querySelectorAll('[data-result]')].map((one) => [step.dataset.step, one.dataset.result, one.dataset.about]));
return { failed: document.querySelector('#verdict').dataset.failed, steps, text: document.body.textContent };
"""


def shown_steps(found: Any) -> Steps:
    """Out of what `READ` gives."""
    return [(str(name), str(result), str(about)) for name, result, about in found["steps"]]


def checked_steps(bundle: Path, trust: Trust | None = None) -> Steps:
    """What `check` says of the same bundle."""
    report: Report = check_bundle(bundle, trust or Trust())
    return [(each.name, each.result, _about(each)) for each in report.sorted()]


def _about(each: Any) -> str:
    return " ".join(str(part) for part in (each.item, each.checkpoint, each.authority) if part not in (None, ""))
