"""Errors of the vault: what is held is missing, damaged, newer than this program, or in use.

StandfastError
  VaultError                  the folder, or what it holds
    NoVaultError              VLT-021, exit 21
    NewerFormatError          VLT-022, exit 22
    VaultLockedError          VLT-023, exit 23
    PackMissingError          VLT-024, exit 24
    PackDamagedError          VLT-025, exit 25
    FixityMismatchError       VLT-026, exit 26
    MalformedObjectError      VLT-027, exit 27
    UnknownItemError          VLT-028, exit 28
    VaultWriteError           VLT-029, exit 29
    NotOurKeyError            VLT-030, exit 30
    VaultExistsError          VLT-031, exit 31
    FaultsFoundError          VLT-020, exit 20
"""

from __future__ import annotations

from standfast.errors.base import StandfastError


class VaultError(StandfastError):
    """Something about the vault's folder or what it holds."""


class FaultsFoundError(VaultError):
    """`verify` read everything it could, and some of it is not as it was sealed."""

    code, exit_status = "VLT-020", 20
    next_step = (
        "keep this copy as it is, then run `standfast replicas heal` to bring good objects back from another copy"
    )

    def __init__(self, fault_count: int) -> None:
        """Count of objects with a fault."""
        self.fault_count = fault_count
        super().__init__(f"{fault_count} object(s) are not as they were sealed")


class NoVaultError(VaultError):
    """The folder is not a vault."""

    code, exit_status = "VLT-021", 21
    next_step = "name the vault's folder with `-C DIR`, or make one with `standfast init DIR --name NAME`"

    def __init__(self, folder: object) -> None:
        """The folder that was looked at."""
        self.folder = str(folder)
        super().__init__(f"{folder} is not a Standfast vault")


class NewerFormatError(VaultError):
    """Written by a later version; this program would misread it."""

    code, exit_status = "VLT-022", 22
    next_step = "use a newer Standfast for this vault; nothing was changed"

    def __init__(self, what: str, found: str) -> None:
        """What carries the version, and the version found."""
        self.what, self.found = what, found
        super().__init__(f"{what} has format {found}, which this program does not know")


class VaultLockedError(VaultError):
    """Another process writes to the vault."""

    code, exit_status = "VLT-023", 23
    next_step = "wait until it ends, or look at it with `ps`; the lock goes with the process, it is never stale"

    def __init__(self, holder: str) -> None:
        """What the holder wrote about itself."""
        self.holder = holder
        super().__init__(f"the vault is held by {holder}")


class PackMissingError(VaultError):
    """A pack that the inventory names is not there."""

    code, exit_status = "VLT-024", 24
    next_step = "run `standfast replicas heal` to bring pack {pack} back from a copy that has it"

    def __init__(self, pack: str) -> None:
        """The pack's digest."""
        self.pack = pack
        super().__init__(f"pack {pack} is missing")


class PackDamagedError(VaultError):
    """A pack's bytes are not what was sealed."""

    code, exit_status = "VLT-025", 25
    next_step = "keep the damaged file, then run `standfast replicas heal` to bring pack {pack} back from a good copy"

    def __init__(self, pack: str, why: str) -> None:
        """The pack's digest, and what does not fit."""
        self.pack, self.why = pack, why
        super().__init__(f"pack {pack} is damaged: {why}")


class FixityMismatchError(VaultError):
    """Every byte of an item was read and its digest is not the one in its record."""

    code, exit_status = "VLT-026", 26
    next_step = "run `standfast verify` to see how far it goes, then `standfast replicas heal` from a good copy"

    def __init__(self, item: str, *, sealed: str, found: str) -> None:
        """Both digests, lower-case hex."""
        self.item, self.sealed, self.found = item, sealed, found
        super().__init__(f"{item} is not what was sealed (sealed {sealed}, found {found})")


class MalformedObjectError(VaultError):
    """Bytes that should be an inventory, an index or a manifest are not."""

    code, exit_status = "VLT-027", 27
    next_step = "run `standfast audit` on this copy and `standfast replicas heal` from a good one"

    def __init__(self, what: str, why: str) -> None:
        """What was read, and what is wrong with it."""
        self.what, self.why = what, why
        super().__init__(f"{what} is malformed: {why}")


class UnknownItemError(VaultError):
    """No such item, or no such origin, is held."""

    code, exit_status = "VLT-028", 28
    next_step = "run `standfast items` to see what is held"

    def __init__(self, item: str) -> None:
        """What was asked for."""
        self.item = item
        super().__init__(f"nothing is held under {item}")


class VaultWriteError(VaultError):
    """The disk could not take what had to be written: full, read-only, or failing."""

    code, exit_status = "VLT-029", 29
    next_step = "free space, then run the command again: what was acknowledged is kept, the rest is taken up again"

    def __init__(self, where: object, why: str) -> None:
        """Where it was to be written, and what the system said."""
        self.where, self.why = str(where), why
        super().__init__(f"could not write to {where}: {why}")


class NotOurKeyError(VaultError):
    """The reading identity does not open what is held here."""

    code, exit_status = "VLT-030", 30
    next_step = "use the identity or the shares of this vault; `standfast keys list` shows its recipients"

    def __init__(self, what: str) -> None:
        """What it was tried on."""
        self.what = what
        super().__init__(f"this identity does not open {what}")


class VaultExistsError(VaultError):
    """There is something where a new vault should be made."""

    code, exit_status = "VLT-031", 31
    next_step = "name an empty or a new folder"

    def __init__(self, folder: object) -> None:
        """The folder."""
        self.folder = str(folder)
        super().__init__(f"{folder} is not empty")
