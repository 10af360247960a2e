"""SQLite files of `state/`: each can be lost without loss, and says up to which inventory it speaks.

A file that is damaged, ahead of the holdings, or of another line of them would claim things that are not held. It is
thrown away, and the machine captures and stores afresh.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

InventoryDigest = Callable[[int], str | None]
"""The digest of an acknowledged inventory, or None where there is none of that number."""

_STAND = """CREATE TABLE IF NOT EXISTS stand (
  one INTEGER PRIMARY KEY CHECK (one = 1), accession INTEGER NOT NULL, inventory TEXT NOT NULL
);"""


def open_state_file(path: Path, schema: str, inventory_digest: InventoryDigest) -> sqlite3.Connection:
    """Open the file if it belongs to these holdings, else begin an empty one.

    The caller guards it against two threads.
    """
    try:
        db = _connect(path, schema)
        row = db.execute("SELECT accession, inventory FROM stand").fetchone()
        if row is None or inventory_digest(row[0]) == row[1]:
            return db
        db.close()
    except sqlite3.DatabaseError:
        pass  # a damaged state file is a lost one
    for ending in ("", "-wal", "-shm", "-journal"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + ending).unlink()
    return _connect(path, schema)


def note_stand(db: sqlite3.Connection, accession: int, inventory: str) -> None:
    """Within the caller's transaction: the file speaks for everything up to this accession."""
    db.execute("INSERT OR REPLACE INTO stand VALUES (1, ?, ?)", (accession, inventory))


def _connect(path: Path, schema: str) -> sqlite3.Connection:
    db = sqlite3.connect(path, check_same_thread=False, isolation_level="DEFERRED")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    db.executescript(schema + _STAND)
    return db
