"""What recovering one origin means, for each kind: restore it, then look at it with other eyes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from standfast.clock import Clock
from standfast.drill.mail_check import check_mail
from standfast.drill.mail_server import find_program
from standfast.drill.result import Check, Example, Rehearsal, check_none
from standfast.drill.site_check import LoadPages, check_site
from standfast.drill.tree_check import check_tree
from standfast.holdings.item import FileFacts, MailFacts, WebFacts
from standfast.restore.files import restore_files
from standfast.restore.mail.folder import restore_mail
from standfast.restore.plan import HoldingsReader, RestoreResult
from standfast.restore.site.browser import load_pages
from standfast.restore.site.restore import restore_whole_site
from standfast.vault.manifests import HeldItem

Tell = Callable[[str, int, int], None]
"""Called with (step, done, in all) now and then; the steps of a scenario are `restore` and `check`."""

FOLDER_BYTES = 4096
"""What an item takes on a disk at least."""


class Scenario(Protocol):
    """How one kind of origin is rehearsed."""

    def room_bytes(self, held: Sequence[HeldItem]) -> int:
        """How much the scratch place must hold, rounded up."""
        ...

    def rehearse(
        self, reader: HoldingsReader, origin: str, held: Sequence[HeldItem], to: Path, *, clock: Clock, tell: Tell
    ) -> Rehearsal:
        """Restore an origin into `to` and check what lies there.

        Args:
            reader: over the copy; its `items` gives `held`.
            origin: its name.
            held: what must come back, at least one item.
            to: a folder that is not there yet.
            clock: for the restore.
            tell: progress.

        Raises:
            StandfastError, OSError: the rehearsal did not come to its end.
        """
        ...


class FilesScenario:
    """A folder comes back, and each thing in it is compared with its record."""

    def room_bytes(self, held: Sequence[HeldItem]) -> int:
        """Contents without holes, and an entry each."""
        solid = (item.record.size_bytes for item in held if not _is_sparse(item))
        return sum(solid) + FOLDER_BYTES * len(held)

    def rehearse(
        self, reader: HoldingsReader, origin: str, held: Sequence[HeldItem], to: Path, *, clock: Clock, tell: Tell
    ) -> Rehearsal:
        """Restore with `restore_files`, check with `check_tree`."""
        restored = restore_files(reader, origin, to, tell=functools.partial(tell, "restore"), clock=clock)
        findings = check_tree(to, held, functools.partial(tell, "check"))
        return Rehearsal(
            items_expected=len(held),
            items_restored=findings.found["items restored"],
            items_identical=findings.identical_count,
            newest_at=findings.newest_at,
            checks=(restore_failures(restored, held), *findings.checks()),
        )


class WebScenario:
    """A site comes back as files, and a browser that reaches nothing else opens every page of it."""

    def __init__(self, load: LoadPages = load_pages) -> None:
        """`load`: opens pages in a browser."""
        self._load = load

    def room_bytes(self, held: Sequence[HeldItem]) -> int:
        """As decoded, and an entry each; rewriting makes pages little longer."""
        payloads = (item.record.facts.payload_bytes for item in held if isinstance(item.record.facts, WebFacts))
        return sum(payloads) * 5 // 4 + FOLDER_BYTES * len(held)

    def rehearse(
        self, reader: HoldingsReader, origin: str, held: Sequence[HeldItem], to: Path, *, clock: Clock, tell: Tell
    ) -> Rehearsal:
        """Restore with `restore_whole_site`, check with `check_site`."""
        say = functools.partial(tell, "restore")
        site = restore_whole_site(reader, origin, to, tell=say, clock=clock)
        exchanges = [item for item in held if isinstance(item.record.facts, WebFacts)]
        look = functools.partial(tell, "check")
        findings = check_site(to, exchanges, site, reader, tell=look, load=self._load)
        return Rehearsal(
            items_expected=len(findings.expected),
            items_restored=len(findings.restored),
            items_identical=len(findings.identical),
            newest_at=findings.newest_at(),
            checks=(restore_failures(site.result, held), *findings.checks),
        )


class MailScenario:
    """A mailbox comes back as a Maildir, its files are read again, and a mail server, where there is one, opens it."""

    def room_bytes(self, held: Sequence[HeldItem]) -> int:
        """A message stands once in each of its folders."""
        return sum(_placed_bytes(item) + FOLDER_BYTES for item in held)

    def rehearse(
        self, reader: HoldingsReader, origin: str, held: Sequence[HeldItem], to: Path, *, clock: Clock, tell: Tell
    ) -> Rehearsal:
        """Restore with `restore_mail`, check with `check_mail`."""
        restored = restore_mail(reader, origin, to, tell=functools.partial(tell, "restore"), clock=clock)
        findings = check_mail(to, held, reader, tell=functools.partial(tell, "check"), program=find_program())
        return Rehearsal(
            items_expected=len(held),
            items_restored=len(findings.restored),
            items_identical=len(findings.identical),
            newest_at=findings.newest_at(),
            checks=(restore_failures(restored, held), *findings.checks),
        )


def restore_failures(restored: RestoreResult, held: Sequence[HeldItem]) -> Check:
    """What the restore itself complained of."""
    items = {item.record.name: item.record.id for item in held} if restored.failures else {}
    examples = (Example(item=items.get(each.what, ""), name=each.what, why=each.why) for each in restored.failures)
    return check_none("failures in restoring", restored.failure_count, examples)


def _placed_bytes(item: HeldItem) -> int:
    facts = item.record.facts
    return item.record.size_bytes * (max(1, len(facts.folders)) if isinstance(facts, MailFacts) else 1)


def _is_sparse(item: HeldItem) -> bool:
    return isinstance(item.record.facts, FileFacts) and item.record.facts.sparse


SCENARIOS: Mapping[str, Scenario] = {
    "files": FilesScenario(),
    "web": WebScenario(),
    "mail": MailScenario(),
    "export": MailScenario(),
}
"""By the kind that manifests name. An origin of another kind is said to be not checked."""
