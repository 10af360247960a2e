"""Puts contacts and calendar entries back on a server of them. What is there already is never touched."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from standfast.dav.client import ENDINGS, MEDIA_TYPES, Collection, DavAccess, DavAccount
from standfast.dav.multistatus import Kind
from standfast.errors.base import StandfastError
from standfast.errors.dav import NoCollectionError
from standfast.holdings.item import CardFacts
from standfast.restore.mail.cards import CARD_LIMIT_BYTES
from standfast.restore.plan import HoldingsReader, RestoreResult
from standfast.vault.manifests import HeldItem

_PLAIN = re.compile(r"[A-Za-z0-9@._-]{1,120}")


def restore_cards(
    reader: HoldingsReader, cards: Sequence[HeldItem], kind: Kind, access: DavAccess, result: RestoreResult
) -> None:
    """Put every card of a kind into the collection of its name, made where there is none.

    Where the address is that of one collection, all go there. A second run adds nothing: each card has the same name
    again, and is put only where nothing stands.

    Raises:
        DavError, NetworkError: the server can't be worked with at all.
    """
    wanted = [held for held in cards if held.record.media_type == MEDIA_TYPES[kind]]
    account = DavAccount(access, kind)
    try:
        there = account.collections()
    except NoCollectionError:
        there = []
    only = there[0] if len(there) == 1 and there[0].url.rstrip("/") == access.url.rstrip("/") else None
    by_name = {each.name: each for each in there}
    for held in wanted:
        facts = held.record.facts
        assert isinstance(facts, CardFacts)
        try:
            collection = only or by_name.get(facts.collection) or _made(account, facts.collection)
            by_name.setdefault(facts.collection, collection)
            raw = reader.read(held, CARD_LIMIT_BYTES)
            account.put(collection, _name(facts, held, kind), raw)
        except (StandfastError, ValueError) as why:
            result.fail(held.record.name, str(why))
            continue
        result.items += 1
        result.bytes += len(raw)


def _made(account: DavAccount, name: str) -> Collection:
    return account.make(name, name if _PLAIN.fullmatch(name) else hashlib.sha256(name.encode()).hexdigest()[:16])


def _name(facts: CardFacts, held: HeldItem, kind: Kind) -> str:
    plain = facts.uid if _PLAIN.fullmatch(facts.uid) and not facts.uid.startswith(".") else held.record.sha256[:32]
    return plain + ENDINGS[kind]
