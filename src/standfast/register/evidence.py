"""The port through which the register sees held bytes, and the folder that ships with a register.

The vault's implementation is `vault_evidence`; assembly picks. What a holder says is not trusted: `check_evidence`
reads the bytes to their end and computes the digest itself.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from standfast.errors.register import MalformedRegisterError

PIECE_BYTES = 1024 * 1024
SHA256_HEX = re.compile("[0-9a-f]{64}")


class HeldEvidence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What the public is told of a held source: enough to ask for a proof that it was held, and when."""

    sha256: str
    size_bytes: int
    captured_at: str
    log_origin: str = ""
    """Name of the transparency log that commits to the item; empty when none does."""
    log_index: int = -1
    logged_at: str = ""
    proof: str = ""
    """Text of a C2SP tlog-proof, as it stands."""
    record: str = ""
    """The item's record, canonical JSON: it names the digest, and with the salt it makes the leaf that is proved."""
    salt: str = ""
    """Base64 of 32 bytes. Only a source's own salt: it opens no other leaf."""
    url: str = ""
    """The address that was captured."""


class EvidenceStore(Protocol):
    """Somewhere that holds the bytes of sources, by their SHA-256."""

    def find(self, sha256: str) -> HeldEvidence | None:
        """What is known of the bytes with this digest, or None when they are not held."""
        ...

    def pieces(self, sha256: str) -> Iterator[bytes]:
        """The bytes in order.

        Raises:
            FileNotFoundError: they are not held.
            OSError: they could not be read to their end.
        """
        ...


class FolderEvidence:
    """Bytes in a folder, one file a digest, and `index.jsonl` beside them. Read, never written."""

    def __init__(self, folder: Path) -> None:
        """The folder may be absent: then nothing is held.

        Raises:
            MalformedRegisterError: a line of index.jsonl that is none.
        """
        self._folder = folder
        self._known: dict[str, HeldEvidence] = {}
        index = folder / "index.jsonl"
        for number, raw in enumerate(index.read_bytes().splitlines() if index.is_file() else [], 1):
            try:
                held = msgspec.json.decode(raw, type=HeldEvidence)
            except msgspec.MsgspecError as why:
                raise MalformedRegisterError(index, number, str(why)) from why
            self._known[held.sha256] = held

    def find(self, sha256: str) -> HeldEvidence | None:
        """As the port says; a line of the index without its file is not held."""
        held = self._known.get(sha256)
        return held if held is not None and SHA256_HEX.fullmatch(sha256) and (self._folder / sha256).is_file() else None

    def pieces(self, sha256: str) -> Iterator[bytes]:
        """As the port says."""
        if not SHA256_HEX.fullmatch(sha256):
            raise FileNotFoundError(sha256)
        with (self._folder / sha256).open("rb") as handle:
            while piece := handle.read(PIECE_BYTES):
                yield piece


class SeveralStores:
    """The first of several stores that holds a digest answers for it."""

    def __init__(self, stores: Sequence[EvidenceStore]) -> None:
        """In the order in which they are asked."""
        self._stores = tuple(stores)

    def find(self, sha256: str) -> HeldEvidence | None:
        """As the port says."""
        return next((held for each in self._stores if (held := each.find(sha256)) is not None), None)

    def pieces(self, sha256: str) -> Iterator[bytes]:
        """As the port says."""
        for each in self._stores:
            if each.find(sha256) is not None:
                return each.pieces(sha256)
        raise FileNotFoundError(sha256)


def digests_of(store: EvidenceStore, sha256: str) -> tuple[str, str, int]:
    """SHA-256, SHA-1 and size of the bytes held under a digest, by reading them all.

    SHA-1 only because FollowTheMoney's contentHash asks for it; nothing is checked by it.
    """
    strong, weak, size = hashlib.sha256(), hashlib.sha1(usedforsecurity=False), 0
    for piece in store.pieces(sha256):
        strong.update(piece)
        weak.update(piece)
        size += len(piece)
    return strong.hexdigest(), weak.hexdigest(), size
