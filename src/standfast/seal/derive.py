"""Keys from keys: HKDF with SHA-256 (RFC 5869). Labels: docs/formats/keys.md."""

from __future__ import annotations

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def derive(secret: bytes, label: str, length: int = 32) -> bytes:
    """A key of `length` bytes for one purpose; two labels give keys that say nothing about each other."""
    return HKDF(SHA256(), length, salt=None, info=label.encode("ascii")).derive(secret)


def derive_salted(secret: bytes, salt: bytes, info: bytes) -> bytes:
    """32 bytes, with a salt, as age derives its keys."""
    return HKDF(SHA256(), 32, salt=salt or None, info=info).derive(secret)
