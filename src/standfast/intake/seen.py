"""What intake remembers of an origin, so that a second capture is cheap. Names nothing; can be lost without loss.

A row holds keyed digests of a thing's key and mark, a memo sealed under a key that only the thing's own key gives,
and the opaque id of the item. Who has the file and the dedup key can test whether a path or address that they guess
was captured, and nothing more.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from standfast.seal.encrypt import open_memo, seal_memo
from standfast.vault.state_file import InventoryDigest, note_stand, open_state_file

HASH_BYTES = 16
IN_MEMORY_ROWS = 200_000
"""Up to here all rows are kept in memory (about 40 MB); beyond, each is asked for."""
ASKED_SINGLY = 1_000
"""A run that asks for fewer rows than this does not pay for reading all of them."""
SCHEMA = """CREATE TABLE IF NOT EXISTS seen (
  n INTEGER PRIMARY KEY, key BLOB UNIQUE NOT NULL, mark BLOB NOT NULL, content BLOB NOT NULL, memo BLOB NOT NULL, item
  TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS prepared (
  key BLOB PRIMARY KEY, mark BLOB NOT NULL, content BLOB NOT NULL, memo BLOB NOT NULL, item TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS prepared_for (
  one INTEGER PRIMARY KEY CHECK (one = 1), accession INTEGER NOT NULL, inventory TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS run (id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS complete (one INTEGER PRIMARY KEY CHECK (one = 1));
CREATE TABLE IF NOT EXISTS whole (one INTEGER PRIMARY KEY CHECK (one = 1), memo BLOB NOT NULL);"""
_UPSERT = (
    "INSERT INTO seen (key, mark, content, memo, item) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (key) DO UPDATE SET"
    " mark = excluded.mark, content = excluded.content, memo = excluded.memo, item = excluded.item"
)

_OLD_ROW = "CASE WHEN n <= ? THEN n ELSE 0 END"
"""Rows of this run count as number 0, which no row has: only those of earlier runs can be gone."""


@dataclass(frozen=True, slots=True)
class SeenItem:
    """What was taken in last under a key: its item, and keyed digests of its mark and content."""

    item: str
    mark: bytes
    content: bytes


class SeenState:
    """The memory of one origin, for one run. Used by one thread."""

    def __init__(
        self,
        path: Path,
        dedup_key: bytes,
        origin: str,
        inventory_digest: InventoryDigest,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """Open or make the file; one that is of another line of holdings is thrown away."""
        self._key = hmac.digest(dedup_key, b"standfast/seen/v1\0" + origin.encode(), "sha256")
        self._random = random
        self._last_key = self._last_hashed = b""
        self._db = open_state_file(path, SCHEMA, inventory_digest)
        self._keep_prepared(inventory_digest)
        count = self._db.execute("SELECT count(*) FROM seen").fetchone()[0]
        self.unfounded = self._db.execute("SELECT 1 FROM complete").fetchone() is None
        """No run was complete since the memory began: the next one that is tells all that the origin holds."""
        self._newest_row: int = self._db.execute("SELECT max(n) FROM seen").fetchone()[0] or 0
        self._met = bytearray(self._newest_row // 8 + 1)
        self._staged: dict[bytes, tuple[bytes, bytes, bytes, str]] = {}
        self._rows: dict[bytes, tuple[int, bytes]] | None = None
        self._until_read = ASKED_SINGLY if count <= IN_MEMORY_ROWS else -1

    def unchanged(self, pairs: Sequence[tuple[bytes, bytes]]) -> list[bool]:
        """For each (key, mark): was it taken in with this very mark? Those that were count as met."""
        answers = []
        blake2b, secret, met = hashlib.blake2b, self._key, self._met
        for key, mark in pairs:
            row = self._row(blake2b(key, key=secret, digest_size=HASH_BYTES).digest())
            same = row is not None and row[1] == blake2b(mark, key=secret, digest_size=HASH_BYTES).digest()
            if same and row is not None:
                met[row[0] >> 3] |= 1 << (row[0] & 7)
            answers.append(same)
        return answers

    def recall(self, key: bytes) -> bytes | None:
        """The memo that was landed with this key last time, or None. The empty key: of the origin as a whole."""
        if key:
            row = self._db.execute("SELECT memo FROM seen WHERE key = ?", (self.hashed(key),)).fetchone()
        else:
            row = self._db.execute("SELECT memo FROM whole").fetchone()
        return open_memo(self._memo_key(key), row[0]) if row and row[0] else None

    def meet(self, keys: Sequence[bytes]) -> None:
        """These are still there, whatever else is known of them."""
        for key in keys:
            row = self._row(self.hashed(key))
            if row is not None:
                self._met[row[0] >> 3] |= 1 << (row[0] & 7)

    def find(self, key: bytes) -> SeenItem | None:
        """What was taken in last under this key, if anything."""
        hashed = self._hashed_key(key)
        if hashed in self._staged:
            mark, content, _, item = self._staged[hashed]
            return SeenItem(item, mark, content)
        if self._rows is not None and hashed not in self._rows:
            return None
        row = self._db.execute("SELECT item, mark, content FROM seen WHERE key = ?", (hashed,)).fetchone()
        return SeenItem(*row) if row else None

    def hashed(self, value: bytes) -> bytes:
        """The keyed digest under which a value is remembered."""
        return hashlib.blake2b(value, key=self._key, digest_size=HASH_BYTES).digest()

    def stage(self, key: bytes, *, mark: bytes, content: bytes, memo: bytes, item: str) -> None:
        """To be remembered once the accession under way is acknowledged. An empty mark will never match."""
        sealed = seal_memo(self._memo_key(key), memo, self._random) if memo else b""
        hashed = self._hashed_key(key)
        self._staged[hashed] = (
            self.hashed(mark) if mark else b"",
            self.hashed(content),
            sealed,
            item,
        )
        row = self._row(hashed)
        if row is not None:
            self._met[row[0] >> 3] |= 1 << (row[0] & 7)

    def prepare(self, accession: int, inventory: str) -> None:
        """Just before the log takes the accession: were we cut off right after, what it brought is known all the same.

        Else the next run would take all of it in a second time.
        """
        with self._db:
            self._db.execute("DELETE FROM prepared")
            self._db.executemany(
                "INSERT INTO prepared VALUES (?, ?, ?, ?, ?)", ((key, *row) for key, row in self._staged.items())
            )
            self._db.execute("INSERT OR REPLACE INTO prepared_for VALUES (1, ?, ?)", (accession, inventory))

    def keep(self, accession: int, inventory: str) -> None:
        """The accession is acknowledged: remember what it staged. What was known of the whole is so no longer."""
        with self._db:
            self._db.execute("DELETE FROM whole")
            self._forget_prepared()
            self._db.executemany(_UPSERT, ((key, *row) for key, row in self._staged.items()))
            note_stand(self._db, accession, inventory)
        if self._rows is not None:
            for key, (mark, *_) in self._staged.items():
                self._rows[key] = (self._rows.get(key, (0,))[0], mark)
        self._staged.clear()

    def begin_run(self, run: str) -> tuple[str, ...]:
        """Note that a run brings items; returns all that did since the memory began."""
        with self._db:
            self._db.execute("INSERT OR IGNORE INTO run VALUES (?)", (run,))
        return tuple(each for (each,) in self._db.execute("SELECT id FROM run ORDER BY rowid"))

    def end_run(self, memo: bytes = b"") -> None:
        """A complete run was acknowledged: from now on what is gone is told item by item.

        `memo`: what the capture wants to recall of the origin as a whole.
        """
        with self._db:
            if memo:
                sealed = seal_memo(self._memo_key(b""), memo, self._random)
                self._db.execute("INSERT OR REPLACE INTO whole VALUES (1, ?)", (sealed,))
            self._db.execute("INSERT OR IGNORE INTO complete VALUES (1)")
            self._db.execute("DELETE FROM run")

    def forget(self) -> None:
        """The accession under way is given up."""
        self._staged.clear()

    def not_met(self) -> Iterator[tuple[int, str]]:
        """(row, item) of everything of earlier runs that this run did not meet."""
        rows = self._db.execute("SELECT n, item FROM seen WHERE n <= ? ORDER BY n", (self._newest_row,))
        for n, item in rows:
            if not self._met[n >> 3] & 1 << (n & 7):
                yield n, item

    def drop(self, rows: Sequence[int]) -> None:
        """What is gone is no longer remembered: should it come back, it is new."""
        with self._db:
            self._db.executemany("DELETE FROM seen WHERE n = ?", ((n,) for n in rows))

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _keep_prepared(self, inventory_digest: InventoryDigest) -> None:
        """After a cut: what was prepared is kept if the log took that very accession, else forgotten."""
        row = self._db.execute("SELECT accession, inventory FROM prepared_for").fetchone()
        if row is None:
            return
        with self._db:
            if inventory_digest(row[0]) == row[1]:
                self._db.execute("DELETE FROM whole")
                self._db.executemany(_UPSERT, self._db.execute("SELECT * FROM prepared").fetchall())
                note_stand(self._db, *row)
            self._forget_prepared()

    def _forget_prepared(self) -> None:
        self._db.execute("DELETE FROM prepared")
        self._db.execute("DELETE FROM prepared_for")

    def _row(self, hashed: bytes) -> tuple[int, bytes] | None:
        if self._until_read > 0:
            self._until_read -= 1
        elif self._until_read == 0 and self._rows is None:
            self._rows = {
                key: (n, mark)
                for key, n, mark in self._db.execute(f"SELECT key, {_OLD_ROW}, mark FROM seen", self._newest)
            }
        if self._rows is not None:
            return self._rows.get(hashed)
        row = self._db.execute(f"SELECT {_OLD_ROW}, mark FROM seen WHERE key = ?", (*self._newest, hashed)).fetchone()
        return (row[0], row[1]) if row else None

    @property
    def _newest(self) -> tuple[int]:
        return (self._newest_row,)

    def _hashed_key(self, key: bytes) -> bytes:
        """As `hashed`; a key is looked for and then staged, and is hashed once."""
        if key is not self._last_key:
            self._last_key, self._last_hashed = key, self.hashed(key)
        return self._last_hashed

    def _memo_key(self, key: bytes) -> bytes:
        return hmac.digest(self._key, b"memo\0" + key, "sha256")
