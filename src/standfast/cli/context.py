"""What every command is given, and the classes that every command is made of.

A command's module holds one function:

    @command("items", example="standfast items --origin site")
    @click.option("--origin", metavar="NAME", help="Only this origin's.")
    @click.pass_obj
    def items(run: Invocation, origin: str | None) -> None:
        '''List what is held.'''
        office = open_office(run.vault_folder())

and `table.py` one line. `-C`, `--json`, `--quiet` and `--passphrase-file` may stand before or after its name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from standfast.cli.output import Output
from standfast.errors.vault import NoVaultError

SETTINGS_FILE = "standfast.toml"


class Invocation:
    """One run of the program: what was asked for besides the command's own options.

    Attributes:
        output: where to print.
        chosen_folder: `-C`, if given.
        passphrase_file: `--passphrase-file`, if given.
        share_files: `--share`, each time it was given.
    """

    def __init__(self, output: Output, environment: Mapping[str, str], here: Path) -> None:
        """The environment and the current folder as the program was started in."""
        self.output = output
        self.chosen_folder: Path | None = None
        self.passphrase_file: Path | None = None
        self.share_files: tuple[Path, ...] = ()
        self._environment, self._here = environment, here

    def vault_folder(self) -> Path:
        """The vault meant: `-C`, else STANDFAST_DIR, else here or the nearest parent that holds standfast.toml.

        Raises:
            NoVaultError: no vault there.
        """
        chosen = self.chosen_folder or self._path_in("STANDFAST_DIR")
        if chosen is not None:
            if not (chosen / SETTINGS_FILE).is_file():
                raise NoVaultError(chosen)
            return chosen
        for folder in (self._here, *self._here.parents):
            if (folder / SETTINGS_FILE).is_file():
                return folder
        raise NoVaultError(self._here)

    def passphrase(self, prompt: str = "Passphrase of this vault") -> str:
        """The passphrase from its file, else asked for at the terminal. Asked for at each call: keep it.

        Raises:
            PassphraseMissingError, PassphraseFileError: there is none to be had.
        """
        from standfast.cli import secrets

        file = self.passphrase_file or self._path_in("STANDFAST_PASSPHRASE_FILE")
        return secrets.read_passphrase_file(file, self.output) if file else secrets.ask_passphrase(prompt)

    def new_passphrase(self, prompt: str = "New passphrase for this vault") -> str:
        """As `passphrase`, for one that is being chosen: a terminal asks twice."""
        from standfast.cli import secrets

        file = self.passphrase_file or self._path_in("STANDFAST_PASSPHRASE_FILE")
        return secrets.read_passphrase_file(file, self.output) if file else secrets.ask_new_passphrase(prompt)

    def _path_in(self, variable: str) -> Path | None:
        value = self._environment.get(variable)
        return Path(value) if value else None


def global_options(*, hidden: bool) -> list[click.Parameter]:
    """The options that may stand anywhere. Shown in the program's own help, understood everywhere."""

    def keep(note: Callable[[Invocation, Any], None]) -> Callable[[click.Context, click.Parameter, Any], None]:
        def callback(context: click.Context, _parameter: click.Parameter, value: Any) -> None:
            if value:
                note(context.find_object(Invocation) or _unmade(), value)

        return callback

    def option(*names: str, note: Callable[[Invocation, Any], None], **rest: Any) -> click.Option:
        return click.Option(names, expose_value=False, hidden=hidden, is_eager=True, callback=keep(note), **rest)

    path = click.Path(path_type=Path)
    return [
        option("-C", type=path, metavar="DIR", note=_set("chosen_folder"), help="The vault's folder."),
        option("--json", is_flag=True, note=_set_output("json"), help="One JSON document on standard output."),
        option("--quiet", is_flag=True, note=_set_output("quiet"), help="No notes, no progress."),
        option(
            "--passphrase-file",
            type=path,
            metavar="FILE",
            note=_set("passphrase_file"),
            help="Read the passphrase from FILE.",
        ),
        option(
            "--share",
            type=path,
            metavar="FILE",
            multiple=True,
            note=_set("share_files"),
            help="Read with recovery shares in place of the passphrase.",
        ),
    ]


def _set(attribute: str) -> Callable[[Invocation, Any], None]:
    return lambda run, value: setattr(run, attribute, value)


def _set_output(attribute: str) -> Callable[[Invocation, Any], None]:
    return lambda run, value: setattr(run.output, attribute, value)


def _unmade() -> Invocation:
    raise RuntimeError("a command was called without an Invocation")


def _show_help(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        (context.find_object(Invocation) or _unmade()).output.raw(context.get_help())
        context.exit()


class _Helped(click.Command):
    """A command whose help goes the way of all output, so that a reader that went away is no defect."""

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Click's own option, printing by our means."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.callback = _show_help
        return option


class StandfastCommand(_Helped):
    """A command that takes the global options too, and whose help ends with an example."""

    def __init__(self, name: str | None, *, example: str, **rest: Any) -> None:
        """As click's, and `example`: a real call, a line each."""
        own = rest.get("params") or []
        # A command that has such an option itself means it in its own way.
        taken = {each for option in own for each in option.opts}
        rest["params"] = [*own, *(each for each in global_options(hidden=True) if not taken & set(each.opts))]
        super().__init__(name, epilog=_example(example), **rest)


class StandfastGroup(_Helped, click.Group):
    """A command with commands of its own, as `add web`."""

    command_class = StandfastCommand

    def __init__(self, name: str | None = None, *, example: str, **rest: Any) -> None:
        """As click's, and `example`: a real call, a line each."""
        rest["params"] = [*(rest.get("params") or []), *global_options(hidden=True)]
        super().__init__(name, epilog=_example(example), subcommand_metavar="COMMAND …", **rest)


def _example(lines: str) -> str:
    # \b keeps click from refilling what follows.
    return "\b\nExample:\n" + "\n".join(f"  {line.strip()}" for line in lines.strip().splitlines())


def command(name: str, *, example: str, **rest: Any) -> Callable[[Callable[..., Any]], StandfastCommand]:
    """Make a command of a function whose docstring is its help."""
    return click.command(name, cls=StandfastCommand, example=example, **rest)


def group(name: str, *, example: str, **rest: Any) -> Callable[[Callable[..., Any]], StandfastGroup]:
    """Make a group of a function whose docstring is its help; `@it.command("web", example=…)` adds to it."""
    return click.group(name, cls=StandfastGroup, example=example, **rest)
