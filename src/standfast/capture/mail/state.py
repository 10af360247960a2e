"""What a capture of mail remembers, to ask only for what changed: of each folder, and of the account as a whole.

Kept sealed by intake, beside the folder's item. Some 60 bytes a message after compression, most of them digests.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

HEADER_DIGEST_BYTES = 16
VERSION = 1
LEVEL = 1


class Kept(msgspec.Struct, array_like=True, gc=False):
    """One message of a folder, whose bytes were landed."""

    uid: int
    size_bytes: int
    sha256: bytes
    header: bytes
    """SHA-256 of its header as received, cut to 16 bytes: docs/decisions/0007."""
    received: str
    flags: tuple[str, ...]
    labels: tuple[str, ...] = ()
    same: str = ""
    """What the server calls the message itself, in whatever folder (X-GM-MSGID, EMAILID); empty where it does not."""


class FolderMemo(msgspec.Struct, array_like=True):
    """Of one folder, as it was landed last."""

    version: int
    uid_validity: int
    highest_modseq: int
    """Of the moment at which `messages` held; 0 where there is none, or where something was still wanting."""
    complete: bool
    """All that the folder had was landed."""
    messages: list[Kept]


class FolderMark(msgspec.Struct, array_like=True, frozen=True):
    """What STATUS says of a folder: the same numbers mean that nothing changed in it."""

    name: bytes
    attributes: tuple[str, ...]
    uid_validity: int
    uid_next: int
    messages: int
    highest_modseq: int

    def mark(self) -> bytes:
        """For `Seen.unchanged`; empty, which is never unchanged, where the server does not count changes."""
        return msgspec.msgpack.encode(self) if self.highest_modseq and self.uid_validity else b""


class AccountMemo(msgspec.Struct, array_like=True):
    """Of the account, after a complete run: every folder as it stood, and how many things were held of it."""

    version: int
    folders: list[FolderMark]
    items: int
    size_bytes: int


def header_digest(raw: bytes) -> bytes:
    r"""The digest of a message's header: from its first byte to the end of its first blank line.

    Example:
        >>> header_digest(b"A: b\r\n\r\nbody") == header_digest(b"A: b\r\n\r\n")
        True
    """
    if raw[:2] == b"\r\n":
        return hashlib.sha256(b"\r\n").digest()[:HEADER_DIGEST_BYTES]
    end = raw.find(b"\r\n\r\n")
    head = memoryview(raw)[: end + 4] if end >= 0 else raw
    return hashlib.sha256(head).digest()[:HEADER_DIGEST_BYTES]


def write_folder_memo(memo: FolderMemo) -> bytes:
    """Compressed: flags and dates repeat."""
    import zstandard

    return zstandard.ZstdCompressor(level=LEVEL).compress(msgspec.msgpack.encode(memo))


def read_folder_memo(raw: bytes | None) -> FolderMemo | None:
    """What was remembered, or None: then the folder is captured afresh, and nothing is held twice."""
    if not raw:
        return None
    import zstandard

    try:
        memo = msgspec.msgpack.decode(zstandard.ZstdDecompressor().decompress(raw), type=FolderMemo)
    except (msgspec.MsgspecError, zstandard.ZstdError):
        return None
    return memo if memo.version == VERSION else None


def write_account_memo(folders: Sequence[FolderMark], *, items: int, size_bytes: int) -> bytes:
    """For `Finished.memo`."""
    return msgspec.msgpack.encode(AccountMemo(VERSION, list(folders), items, size_bytes))


def read_account_memo(raw: bytes | None) -> AccountMemo | None:
    """What the last complete run left, or None."""
    if not raw:
        return None
    try:
        memo = msgspec.msgpack.decode(raw, type=AccountMemo)
    except msgspec.MsgspecError:
        return None
    return memo if memo.version == VERSION else None
