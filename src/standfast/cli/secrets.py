"""How a passphrase comes in: a file, or a hidden prompt. Never the command line, where `ps` would show it."""

from __future__ import annotations

import getpass
import os
import stat
import sys
from pathlib import Path

import click

from standfast.cli.output import Output
from standfast.errors.cli import PassphraseFileError, PassphraseMissingError

PASSPHRASE_LIMIT_BYTES = 4096


def read_passphrase_file(file: Path, output: Output) -> str:
    """The passphrase in a file: its one line, without the line's end.

    Says so when others on the machine can read the file; it is used all the same.

    Raises:
        PassphraseFileError: no such file, or what it holds is no passphrase.
    """
    try:
        with file.open("rb") as handle:
            mode = os.fstat(handle.fileno()).st_mode
            raw = handle.read(PASSPHRASE_LIMIT_BYTES + 3)
    except OSError as why:
        raise PassphraseFileError(str(file), why.strerror or str(why)) from why
    if stat.S_ISREG(mode) and mode & (stat.S_IRGRP | stat.S_IROTH):
        output.note(f"note: others on this machine can read {file}; close it with `chmod 600`")
    return _checked(raw.removesuffix(b"\n").removesuffix(b"\r"), str(file))


def ask_passphrase(prompt: str) -> str:
    """Ask at the terminal, without showing what is typed.

    Raises:
        PassphraseMissingError: there is no terminal.
        PassphraseFileError: what was typed is no passphrase.
        KeyboardInterrupt: the person gave up.
    """
    if not sys.stdin.isatty():
        raise PassphraseMissingError
    try:
        typed = getpass.getpass(f"{prompt}: ", stream=sys.stderr)
    except EOFError:
        raise PassphraseMissingError from None
    return _checked(typed.encode("utf-8", "surrogateescape"), "the prompt")


def ask_new_passphrase(prompt: str) -> str:
    """Ask for one that does not exist yet, twice.

    Raises:
        PassphraseMissingError, PassphraseFileError: as `ask_passphrase`, or the two differ.
    """
    first = ask_passphrase(prompt)
    if ask_passphrase("The same again") != first:
        raise PassphraseFileError("the prompt", "the two that were typed differ")
    return first


def _checked(raw: bytes, where: str) -> str:
    if not raw:
        raise PassphraseFileError(where, "it is empty")
    if len(raw) > PASSPHRASE_LIMIT_BYTES:
        raise PassphraseFileError(where, f"longer than {PASSPHRASE_LIMIT_BYTES} bytes")
    if b"\n" in raw or b"\0" in raw:
        raise PassphraseFileError(where, "more than one line")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise PassphraseFileError(where, "not UTF-8 text") from None


def require_terminal(instead: str) -> None:
    """Require that a person sits at a terminal, to be shown secrets and asked for them.

    Raises:
        UsageError: nobody does; it says what can be given instead.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise click.UsageError(f"this is shown and asked at a terminal, and there is none; give {instead}")
