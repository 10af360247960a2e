"""The program: finds the command, runs it, and turns every outcome into words or a document, and an exit status."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from standfast import __version__
from standfast.cli import table
from standfast.cli.context import Invocation, StandfastGroup, global_options
from standfast.cli.output import Output, ReaderGoneError
from standfast.errors.base import StandfastError
from standfast.errors.cli import DefectError, ResultLostError, StoppedError, UsageError

PROGRAM = "standfast"
STATUS_OF_CLOSED_PIPE = 141
"""128 + SIGPIPE, as a shell reports a program whose reader went away."""
_OURS = f"{os.sep}standfast{os.sep}"


class Program(StandfastGroup):
    """The group of all commands. Imports one only when it is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the table."""
        return [entry.name for section in table.SECTIONS for entry in section.entries]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        for section in table.SECTIONS:
            for entry in section.entries:
                if entry.name == cmd_name:
                    module, _, attribute = entry.target.partition(":")
                    found = getattr(importlib.import_module(module), attribute)
                    assert isinstance(found, click.Command)
                    return found
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's, which suggests for a slip of the fingers, from the table."""
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as why:
            names = self.list_commands(ctx)
            raise click.exceptions.NoSuchCommand(why.command_name, possibilities=names, ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The sections of the table, each under its heading."""
        width = max((len(name) for name in self.list_commands(ctx)), default=0)
        for section in table.SECTIONS:
            with formatter.section(section.title):
                formatter.write_dl([(entry.name.ljust(width), entry.summary) for entry in section.entries])


def _show_version(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        run = context.find_object(Invocation)
        assert run is not None
        run.output.raw(f"{PROGRAM} {__version__}")
        context.exit()


program = Program(
    PROGRAM,
    example="standfast init vault --name 'Example Office'\nstandfast -C vault protect",
    help=(
        "Safeguards the evidence and the capacity to work of organisations that document violations.\n\n"
        "The vault is the folder given with -C, else STANDFAST_DIR, else the current folder or the nearest parent "
        "that holds standfast.toml. The options below may also stand after a command's name."
    ),
    invoke_without_command=False,
    no_args_is_help=True,
)
# Here they are shown; the copies that every command takes are hidden.
program.params = [
    *global_options(hidden=False),
    click.Option(
        ["--version"],
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=_show_version,
        help="Print the version.",
    ),
]


def run_program(arguments: Sequence[str], output: Output) -> int:
    """Run one command line to its end and say how it went. Returns the exit status.

    Every deliberate error is shown in words or as a document; anything else is a defect of ours, told by its place
    alone unless STANDFAST_DEBUG=1, since its text could name what is held.
    """
    # Wanted even where the command line can't be parsed to the point where it stands.
    before_operands = arguments[: arguments.index("--")] if "--" in arguments else arguments
    output.json = "--json" in before_operands
    run = Invocation(output, os.environ, Path.cwd())
    try:
        # Not click's own `main`: it takes any EOFError for a person who gave up, and any EPIPE for a closed terminal.
        with program.make_context(PROGRAM, list(arguments), obj=run) as context:
            program.invoke(context)
    except click.exceptions.Exit as ended:
        return _end(output, None, ended.exit_code)
    except StandfastError as error:
        return _end(output, error, error.exit_status)
    except click.exceptions.NoArgsIsHelpError as why:
        if output.json:
            return _end(output, UsageError(why.ctx.command_path, "name a command"), UsageError.exit_status)
        output.help(why.format_message())
        return UsageError.exit_status
    except click.ClickException as why:
        return _end(output, _usage(why), UsageError.exit_status)
    except (click.Abort, KeyboardInterrupt):
        return _end(output, StoppedError(), StoppedError.exit_status)
    except ReaderGoneError:
        return _forget_reader()
    except Exception as why:
        if os.environ.get("STANDFAST_DEBUG") == "1":
            traceback.print_exc(file=output.stderr)
        return _end(output, _defect(why), DefectError.exit_status)
    return _end(output, None, 0)


def main() -> NoReturn:
    """The entry point of the program."""
    for stream in (sys.stdout, sys.stderr):
        # A name that this terminal's encoding lacks is escaped, never a reason to fail.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(run_program(sys.argv[1:], Output()))


def _end(output: Output, error: StandfastError | None, status: int) -> int:
    try:
        output.finish(error.for_machine() if error else None, error.for_person() if error else "")
    except ReaderGoneError:
        return _forget_reader()
    except ResultLostError as lost:
        if not isinstance(error, ResultLostError):
            output.error(lost.for_person())
        _forget_reader()
        return lost.exit_status
    return status


def _forget_reader() -> int:
    """Nobody reads our output any more: nothing more to say, and no error about it when Python flushes at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    return STATUS_OF_CLOSED_PIPE


def _usage(why: click.ClickException) -> UsageError:
    context = why.ctx if isinstance(why, click.UsageError) else None
    return UsageError(context.command_path if context else PROGRAM, why.format_message())


def _defect(why: Exception) -> DefectError:
    """Named by the last place of ours that it passed and the place that raised it. No text: that could be held."""
    frames = traceback.extract_tb(why.__traceback__)
    ours = [frame for frame in frames if _OURS in frame.filename]
    places = [f"{frame.filename.rpartition(_OURS)[2]}:{frame.lineno}" for frame in ours[-1:]]
    if frames[-1:] != ours[-1:]:
        places.append(f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}")
    return DefectError(type(why).__name__, ", ".join(places))
