"""Every deliberate error: its code and status in its room's range, a next step that can be said, its tree drawn."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import string
from types import ModuleType

import pytest

import standfast.errors
from standfast.errors.base import StandfastError

RANGES = {
    "SET": range(3, 9),
    "KEY": range(9, 20),
    "VLT": range(20, 35),
    "LOG": range(35, 45),
    "CAP": range(45, 60),
    "INT": range(60, 68),
    "REP": (*range(68, 80), *range(213, 215)),
    "RES": range(80, 95),
    "DRL": range(95, 100),
    "VER": range(100, 110),
    "REG": range(115, 125),
    "COS": range(166, 175),
    "STM": range(175, 185),
    "DIS": range(185, 190),
    "PRF": range(190, 193),
    "FND": range(193, 196),
    "NET": range(196, 200),
    "IMP": range(200, 210),
    "DAV": range(210, 213),
    "CLI": (1, 2, 130, 131),
}
"""Which exit statuses are whose. A code's number is its exit status; 126 to 165 mean something to shells."""

MODULES = [
    importlib.import_module(found.name)
    for found in pkgutil.iter_modules(standfast.errors.__path__, "standfast.errors.")
    if not found.name.endswith(".base")
]


def classes_of(module: ModuleType) -> list[type[StandfastError]]:
    return [
        each
        for each in vars(module).values()
        if inspect.isclass(each) and issubclass(each, StandfastError) and each.__module__ == module.__name__
    ]


LEAVES = [each for module in MODULES for each in classes_of(module) if "code" in vars(each)]


def test_codes_and_statuses_are_used_once() -> None:
    for attribute in ("code", "exit_status"):
        taken: dict[object, str] = {}
        for leaf in LEAVES:
            value = getattr(leaf, attribute)
            assert value not in taken, f"{attribute} {value}: {leaf.__name__} and {taken[value]}"
            taken[value] = leaf.__name__


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: leaf.__name__)
def test_a_leaf_stands_in_its_range_and_says_what_to_do(leaf: type[StandfastError]) -> None:
    assert re.fullmatch("[A-Z]{3}-[0-9]{3}", leaf.code)
    assert leaf.exit_status in RANGES[leaf.code[:3]]
    assert int(leaf.code[4:]) == leaf.exit_status
    assert leaf.__name__.endswith("Error")
    assert leaf.__doc__
    assert leaf.next_step == leaf.next_step.strip()
    assert leaf.next_step
    # Every name in braces is one that __init__ sets, or showing the error would fail.
    wanted = {name for _, name, _, _ in string.Formatter().parse(leaf.next_step) if name}
    source = "".join(inspect.getsource(each) for each in leaf.__mro__ if issubclass(each, StandfastError))
    assert wanted <= set(re.findall(r"self\.(\w+)", source)), f"{leaf.__name__} sets not all of {wanted}"
    assert not [each for each in leaf.__subclasses__() if "code" not in vars(each)]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_the_tree_at_the_head_of_a_module_is_the_classes_below(module: ModuleType) -> None:
    drawn = re.findall(r"^ *(\w+Error)\b *(?:.*?([A-Z]{3}-\d{3}), exit (\d+))?", module.__doc__ or "", re.MULTILINE)
    there = {
        (each.__name__, vars(each).get("code", ""), str(vars(each).get("exit_status", "")))
        for each in classes_of(module)
    }
    assert {row for row in drawn if row[0] != "StandfastError"} == there
