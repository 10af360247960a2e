"""Errors of keys: the wrong one, a damaged one, or none.

StandfastError
KeysError
WrongPassphraseError      KEY-010, exit 10
NoIdentityMatchError      KEY-011, exit 11
MalformedAgeFileError     KEY-012, exit 12
KeyFileMissingError       KEY-013, exit 13
LooseKeyFileError         KEY-014, exit 14
SharesError               KEY-015, exit 15
WrongVaultSharesError     KEY-016, exit 16
KeyringError              KEY-017, exit 17
KeyFileError              KEY-009, exit 9
"""

from __future__ import annotations

from standfast.errors.base import StandfastError


class KeysError(StandfastError):
    """Something about keys."""


class WrongPassphraseError(KeysError):
    """The passphrase does not open what it should."""

    code, exit_status = "KEY-010", 10
    next_step = "try again; if it is forgotten, `standfast keys recover` with enough recovery shares sets a new one"

    def __init__(self) -> None:
        """Takes nothing: a passphrase is never quoted."""
        super().__init__("the passphrase is not the right one")


class NoIdentityMatchError(KeysError):
    """Sealed to others."""

    code, exit_status = "KEY-011", 11
    next_step = "use the identity of this vault, or its recovery shares; `standfast keys list` shows its recipients"

    def __init__(self) -> None:
        """Takes nothing: recipients in age files are anonymous."""
        super().__init__("no identity given here opens it")


class MalformedAgeFileError(KeysError):
    """Bytes or text that should be an age file or key are not."""

    code, exit_status = "KEY-012", 12
    next_step = "bring the file back from a copy; `standfast rebuild` makes every key again from the recovery shares"

    def __init__(self, why: str) -> None:
        """What breaks the format."""
        self.why = why
        super().__init__(f"this is no age file or key: {why}")


class KeyFileMissingError(KeysError):
    """A key that this needs is not on this machine."""

    code, exit_status = "KEY-013", 13
    next_step = "run this on the machine that holds it, or `standfast rebuild` with the recovery shares"

    def __init__(self, name: str) -> None:
        """The file's name under keys/."""
        self.name = name
        super().__init__(f"keys/{name} is not on this machine")


class LooseKeyFileError(KeysError):
    """A key file that others on this machine may read."""

    code, exit_status = "KEY-014", 14
    next_step = "run `chmod 600 {path}`, and ask who could have read it until now"

    def __init__(self, path: object) -> None:
        """The file."""
        self.path = str(path)
        super().__init__(f"{path} can be read by others on this machine")


class SharesError(KeysError):
    """Recovery shares that do not give the secret back."""

    code, exit_status = "KEY-015", 15
    next_step = "check the words against the paper, one share a file, and give as many shares as the set asks for"

    def __init__(self, why: str, todo: str = "") -> None:
        """What is wrong, with the share's number and the word's, never the words; and what helps in just this case."""
        self.why, self.todo = why, todo
        super().__init__(f"the shares do not fit: {why}")

    def step(self) -> str:
        """What helps in this case, else what helps in general."""
        return self.todo or super().step()


class WrongVaultSharesError(KeysError):
    """The shares are whole, and of another vault."""

    code, exit_status = "KEY-016", 16
    next_step = "use the shares of this vault; `standfast audit` tells the name of a copy's log"

    def __init__(self, log_origin: str) -> None:
        """The log of the vault that they should be of."""
        self.log_origin = log_origin
        super().__init__(f"these shares are not of the vault of {log_origin}")


class KeyringError(KeysError):
    """The public list of keys is not one that this vault's custody key signed."""

    code, exit_status = "KEY-017", 17
    next_step = "write nothing here; run `standfast audit` on this folder and on a replica, and tell your partners"

    def __init__(self, number: int | None, why: str) -> None:
        """The keyring's number, None where its file does not even give one; and what does not hold."""
        self.number, self.why = number, why
        super().__init__(f"{'a keyring' if number is None else f'keyring {number}'} can't be trusted: {why}")


class KeyFileError(KeysError):
    """A key file whose content is none."""

    code, exit_status = "KEY-009", 9
    next_step = "bring keys/{name} back from where it came; `standfast rebuild` makes it again from the recovery shares"

    def __init__(self, name: str, why: str) -> None:
        """The file's name under keys/, and what is wrong."""
        self.name, self.why = name, why
        super().__init__(f"keys/{name} holds no key: {why}")
