"""Make docs/commands.md, docs/errors.md and docs/settings.md from the program itself.

`python tools/make_docs.py` writes them; with `--check` it writes nothing, prints what differs, and ends with status 1.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click

import standfast.errors
from standfast import settings
from standfast.cli import table
from standfast.cli.main import PROGRAM, program
from standfast.errors.base import StandfastError

DOCS = Path(__file__).parents[1] / "docs"
MADE = "<!-- Made by `make docs` from the program itself; a test compares. Change it there. -->\n"
HELP_WIDTH = 100


def commands_page() -> str:
    """Every command, in the order of the help, as `--help` shows it."""
    parts = ["# Commands\n", MADE, "## standfast\n", _help_of(program, (PROGRAM,))]
    for section in table.SECTIONS:
        for entry in section.entries:
            module, _, attribute = entry.target.partition(":")
            command = getattr(importlib.import_module(module), attribute)
            parts += [
                f"## {' '.join(path)}\n\n{_help_of(each, path)}" for path, each in _tree(command, (PROGRAM, entry.name))
            ]
    return "\n".join(parts)


def _tree(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            yield from _tree(each, (*path, name))


def _help_of(command: click.Command, path: tuple[str, ...]) -> str:
    context = click.Context(command, info_name=" ".join(path), max_content_width=HELP_WIDTH, terminal_width=HELP_WIDTH)
    return f"```\n{command.get_help(context).rstrip()}\n```\n"


def errors_page() -> str:
    """Every deliberate error, a table a room."""
    parts = [
        "# Errors\n",
        MADE,
        "What the program says when it stops on purpose. A code and an exit status are never used again for something "
        "else. 0 is done, 1 a defect of Standfast, 2 a command that can't be understood, 130 stopped by hand.\n",
    ]
    for module in error_modules():
        leaves = leaves_of(module)
        if not leaves:
            continue
        title = (module.__doc__ or "").split("\n", 1)[0].rstrip(".")
        parts += [f"## {title}\n", "| code | exit | what it is | what to do |", "|---|---|---|---|"]
        for leaf in leaves:
            what = inspect.cleandoc(leaf.__doc__ or "").split("\n\n", 1)[0].replace("\n", " ")
            parts.append(f"| {leaf.code} | {leaf.exit_status} | {_cell(what)} | {_cell(leaf.next_step)} |")
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"


def error_modules() -> list[ModuleType]:
    """Every module of standfast.errors, by name."""
    return [
        importlib.import_module(found.name)
        for found in pkgutil.iter_modules(standfast.errors.__path__, "standfast.errors.")
    ]


def leaves_of(module: ModuleType) -> list[type[StandfastError]]:
    """The errors with a code of their own that a module defines, by exit status."""
    found = [
        each
        for each in vars(module).values()
        if inspect.isclass(each)
        and issubclass(each, StandfastError)
        and each.__module__ == module.__name__
        and "code" in vars(each)
    ]
    return sorted(found, key=lambda leaf: leaf.exit_status)


def settings_page() -> str:
    """Every key of standfast.toml."""
    parts = [
        "# Settings\n",
        MADE,
        "`standfast.toml` in the vault's folder. No secret stands in it. A key that is not listed here is an error: a "
        "slip there could leave something unprotected.\n",
        "| key | default | unit | meaning |",
        "|---|---|---|---|",
    ]
    for each in settings.SETTINGS:
        default = f"`{each.default}`" if each.default else "none"
        parts.append(f"| `{each.key}` | {default} | {each.unit or '-'} | {_cell(each.meaning)} |")
    return "\n".join(parts) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


PAGES = {"commands.md": commands_page, "errors.md": errors_page, "settings.md": settings_page}


def main(arguments: list[str]) -> int:
    """Write the pages, or compare them. Returns the exit status."""
    status = 0
    for name, make in PAGES.items():
        file, wanted = DOCS / name, make()
        found = file.read_text() if file.exists() else ""
        if found == wanted:
            continue
        if arguments == ["--check"]:
            lines = difflib.unified_diff(
                found.splitlines(), wanted.splitlines(), f"docs/{name}", "as made now", n=1, lineterm=""
            )
            print("\n".join(lines))
            status = 1
        else:
            file.write_text(wanted)
            print(f"docs/{name}")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
