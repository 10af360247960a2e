"""A copy as a reader of packs sees it: by whole blocks, so that the place does not learn where chunks begin and end."""

from __future__ import annotations

import threading
from collections import OrderedDict

from standfast.replicas.destination import PIECE_BYTES, Destination

BLOCKS_KEPT = 48
AHEAD_COUNT = 8
"""Blocks asked for at once where the one before was just read: a restore goes through packs from end to end."""


class CopySource:
    """A `vault.source.Source` over any destination. Safe to call from several threads."""

    def __init__(self, copy: Destination) -> None:
        """Nothing is asked yet."""
        self._copy = copy
        self._lock = threading.Lock()
        self._blocks: OrderedDict[tuple[str, int], bytes] = OrderedDict()

    def read(self, name: str) -> bytes:
        """A whole object."""
        return self._copy.read(name)

    def size(self, name: str) -> int | None:
        """Its size in bytes, or None."""
        return self._copy.size(name)

    def read_into(self, name: str, offset: int, out: memoryview) -> None:
        """Fill `out` from `offset`."""
        while out:
            number, start = divmod(offset, PIECE_BYTES)
            block = self._block(name, number)
            part = block[start : start + len(out)]
            if not part:
                raise EOFError(f"{name} ends early")
            out[: len(part)] = part
            out, offset = out[len(part) :], offset + len(part)

    def _block(self, name: str, number: int) -> bytes:
        with self._lock:
            held = self._blocks.get((name, number))
            if held is not None:
                self._blocks.move_to_end((name, number))
                return held
            count = AHEAD_COUNT if (name, number - 1) in self._blocks else 1
        got = self._copy.read_range(name, number * PIECE_BYTES, count * PIECE_BYTES)
        with self._lock:
            for each in range(count):
                piece = got[each * PIECE_BYTES : (each + 1) * PIECE_BYTES]
                if piece or not each:
                    self._blocks[name, number + each] = piece
            while len(self._blocks) > BLOCKS_KEPT:
                self._blocks.popitem(last=False)
        return got[:PIECE_BYTES]
