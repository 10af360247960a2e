"""The right edge: the partial tiles of a log, one a level. They alone give its root, and all that an append needs.

At most 255 hashes a level, so opening a log and adding to it cost the same at a thousand leaves and at a billion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from standfast.errors.tlog import TileError
from standfast.tlog.bundles import split_hashes
from standfast.tlog.paths import TILE_WIDTH, TilePath, hash_count
from standfast.tlog.tree import fold, peaks, perfect_root

Read = Callable[[str], bytes]
"""Gives the bytes of a path below tlog/. FileNotFoundError: not there. Other OSError: not readable, nothing follows."""


@dataclass(frozen=True, slots=True)
class RightEdge:
    """The hashes of the partial tiles of a log."""

    size: int
    """Leaves."""
    levels: tuple[tuple[bytes, ...], ...]
    """By level of tiles from 0; an empty one where the level's last tile is full, or there is none."""

    def root(self) -> bytes:
        """The log's root."""
        return fold(
            perfect_root(hashes[start:stop])
            for hashes in reversed(self.levels)
            for start, stop in peaks(0, len(hashes))
        )


def edge_tiles(size: int) -> list[TilePath | None]:
    """The partial tile of each level that a log of `size` leaves has; None where the level ends in a full one."""
    tiles: list[TilePath | None] = []
    while count := hash_count(len(tiles), size):
        index, width = divmod(count, TILE_WIDTH)
        tiles.append(TilePath(len(tiles), index, width) if width else None)
    return tiles


def read_edge(read: Read, size: int, root: bytes) -> RightEdge:
    """Read the right edge of a log of `size` leaves and require that it gives `root`.

    Raises:
        TileError: a partial tile is missing or has a wrong length, or together they give another root.
        OSError: one could not be read.
    """
    tiles = edge_tiles(size)
    edge = RightEdge(size, tuple(tuple(read_hashes(read, tile)) if tile else () for tile in tiles))
    if edge.root() != root:
        last = next((tile.text() for tile in tiles if tile), "checkpoint")
        raise TileError(last, "with the other partial tiles it does not give the root of the checkpoint")
    return edge


def read_hashes(read: Read, tile: TilePath) -> list[bytes]:
    """The hashes of one tile as it is stored, not checked against any other.

    Raises:
        TileError: missing, or of a wrong length.
        OSError: it could not be read.
    """
    path = tile.text()
    try:
        return split_hashes(read(path), tile.width)
    except FileNotFoundError:
        raise TileError(path, "it is missing") from None
    except ValueError as why:
        raise TileError(path, str(why)) from None


def grow(edge: RightEdge, hashes: Sequence[bytes]) -> tuple[RightEdge, list[tuple[TilePath, bytes]]]:
    """The edge after these leaf hashes are added, and each hash tile that is new, with its bytes.

    No tile that a log of the old size needs is among them.
    """
    tiles: list[tuple[TilePath, bytes]] = []
    levels: list[tuple[bytes, ...]] = []
    arriving: Sequence[bytes] = hashes
    for level in _levels_touched(edge.size + len(hashes)):
        held = edge.levels[level] if level < len(edge.levels) else ()
        if not arriving:
            levels.append(held)
            continue
        row = [*held, *arriving]
        index, full_stop = hash_count(level, edge.size) // TILE_WIDTH, len(row) - len(row) % TILE_WIDTH
        going_up = []
        for start in range(0, full_stop, TILE_WIDTH):
            full = row[start : start + TILE_WIDTH]
            tiles.append((TilePath(level, index, TILE_WIDTH), b"".join(full)))
            going_up.append(perfect_root(full))
            index += 1
        rest = tuple(row[full_stop:])
        if rest:
            tiles.append((TilePath(level, index, len(rest)), b"".join(rest)))
        levels.append(rest)
        arriving = going_up
    return RightEdge(edge.size + len(hashes), tuple(levels)), tiles


def _levels_touched(size: int) -> Iterator[int]:
    level = 0
    while hash_count(level, size):
        yield level
        level += 1
