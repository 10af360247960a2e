"""No module over 400 lines, no function over 60: what newcomers fear is the tail."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SRC = Path(__file__).parents[2] / "src" / "standfast"
MODULE_LINES, FUNCTION_LINES = 400, 60
NO_NAMES = {"utils", "util", "helpers", "helper", "common", "core", "misc"}
FILES = sorted(SRC.rglob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SRC)))
def test_modules_and_functions_stay_short_and_are_named_for_what_they_do(file: Path) -> None:
    text = file.read_text()
    assert len(text.splitlines()) <= MODULE_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            lines = node.end_lineno - node.lineno + 1
            assert lines <= FUNCTION_LINES, f"{node.name} has {lines} lines"
    assert not {file.stem, file.parent.name} & NO_NAMES
