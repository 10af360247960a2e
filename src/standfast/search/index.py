"""The index: a sealed database of what was read, in `state/`. A projection: it can be lost without loss.

It speaks for the inventories up to one of them, whose digest it names; an index that is ahead of the holdings, of
another line of them, or under another key is thrown away and made again. Why: decision 9.
"""

from __future__ import annotations

import contextlib
import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from standfast.errors.search import IndexUnusableError
from standfast.seal.derive import derive
from standfast.seal.sealed_database import SealedDatabaseError, database_errors, open_sealed_database
from standfast.search.query import Question
from standfast.search.snippet import harmless, snippet
from standfast.search.words import words_of

VERSION = 1
"""Of its form and of what is read: another one is made anew."""
INDEX_NAME = "search.db"
LABEL = "standfast/search/v1"
HELD, GONE, REPLACED = "held", "gone", "replaced"
TEXT_SHOWN = 200_000
"""Characters of a text that are kept to make snippets of."""
_STORED = (
    *("item", "origin", "kind", "name", "sha256", "moment", "date", "attachments", "subject", "sender", "unread"),
)
_FILES = ("", "-wal", "-shm", "-journal")

_SCHEMA = """
CREATE TABLE stand (one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER, accession INTEGER, inventory TEXT);
CREATE TABLE docs (
  id INTEGER PRIMARY KEY, item TEXT, origin TEXT, kind TEXT, name TEXT, sha256 TEXT, state TEXT, run TEXT,
  moment REAL, date TEXT, attachments INTEGER, subject TEXT, sender TEXT, folders TEXT, unread TEXT, shown BLOB
);
CREATE UNIQUE INDEX docs_item ON docs (origin, item);
CREATE INDEX docs_name ON docs (origin, name) WHERE state = 'held';
CREATE INDEX docs_content ON docs (origin, sha256);
CREATE TABLE places (origin TEXT, folder TEXT, sha256 TEXT);
CREATE INDEX places_folder ON places (origin, folder);
CREATE INDEX places_content ON places (origin, sha256);
CREATE TABLE runs (origin TEXT PRIMARY KEY, run TEXT);
CREATE VIRTUAL TABLE words USING fts5 (
  subject, sender, recipients, names, body,
  content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 0'
);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What goes into the index of one item."""

    item: str
    origin: str
    kind: str
    name: str
    sha256: str
    moment: float | None
    """Seconds since 1970: when it came or was made."""
    date: str
    """As it is shown."""
    subject: str = ""
    sender: str = ""
    recipients: str = ""
    names: str = ""
    """Of files: attachments, paths, addresses."""
    folders: tuple[str, ...] = ()
    """Where it stood when it was captured."""
    attachments: int = 0
    body: str = ""
    unread: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """Something that was found."""

    item: str
    origin: str
    kind: str
    name: str
    date: str
    folders: tuple[str, ...]
    subject: str
    sender: str
    snippet: str
    state: str
    """`held`; `gone` from its origin, and held all the same; `replaced` by a later version."""
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """The best ones, and how many there are."""

    hits: tuple[Hit, ...]
    total: int


class SearchIndex:
    """Open until it is closed. For one thread."""

    def __init__(self, state: Path, identity: str, inventory_digest: Callable[[int], str | None]) -> None:
        """Open it, or begin an empty one.

        Args:
            state: the vault's folder of that name.
            identity: the reading identity; the key comes from it, so whoever can't read can't open the index.
            inventory_digest: of an acknowledged inventory, or None where there is none of that number.

        Raises:
            IndexUnusableError: the disk does not take it.
        """
        self._path = state / INDEX_NAME
        key = derive(identity.encode("ascii"), LABEL)
        try:
            db = self._opened(key, inventory_digest)
            if db is None:
                remove_index(state)
                db = open_sealed_database(self._path, key)
                self._path.chmod(0o600)
                db.executescript(_SCHEMA)
                db.execute("INSERT INTO stand VALUES (1, ?, 0, '')", (VERSION,))
        except (SealedDatabaseError, OSError) as why:
            raise IndexUnusableError(str(why)) from why
        except database_errors() as why:
            raise IndexUnusableError(str(why)) from why
        self._db = db

    @property
    def accession(self) -> int:
        """It speaks for everything up to this one."""
        return int(self._db.execute("SELECT accession FROM stand").fetchone()[0])

    @contextlib.contextmanager
    def accession_done(self, number: int, inventory: str) -> Iterator[None]:
        """All of one accession goes in within this block, or nothing.

        Raises:
            IndexUnusableError: the disk does not take it.
        """
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("UPDATE stand SET accession = ?, inventory = ?", (number, inventory))
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
        except database_errors() as why:
            raise IndexUnusableError(str(why)) from why

    def begin_run(self, origin: str, run: str) -> None:
        """What follows of this origin was brought by this run."""
        self._db.execute("INSERT OR REPLACE INTO runs VALUES (?, ?)", (origin, run))

    def has(self, origin: str, item: str) -> bool:
        """Whether the item was read for the index before. If so, it is there again from now on."""
        run = self._run(origin)
        changed = self._db.execute(
            "UPDATE docs SET state = 'held', run = ? WHERE origin = ? AND item = ?", (run, origin, item)
        )
        return changed.rowcount > 0

    def add(self, document: Document) -> None:
        """One more item, instead of an older one of the same name."""
        d = document
        self._db.execute(
            "UPDATE docs SET state = 'replaced' WHERE origin = ? AND name = ? AND state = 'held'", (d.origin, d.name)
        )
        shown = zlib.compress(d.body[:TEXT_SHOWN].encode("utf-8", "replace"), 1)
        fields = {
            **{name: getattr(d, name) for name in _STORED},
            "state": HELD,
            "run": self._run(d.origin),
            "folders": json.dumps(d.folders),
            "shown": shown,
        }
        marks = ", ".join(f":{name}" for name in fields)
        row = self._db.execute(f"INSERT INTO docs ({', '.join(fields)}) VALUES ({marks})", fields).lastrowid
        words = tuple(" ".join(words_of(each)) for each in (d.subject, d.sender, d.recipients, d.names, d.body))
        self._db.execute(
            "INSERT INTO words (rowid, subject, sender, recipients, names, body) VALUES (?, ?, ?, ?, ?, ?)",
            (row, *words),
        )

    def replace(self, origin: str, item: str) -> None:
        """A later version took its place."""
        self._db.execute("UPDATE docs SET state = 'replaced' WHERE origin = ? AND item = ?", (origin, item))

    def lose(self, origin: str, item: str) -> None:
        """It is gone from its origin; it is held all the same."""
        self._db.execute("UPDATE docs SET state = 'gone' WHERE origin = ? AND item = ?", (origin, item))

    def lose_all_but(self, origin: str, runs: Sequence[str]) -> None:
        """What no run of these brought is gone."""
        marks = ", ".join("?" for _ in runs)
        self._db.execute(
            f"UPDATE docs SET state = 'gone' WHERE origin = ? AND state = 'held' AND run NOT IN ({marks})",
            (origin, *runs),
        )

    def stand(self, origin: str, folder: str, digests: Sequence[str]) -> None:
        """These messages stand in the folder now, and no others."""
        self._db.execute("DELETE FROM places WHERE origin = ? AND folder = ?", (origin, folder))
        self._db.executemany("INSERT INTO places VALUES (?, ?, ?)", ((origin, folder, each) for each in digests))

    def find(self, question: Question, limit: int) -> Hits:
        """What fits, the best first; where no words were asked for, the newest first.

        Raises:
            IndexUnusableError: the index can't be read.
        """
        where, values = _conditions(question)
        source = "docs JOIN words ON words.rowid = docs.id" if question.match else "docs"
        order = "bm25(words, 4.0, 2.0, 2.0, 3.0, 1.0), moment DESC" if question.match else "moment DESC, id DESC"
        shown = ("item", "origin", "kind", "name", "date", "folders", "subject", "sender", "state", "sha256", "shown")
        fields = ", ".join(f"docs.{name}" for name in shown)
        try:
            total = self._db.execute(f"SELECT count(*) FROM {source} WHERE {where}", values).fetchone()[0]
            rows = self._db.execute(
                f"SELECT {fields} FROM {source} WHERE {where} ORDER BY {order} LIMIT ?", (*values, limit)
            ).fetchall()
            hits = tuple(self._hit(row, question.words) for row in rows)
        except database_errors() as why:
            raise IndexUnusableError(str(why)) from why
        return Hits(hits=hits, total=total)

    def digests(self, question: Question) -> frozenset[str]:
        """The SHA-256 of everything that fits."""
        where, values = _conditions(question)
        source = "docs JOIN words ON words.rowid = docs.id" if question.match else "docs"
        return frozenset(row[0] for row in self._db.execute(f"SELECT sha256 FROM {source} WHERE {where}", values))

    def counts(self) -> tuple[int, int]:
        """Things in the index, and those of which not everything could be read."""
        row = self._db.execute("SELECT count(*), total(unread != '') FROM docs").fetchone()
        return int(row[0]), int(row[1])

    def close(self) -> None:
        """Close it."""
        self._db.close()

    def _hit(self, row: Sequence[Any], words: frozenset[str]) -> Hit:
        item, origin, kind, name, date, folders, subject, sender, state, sha256, shown = row
        placed = self._db.execute(
            "SELECT DISTINCT folder FROM places WHERE origin = ? AND sha256 = ?", (origin, sha256)
        )
        now = tuple(each[0] for each in placed) or tuple(json.loads(folders))
        text = zlib.decompress(shown).decode("utf-8")
        return Hit(
            item=item,
            origin=origin,
            kind=kind,
            name=name,
            date=date,
            folders=now,
            subject=harmless(subject),
            sender=harmless(sender),
            snippet=snippet(text, words),
            state=state,
            sha256=sha256,
        )

    def _run(self, origin: str) -> str:
        row = self._db.execute("SELECT run FROM runs WHERE origin = ?", (origin,)).fetchone()
        return row[0] if row else ""

    def _opened(self, key: bytes, inventory_digest: Callable[[int], str | None]) -> Connection | None:
        """The index that is there, where it can be believed."""
        if not self._path.is_file():
            return None
        try:
            db = open_sealed_database(self._path, key)
        except SealedDatabaseError:
            return None
        try:
            version, accession, inventory = db.execute("SELECT version, accession, inventory FROM stand").fetchone()
            if version == VERSION and (not accession or inventory_digest(accession) == inventory):
                return db
        except TypeError:
            pass  # its first page is there, and the row is not
        except database_errors():
            pass
        db.close()
        return None


def remove_index(state: Path) -> None:
    """Take the index away; the next question makes it again."""
    for ending in _FILES:
        with contextlib.suppress(FileNotFoundError):
            (state / (INDEX_NAME + ending)).unlink()


def _conditions(question: Question) -> tuple[str, list[object]]:
    where, values = ["state != 'replaced'" if not question.older else "1"], list[object]()
    if question.match:
        where.append("words MATCH ?")
        values.append(question.match)
    for moment, sign in ((question.since, ">="), (question.before, "<")):
        if moment:
            where.append(f"moment {sign} ?")
            values.append(moment.timestamp())
    if question.origin:
        where.append("docs.origin = ?")
        values.append(question.origin)
    if question.has_attachment:
        where.append("attachments > 0")
    if question.folder:
        where.append(
            "(EXISTS (SELECT 1 FROM places p WHERE p.origin = docs.origin AND p.sha256 = docs.sha256"
            " AND p.folder GLOB ?) OR EXISTS (SELECT 1 FROM json_each(docs.folders) WHERE value GLOB ?))"
        )
        values += [_glob(question.folder)] * 2
    return " AND ".join(where), values


def _glob(pattern: str) -> str:
    """SQLite's GLOB, with no character special but `*`."""
    return "".join(f"[{char}]" if char in "?[" else char for char in pattern)
