"""Each sentence of the threat model that an import can break has its contract; what contracts miss is seen here."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src" / "standfast"
FILES = sorted(SRC.rglob("*.py"))
CONTRACTS = {
    contract["id"]: contract
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
}


def test_rooms_that_must_not_reach_something_have_their_contract() -> None:
    for room, contract in {
        "capture": "capture-reads-nothing-held",
        "verify": "verify-needs-nothing-of-ours",
        "host": "host-reads-no-vault",
    }.items():
        if list((SRC / room).glob("*.py")):
            assert CONTRACTS[contract]["source_modules"] == [f"standfast.{room}"]


def test_every_concrete_capture_and_destination_is_named_by_assembly_alone() -> None:
    protected = set(CONTRACTS["assembly-names-the-concrete"]["protected_modules"])
    # A kind of capture is the module that defines one; it, or a folder that it lies in, is protected.
    wanted = {
        ".".join(("standfast", *file.relative_to(SRC).with_suffix("").parts))
        for file in (SRC / "capture").rglob("*.py")
        if file.stem != "landing"
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ClassDef) and node.name.endswith("Capture")
    }
    for module in wanted:
        assert any(module == each or module.startswith(f"{each}.") for each in protected), module
    assert CONTRACTS["assembly-names-the-concrete"]["allowed_importers"] == ["standfast.assembly"]


def calls(file: Path) -> set[str]:
    """Every dotted name that is called, as written: `datetime.now`, `print`."""
    return {ast.unparse(node.func) for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SRC)))
def test_time_and_the_terminal_have_one_door_each(file: Path) -> None:
    found = calls(file)
    if file != SRC / "clock.py":
        clocks = {"now", "utcnow", "today"}
        assert not {name for name in found if name.rpartition(".")[2] in clocks and "date" in name}
        assert not found & {"time.time", "time.time_ns", "time.gmtime", "time.localtime"}
    if file != SRC / "cli" / "output.py":
        assert not found & {"print", "click.echo", "click.secho", "sys.stdout.write", "sys.stderr.write"}


def test_no_test_passes_over_what_is_missing() -> None:
    forbidden = {"pytest." + "importorskip", "pytest." + "skip", "pytest." + "xfail"}
    for file in sorted((ROOT / "tests").rglob("*.py")):
        assert not calls(file) & forbidden, file.name
