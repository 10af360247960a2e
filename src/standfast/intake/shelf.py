"""The packs that an accession has under way."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from standfast.vault.packs import FinishedPack, PackWriter


class PackShelf:
    """A worker takes a pack, puts chunks in, and puts it back: so there are as many packs as there is work at once."""

    def __init__(self, folder: Path, recipients: Sequence[str], target_bytes: int) -> None:
        """Packs are written in `folder`. `target_bytes`: a pack of this size is full."""
        self._folder, self._recipients = folder, tuple(recipients)
        self.target_bytes = target_bytes
        self._lock = threading.Lock()
        self._idle: list[PackWriter] = []
        self._busy: set[PackWriter] = set()
        self._finished: list[FinishedPack] = []

    def take(self) -> PackWriter:
        """A pack to write to, for this thread alone until it is put back or closed."""
        with self._lock:
            pack = self._idle.pop() if self._idle else None
        pack = pack or PackWriter(self._folder, self._recipients)
        with self._lock:
            self._busy.add(pack)
        return pack

    def put_back(self, pack: PackWriter) -> None:
        """Not full yet; the next worker goes on with it."""
        with self._lock:
            self._busy.discard(pack)
            self._idle.append(pack)

    def close(self, pack: PackWriter) -> FinishedPack:
        """Finish a pack that was taken."""
        done = pack.finish()
        with self._lock:
            self._busy.discard(pack)
            self._finished.append(done)
        return done

    def finish(self) -> list[FinishedPack]:
        """Finish what is under way and hand over every finished pack. No worker may hold one."""
        while self._idle:
            pack = self._idle.pop()
            if pack.chunk_count:
                self._finished.append(pack.finish())
            else:
                pack.discard()
        done, self._finished = self._finished, []
        return done

    def discard(self) -> None:
        """Throw all of it away. No worker may be writing."""
        with self._lock:
            for pack in (*self._idle, *self._busy):
                pack.discard()
            for done in self._finished:
                done.path.unlink(missing_ok=True)
            self._idle.clear()
            self._busy.clear()
            self._finished.clear()
