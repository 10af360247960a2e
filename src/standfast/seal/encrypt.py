"""Seals the parts of a pack, each under a key of its own. Format: docs/formats/pack.md.

Every part's key is derived from the pack key and the part's kind, flags and id. A pack holds an id of a kind once,
and a pack key never outlives the process that made it, so each key seals one plaintext and the nonce can be fixed.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from standfast.errors.vault import PackDamagedError

TAG_BYTES = 16
KEY_BYTES = 32
_NONCE = bytes(12)
_INFO = b"standfast/pack/v1\0"
_ONE = b"\x01"
_INNER_PAD, _OUTER_PAD = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))


def part_label(kind: int, flags: int, part_id: bytes) -> bytes:
    """Kind, flags and id as they enter the key and the associated data: 34 bytes."""
    return bytes((kind, flags)) + part_id


class PartKeys:
    """The keys of a pack's parts, for whoever needs many: HMAC's two first blocks (RFC 2104) are digested once.

    `hmac.digest` gives the same bytes; it lets the interpreter's lock go each time, and threads then wait for it.
    """

    __slots__ = ("_inner", "_outer")

    def __init__(self, pack_key: bytes) -> None:
        """From the pack key."""
        block = pack_key.ljust(64, b"\0")
        self._inner = hashlib.sha256(block.translate(_INNER_PAD))
        self._outer = hashlib.sha256(block.translate(_OUTER_PAD))

    def key(self, label: bytes) -> bytes:
        """A part's key."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(_INFO + label + _ONE)
        outer.update(inner.digest())
        return outer.digest()


def _part_cipher(pack_key: bytes | PartKeys, label: bytes) -> AESGCM:
    # HKDF-Expand with one block (RFC 5869 §2.3); the pack key is already uniform, so no extract step.
    if isinstance(pack_key, PartKeys):
        return AESGCM(pack_key.key(label))
    return AESGCM(hmac.digest(pack_key, _INFO + label + _ONE, "sha256"))


def seal_part(pack_key: bytes | PartKeys, label: bytes, plain: bytes | bytearray | memoryview) -> bytes:
    """Seal a small part; returns ciphertext and tag."""
    return _part_cipher(pack_key, label).encrypt(_NONCE, plain, label)


def seal_part_into(
    pack_key: bytes | PartKeys,
    label: bytes,
    plain: bytes | bytearray | memoryview,
    out: memoryview,
) -> None:
    """Seal into `out`, which is exactly `len(plain) + TAG_BYTES` long. No megabyte is allocated on the way."""
    _part_cipher(pack_key, label).encrypt_into(_NONCE, plain, label, out)


def open_part(pack_key: bytes, label: bytes, sealed: bytes | bytearray | memoryview, *, pack: str) -> bytes:
    """Open a part of the pack called `pack`.

    Raises:
        PackDamagedError: not what was sealed under this label.
    """
    try:
        return _part_cipher(pack_key, label).decrypt(_NONCE, sealed, label)
    except InvalidTag as why:
        raise PackDamagedError(pack, "a part does not open under its key") from why


def open_part_into(
    pack_key: bytes,
    label: bytes,
    sealed: bytes | bytearray | memoryview,
    out: memoryview,
    *,
    pack: str,
) -> None:
    """As `open_part`, into `out`, which is exactly `len(sealed) - TAG_BYTES` long."""
    try:
        _part_cipher(pack_key, label).decrypt_into(_NONCE, sealed, label, out)
    except InvalidTag as why:
        raise PackDamagedError(pack, "a part does not open under its key") from why


def seal_memo(key: bytes, plain: bytes, random: Callable[[int], bytes]) -> bytes:
    """Seal a small thing that is replaced now and then under one key: 12 random bytes of nonce, ciphertext, tag."""
    nonce = random(12)
    return nonce + AESGCM(key).encrypt(nonce, plain, None)


def open_memo(key: bytes, sealed: bytes) -> bytes | None:
    """What `seal_memo` sealed, or None: state that does not open is state that was lost."""
    try:
        return AESGCM(key).decrypt(sealed[:12], sealed[12:], None)
    except (InvalidTag, ValueError):
        return None
