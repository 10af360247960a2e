"""Errors of the settings file.

StandfastError
  SettingsError
    UnknownSettingError       SET-003, exit 3
    BadSettingError           SET-004, exit 4
    NameTakenError            SET-005, exit 5
    BadNameError              SET-006, exit 6
    UnreadableSettingsError   SET-007, exit 7
    ScheduleError             SET-008, exit 8
"""

from __future__ import annotations

from standfast.errors.base import StandfastError


class SettingsError(StandfastError):
    """Something about standfast.toml."""


class UnknownSettingError(SettingsError):
    """A key that means nothing here; a slip there could leave something unprotected, so it is not passed over."""

    code, exit_status = "SET-003", 3
    next_step = "correct it in {file}{hint}; docs/settings.md lists every key"

    def __init__(self, file: object, key: str, known: list[str]) -> None:
        """The file, the key with its table, and the keys that would be known there."""
        import difflib

        self.file, self.key = str(file), key
        close = difflib.get_close_matches(key.rsplit(".", 1)[-1], known, 1)
        self.hint = f" (did you mean {close[0]}?)" if close else ""
        super().__init__(f"the settings know no {key}")


class BadSettingError(SettingsError):
    """A key with a value that it can't have."""

    code, exit_status = "SET-004", 4
    next_step = "correct it in {file}; docs/settings.md says what each key takes"

    def __init__(self, file: object, key: str, why: str) -> None:
        """The file, the key with its table, and what is wrong."""
        self.file, self.key, self.why = str(file), key, why
        super().__init__(f"{key} in the settings: {why}")


class NameTakenError(SettingsError):
    """There is one of that name already."""

    code, exit_status = "SET-005", 5
    next_step = "choose another name with `--name`, or edit the one that is there in standfast.toml"

    def __init__(self, what: str, name: str) -> None:
        """Origin or replica, and its name."""
        self.what, self.name = what, name
        super().__init__(f"there is already {what} called {name}")


class BadNameError(SettingsError):
    """A name that can't stand in settings, commands and file names alike."""

    code, exit_status = "SET-006", 6
    next_step = "give one of lower-case letters, digits, dot, dash or underscore with `--name`, at most 63"

    def __init__(self, name: str) -> None:
        """The name."""
        self.name = name
        super().__init__(f"{name!r} can't be a name here")


class UnreadableSettingsError(SettingsError):
    """The file can't be read, or is no TOML."""

    code, exit_status = "SET-007", 7
    next_step = "correct {file}, or take it from the newest accession with `standfast rebuild`"

    def __init__(self, file: object, why: str) -> None:
        """The file and the reason."""
        self.file, self.why = str(file), why
        super().__init__(f"{file} can't be read: {why}")


class ScheduleError(SettingsError):
    """The nightly run could not be installed."""

    code, exit_status = "SET-008", 8
    next_step = "have `standfast -C DIR --quiet protect` run every night by other means, as your system offers"

    def __init__(self, why: str) -> None:
        """What stood in the way."""
        self.why = why
        super().__init__(f"the nightly run was not installed: {why}")
