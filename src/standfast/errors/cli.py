"""Errors of the command line itself.

StandfastError
  CommandLineError
    DefectError               CLI-001, exit 1
    UsageError                CLI-002, exit 2
    StoppedError              CLI-130, exit 130
    ResultLostError           CLI-131, exit 131
    PassphraseMissingError    KEY-018, exit 18
    PassphraseFileError       KEY-019, exit 19
"""

from __future__ import annotations

from standfast.errors.base import StandfastError


class CommandLineError(StandfastError):
    """Something between the person and the program."""


class DefectError(CommandLineError):
    """A fault of this program. What it was doing is told by place only: a message could name what is held."""

    code, exit_status = "CLI-001", 1
    next_step = (
        "run the same command again with STANDFAST_DEBUG=1 set and report what it prints; "
        "read that first, it may name what is held"
    )

    def __init__(self, kind: str, place: str) -> None:
        """The exception's class, and the file and line that raised it."""
        self.kind, self.place = kind, place
        super().__init__(f"this is a defect of Standfast ({kind} at {place})")


class UsageError(CommandLineError):
    """The command can't be understood."""

    code, exit_status = "CLI-002", 2
    next_step = "run `{command} --help` to see what it takes"

    def __init__(self, command: str, why: str) -> None:
        """The command as far as it was understood, and what was wrong after it."""
        self.command, self.why = command, why
        super().__init__(why)


class StoppedError(CommandLineError):
    """Stopped by the person at the keyboard."""

    code, exit_status = "CLI-130", 130
    next_step = "run the same command again to go on: what was acknowledged is kept"

    def __init__(self) -> None:
        """Takes nothing: there is nothing to tell but that it stopped."""
        super().__init__("stopped before it was done")


class ResultLostError(CommandLineError):
    """The work ended, and its result could not be printed."""

    code, exit_status = "CLI-131", 131
    next_step = "see to where the output goes (a full disk?), then run `standfast status` to see what was done"

    def __init__(self, why: str) -> None:
        """What the system said."""
        self.why = why
        super().__init__(f"the result could not be written to standard output: {why}")


class PassphraseMissingError(CommandLineError):
    """A passphrase is needed, and there is neither a file of it nor a terminal to ask at."""

    code, exit_status = "KEY-018", 18
    next_step = "name a file that holds the passphrase with `--passphrase-file F` or STANDFAST_PASSPHRASE_FILE"

    def __init__(self) -> None:
        """Takes nothing."""
        super().__init__("a passphrase is needed, and there is no terminal to ask for it")


class PassphraseFileError(CommandLineError):
    """The file of the passphrase, or what was typed, is not one."""

    code, exit_status = "KEY-019", 19
    next_step = "give the passphrase again: one line of UTF-8 text, not empty, up to 4096 bytes"

    def __init__(self, where: str, why: str) -> None:
        """The file or the prompt, and what is wrong with it. Never the passphrase."""
        self.where, self.why = where, why
        super().__init__(f"no passphrase from {where}: {why}")
