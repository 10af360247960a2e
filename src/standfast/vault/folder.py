"""Where things stand under `holdings/`. Layout: docs/formats/vault.md."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from standfast.errors.vault import NewerFormatError, NoVaultError

FORMAT_TEXT = b"standfast vault 1\n"
FORMAT_NAME, HOW_TO_OPEN_NAME = "FORMAT", "HOW-TO-OPEN.txt"
CHECKPOINT_NAME = "tlog/checkpoint"


def pack_name(sha256: str) -> str:
    """Path of a pack below holdings/."""
    return f"packs/{sha256[:2]}/{sha256}"


def inventory_name(number: int) -> str:
    """Path of an inventory below holdings/."""
    return f"inventory/{number}"


def keyring_name(number: int) -> str:
    """Path of a keyring below holdings/."""
    return f"keyring/{number}"


def check_format(raw: bytes) -> None:
    """Require a FORMAT file that this program knows.

    Raises:
        NewerFormatError: a greater number.
        NoVaultError: anything else.
    """
    if raw == FORMAT_TEXT:
        return
    found = re.fullmatch(rb"standfast vault (\d{1,9})\n", raw)
    if found and int(found[1]) > 1:
        raise NewerFormatError("the vault", found[1].decode())
    raise NoVaultError(FORMAT_NAME)


@dataclass(frozen=True, slots=True)
class VaultFolder:
    """A vault's folder on this machine, by its parts. Asks the disk nothing."""

    root: Path

    @property
    def settings(self) -> Path:
        """The settings file, which makes a folder a vault's."""
        return self.root / "standfast.toml"

    @property
    def keys(self) -> Path:
        """Keys, 0700."""
        return self.root / "keys"

    @property
    def holdings(self) -> Path:
        """What replicas copy."""
        return self.root / "holdings"

    @property
    def tlog(self) -> Path:
        """The log."""
        return self.holdings / "tlog"

    @property
    def state(self) -> Path:
        """What can be lost without loss."""
        return self.root / "state"

    @property
    def pending(self) -> Path:
        """Finished packs of the accession under way; on the same file system as holdings/."""
        return self.state / "pending"

    def held(self, name: str) -> Path:
        """The place of an object of holdings/."""
        return self.holdings / name
