"""A leaf: what the log holds of a record, and tells nobody who lacks its salt. Format: docs/formats/leaf.md."""

from __future__ import annotations

import hashlib

LEAF_BYTES = 68
SALT_BYTES = 32
DUMMY_RANDOM_BYTES = 64

_MAGIC = b"SFL1"
_DOMAIN = b"standfast/leaf/v1\0"
_PADDED = (16, 64, 256, 1024)


def leaf_of(statement: bytes, salt: bytes) -> bytes:
    """The leaf of 68 bytes that commits to `statement` in two hash families.

    Args:
        statement: canonical JSON of a record or of a control statement.
        salt: 32 random bytes, never used for another leaf: without it, nobody can test a guess.

    Raises:
        ValueError: the salt has another length.
    """
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes, this one {len(salt)}")
    blinded = _DOMAIN + salt + hashlib.sha512(statement).digest()
    return _MAGIC + hashlib.sha256(blinded).digest() + hashlib.sha3_256(blinded).digest()


def dummy_leaf(random: bytes) -> bytes:
    """A leaf that commits to nothing, from 64 random bytes. Nobody can tell it from another.

    Raises:
        ValueError: another count of bytes.
    """
    if len(random) != DUMMY_RANDOM_BYTES:
        raise ValueError(f"a dummy needs {DUMMY_RANDOM_BYTES} random bytes, not {len(random)}")
    return _MAGIC + random


def padded_count(count: int) -> int:
    """How many leaves a batch of `count` has with its dummies: 16, 64, 256, 1,024, then whole thousands of 1,024.

    Raises:
        ValueError: `count` is not positive; nothing is logged for nothing.
    """
    if count < 1:
        raise ValueError(f"a batch has at least one leaf, not {count}")
    for padded in _PADDED:
        if count <= padded:
            return padded
    return -(-count // _PADDED[-1]) * _PADDED[-1]
