"""Digests of content: two families, so that one of them may weaken."""

from __future__ import annotations

import hashlib
import re

import blake3

SHA256_HEX = re.compile("[0-9a-f]{64}")


class ContentDigest:
    """Running SHA-256 and BLAKE3 over the same bytes, and their count. Both release the interpreter lock."""

    __slots__ = ("_blake3", "_sha256", "size_bytes")

    def __init__(self) -> None:
        """Begin with no bytes."""
        self._sha256, self._blake3 = hashlib.sha256(), blake3.blake3()
        self.size_bytes = 0

    def update(self, piece: bytes | bytearray | memoryview) -> None:
        """Take in the next bytes."""
        self._sha256.update(piece)
        self._blake3.update(piece)
        self.size_bytes += len(piece)

    @property
    def sha256(self) -> str:
        """Lower-case hex, 64 characters."""
        return self._sha256.hexdigest()

    @property
    def blake3(self) -> str:
        """Lower-case hex, 64 characters."""
        return self._blake3.hexdigest()


def blake3_hex(data: bytes | bytearray | memoryview) -> str:
    """BLAKE3 in lower-case hex."""
    return blake3.blake3(data).hexdigest()


def sha256_hex(data: bytes | bytearray | memoryview) -> str:
    """SHA-256 in lower-case hex."""
    return hashlib.sha256(data).hexdigest()
