"""Which chunks the vault holds already. Can be lost without loss: what is not known is sealed again."""

from __future__ import annotations

import threading
from pathlib import Path

from standfast.vault.state_file import InventoryDigest, note_stand, open_state_file

IN_MEMORY_IDS = 500_000
"""Up to here all ids are kept in memory once many are asked for (about 50 MB); beyond, each is looked up."""
ASKED_SINGLY = 1_000
SCHEMA = "CREATE TABLE IF NOT EXISTS chunk (id BLOB PRIMARY KEY) WITHOUT ROWID;"


class DedupIndex:
    """Chunk ids of acknowledged accessions on disk, those of the one under way in memory. Safe for several threads.

    Ids are keyed, so the file names nothing.
    """

    def __init__(self, path: Path, inventory_digest: InventoryDigest) -> None:
        """Open or make the file."""
        self._lock = threading.Lock()
        self._fresh: set[bytes] = set()
        self._db = open_state_file(path, SCHEMA, inventory_digest)
        count = self._db.execute("SELECT count(*) FROM (SELECT 1 FROM chunk LIMIT ?)", (IN_MEMORY_IDS + 1,)).fetchone()
        self._empty = not count[0]
        self._known: set[bytes] | None = set() if self._empty else None
        self._until_read = ASKED_SINGLY if count[0] <= IN_MEMORY_IDS else 0

    def claim(self, chunk_id: bytes) -> bool:
        """True when the chunk is not held yet: the caller then must put it into a pack of this accession."""
        with self._lock:
            if chunk_id in self._fresh:
                return False
            if not self._empty and self._holds(chunk_id):
                return False
            self._fresh.add(chunk_id)
            return True

    def _holds(self, chunk_id: bytes) -> bool:
        if self._known is None and self._until_read:
            self._until_read -= 1
            if not self._until_read:
                self._known = {each for (each,) in self._db.execute("SELECT id FROM chunk")}
        if self._known is not None:
            return chunk_id in self._known
        return self._db.execute("SELECT 1 FROM chunk WHERE id = ?", (chunk_id,)).fetchone() is not None

    def keep(self, accession: int, inventory: str) -> None:
        """The accession is acknowledged: its chunks are held from now on."""
        with self._lock, self._db:
            self._db.executemany(
                "INSERT OR IGNORE INTO chunk VALUES (?)",
                ((each,) for each in sorted(self._fresh)),
            )
            note_stand(self._db, accession, inventory)
            self._empty = self._empty and not self._fresh
            if self._known is not None:
                self._known |= self._fresh
                if len(self._known) > IN_MEMORY_IDS:
                    self._known = None
                    self._until_read = 0
            self._fresh.clear()

    def forget(self) -> None:
        """The accession under way is given up: what it claimed is not held."""
        with self._lock:
            self._fresh.clear()

    def close(self) -> None:
        """Close the file."""
        self._db.close()
