"""The table of commands, their modules and their help say the same."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import click

from standfast.cli import table
from standfast.cli.context import StandfastCommand, StandfastGroup

ORDER = [
    "init",
    "add",
    "protect",
    "status",
    "items",
    "find",
    "show",
    "export",
    "verify",
    "audit",
    "restore",
    "drill",
    "replicas",
    "cosigners",
    "cosigner",
    "timestamps",
    "disclose",
    "check",
    "keys",
    "rebuild",
    "case",
    "register",
    "schedule",
    "serve",
]
"""The order of the product's own table, which is the order of a vault's life."""
ENTRIES = [entry for section in table.SECTIONS for entry in section.entries]


def loaded(entry: table.Entry) -> click.Command:
    module, _, attribute = entry.target.partition(":")
    found = getattr(importlib.import_module(module), attribute)
    assert isinstance(found, click.Command)
    return found


def tree(command: click.Command) -> Iterator[click.Command]:
    yield command
    if isinstance(command, click.Group):
        for each in command.commands.values():
            yield from tree(each)


def test_sections_follow_the_products_order() -> None:
    names = [entry.name for entry in ENTRIES]
    assert names == sorted(names, key=ORDER.index)
    assert len(names) == len(set(names))
    assert all(section.entries for section in table.SECTIONS)


def test_every_entry_is_a_command_with_that_name_and_summary() -> None:
    for entry in ENTRIES:
        command = loaded(entry)
        assert command.name == entry.name
        assert entry.target.startswith("standfast.cli.")
        summary = (command.help or "").split("\n\n", 1)[0].replace("\n", " ").strip()
        assert summary.rstrip(".") == entry.summary


def test_every_command_is_made_of_our_classes_and_shows_an_example() -> None:
    for entry in ENTRIES:
        for command in tree(loaded(entry)):
            assert isinstance(command, StandfastCommand | StandfastGroup), command.name
            example = (command.epilog or "").split("Example:\n", 1)[1]
            assert f"standfast {entry.name}" in example or f" {entry.name} " in f"{example} ", command.name


def test_every_option_says_what_it_does() -> None:
    for entry in ENTRIES:
        for command in tree(loaded(entry)):
            for parameter in command.params:
                if isinstance(parameter, click.Option):
                    assert parameter.help, f"{command.name}: {parameter.name}"
