"""Every line of the threat model names what holds it: a contract of pyproject.toml, a test, or a page of ours."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "threat-model.md"
CONTRACTS = {
    contract["id"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
}
LINES = PAGE.read_text().partition("\n## Lines\n")[2]
ROWS = re.findall(r"^\| (?!who )(.+) \|$", LINES, re.MULTILINE)


def exists(held_by: str) -> bool:
    """`contract:ID`, `tests/FILE.py`, `tests/FILE.py::TEST`, or a page of ours."""
    if held_by.startswith("contract:"):
        return held_by.removeprefix("contract:") in CONTRACTS
    path, _, test = held_by.partition("::")
    if not (ROOT / path).is_file():
        return False
    names = (
        {node.name for node in ast.walk(ast.parse((ROOT / path).read_text())) if isinstance(node, ast.FunctionDef)}
        if test
        else set()
    )
    return not test or test in names


def test_there_are_lines() -> None:
    assert len(ROWS) > 10


@pytest.mark.parametrize("row", ROWS)
def test_each_line_says_could_and_could_not_and_what_holds_it(row: str) -> None:
    cells = [cell.strip() for cell in row.split(" | ")]
    assert len(cells) == 4
    who, could, could_not, held_by = cells
    assert who
    assert could
    assert could_not
    names = re.findall(r"`([^`]+)`", held_by)
    assert names, f"{who}: nothing holds it"
    for name in names:
        assert exists(name), f"{who}: there is no {name}"
