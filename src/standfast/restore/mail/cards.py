"""Contacts and calendar entries as files: one each, as they were received, and all contacts of a book in one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from standfast.errors.base import StandfastError
from standfast.holdings.item import CardFacts
from standfast.restore.mail.disk_names import safe_name
from standfast.restore.mail.target import MailTarget, Parts
from standfast.restore.plan import HoldingsReader, RestoreResult
from standfast.vault.manifests import HeldItem

CARD_LIMIT_BYTES = 64 << 20
_ROOMS = {"text/vcard": (b"contacts", b".vcf"), "text/calendar": (b"calendars", b".ics")}


def write_cards(target: MailTarget, reader: HoldingsReader, cards: list[HeldItem], result: RestoreResult) -> None:
    """Write every card; what is there already stays.

    Raises:
        OSError: the disk can't be written to.
    """
    books: dict[Parts, list[bytes]] = defaultdict(list)
    for held in cards:
        facts = held.record.facts
        assert isinstance(facts, CardFacts)
        room, ending = _ROOMS.get(held.record.media_type, (b"contacts", b".vcf"))
        folder: Parts = (room, safe_name(facts.collection))
        try:
            raw = reader.read(held, CARD_LIMIT_BYTES)
        except (StandfastError, ValueError) as why:
            result.fail(held.record.name, str(why))
            continue
        name = safe_name(facts.uid or held.record.sha256)[:150].decode("utf-8", "ignore").encode()
        place: Parts = (*folder, b"%b-%b%b" % (name, held.record.sha256[:8].encode(), ending))
        target.make_folder(folder)
        if not target.exists(place):
            result.bytes += target.place(place, (raw,))
        result.items += 1
        if room == b"contacts":
            books[folder].append(raw)
    for book, contacts in books.items():
        joined = (*book[:-1], book[-1] + b".vcf")
        if not target.exists(joined):
            target.place(joined, _joined(contacts))


def _joined(contacts: list[bytes]) -> Iterator[bytes]:
    for raw in contacts:
        yield raw if raw.endswith(b"\n") else raw + b"\r\n"
