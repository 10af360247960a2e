"""What of a mail origin comes back: its folders as they stood, and in each the messages that are asked for.

What stands in a folder is said by the folder's own list. A message that was captured after that list was made, as by a
run that was cut off, is put where it stood when it was captured: it is newer than the list, and was not deleted.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from standfast.errors.restore import NothingHeldError
from standfast.holdings.item import CardFacts, MailboxFacts, MailFacts
from standfast.holdings.mail_dates import header_moment
from standfast.holdings.mailbox import GREATEST_UID, MailboxHead, MessageLine, read_mailbox, received_moment
from standfast.restore.plan import HoldingsReader
from standfast.vault.manifests import HeldItem

LIST_LIMIT_BYTES = 1 << 30
NOT_SELECTABLE = {"\\noselect", "\\nonexistent"}
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class MailChoice:
    """A part of a mailbox; all of it, where nothing is asked for."""

    since: datetime | None = None
    before: datetime | None = None
    """By INTERNALDATE, else by the Date header: `since` is part of it, `before` is not."""
    folders: tuple[str, ...] = ()
    """Patterns of folders' names, `*` for any characters; what lies below one that fits comes too."""
    digests: frozenset[str] | None = None
    """Only messages with these SHA-256, as `find` gives them."""

    @property
    def is_all(self) -> bool:
        """Whether every message is wanted, so that folders without any come back too."""
        return self.since is None and self.before is None and self.digests is None


@dataclass(frozen=True, slots=True)
class ChosenFolder:
    """A folder, and those of its messages that come back, by UID."""

    head: MailboxHead
    lines: tuple[MessageLine, ...]


@dataclass(slots=True, kw_only=True)
class ChosenMail:
    """What comes back of one origin."""

    folders: list[ChosenFolder] = field(default_factory=list)
    messages: dict[str, HeldItem] = field(default_factory=dict)
    """The items that hold the messages, by SHA-256."""
    cards: list[HeldItem] = field(default_factory=list)
    """Contacts and calendar entries."""
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    """Lists of folders that can't be read: name and reason."""

    @property
    def message_count(self) -> int:
        """Messages in folders; one in two folders counts twice."""
        return sum(len(folder.lines) for folder in self.folders)

    def items(self) -> list[HeldItem]:
        """Every item that comes back."""
        wanted = {line.sha256 for folder in self.folders for line in folder.lines}
        return [*(held for digest, held in self.messages.items() if digest in wanted), *self.cards]


def choose_mail(
    reader: HoldingsReader, origin: str, choice: MailChoice | None = None, *, at: datetime | None = None
) -> ChosenMail:
    """Read the folders' lists, and choose.

    Raises:
        NothingHeldError: of this origin no mail, contact or calendar entry is held that fits.
    """
    choice = choice or MailChoice()
    chosen, lists = ChosenMail(), []
    for held in reader.items(origin, at):
        if isinstance(held.record.facts, MailFacts):
            chosen.messages[held.record.sha256] = held
        elif isinstance(held.record.facts, MailboxFacts):
            lists.append(held)
        elif isinstance(held.record.facts, CardFacts):
            chosen.cards.append(held)
    folders = _with_newer(_read_lists(reader, lists, chosen), chosen.messages)
    for head, lines in folders:
        if not _folder_fits(head, choice.folders):
            continue
        kept = tuple(line for line in lines if _fits(line, chosen.messages.get(line.sha256), choice))
        if kept or (choice.is_all and not NOT_SELECTABLE & {each.lower() for each in head.attributes}):
            chosen.folders.append(ChosenFolder(head, kept))
    if not choice.is_all or choice.folders:
        chosen.cards = []
    if not (chosen.folders or chosen.cards or chosen.unreadable):
        raise NothingHeldError(origin)
    chosen.folders.sort(key=lambda folder: (folder.head.folder.upper() != "INBOX", folder.head.folder))
    return chosen


def moment_of(line: MessageLine, held: HeldItem | None) -> datetime | None:
    """When a message came: INTERNALDATE, else its Date header, else unknown."""
    moment = received_moment(line.received)
    if moment is None and held is not None and isinstance(held.record.facts, MailFacts):
        return header_moment(held.record.facts.date)
    return moment


_Folders = list[tuple[MailboxHead, list[MessageLine]]]


def _read_lists(
    reader: HoldingsReader, lists: list[HeldItem], chosen: ChosenMail
) -> dict[str, tuple[HeldItem | None, MailboxHead, list[MessageLine]]]:
    folders: dict[str, tuple[HeldItem | None, MailboxHead, list[MessageLine]]] = {}
    for held in lists:
        try:
            head, lines = read_mailbox(reader.read(held, LIST_LIMIT_BYTES))
        except ValueError as why:
            chosen.unreadable.append((held.record.name, f"its list can't be read: {why}"))
            continue
        folders[head.folder] = (held, head, lines)
    return folders


def _with_newer(
    folders: dict[str, tuple[HeldItem | None, MailboxHead, list[MessageLine]]], messages: dict[str, HeldItem]
) -> _Folders:
    """Add to each folder what was captured after its list."""
    listed = {line.sha256 for _, _, lines in folders.values() for line in lines}
    delimiter = next((head.delimiter for _, head, _ in folders.values() if head.delimiter), "/")
    for digest, held in messages.items():
        if digest in listed:
            continue
        for name in _folders_then(held):
            known = folders.setdefault(name, (None, MailboxHead(folder=name, delimiter=delimiter), []))
            if known[0] is None or held.leaf > known[0].leaf:
                known[2].append(_line_of(held, known[2]))
    return [(head, lines) for _, head, lines in folders.values()]


def _folders_then(held: HeldItem) -> Iterator[str]:
    facts = held.record.facts
    assert isinstance(facts, MailFacts)
    yield from facts.folders or ("INBOX",)


def _line_of(held: HeldItem, before: list[MessageLine]) -> MessageLine:
    facts, record = held.record.facts, held.record
    assert isinstance(facts, MailFacts)
    uid = before[-1].uid + 1 if before else 1
    received = facts.received if received_moment(facts.received) else ""
    return MessageLine(
        received=received, sha256=record.sha256, size_bytes=record.size_bytes, uid=min(uid, GREATEST_UID)
    )


def _folder_fits(head: MailboxHead, globs: tuple[str, ...]) -> bool:
    if not globs:
        return True
    patterns = [*globs, *(f"{glob}{head.delimiter}*" for glob in globs if head.delimiter)]
    return any(fnmatch.fnmatchcase(head.folder, pattern) for pattern in patterns)


def _fits(line: MessageLine, held: HeldItem | None, choice: MailChoice) -> bool:
    if choice.digests is not None and line.sha256 not in choice.digests:
        return False
    if choice.since is None and choice.before is None:
        return True
    moment = moment_of(line, held)
    if moment is None:
        return False
    return (choice.since is None or moment >= choice.since) and (choice.before is None or moment < choice.before)
