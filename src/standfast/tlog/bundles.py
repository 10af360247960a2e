"""Bytes of tiles and entry bundles. Source: c2sp.org/tlog-tiles v0.1.0.

A hash tile is its hashes, 32 bytes each. An entry bundle is its entries, each after its length as u16 big-endian.
"""

from __future__ import annotations

from collections.abc import Sequence

from standfast.tlog.leaf import LEAF_BYTES
from standfast.tlog.tree import HASH_BYTES

MAX_ENTRY_BYTES = 65535
_LENGTH_BYTES = 2
_LEAF_STRIDE = _LENGTH_BYTES + LEAF_BYTES


def write_bundle(entries: Sequence[bytes]) -> bytes:
    """The bundle of these entries; OverflowError for one above 65,535 bytes."""
    return b"".join([len(entry).to_bytes(_LENGTH_BYTES, "big") + entry for entry in entries])


def parse_bundle(raw: bytes, count: int) -> list[bytes]:
    """The entries of a bundle that must hold exactly `count`.

    Raises:
        ValueError: it holds more or fewer, or ends inside one.
    """
    highs, lows = bytes(count), bytes((LEAF_BYTES,)) * count
    if len(raw) == count * _LEAF_STRIDE and raw[::_LEAF_STRIDE] == highs and raw[1::_LEAF_STRIDE] == lows:
        # Every entry of our own logs has one length: no walk from length to length.
        return [raw[at : at + LEAF_BYTES] for at in range(_LENGTH_BYTES, len(raw), _LEAF_STRIDE)]
    entries: list[bytes] = []
    at = 0
    while at < len(raw) and len(entries) < count:
        start = at + _LENGTH_BYTES
        at = start + int.from_bytes(raw[at:start], "big")
        entries.append(raw[start:at])
    if at != len(raw) or len(entries) != count:
        raise ValueError(f"it does not hold exactly {count} entries")
    return entries


def split_hashes(raw: bytes, width: int) -> list[bytes]:
    """The hashes of a tile that must hold exactly `width`.

    Raises:
        ValueError: it holds more or fewer.
    """
    if len(raw) != width * HASH_BYTES:
        raise ValueError(f"it has {len(raw)} bytes, not {width * HASH_BYTES}")
    return [raw[at : at + HASH_BYTES] for at in range(0, len(raw), HASH_BYTES)]
