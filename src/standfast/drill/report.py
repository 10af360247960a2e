"""A drill's result as JSON and as one HTML page that asks for nothing and runs nothing.

Without names, both can be handed on: things are named by their identifiers, and no reason is told that could hold a
name. With names, the page escapes them, keeps them apart from the text's direction, and shows what would hide.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from standfast import clock, durable
from standfast.drill.result import Check, DrillResult, Example, OriginDrill, drill_json
from standfast.drill.words import Words, code

FORMAT = "standfast/drill/v1"
COPY_CHECKS = ("signatures", "not rolled back", "objects of the copy", "packs present", "manifests opened")
"""Checks of the copy itself, which every origin shares: the page shows them once."""
TEMPLATES = Path(__file__).with_name("templates")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFiles:
    """Where a report was written."""

    html: Path
    json: Path


def report_json(result: DrillResult, *, names: bool) -> bytes:
    """The whole result, indented. `names`: with the names of things that did not pass."""
    machine = result.machine
    said = {
        "format": FORMAT,
        "started_at": result.started_at,
        "duration_s": round(result.duration_s, 3),
        "ok": not result.failed,
        "from": result.copy,
        **({"location": result.location} if names else {}),
        "log": {"origin": result.log_origin, "size": result.log_size},
        "machine": {
            "system": machine.system,
            "processor": machine.processor,
            "processor_count": machine.processor_count,
            "memory_bytes": machine.memory_bytes,
        },
        "tool": result.tool,
        "drills": [drill_json(drill, names=names) for drill in result.drills],
    }
    return (json.dumps(said, ensure_ascii=False, indent=2) + "\n").encode("utf-8", "replace")


def report_html(result: DrillResult, language: str, *, names: bool) -> bytes:
    """The page.

    Args:
        result: what was measured.
        language: one of `words.LANGUAGES`.
        names: with the names of things that did not pass, and the place of the copy.

    Raises:
        ValueError: another language.
    """
    words = Words(language)
    copy = [check for drill in result.drills[:1] for check in drill.checks if check.name in COPY_CHECKS]
    page = _template().render(
        t=words,
        lang=language,
        names=names,
        result=result,
        moment=words.moment(clock.from_text(result.started_at)),
        headline=_headline(result, words),
        figures=_figures(result, words),
        origins=[_origin(drill, words, names) for drill in result.drills],
        copy_checks=[_check(check, words, names) for check in copy],
        copy_ok=all(check.ok for check in copy),
        machine=_machine(result, words),
        kinds={drill.kind for drill in result.drills},
        show=code("standfast show ITEM"),
        again=code(f"standfast drill --from {result.copy}"),
        withheld=not names and any(_hidden(check) for drill in result.drills for check in drill.checks),
    )
    return page.encode("utf-8", "replace")


def write_report(result: DrillResult, folder: Path, language: str, *, names: bool = False) -> ReportFiles:
    """Write both, named by the moment at which the drill began, for their owner alone.

    Raises:
        OSError: the disk could not take them.
    """
    durable.make_folder(folder, mode=0o700)
    stem = "drill-" + result.started_at[:19].replace(":", "-") + "Z"
    files = ReportFiles(html=folder / f"{stem}.html", json=folder / f"{stem}.json")
    durable.write_atomically(files.json, report_json(result, names=names), mode=0o600)
    durable.write_atomically(files.html, report_html(result, language, names=names), mode=0o600)
    return files


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        auto_reload=False,
    )
    return environment.get_template("report.html")


def _verdict(checks: tuple[Check, ...]) -> str:
    """`passed`, `failed`, or `not checked` where nothing failed and something was not looked at."""
    outcomes = {check.outcome for check in checks}
    return (
        "failed" if "failed" in outcomes or not outcomes else "not checked" if "not checked" in outcomes else "passed"
    )


def _headline(result: DrillResult, words: Words) -> Markup:
    total, passed = len(result.drills), len(result.drills) - len(result.failed)
    if total and passed == total:
        return words("headline.all")
    if not passed:
        return words("headline.none")
    return words("headline.some", n=words.number(passed), total=words.number(total))


def _figures(result: DrillResult, words: Words) -> list[dict[str, Any]]:
    """What a reader with ten seconds sees: the worst of each measure."""
    drills = result.drills
    if len(drills) == 1:
        return _measures(drills[0], words, explain=True)
    losses = [drill.loss_s for drill in drills if drill.loss_s is not None]
    whole = len(losses) == len(drills)
    identical, expected = (
        sum(getattr(each, name) for each in drills) for name in ("items_identical", "items_expected")
    )
    return [
        {
            "label": words("recovery.longest"),
            "value": words.duration(max((drill.recovery_time_s for drill in drills), default=0.0)),
            "about": words("recovery.about") if not result.failed else words("recovery.failed"),
        },
        {
            "label": words("loss.greatest"),
            "value": words.duration(max(losses)) if whole and losses else words("loss.nothing"),
            "about": words("loss.about") if whole else words("loss.nothing.about"),
        },
        {"label": words("identical"), "value": _of(identical, expected, words), "about": words("identical.about")},
    ]


def _measures(drill: OriginDrill, words: Words, *, explain: bool) -> list[dict[str, Any]]:
    """The three measures of one origin. Without `explain`, only what is out of the ordinary is explained."""
    lost = drill.loss_s is None
    return [
        {
            "label": words("recovery"),
            "value": words.duration(drill.recovery_time_s),
            "about": words("recovery.failed") if not drill.ok else words("recovery.about") if explain else "",
        },
        {
            "label": words("loss"),
            "value": words("loss.nothing") if drill.loss_s is None else words.duration(drill.loss_s),
            "about": words("loss.nothing.about") if lost else words("loss.about") if explain else "",
        },
        {
            "label": words("identical"),
            "value": _of(drill.items_identical, drill.items_expected, words),
            "about": words("identical.about") if explain else "",
        },
    ]


def _of(number: int, total: int, words: Words) -> Markup:
    return words("of", n=words.number(number), total=words.number(total))


def _origin(drill: OriginDrill, words: Words, names: bool) -> dict[str, Any]:
    own = [check for check in drill.checks if check.name not in COPY_CHECKS]
    kind = f"kind.{drill.kind}"
    return {
        "name": words.name(drill.origin),
        "kind": words(kind) if words.has(kind) else words.name(drill.kind),
        "verdict": _verdict(drill.checks),
        "measures": _measures(drill, words, explain=False),
        "size": words("size", bytes=words.size(drill.bytes_expected)) if drill.items_expected else "",
        "incomplete": words("items.incomplete", n=words.number(drill.items_incomplete))
        if drill.items_incomplete
        else "",
        "checks": [_check(check, words, names) for check in own],
        "because_copy": any(not check.ok for check in drill.checks if check.name in COPY_CHECKS),
    }


def _check(check: Check, words: Words, names: bool) -> dict[str, Any]:
    return {
        "outcome": check.outcome,
        "label": words(f"check.{check.name}"),
        "found": words("none") if check.found is None else words.number(check.found),
        "expected": words.number(check.expected),
        "examples": [said for each in check.examples if (said := _example(each, words, names))],
    }


def _example(example: Example, words: Words, names: bool) -> dict[str, Any]:
    """What of an example may be told; empty where nothing may."""
    told = names or example.public
    said = {
        "item": code(example.item) if example.item else "",
        "name": words.name(example.name) if told and example.name else "",
        "why": words.name(example.why) if told else "",
    }
    return said if any(said.values()) else {}


def _hidden(check: Check) -> bool:
    return any(not each.public for each in check.examples)


def _machine(result: DrillResult, words: Words) -> Markup:
    machine = result.machine
    return words(
        "fact.machine.text",
        system=words.name(machine.system),
        processor=words.name(machine.processor),
        processors=words.counted("processors", machine.processor_count),
        memory=words.size(machine.memory_bytes),
    )
