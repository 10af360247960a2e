"""Packs by their names: the SHA-256 of the bytes, several at a time. Hashing releases the interpreter lock."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator

from standfast.replicas.destination import ReadableCopy
from standfast.replicas.findings import Findings
from standfast.replicas.names import PACK_LIMIT_BYTES
from standfast.vault.folder import pack_name

Progress = Callable[[int, int], None]
"""Told bytes done and bytes in all, from one thread at a time; often, so it must be quick."""


class PackCheck:
    """Reads every pack of a copy once."""

    def __init__(self, copy: ReadableCopy, findings: Findings, progress: Progress | None) -> None:
        """Nothing is read yet."""
        self._copy, self._findings, self._progress = copy, findings, progress
        self._lock = threading.Lock()
        self._work: Iterator[tuple[str, int | None, int | None]] = iter(())
        self._error: BaseException | None = None
        self._done_bytes = self._total_bytes = 0
        self.good: set[str] = set()
        """Digests of those whose bytes give their name."""

    def run(self, named: dict[str, int], listed: dict[str, int], threads: int) -> None:
        """Check all packs that inventories name, and all others that lie there.

        Args:
            named: digest to size, from inventories that the log opened.
            listed: digest to size as the place lists them. Not trusted.
            threads: how many to read at once.

        Raises:
            ReplicaUnreachableError: the place went away.
        """
        names = sorted(named.keys() | listed.keys())
        self._work = iter([(name, named.get(name), listed.get(name)) for name in names])
        self._total_bytes = sum(named.get(name, listed.get(name, 0)) for name in names)
        crew = [threading.Thread(target=self._serve, daemon=True) for _ in range(max(1, threads))]
        for each in crew:
            each.start()
        for each in crew:
            each.join()
        if self._error is not None:
            raise self._error

    def _serve(self) -> None:
        try:
            while True:
                with self._lock:
                    task = next(self._work, None)
                    if task is None or self._error is not None:
                        return
                self._check(*task)
        except BaseException as why:  # raised again in the thread that waits
            with self._lock:
                self._error = self._error or why

    def _check(self, digest: str, sealed_bytes: int | None, listed_bytes: int | None) -> None:
        name = pack_name(digest)
        limit = PACK_LIMIT_BYTES if sealed_bytes is None else sealed_bytes
        try:
            found, length = self._digest(name, limit)
        except FileNotFoundError:
            self._findings.fault(name, "missing", "an inventory names it, and it is not there")
            return
        except OSError as why:
            self._findings.fault(name, "unreadable", why.strerror or str(why))
            return
        if sealed_bytes is not None and length != sealed_bytes:
            size = f"more than {limit}" if length > limit else str(length)
            self._findings.fault(name, "damaged", f"it has {size} bytes, the inventory says {sealed_bytes}")
        elif found != digest:
            self._findings.fault(name, "damaged", f"its bytes have the SHA-256 {found}")
        else:
            self.good.add(digest)
            if sealed_bytes is None:
                self._findings.note(name, "debris", "whole, but no inventory acknowledged here names it")

    def _digest(self, name: str, limit_bytes: int) -> tuple[str, int]:
        running, length = hashlib.sha256(), 0
        for piece in self._copy.read_pieces(name):
            running.update(piece)
            length += len(piece)
            if self._progress is not None:
                with self._lock:
                    self._done_bytes += len(piece)
                    self._progress(self._done_bytes, self._total_bytes)
            if length > limit_bytes:
                break
        return running.hexdigest(), length
