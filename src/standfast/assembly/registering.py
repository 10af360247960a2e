"""What ties the public register to a vault: sources held there, captures of them, releases that its log commits to."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from standfast import __version__
from standfast.assembly.custody import NoteCapture
from standfast.assembly.office import Office
from standfast.capture.origin import WebOrigin
from standfast.capture.web.crawl import WebCapture
from standfast.errors.register import EvidenceMissingError
from standfast.intake.run import bring_in
from standfast.register.release import LogReceipt
from standfast.register.vault_evidence import VaultEvidence
from standfast.settings import RESERVED_ORIGIN
from standfast.vault.folder import CHECKPOINT_NAME

SOURCES_ORIGIN = "register-sources"
"""Captures of the register's sources come from an origin of this name."""
ANSWER_LIMIT_BYTES = 256 << 20
PAGES_LIMIT = 1
"""A source is one page with what it shows."""


def vault_evidence(office: Office, identities: Sequence[str]) -> VaultEvidence:
    """The vault as the register sees it."""
    return VaultEvidence(
        office.reader(identities),
        office.log_reader(),
        log_origin=office.keyring.log.origin,
        checkpoint=office.folder.held(CHECKPOINT_NAME).read_bytes(),
    )


def capture_source(office: Office, identities: Sequence[str], url: str) -> str:
    """Capture a page with our own web capture into the vault. Returns the SHA-256 of what is held of its answer.

    Raises:
        EvidenceMissingError: the server gave no answer of success, so there is nothing to rest a claim on.
        VaultLockedError: somebody writes.
    """
    origin = WebOrigin(
        name=SOURCES_ORIGIN, url=url, max_pages=PAGES_LIMIT, max_depth=0, max_answer_bytes=ANSWER_LIMIT_BYTES
    )
    capture = WebCapture(origin, tool=f"standfast/{__version__} web", clock=office.clock)
    with office.lock("register"), office.intake() as place:
        bring_in(place, capture, origin=SOURCES_ORIGIN, kind="web", location=url)
    held = vault_evidence(office, identities).newest_of(url)
    if held is None:
        raise EvidenceMissingError("(not yet added)", url, "")
    return held.record.sha256


class VaultReleaseLog:
    """Puts a release's manifest into the vault as an item: its leaf is in the log, whose checkpoint is signed twice."""

    def __init__(self, office: Office, identities: Sequence[str]) -> None:
        """The identities read the item's place back."""
        self._office, self._identities = office, identities

    def log(self, name: str, manifest: bytes) -> LogReceipt:
        """As the port says."""
        with self._office.lock("register"), self._office.intake() as place:
            bring_in(
                place,
                NoteCapture("register-release", manifest, self._office.clock),
                origin=RESERVED_ORIGIN,
                kind="notes",
                location="this vault",
            )
        evidence = vault_evidence(self._office, self._identities)
        digest = sha256(manifest).hexdigest()
        held, item = evidence.find(digest), evidence.named("register-release/", digest)
        if held is None or item is None:
            raise EvidenceMissingError(name, "the release's manifest", digest)
        return LogReceipt(
            log_origin=held.log_origin,
            log_index=held.log_index,
            logged_at=held.logged_at,
            checkpoint=self._office.folder.held(CHECKPOINT_NAME).read_text(encoding="utf-8"),
            item=item.record.id,
        )
