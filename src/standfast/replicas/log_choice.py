"""Which copy's tile is right: each is chosen by the hash that the tile above it holds, from the signed root down.

A tile that is right in no copy is made again from what lies below it, where that is right in some copy. So several
copies that are each damaged give one log that is whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from standfast.replicas.destination import ReadableCopy
from standfast.replicas.names import TLOG
from standfast.tlog.bundles import parse_bundle, split_hashes
from standfast.tlog.checkpoint import Checkpoint
from standfast.tlog.edge import RightEdge, edge_tiles
from standfast.tlog.paths import TILE_WIDTH, TilePath
from standfast.tlog.tree import leaf_hashes, perfect_root

TRIES_LIMIT = 20_000
"""Combinations of doubtful hashes tried for one tile, at some 0.1 ms each."""

_Hashes = list[bytes]


@dataclass(frozen=True, slots=True)
class Choice:
    """Where a tile or bundle is right."""

    name: str
    """Its path in a copy."""
    place: int | None
    """Which copy; None for one that was made again."""
    made: bytes = b""


class LogChoice:
    """One pass over the logs of several copies at one checkpoint. The copies are asked in order."""

    def __init__(self, copies: Sequence[ReadableCopy], checkpoint: Checkpoint) -> None:
        """Nothing is read yet."""
        self._copies, self._checkpoint = copies, checkpoint

    def choose(self) -> Iterator[Choice]:
        """Every tile and bundle that is right in some copy, or can be made again; the others are right nowhere."""
        edge = [tile for tile in reversed(edge_tiles(self._checkpoint.size)) if tile]
        found = self._edge(edge)
        for tile, hashes in zip(edge, found or (), strict=False):
            yield from self._settle(tile, hashes)

    def _settle(self, tile: TilePath, right: _Hashes | None) -> Iterator[Choice]:
        """Choose a tile whose hashes are known, and all below it; of one whose are not, nothing can be told."""
        if right is None:
            return
        yield self._choice(tile, right)
        if tile.level == 0:
            bundle = TilePath(None, tile.index, tile.width)
            place = next((place for place, held in self._held(bundle) if held == right), None)
            if place is not None:
                yield Choice(TLOG + bundle.text(), place)
            return
        for child, needed in zip(_children(tile), right, strict=True):
            yield from self._settle(child, self._full(child, needed))

    def _choice(self, tile: TilePath, right: _Hashes) -> Choice:
        place = next((place for place, held in self._held(tile) if held == right), None)
        return Choice(TLOG + tile.text(), place, b"" if place is not None else b"".join(right))

    def _full(self, tile: TilePath, needed: bytes) -> _Hashes | None:
        """The hashes of a full tile whose root is known."""
        for _, held in self._held(tile):
            if perfect_root(held) == needed:
                return held
        return _first_that_fits(self._slots(tile), lambda hashes: perfect_root(hashes) == needed)

    def _edge(self, tiles: Sequence[TilePath]) -> list[_Hashes] | None:
        """The hashes of the partial tiles, greatest level first, that together give the signed root."""

        def split(flat: Sequence[bytes]) -> list[_Hashes]:
            rows, at = [], 0
            for tile in tiles:
                rows.append(list(flat[at : at + tile.width]))
                at += tile.width
            return rows

        def fits(flat: Sequence[bytes]) -> bool:
            rows = dict(zip((tile.level for tile in tiles), split(flat), strict=True))
            depth = len(edge_tiles(self._checkpoint.size))
            edge = RightEdge(self._checkpoint.size, tuple(tuple(rows.get(level, ())) for level in range(depth)))
            return edge.root() == self._checkpoint.root

        whole = [list({b"".join(held): held for _, held in self._held(tile)}.values()) for tile in tiles]
        for tries, chosen in enumerate(product(*whole)):
            flat = [each for hashes in chosen for each in hashes]
            if fits(flat):
                return split(flat)
            if tries >= TRIES_LIMIT:
                break
        found = _first_that_fits([slot for tile in tiles for slot in self._slots(tile)], fits)
        return split(found) if found else None

    def _slots(self, tile: TilePath) -> list[list[bytes]]:
        """For each hash of a tile what it may be: what most sources say first."""
        votes: list[dict[bytes, int]] = [{} for _ in range(tile.width)]
        for source in self._sources(tile):
            for slot, each in zip(votes, source, strict=True):
                if each is not None:
                    slot[each] = slot.get(each, 0) + 1
        return [sorted(slot, key=lambda each, slot=slot: -slot[each]) for slot in votes]  # type: ignore[misc]

    def _sources(self, tile: TilePath) -> Iterator[Sequence[bytes | None]]:
        yield from (held for _, held in self._held(tile))
        if tile.level == 0:
            yield from (held for _, held in self._held(TilePath(None, tile.index, tile.width)))
            return
        below = [[perfect_root(held) for _, held in self._held(child)] for child in _children(tile)]
        if tile.level == 1:
            bundles = (TilePath(None, child.index, TILE_WIDTH) for child in _children(tile))
            for row, bundle in zip(below, bundles, strict=True):
                row += [perfect_root(held) for _, held in self._held(bundle)]
        for vote in range(max(map(len, below), default=0)):
            yield [row[vote] if vote < len(row) else None for row in below]

    def _held(self, tile: TilePath) -> Iterator[tuple[int, _Hashes]]:
        """The hashes in each copy's tile, or the leaf hashes of its bundle; a copy without it is passed over."""
        for place, copy in enumerate(self._copies):
            try:
                raw = copy.read(TLOG + tile.text())
                hashes = _hashes_in(raw, tile.width) if tile.level is None else split_hashes(raw, tile.width)
            except (OSError, ValueError):
                continue
            yield place, hashes


def _hashes_in(bundle: bytes, count: int) -> _Hashes:
    return leaf_hashes(parse_bundle(bundle, count))


def _first_that_fits(slots: Sequence[list[bytes]], fits: Callable[[Sequence[bytes]], bool]) -> _Hashes | None:
    if not all(slots):
        return None
    row = [slot[0] for slot in slots]
    doubtful = [place for place, slot in enumerate(slots) if len(slot) > 1]
    if fits(row):
        return row
    # One wrong hash is the common case; then all combinations, as far as they can be tried.
    for place in doubtful:
        for each in slots[place][1:]:
            if fits([*row[:place], each, *row[place + 1 :]]):
                return [*row[:place], each, *row[place + 1 :]]
    for tries, chosen in enumerate(product(*(slots[place] for place in doubtful))):
        if tries >= TRIES_LIMIT:
            return None
        for place, each in zip(doubtful, chosen, strict=True):
            row[place] = each
        if fits(row):
            return row
    return None


def _children(tile: TilePath) -> list[TilePath]:
    """The full tiles one level down whose roots are this tile's hashes."""
    first = tile.index * TILE_WIDTH
    return [TilePath((tile.level or 0) - 1, first + slot, TILE_WIDTH) for slot in range(tile.width)]
