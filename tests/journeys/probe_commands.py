"""Commands that end in every way a command can, for test_cli_program.py: the real program with these in its table."""

from __future__ import annotations

import sys
import time

import click

from standfast.cli import main, table
from standfast.cli.context import Invocation, command, group
from standfast.errors.vault import FixityMismatchError


@command("outcome", example="standfast outcome well")
@click.argument("how")
@click.pass_obj
def outcome(run: Invocation, how: str) -> None:
    """End in a way."""
    run.output.line(f"ending: {how}")
    run.output.document({"how": how})
    match how:
        case "refused":
            raise FixityMismatchError("item\x1b[2J", sealed="aa", found="bb")
        case "defect":
            raise ZeroDivisionError("the name of a source")
        case "eof":
            raise EOFError
        case "long":
            print("begun", file=sys.stderr, flush=True)
            time.sleep(30)
        case "talkative":
            for _ in range(100_000):
                run.output.line("and so on")


@command("vault", example="standfast vault")
@click.pass_obj
def vault(run: Invocation) -> None:
    """Say which vault is meant."""
    run.output.document({"vault": str(run.vault_folder())})


@command("secret", example="standfast secret")
@click.pass_obj
def secret(run: Invocation) -> None:
    """Say how long the passphrase is."""
    run.output.line(f"{len(run.passphrase())} characters")


@group("many", example="standfast many one")
def many() -> None:
    """Have commands of its own."""


@many.command("one", example="standfast many one --count 3")
@click.option("--count", type=int, required=True, help="How many.")
@click.pass_obj
def one(run: Invocation, count: int) -> None:
    """Count."""
    run.output.document({"count": count})


NAMES = ("outcome", "vault", "secret", "many")

if __name__ == "__main__":
    entries = tuple(table.Entry(name, f"probe_commands:{name}", "A probe") for name in NAMES)
    table.SECTIONS = (*table.SECTIONS, table.Section("Probes", entries))
    main.main()
