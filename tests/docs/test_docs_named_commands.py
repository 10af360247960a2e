"""Nothing names a command that does not exist: not the help, not an error's next step, not a page."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import standfast.errors
from standfast.cli import table
from standfast.cli.main import program
from standfast.errors.base import StandfastError

ROOT = Path(__file__).parents[2]
CALL = re.compile(r"(?:^|[`;(&|$] ?|^ +)standfast(?: -[\w-]+(?: [\w./-]+)?)* ([a-z]+)(?: ([a-z]+))?", re.MULTILINE)
"""A call of the program, where a line, a code span or a shell command begins: its command, and the next word."""


def commands() -> dict[str, set[str] | None]:
    """Each command with the names of its own commands; None where it has none."""
    found: dict[str, set[str] | None] = {}
    for section in table.SECTIONS:
        for entry in section.entries:
            module, _, attribute = entry.target.partition(":")
            command = getattr(importlib.import_module(module), attribute)
            found[entry.name] = set(command.commands) if isinstance(command, click.Group) else None
    return found


def texts() -> Iterator[tuple[str, str]]:
    """(where, text) of everything that tells a person what to run."""
    yield "standfast --help", program.epilog or ""
    for found in pkgutil.iter_modules(standfast.errors.__path__, "standfast.errors."):
        for each in vars(importlib.import_module(found.name)).values():
            if isinstance(each, type) and issubclass(each, StandfastError) and "next_step" in vars(each):
                yield each.__name__, each.next_step
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *(ROOT / "docs").glob("*.md")):
        yield page.name, page.read_text()


def unknown_calls(text: str, known: dict[str, set[str] | None]) -> list[str]:
    found = []
    for name, second in CALL.findall(text):
        under = known.get(name)
        if name not in known or (under is not None and second not in under):
            found.append(f"{name} {second}".strip())
    return found


def test_every_command_that_is_named_exists() -> None:
    known = commands()
    wrong = {where: calls for where, text in texts() if (calls := unknown_calls(text, known))}
    assert not wrong


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("run `standfast status`", []),
        ("run `standfast add web URL`", []),
        ("run `standfast add tape`", ["add tape"]),
        ("    standfast -C vault protect", ["protect"]),
        ("$ standfast frob", ["frob"]),
        ("what standfast does", []),
    ],
)
def test_calls_are_recognised(text: str, unknown: list[str]) -> None:
    assert unknown_calls(text, {"status": None, "add": {"web", "files"}}) == unknown
