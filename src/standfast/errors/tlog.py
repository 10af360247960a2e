"""Errors of the transparency log: what is signed, proved or written there does not hold.

StandfastError
  TlogError                     the log, a checkpoint or a proof
    SignatureError              LOG-035, exit 35
    MalformedNoteError          LOG-036, exit 36
    MissingSignatureError       LOG-037, exit 37
    ProofError                  LOG-038, exit 38
    TileError                   LOG-039, exit 39
    LogDamagedError             LOG-040, exit 40
    LogMovedError               LOG-041, exit 41
    LogForkError                LOG-042, exit 42
    WrongLogError               LOG-043, exit 43
"""

from __future__ import annotations

from standfast.errors.base import StandfastError


class TlogError(StandfastError):
    """Something about the log, a checkpoint or a proof."""


class SignatureError(TlogError):
    """A signature by a key that is known does not verify."""

    code, exit_status = "LOG-035", 35
    next_step = (
        "trust nothing in this text; compare the log's keys with those in the vault's keyring (`standfast keys list`)"
    )

    def __init__(self, signer: str) -> None:
        """Whose signature it should be."""
        self.signer = signer
        super().__init__(f"the signature by {signer} does not verify")


class MalformedNoteError(TlogError):
    """Bytes that should be a checkpoint, a key or a proof break a rule of their format."""

    code, exit_status = "LOG-036", 36
    next_step = "fetch the {what} again; if it comes the same, it was not written by a Standfast or C2SP log"

    def __init__(self, what: str, why: str) -> None:
        """What was read (checkpoint, key, proof), and the rule that it breaks."""
        self.what, self.why = what, why
        super().__init__(f"this is no {what}: {why}")


class MissingSignatureError(TlogError):
    """A key that must have signed a checkpoint has not."""

    code, exit_status = "LOG-037", 37
    next_step = (
        "ask for a checkpoint that {signer} has signed; one that is signed by other keys alone proves nothing here"
    )

    def __init__(self, signer: str) -> None:
        """The name and key ID of the missing signer."""
        self.signer = signer
        super().__init__(f"no signature by {signer}")


class ProofError(TlogError):
    """A proof does not lead to the root that it should."""

    code, exit_status = "LOG-038", 38
    next_step = "ask for the proof again from a copy that `standfast audit` finds clean; until then nothing is proved"

    def __init__(self, what: str, why: str) -> None:
        """What was to be proved (inclusion, consistency), and why it is not."""
        self.what, self.why = what, why
        super().__init__(f"{what} is not proved: {why}")


class TileError(TlogError):
    """A tile or an entry bundle is missing, or is not what the checkpoint's root needs."""

    code, exit_status = "LOG-039", 39
    next_step = "keep this copy as it is, then run `standfast replicas heal` to bring {path} from a good one"

    def __init__(self, path: str, why: str) -> None:
        """Its path below tlog/, and what does not fit."""
        self.path, self.why = path, why
        super().__init__(f"tlog/{path} is damaged: {why}")


class LogDamagedError(TlogError):
    """The log's folder does not fit its own checkpoint. Nothing was signed and nothing was changed."""

    code, exit_status = "LOG-040", 40
    next_step = (
        "keep {folder} as it is; it is damaged or an old copy. "
        "Run `standfast replicas heal` to bring it from a copy, or `standfast rebuild` from a replica"
    )

    def __init__(self, folder: object, why: str) -> None:
        """The log's folder, and what does not fit."""
        self.folder, self.why = str(folder), why
        super().__init__(f"the log in {folder} can't be continued: {why}")


class LogMovedError(TlogError):
    """The checkpoint on the disk is not the one this writer knows. Nothing was signed."""

    code, exit_status = "LOG-041", 41
    next_step = "run the command again: it reads the log afresh; if this repeats, another program writes to the vault"

    def __init__(self, known_size: int, found_size: int) -> None:
        """Sizes in leaves: the one this writer knows, and the one on the disk."""
        self.known_size, self.found_size = known_size, found_size
        super().__init__(f"the log was at {known_size} leaves, and its folder now says {found_size}")


class LogForkError(TlogError):
    """Two checkpoints signed by one log contradict each other: history was rewritten, or rewound."""

    code, exit_status = "LOG-042", 42
    next_step = (
        "keep both checkpoints: together they are evidence. Either this is an old copy of the log, "
        "or its signing key is in other hands; run `standfast audit` on every copy and compare"
    )

    def __init__(self, known_size: int, found_size: int, why: str) -> None:
        """Sizes in leaves of the checkpoint that was known and the one that was found, and the contradiction."""
        self.known_size, self.found_size, self.why = known_size, found_size, why
        super().__init__(f"the log at {found_size} leaves does not continue the log known at {known_size}: {why}")


class WrongLogError(TlogError):
    """A checkpoint of another log than the one asked for."""

    code, exit_status = "LOG-043", 43
    next_step = "look at which copy or vault this came from; the expected log is {expected}"

    def __init__(self, expected: str, found: str) -> None:
        """Both origins."""
        self.expected, self.found = expected, found
        super().__init__(f"this checkpoint is of the log {found}, not of {expected}")
