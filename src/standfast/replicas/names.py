"""What an object of a copy may be called, and how long one of each kind can be. Forms: docs/formats/vault.md."""

from __future__ import annotations

import re
from typing import Literal

from standfast.tlog.paths import find_tile_path
from standfast.vault.folder import CHECKPOINT_NAME, FORMAT_NAME, HOW_TO_OPEN_NAME

Kind = Literal["document", "keyring", "inventory", "pack", "checkpoint", "tile"]

TLOG = "tlog/"
PACK_LIMIT_BYTES = 1024**3
"""docs/formats/pack.md"""
LIMIT_BYTES: dict[Kind, int] = {
    "document": 1024**2,
    "keyring": 1024**2,
    "inventory": 4 * 1024**2,
    "checkpoint": 1_000_000,
    # A bundle of 256 entries of 65,535 bytes, each after its length.
    "tile": 256 * 65_537,
    "pack": PACK_LIMIT_BYTES,
}
"""No object of the kind is longer; a copy in other hands can be anything."""

_PACK = re.compile(r"packs/([0-9a-f]{2})/(\1[0-9a-f]{62})", re.ASCII)
_NUMBERED = re.compile(r"(?:(keyring)/(0|[1-9][0-9]{0,14})|(inventory)/([1-9][0-9]{0,14}))", re.ASCII)


def kind_of(name: str) -> Kind | None:
    """Which kind of object a name means; None for a name that no object can have."""
    if _PACK.fullmatch(name):
        return "pack"
    numbered = _NUMBERED.fullmatch(name)
    if numbered:
        return "keyring" if numbered[1] else "inventory"
    if name == CHECKPOINT_NAME:
        return "checkpoint"
    if name in (FORMAT_NAME, HOW_TO_OPEN_NAME):
        return "document"
    if name.startswith(TLOG) and find_tile_path(name[len(TLOG) :]):
        return "tile"
    return None


def require_name(name: str) -> Kind:
    """The kind of a name that must be an object's.

    Raises:
        ValueError: it is none: a defect of ours, since names from outside are sorted with `kind_of` first.
    """
    kind = kind_of(name)
    if kind is None:
        raise ValueError(f"no object of a copy is called {name!r}")
    return kind


def number_of(name: str) -> int:
    """The number in the name of a keyring or an inventory."""
    return int(name.rpartition("/")[2])
