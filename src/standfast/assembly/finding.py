"""Finds words in what is held: brings the sealed index up to date, then asks it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from standfast import durable
from standfast.assembly.office import Office
from standfast.holdings.digest import sha256_hex
from standfast.search.child import TextReader
from standfast.search.index import Hits, SearchIndex, remove_index
from standfast.search.query import Question
from standfast.search.update import Tell, update_index
from standfast.vault.folder import inventory_name

TEXT_CHILD = (sys.executable, "-m", "standfast.assembly.text_child")
LOCK = "search.lock"


def find(
    office: Office,
    identities: Sequence[str],
    question: Question,
    *,
    limit: int = 20,
    anew: bool = False,
    tell: Tell | None = None,
) -> tuple[Hits, int, int]:
    """Everything that fits, the best first; how many things are in the index; of how many not all could be read.

    Raises:
        IndexUnusableError, TextReaderError: the index can't be brought up to date.
    """
    with _index(office, identities, anew=anew, tell=tell) as index:
        return (index.find(question, limit), *index.counts())


def digests_of(
    office: Office, identities: Sequence[str], question: Question, *, tell: Tell | None = None
) -> frozenset[str]:
    """The SHA-256 of everything that fits: which messages a restore by words brings back."""
    with _index(office, identities, anew=False, tell=tell) as index:
        return index.digests(question)


@contextmanager
def _index(office: Office, identities: Sequence[str], *, anew: bool, tell: Tell | None) -> Iterator[SearchIndex]:
    reader = office.reader(identities)
    acknowledged = len(reader.history)
    digest = _inventory_digest(office, acknowledged)
    durable.make_folder(office.folder.state, mode=0o700)
    with durable.exclusive_lock(office.folder.state / LOCK, "find") as other:
        if anew and other is None:
            remove_index(office.folder.state)
        index = SearchIndex(office.folder.state, identities[0], digest)
        try:
            # While another process brings it up to date, this one asks what is there.
            if other is None and index.accession < acknowledged:
                with TextReader(TEXT_CHILD) as texts:
                    update_index(index, reader, texts, digest, newest=acknowledged, tell=tell)
            yield index
        finally:
            index.close()


def _inventory_digest(office: Office, acknowledged: int) -> Callable[[int], str | None]:
    def digest(number: int) -> str | None:
        if not 0 < number <= acknowledged:
            return None
        return sha256_hex(office.folder.held(inventory_name(number)).read_bytes())

    return digest
