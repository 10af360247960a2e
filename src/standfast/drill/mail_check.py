r"""Reads a restored mailbox a second time, and compares it with the lists that were sealed of its folders.

 1. each folder's files are read to their end and digested              mail folders, content
 2. flags and keywords, from files' names and `dovecot-keywords`        flags
 3. files' times                                                        times
 4. contacts and calendar entries are there, each a file                content
 5. where Dovecot is installed, it opens the mailbox and gives all of it    mail server

What a list names must be in its folder. A message that no list names may come back, where it is held; nothing else may.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from standfast.drill.mail_server import MailServer, MailServerError, ServedMessage, served_digest
from standfast.drill.result import EXAMPLES_KEPT, Check, CheckName, Example, check_all, check_none, not_checked
from standfast.errors.base import StandfastError
from standfast.holdings.identifiers import unescape_name
from standfast.holdings.item import CardFacts, MailboxFacts, MailFacts
from standfast.holdings.mail_listing import LISTING_NAME, ListedFolder, read_listing
from standfast.holdings.mailbox import MailboxHead, MessageLine, read_mailbox, received_moment
from standfast.restore.plan import HoldingsReader
from standfast.vault.manifests import HeldItem

Tell = Callable[[int, int], None]
LIST_LIMIT_BYTES = 1 << 30
PIECE_BYTES = 1 << 20
_LETTERS = {"D": "\\Draft", "F": "\\Flagged", "R": "\\Answered", "S": "\\Seen", "T": "\\Deleted"}
_TELL_EVERY = 500


@dataclass(frozen=True, slots=True)
class _File:
    """A message as it lies in the Maildir."""

    sha256: str
    served_sha256: str
    """Of what a server gives for it."""
    flags: frozenset[str]
    mtime_s: float


@dataclass(slots=True)
class MailFindings:
    """What the second reading found. Items are named by their ids."""

    held: Sequence[HeldItem]
    restored: set[str] = field(default_factory=set)
    wrong: set[str] = field(default_factory=set)
    """Restored somewhere, and not as recorded somewhere."""
    found: Counter[CheckName] = field(default_factory=Counter)
    expected: Counter[CheckName] = field(default_factory=Counter)
    examples: dict[CheckName, list[Example]] = field(default_factory=dict)
    strangers: int = 0
    server_unasked: tuple[int, str] | None = None
    """How many messages a mail server should have shown, and why it could not be asked at all."""

    @property
    def identical(self) -> set[str]:
        """Restored wherever they were, and in every respect as recorded."""
        return self.restored - self.wrong

    @property
    def checks(self) -> list[Check]:
        """Each thing compared, in a fixed order; what there was none of is left out."""
        order: tuple[CheckName, ...] = ("mail folders", "content", "flags", "times", "mail server")
        made = [
            check_all(name, self.found[name], self.expected[name], self.examples.get(name, ()))
            for name in order
            if self.expected[name]
        ]
        if self.server_unasked:
            made.append(not_checked("mail server", *self.server_unasked))
        return [*made, check_none("nothing else", self.strangers, self.examples.get("nothing else", ()))]

    def newest_at(self) -> str:
        """When the newest identical item was captured."""
        identical = self.identical
        return max((item.record.captured_at for item in self.held if item.record.id in identical), default="")

    def compare(self, name: CheckName, item: HeldItem | None, where: str, why: str) -> bool:
        """Count one comparison; `why` says in what it differs, and is empty where it does not."""
        self.expected[name] += 1
        if not why:
            self.found[name] += 1
            return True
        self.example(name, item, where, why)
        if item is not None:
            self.wrong.add(item.record.id)
        return False

    def example(self, name: CheckName, item: HeldItem | None, where: str, why: str) -> None:
        """Keep the first few."""
        kept = self.examples.setdefault(name, [])
        if len(kept) < EXAMPLES_KEPT:
            kept.append(Example(item=item.record.id if item else "", name=where, why=why))


def check_mail(
    to: Path, held: Sequence[HeldItem], reader: HoldingsReader, *, tell: Tell | None = None, program: Path | None = None
) -> MailFindings:
    """Compare a restored Maildir with the records of its origin.

    Args:
        to: the Maildir.
        held: all items of the origin.
        reader: for the folders' lists.
        tell: messages read, messages in all.
        program: of Dovecot; without it, files alone are compared.

    Raises:
        OSError: the folder can't be read to its end; nothing was concluded.
    """
    findings = MailFindings(held)
    messages = {item.record.sha256: item for item in held if isinstance(item.record.facts, MailFacts)}
    lists = list(_lists(held, reader, findings))
    listed = {line.sha256 for _, _, lines in lists for line in lines}
    places = _places(to)
    said = _Said(tell, sum(len(lines) for _, _, lines in lists))
    folders: list[tuple[str, list[_File]]] = []
    for item, head, lines in lists:
        if not lines and {"\\noselect", "\\nonexistent"} & {each.lower() for each in head.attributes}:
            findings.restored.add(item.record.id)  # a name alone, that can hold no mail: nothing to bring back
            continue
        place = places.pop(head.folder, None)
        files = list(_files(to, place, said)) if place is not None else []
        _compare_folder(findings, item, head, lines, files, messages, listed, there=place is not None)
        if place is not None:
            folders.append((place, files))
    for name, place in places.items():
        files = list(_files(to, place, said))
        _strangers(findings, name, files, messages, listed)
        folders.append((place, files))
    _compare_cards(findings, to, [item for item in held if isinstance(item.record.facts, CardFacts)])
    if program is not None:
        _compare_server(findings, to, folders, messages, program)
    return findings


def _lists(
    held: Sequence[HeldItem], reader: HoldingsReader, findings: MailFindings
) -> Iterator[tuple[HeldItem, MailboxHead, list[MessageLine]]]:
    for item in held:
        if isinstance(item.record.facts, MailboxFacts):
            try:
                yield (item, *read_mailbox(reader.read(item, LIST_LIMIT_BYTES)))
            except (StandfastError, ValueError) as why:
                findings.compare("mail folders", item, item.record.facts.folder, str(why))


def _places(to: Path) -> dict[str, str]:
    """Where each folder lies, as the restore says, of those that are there."""
    try:
        with (to / LISTING_NAME).open("rb") as file:
            said = {line.folder: line.place for line in read_listing(file) if isinstance(line, ListedFolder)}
    except (FileNotFoundError, ValueError):
        return {}
    return {folder: place for folder, place in said.items() if os.path.isdir(_path(to, place, b"cur"))}


def _path(to: Path, place: str, name: bytes) -> bytes:
    return os.path.join(os.fsencode(to), unescape_name(place), name)


def _compare_folder(
    findings: MailFindings,
    item: HeldItem,
    head: MailboxHead,
    lines: list[MessageLine],
    files: list[_File],
    messages: dict[str, HeldItem],
    listed: set[str],
    *,
    there: bool,
) -> None:
    """Steps 1 to 3 for one folder."""
    by_digest: dict[str, list[_File]] = {}
    for file in files:
        by_digest.setdefault(file.sha256, []).append(file)
    for line in lines:
        held = messages.get(line.sha256)
        found = _take(by_digest.get(line.sha256, []), line)
        if not findings.compare("content", held, head.folder, "" if found else "no file of its folder has its content"):
            continue
        assert found is not None
        if held is not None:
            findings.restored.add(held.record.id)
        wrong = "" if found.flags == set(line.flags) else f"{_words(found.flags)}, recorded {_words(line.flags)}"
        findings.compare("flags", held, head.folder, wrong)
        moment = received_moment(line.received)
        if moment is not None:
            same = int(found.mtime_s) == int(moment.timestamp())
            findings.compare("times", held, head.folder, "" if same else f"{found.mtime_s}, recorded {line.received}")
    rest = [file for left in by_digest.values() for file in left]
    strange = _strangers(findings, head.folder, rest, messages, listed)
    count = len(files) - (len(rest) - strange)
    why = "it is not there" if not there else f"{count} messages, recorded {len(lines)}" if count != len(lines) else ""
    if findings.compare("mail folders", item, head.folder, why):
        findings.restored.add(item.record.id)


def _take(files: list[_File], line: MessageLine) -> _File | None:
    """The file of a line, and no other line's; of several with its content, the one that fits best."""
    if not files:
        return None
    moment = received_moment(line.received)
    fits = [file.flags == set(line.flags) and (not moment or int(file.mtime_s) == moment.timestamp()) for file in files]
    return files.pop(fits.index(True) if True in fits else 0)


def _strangers(
    findings: MailFindings, folder: str, files: Iterable[_File], messages: dict[str, HeldItem], listed: set[str]
) -> int:
    """Count what should not be there; a message that is held and in no list may."""
    strange = 0
    for file in files:
        held = messages.get(file.sha256)
        if held is not None and file.sha256 not in listed:
            findings.restored.add(held.record.id)
            continue
        strange += 1
        findings.example("nothing else", held, folder, "no list of this folder names it")
    findings.strangers += strange
    return strange


class _Said:
    """How far the reading has come."""

    def __init__(self, tell: Tell | None, total: int) -> None:
        self._tell, self._total, self._done = tell, total, 0

    def one(self) -> None:
        self._done += 1
        if self._tell and self._done % _TELL_EVERY == 0:
            self._tell(self._done, max(self._done, self._total))


def _files(to: Path, place: str, said: _Said) -> Iterator[_File]:
    keywords = _keywords(_path(to, place, b"dovecot-keywords"))
    for sub in (b"cur", b"new"):
        for name in sorted(os.listdir(_path(to, place, sub))):
            path = os.path.join(_path(to, place, sub), name)
            letters = os.fsdecode(name.partition(b":2,")[2])
            flags = frozenset(_LETTERS.get(letter) or keywords.get(letter, letter) for letter in letters)
            sha256, served = _digests(path)
            yield _File(sha256, served, flags, os.lstat(path).st_mtime)
            said.one()


def _keywords(path: bytes) -> dict[str, str]:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            pairs = (line.rstrip("\n").partition(" ") for line in file)
            return {chr(ord("a") + int(number)): word for number, _, word in pairs if number.isdecimal()}
    except FileNotFoundError:
        return {}


def _digests(path: bytes) -> tuple[str, str]:
    running = hashlib.sha256()

    def pieces() -> Iterator[bytes]:
        with open(path, "rb") as file:
            while piece := file.read(PIECE_BYTES):
                running.update(piece)
                yield piece

    served = served_digest(pieces())
    return running.hexdigest(), served


def _compare_cards(findings: MailFindings, to: Path, cards: list[HeldItem]) -> None:
    """Step 4."""
    if not cards:
        return
    there = set()
    for room in ("contacts", "calendars"):
        for path in (to / room).rglob("*"):
            if path.is_file() and not path.is_symlink():
                there.add(hashlib.sha256(path.read_bytes()).hexdigest())
    for item in cards:
        found = item.record.sha256 in there
        why = "" if found else "no file of the contacts or calendars has its content"
        if findings.compare("content", item, item.record.name, why):
            findings.restored.add(item.record.id)


def _compare_server(
    findings: MailFindings,
    to: Path,
    folders: list[tuple[str, list[_File]]],
    messages: dict[str, HeldItem],
    program: Path,
) -> None:
    """Step 5. What it shows must be what lies in the files, and these were compared with the records."""
    done, total, started = 0, sum(len(files) for _, files in folders), False
    try:
        with MailServer(program, to) as server:
            started = True
            for place, files in folders:
                served: dict[str, list[ServedMessage]] = {}
                for each in _served(server, place):
                    served.setdefault(each.sha256, []).append(each)
                for file in files:
                    held = messages.get(file.sha256)
                    same = served.get(file.served_sha256, [])
                    findings.compare("mail server", held, place, _served_otherwise(file, same))
                    done += 1
                for _ in itertools.chain.from_iterable(served.values()):
                    findings.strangers += 1
                    findings.example("nothing else", None, place, "the mail server shows it, and no file is it")
    except (MailServerError, OSError) as why:
        if not started:
            findings.server_unasked = (total, f"the mail server on this machine could not be started: {why}")
            return
        findings.expected["mail server"] += total - done
        findings.example("mail server", None, "", str(why))


def _served(server: MailServer, place: str) -> list[ServedMessage]:
    for name in _wire_names(place):
        if (count := server.examine(name)) is not None:
            return server.fetch() if count else []
    return []


def _wire_names(place: str) -> Iterator[bytes]:
    """What a server may call the folder that lies there: its levels joined by `/`, what was escaped as it was."""
    if place == ".":
        yield b"INBOX"
        return
    raw = unescape_name(place).decode("ascii", "replace").removeprefix(".")
    yield re.sub(r"\\([0-9a-f]{2})", lambda found: chr(int(found[1], 16)), raw.replace(".", "/")).encode("utf-8")
    yield raw.replace(".", "/").encode("utf-8")


def _served_otherwise(file: _File, same: list[ServedMessage]) -> str:
    """Take the message of a file out of those with its content; why none fits, where none does."""
    if not same:
        return "the mail server shows no message with its content"
    for n, each in enumerate(same):
        moment = received_moment(each.date.strip().rjust(len("01-Jan-2031 00:00:00 +0000"), "0"))
        if each.flags == file.flags and moment is not None and int(moment.timestamp()) == int(file.mtime_s):
            del same[n]
            return ""
    other = same.pop(0)
    return f"the mail server shows it with {_words(other.flags)}, of {other.date}"


def _words(flags: Iterable[str]) -> str:
    return " ".join(sorted(flags)) or "no flags"
