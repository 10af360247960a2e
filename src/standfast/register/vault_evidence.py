"""Held bytes of sources out of a vault: each with its place in the log and a proof that anyone can check."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from standfast.holdings.canonical import canonical_bytes
from standfast.holdings.item import WebFacts
from standfast.register.evidence import HeldEvidence
from standfast.tlog.proof_text import write_proof
from standfast.tlog.reader import LogReader
from standfast.vault.manifests import HeldItem
from standfast.vault.reader import VaultReader


class VaultEvidence:
    """The vault as an `EvidenceStore`: an item's bytes by the SHA-256 of its record.

    Needs the reading identity. What it tells of a source is its record with the salt, and the proof: that opens
    its own leaf of the log and no other.
    """

    def __init__(self, reader: VaultReader, log: LogReader, *, log_origin: str, checkpoint: bytes) -> None:
        """`log` at the signed `checkpoint`, whose text goes into the proofs."""
        self._reader, self._log = reader, log
        self._origin, self._checkpoint = log_origin, checkpoint
        self._items: dict[str, HeldItem] | None = None
        self._closed: dict[int, str] = {}

    def find(self, sha256: str) -> HeldEvidence | None:
        """As the port says."""
        held = self._by_digest().get(sha256)
        if held is None:
            return None
        proof = write_proof(held.leaf, self._log.inclusion_proof(held.leaf), self._checkpoint)
        facts = held.record.facts
        return HeldEvidence(
            sha256=sha256,
            size_bytes=held.record.size_bytes,
            captured_at=held.record.captured_at,
            log_origin=self._origin,
            log_index=held.leaf,
            logged_at=self._closed.get(held.accession, ""),
            proof=proof.decode("utf-8"),
            record=canonical_bytes(held.record).decode("utf-8"),
            salt=base64.b64encode(held.salt).decode("ascii"),
            url=facts.url if isinstance(facts, WebFacts) else "",
        )

    def pieces(self, sha256: str) -> Iterator[bytes]:
        """As the port says.

        Raises:
            FileNotFoundError: not held.
            FixityMismatchError, PackMissingError, PackDamagedError: the bytes can't be had as they were sealed.
        """
        held = self._by_digest().get(sha256)
        if held is None:
            raise FileNotFoundError(sha256)
        return (bytes(piece) for piece in self._reader.pieces(held))

    def newest_of(self, url: str) -> HeldItem | None:
        """The newest capture of an address that the server answered with success."""
        found = [
            each
            for each in self._by_digest().values()
            if isinstance(each.record.facts, WebFacts)
            and each.record.facts.url == url
            and each.record.facts.status < 300
        ]
        return max(found, key=lambda each: each.record.captured_at, default=None)

    def named(self, prefix: str, sha256: str) -> HeldItem | None:
        """The item with these bytes, when its name begins so."""
        held = self._by_digest().get(sha256)
        return held if held is not None and held.record.name.startswith(prefix) else None

    def _by_digest(self) -> dict[str, HeldItem]:
        if self._items is None:
            self._items = {each.record.sha256: each for each in self._reader.every_item()}
            self._closed = {each.number: each.closed_at for each in self._reader.history}
        return self._items
