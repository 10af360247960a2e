"""Several copies read as one: each object from the first that has it, or from a later one where that was wrong."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterator, Sequence

from standfast.replicas.destination import PIECE_BYTES, ReadableCopy


class Gathered:
    """A `ReadableCopy` over others. Nothing is trusted: what it gives is checked like any copy."""

    def __init__(self, copies: Sequence[ReadableCopy]) -> None:
        """The first copy is asked first."""
        self.copies = tuple(copies)
        self._start: dict[str, int] = {}
        self._digests: dict[str, bytes] = {}

    @property
    def location(self) -> str:
        """Where all of them are."""
        return ", ".join(copy.location for copy in self.copies)

    def read(self, name: str) -> bytes:
        """A whole object. What came from another copy than the first is remembered by its digest, for `read_again`."""
        for place in range(self._start.get(name, 0), len(self.copies)):
            try:
                data = self.copies[place].read(name)
            except FileNotFoundError:
                continue
            if place:
                self._digests[name] = hashlib.sha256(data).digest()
            return data
        raise FileNotFoundError(errno.ENOENT, "in no copy", name)

    def read_pieces(self, name: str, piece_bytes: int = PIECE_BYTES) -> Iterator[memoryview]:
        """An object in pieces."""
        place = self.find_place(name)
        if place is None:
            raise FileNotFoundError(errno.ENOENT, "in no copy", name)
        return self.copies[place].read_pieces(name, piece_bytes)

    def size(self, name: str) -> int | None:
        """Its size, or None."""
        place = self.find_place(name)
        return None if place is None else self.copies[place].size(name)

    def list(self, prefix: str = "") -> Iterator[tuple[str, int]]:
        """What any of them lists, once."""
        seen: set[str] = set()
        for copy in self.copies:
            for name, size_bytes in copy.list(prefix):
                if name not in seen:
                    seen.add(name)
                    yield name, size_bytes

    def find_place(self, name: str) -> int | None:
        """Which copy gives an object now; None where none does."""
        for place in range(self._start.get(name, 0), len(self.copies)):
            if self.copies[place].size(name) is not None:
                return place
        return None

    def turn_from(self, name: str) -> bool:
        """Take an object from a later copy than now. False, and no change, where no later one has it."""
        now = self.find_place(name)
        for place in range(len(self.copies) if now is None else now + 1, len(self.copies)):
            if self.copies[place].size(name) is not None:
                self._start[name] = place
                return True
        return False

    def read_again(self, name: str) -> bytes | None:
        """The bytes that `read` gave last; None where the copy now gives others."""
        known = self._digests.get(name)
        data = self.read(name)
        return data if known is not None and hashlib.sha256(data).digest() == known else None
