"""Reads out of a mailbox whom it wrote to, which lists write to it, and which services know its address."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from standfast.errors.base import StandfastError
from standfast.holdings.item import MailFacts
from standfast.restore.mail.choice import ChosenMail, moment_of
from standfast.restore.plan import HoldingsReader
from standfast.vault.manifests import HeldItem

SERVICES = Path(__file__).with_name("services.toml")
HEADER_LIMIT = 64 * 1024
PEOPLE_LIMIT = 2_000
LISTS_LIMIT = 2_000
_ADDRESS = re.compile(r"[^\s<>@,;:\"()\[\]\\]{1,64}@[^\s<>@,;:\"()\[\]\\]{1,255}")
_LIST = re.compile(rb"^List-(Id|Unsubscribe):[ \t]*((?:[^\r\n]|\r?\n[ \t]){0,2000})", re.MULTILINE | re.IGNORECASE)
_ENDED = re.compile(rb"\r?\n\r?\n")
_FOLD = re.compile(rb"\r?\n[ \t]+")


@dataclass(slots=True, kw_only=True)
class Person:
    """Somebody whom the account wrote to."""

    address: str
    name: str = ""
    written_to: int = 0
    heard_from: int = 0
    last: datetime | None = None
    digests: list[str] = field(default_factory=list)
    """Of the messages between the two, in the order of the folders."""


@dataclass(slots=True, kw_only=True)
class MailingList:
    """A list that writes to the account."""

    identity: str
    name: str = ""
    count: int = 0
    last: datetime | None = None
    leave: str = ""
    """What the list says about leaving it; from outside, and shown as text alone."""


@dataclass(slots=True, kw_only=True)
class Service:
    """A sender that looks as if the address were an account there."""

    domain: str
    kinds: Counter[str] = field(default_factory=Counter)
    last: datetime | None = None
    example: str = ""


@dataclass(slots=True, kw_only=True)
class Continuity:
    """All of it, the nearest first."""

    own: frozenset[str]
    people: list[Person]
    lists: list[MailingList]
    services: list[Service]


@cache
def _data() -> Mapping[str, Any]:
    import tomllib

    return tomllib.loads(SERVICES.read_text(encoding="utf-8"))


def gather(
    reader: HoldingsReader, chosen: ChosenMail, own: Iterable[str], *, since: datetime | None = None
) -> Continuity:
    """Go through a mailbox.

    Args:
        reader: for the headers of what was received.
        chosen: the mailbox.
        own: addresses that are the account's own; those that wrote what lies in its folder for sent mail are, too.
        since: what came before does not count.
    """
    mine = frozenset(each.lower() for each in own) | _senders(chosen)
    people: dict[str, Person] = {}
    lists: dict[str, MailingList] = {}
    services: dict[str, Service] = {}
    for digest, moment in _once(chosen, since).items():
        held = chosen.messages.get(digest)
        if held is None or not isinstance(held.record.facts, MailFacts):
            continue
        facts = held.record.facts
        sender = _parsed(facts.sender[:1])
        if sender and sender[0][1] in mine:
            for name, address in _parsed((*facts.to, *facts.cc)):
                if address not in mine:
                    _met(people, name, address, digest, moment).written_to += 1
            continue
        if sender:
            name, address = sender[0]
            _met(people, name, address, digest, moment).heard_from += 1
            _note_service(services, address, facts.subject, moment)
        _note_list(lists, _list_headers(reader, held), sender[0][0] if sender else "", moment)
    known = [each for each in people.values() if each.written_to and not _is_machine(each.address)]
    return Continuity(
        own=mine,
        people=sorted(known, key=lambda each: (-each.written_to, _stamp(each.last), each.address))[:PEOPLE_LIMIT],
        lists=sorted(lists.values(), key=lambda each: (_stamp(each.last), each.identity))[:LISTS_LIMIT],
        services=sorted(services.values(), key=lambda each: (_stamp(each.last), each.domain))[:LISTS_LIMIT],
    )


def _stamp(moment: datetime | None) -> float:
    """The newest first."""
    return -moment.timestamp() if moment else 0.0


def _once(chosen: ChosenMail, since: datetime | None) -> dict[str, datetime | None]:
    """Each message once, and when it came."""
    found: dict[str, datetime | None] = {}
    for folder in chosen.folders:
        for line in folder.lines:
            moment = moment_of(line, chosen.messages.get(line.sha256))
            if since is None or (moment is not None and moment >= since):
                found.setdefault(line.sha256, moment)
    return found


def _senders(chosen: ChosenMail) -> frozenset[str]:
    """Who wrote what lies in the folder for sent mail."""
    found: Counter[str] = Counter()
    for folder in chosen.folders:
        if folder.head.use.lower() != "\\sent":
            continue
        for line in folder.lines:
            held = chosen.messages.get(line.sha256)
            if held is not None and isinstance(held.record.facts, MailFacts):
                found.update(address for _, address in _parsed(held.record.facts.sender[:1]))
    most = sum(found.values())
    # A message that somebody else wrote and that was moved there by hand makes nobody the owner.
    return frozenset(address for address, count in found.items() if count * 10 >= most)


def _parsed(addresses: Sequence[str]) -> list[tuple[str, str]]:
    """Names and addresses, these in lower case; what is none is left out."""
    out = []
    for each in addresses:
        name, _, rest = each.rpartition("<")
        found = _ADDRESS.search(rest)
        if found:
            out.append((name.strip().strip('"').strip(), found[0].lower()))
    return out


def _met(people: dict[str, Person], name: str, address: str, digest: str, moment: datetime | None) -> Person:
    person = people.setdefault(address, Person(address=address))
    person.digests.append(digest)
    person.name = max(person.name, name, key=len)
    person.last = _later(person.last, moment)
    return person


def _note_service(services: dict[str, Service], address: str, subject: str, moment: datetime | None) -> None:
    kinds = kinds_of(subject)
    if not kinds:
        return
    service = services.setdefault(domain_of(address), Service(domain=domain_of(address)))
    service.kinds.update(kinds)
    if moment is not None and (service.last is None or moment >= service.last):
        service.example = subject
    service.last = _later(service.last, moment)


def kinds_of(subject: str) -> list[str]:
    """What a subject says of an account: `sign-up`, `log-in`, `receipt`.

    Example:
        >>> kinds_of("Votre code de vérification"), kinds_of("About the hearing")
        (['log-in'], [])
    """
    said = plain(subject)
    return [kind for kind, patterns in _data()["kinds"].items() if any(pattern in said for pattern in patterns)]


def domain_of(address: str) -> str:
    """The name that its owner registered, as far as the list of suffixes tells.

    Example:
        >>> domain_of("a@mail.shop.example.co.uk"), domain_of("b@news.example.org")
        ('example.co.uk', 'example.org')
    """
    labels = address.rpartition("@")[2].split(".")
    count = 3 if ".".join(labels[-2:]) in _data()["suffixes"] else 2
    return ".".join(labels[-count:])


def plain(text: str) -> str:
    """Without case, accents and the ways of writing one Arabic letter."""
    letters = unicodedata.normalize("NFKD", text.lower())
    kept = "".join(char for char in letters if not unicodedata.combining(char) and char != "\u0640")
    return kept.translate({0x649: 0x64A, 0x629: 0x647, 0x671: 0x627})


def _is_machine(address: str) -> bool:
    before = address.partition("@")[0].partition("+")[0]
    return before in _data()["machines"]


def _list_headers(reader: HoldingsReader, held: HeldItem) -> dict[bytes, str]:
    """List-Id and List-Unsubscribe, from a message's first bytes."""
    try:
        # Without the end, the digest is not compared: what is read here decides nothing.
        first = b"".join(bytes(piece) for piece in islice(reader.pieces(held), 1))[:HEADER_LIMIT]
    except (StandfastError, OSError):
        return {}
    end = _ENDED.search(first)
    head = first[: end.start()] if end else first
    return {
        found[1].lower(): _FOLD.sub(b" ", found[2]).decode("utf-8", "replace").strip() for found in _LIST.finditer(head)
    }


def _note_list(
    lists: dict[str, MailingList], headers: Mapping[bytes, str], sender: str, moment: datetime | None
) -> None:
    if not headers:
        return
    said = headers.get(b"id", "")
    name, _, identity = said.rpartition("<")
    key = identity.rstrip("> ").lower() or sender or headers[b"unsubscribe"][:100]
    found = lists.setdefault(key[:300], MailingList(identity=key[:300]))
    found.name = name.strip().strip('"')[:200] or sender or found.name
    found.leave = headers.get(b"unsubscribe", found.leave)[:500]
    found.count += 1
    found.last = _later(found.last, moment)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((each for each in (one, other) if each), default=None)
