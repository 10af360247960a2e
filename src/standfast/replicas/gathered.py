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
        self._digests: dict[tuple[str, int], bytes] = {}
        self._made: dict[str, bytes] = {}

    @property
    def location(self) -> str:
        """Where all of them are."""
        return ", ".join(copy.location for copy in self.copies)

    def read(self, name: str) -> bytes:
        """A whole object. One that comes with other bytes the second time is refused: what was checked is taken."""
        if name in self._made:
            return self._made[name]
        for place in range(self._start.get(name, 0), len(self.copies)):
            try:
                data = self.copies[place].read(name)
            except FileNotFoundError:
                continue
            if place and self._digests.setdefault((name, place), digest := hashlib.sha256(data).digest()) != digest:
                raise OSError(
                    errno.EIO, f"{self.copies[place].location} gave other bytes when it was asked again", name
                )
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
        if name in self._made:
            return len(self._made[name])
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

    def take_from(self, name: str, place: int) -> None:
        """Take an object from this copy, and no earlier one."""
        self._start[name] = place

    def give(self, name: str, data: bytes) -> None:
        """Give these bytes for an object, which is right in no copy and was made again."""
        self._made[name] = data

    def is_made(self, name: str) -> bool:
        """Whether `give` gave it."""
        return name in self._made

    def turn_from(self, name: str) -> bool:
        """Take an object from a later copy than now. False, and no change, where no later one has it."""
        now = self.find_place(name)
        for place in range(len(self.copies) if now is None else now + 1, len(self.copies)):
            if self.copies[place].size(name) is not None:
                self._start[name] = place
                return True
        return False
