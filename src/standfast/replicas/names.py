"""What an object of a copy may be called, and how long one of each kind can be. Forms: docs/formats/vault.md."""

from __future__ import annotations

import re
from typing import Literal

from standfast.durable import UNFINISHED
from standfast.tlog.cosigned import COSIGNED_LIMIT_BYTES, find_cosigned_name
from standfast.tlog.paths import find_tile_path
from standfast.tlog.policy import POLICY_LIMIT_BYTES
from standfast.vault.folder import CHECKPOINT_NAME, FORMAT_NAME, HOW_TO_OPEN_NAME

Kind = Literal["document", "keyring", "inventory", "pack", "checkpoint", "tile", "cosigned", "stamp", "policy"]

TLOG = "tlog/"
POLICIES = ("tlog/policy/classic", "tlog/policy/pq")
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
    "cosigned": COSIGNED_LIMIT_BYTES,
    "stamp": 1024**2,
    "policy": POLICY_LIMIT_BYTES,
}
"""No object of the kind is longer; a copy in other hands can be anything."""

_PACK = re.compile(r"packs/([0-9a-f]{2})/(\1[0-9a-f]{62})", re.ASCII)
_NUMBERED = re.compile(r"(?:(keyring)/(0|[1-9][0-9]{0,14})|(inventory)/([1-9][0-9]{0,14}))", re.ASCII)

_STAMP = re.compile(r"tlog/stamps(/[0-9]+/[0-9]+)((?:/[a-z0-9_-][a-z0-9._-]{0,63}){2,3})", re.ASCII)


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
    return _evidence_kind(name)


def _evidence_kind(name: str) -> Kind | None:
    """What outside parties gave of the log."""
    if name in POLICIES:
        return "policy"
    if find_cosigned_name(name):
        return "cosigned"
    stamp = _STAMP.fullmatch(name)
    if stamp and find_cosigned_name("tlog/cosigned" + stamp[1]) and ".." not in name and not name.endswith(UNFINISHED):
        return "stamp"
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
