"""Reads leaves and makes proofs from tiles that nobody has to trust: each is checked against the checkpoint's root."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator

from standfast.errors.tlog import TileError
from standfast.tlog.bundles import parse_bundle
from standfast.tlog.checkpoint import Checkpoint
from standfast.tlog.edge import Read, RightEdge, read_edge, read_hashes
from standfast.tlog.paths import LEVEL_BITS, TILE_WIDTH, needed_tile
from standfast.tlog.tree import consistency_ranges, fold, inclusion_ranges, leaf_hashes, peaks, perfect_root

CACHED_TILES = 128
"""About 17 kB each."""


class LogReader:
    """A log at one checkpoint. What it returns is what the checkpoint's root commits to, or an error names the tile.

    Safe to call from several threads, which then take turns. Nothing is read before it is asked for; at most
    `CACHED_TILES` tiles and one bundle are kept.
    """

    def __init__(self, read: Read, checkpoint: Checkpoint) -> None:
        """Read nothing yet.

        Args:
            read: gives the bytes of a path below tlog/; FileNotFoundError where there is none.
            checkpoint: one that `open_checkpoint` returned.
        """
        self._untrusted_read, self.checkpoint = read, checkpoint
        self._lock = threading.RLock()
        self._edge: RightEdge | None = None
        self._tiles: OrderedDict[tuple[int, int], list[bytes]] = OrderedDict()
        self._bundle: tuple[int, list[bytes]] = (-1, [])

    @property
    def size(self) -> int:
        """Leaves below the checkpoint."""
        return self.checkpoint.size

    def leaf(self, index: int) -> bytes:
        """The entry at `index`.

        Raises:
            ValueError: the log has no such leaf.
            TileError: its bundle, or a tile above it, is missing or damaged.
            OSError: one could not be read.
        """
        self._require_range(index, index + 1)
        with self._lock:
            return self._entries(index // TILE_WIDTH)[index % TILE_WIDTH]

    def leaves(self, start: int, stop: int) -> Iterator[bytes]:
        """The entries start ≤ i < stop, a bundle at a time. Errors as in `leaf`."""
        self._require_range(start, stop)
        while start < stop:
            bundle, first = divmod(start, TILE_WIDTH)
            with self._lock:
                taken = self._entries(bundle)[first : first + stop - start]
            yield from taken
            start += len(taken)

    def inclusion_proof(self, index: int, size: int | None = None) -> list[bytes]:
        """The hashes that `proof.verify_inclusion` takes for leaf `index` at this checkpoint, or an earlier size.

        Errors as in `leaf`.
        """
        size = self._size(size)
        return [self._range_root(start, stop) for start, stop in inclusion_ranges(index, size)]

    def consistency_proof(self, old_size: int, size: int | None = None) -> list[bytes]:
        """The hashes that `proof.verify_consistency` takes from `old_size` to this checkpoint, or an earlier size.

        Errors as in `leaf`.
        """
        size = self._size(size)
        return [self._range_root(start, stop) for start, stop in consistency_ranges(old_size, size)]

    def root_at(self, size: int) -> bytes:
        """The root that this log had at `size` leaves. Errors as in `leaf`."""
        self._require_range(0, size)
        return self._range_root(0, size)

    def _size(self, size: int | None) -> int:
        if size is None:
            return self.checkpoint.size
        self._require_range(0, size)
        return size

    def _require_range(self, start: int, stop: int) -> None:
        if not 0 <= start <= stop <= self.checkpoint.size:
            raise ValueError(f"a log of {self.checkpoint.size} leaves has no leaves {start} to {stop}")

    def _range_root(self, start: int, stop: int) -> bytes:
        with self._lock:
            return fold(self._node(*peak) for peak in peaks(start, stop))

    def _node(self, start: int, stop: int) -> bytes:
        """The root of a perfect subtree, from the highest level of tiles that knows it."""
        level = ((stop - start).bit_length() - 1) // LEVEL_BITS
        first, count = start >> (level * LEVEL_BITS), (stop - start) >> (level * LEVEL_BITS)
        tile, offset = divmod(first, TILE_WIDTH)
        return perfect_root(self._hashes(level, tile)[offset : offset + count])

    def _hashes(self, level: int, index: int) -> list[bytes]:
        """A tile's hashes, proved by the tile above it, and so by the root."""
        held = self._tiles.get((level, index))
        if held is not None:
            self._tiles.move_to_end((level, index))
            return held
        if self._edge is None:
            self._edge = read_edge(self._untrusted_read, self.checkpoint.size, self.checkpoint.root)
        tile = needed_tile(level, index, self.checkpoint.size)
        if tile.width < TILE_WIDTH:
            return list(self._edge.levels[level])
        needed = self._hashes(level + 1, index // TILE_WIDTH)[index % TILE_WIDTH]
        hashes = read_hashes(self._untrusted_read, tile)
        if perfect_root(hashes) != needed:
            raise TileError(tile.text(), "it does not give the hash that the tile above it holds")
        self._tiles[level, index] = hashes
        if len(self._tiles) > CACHED_TILES:
            self._tiles.popitem(last=False)
        return hashes

    def _entries(self, bundle: int) -> list[bytes]:
        if self._bundle[0] != bundle:
            tile = needed_tile(None, bundle, self.checkpoint.size)
            path, needed = tile.text(), self._hashes(0, bundle)
            try:
                entries = parse_bundle(self._untrusted_read(path), tile.width)
            except FileNotFoundError:
                raise TileError(path, "it is missing") from None
            except ValueError as why:
                raise TileError(path, str(why)) from None
            if leaf_hashes(entries) != needed:
                raise TileError(path, "its entries do not give the hashes of its tile")
            self._bundle = (bundle, entries)
        return self._bundle[1]
