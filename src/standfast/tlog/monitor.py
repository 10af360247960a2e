"""Checks a whole copy of a log with no key: every tile, every entry bundle, and that history only grew.

Everything is derived again from what the signed root needs, from the top down: a tile that gives the hash its parent
holds is proved, and so are the hashes in it. Where a tile fails, what lies below it and what it says itself are tried
against the hash that is needed: so of a tile and a bundle that disagree the wrong one is named, not both. In memory are
one tile a level, and one entry for each superseded partial tile that the caller listed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

from standfast.errors.tlog import LogForkError, WrongLogError
from standfast.tlog.bundles import parse_bundle, split_hashes
from standfast.tlog.checkpoint import Checkpoint
from standfast.tlog.edge import Read, RightEdge, edge_tiles
from standfast.tlog.paths import TILE_WIDTH, TilePath, find_tile_path
from standfast.tlog.reader import LogReader
from standfast.tlog.tree import leaf_hashes, perfect_root

Kind = Literal["missing", "unreadable", "wrong", "undecided"]

_FAILED = "it does not give what is needed above it, nor does what lies beside or below it"
_LOST = "it and other files disagree, and nothing above them is left to tell which is wrong"
_UNSURE_SLOTS = 5
_TRIES = 20_000
"""Combinations of doubtful hashes tried in one check, at some 0.1 ms each; no damage by accident takes so many."""


@dataclass(frozen=True, slots=True)
class TileFault:
    """A tile or entry bundle that is not what the checkpoint needs."""

    path: str
    """Below tlog/."""
    kind: Kind
    """`undecided`: it and another file disagree, and nothing above them is left to tell which is wrong."""
    detail: str


def check_tiles(read: Read, checkpoint: Checkpoint, present: Iterable[str] = ()) -> Iterator[TileFault]:
    """Derive a log again from its entries, and yield a fault for every file that is missing or has a wrong byte.

    Some 600,000 leaves a second. No fault means that every file needed is there and is what the root commits to.
    Whether it is the newest checkpoint, and the only history, is for `verify_growth` and other copies.

    Args:
        read: gives the bytes of a path below tlog/. FileNotFoundError: missing; another OSError: that file is reported
            as unreadable. Any other error ends the check.
        checkpoint: one that `open_checkpoint` returned.
        present: the paths below tlog/ that the copy has, where the caller has listed them. Superseded partial tiles
            among them are checked too; any other path is passed over (`TilePath.place` tells them apart).

    Returns:
        Faults as they are found, each path once.
    """
    return _Check(read, checkpoint, present).run()


def verify_growth(reader: LogReader, older: Checkpoint) -> None:
    """Require that the log now read continues the one that `older` was signed for: no smaller, with the same beginning.

    Raises:
        WrongLogError: another log's checkpoint.
        LogForkError: it is smaller, or its beginning differs. Keep both checkpoints: they are the evidence.
        TileError: a tile that is needed is missing or damaged: nothing follows.
        OSError: one could not be read: nothing follows.
    """
    if older.origin != reader.checkpoint.origin:
        raise WrongLogError(older.origin, reader.checkpoint.origin)
    if reader.size < older.size:
        raise LogForkError(older.size, reader.size, "it is smaller: an old copy, or history was rewound")
    if reader.root_at(older.size) != older.root:
        raise LogForkError(older.size, reader.size, "its beginning is another: history was rewritten")


class _Check:
    """One run of `check_tiles`."""

    def __init__(self, read: Read, checkpoint: Checkpoint, present: Iterable[str]) -> None:
        self._untrusted_read, self._checkpoint = read, checkpoint
        self._tries_left = _TRIES
        self._superseded: dict[tuple[int | None, int], list[TilePath]] = {}
        for path in present:
            tile = find_tile_path(path)
            if tile and tile.place(checkpoint.size) == "superseded":
                self._superseded.setdefault((tile.level, tile.index), []).append(tile)

    def run(self) -> Iterator[TileFault]:
        edge = [tile for tile in reversed(edge_tiles(self._checkpoint.size)) if tile]
        held = [self._held(tile) for tile in edge]
        right = self._mended(edge, held, self._gives_root) if edge else None
        at = 0
        for tile, hashes in zip(edge, held, strict=True):
            needed = right[at : at + tile.width] if right else None
            at += tile.width
            # Where no choice of partial tiles gives the root, each of them is named: any may be the wrong one.
            yield from self._one(tile, hashes, needed, sure=right is not None, failed=right is None)

    def _gives_root(self, hashes: Sequence[bytes]) -> bool:
        levels, rest = [], list(hashes)
        for tile in edge_tiles(self._checkpoint.size):
            width = tile.width if tile else 0
            levels.append(tuple(rest[len(rest) - width :]))
            del rest[len(rest) - width :]
        return RightEdge(self._checkpoint.size, tuple(levels)).root() == self._checkpoint.root

    def _walk(self, tile: TilePath, needed: bytes | None, *, sure: bool) -> Iterator[TileFault]:
        """Check a full tile and all below it against the hash that the tile above has for it; None: that is lost."""
        held = self._held(tile)
        if needed is None:
            agreed = isinstance(held, list) and held == list(self._below(tile))
            yield from self._one(tile, held, None, sure=False, failed=not agreed)
            return
        right = self._mended([tile], [held], lambda hashes: perfect_root(hashes) == needed)
        yield from self._one(tile, held, right, sure=sure, failed=right is None)

    def _one(
        self, tile: TilePath, held: list[bytes] | TileFault, right: list[bytes] | None, *, sure: bool, failed: bool
    ) -> Iterator[TileFault]:
        """Name the tile if it is not `right`, then check what lies below it.

        `failed`: neither it nor what lies below it gives what is needed, or that is lost and the two disagree.
        """
        if isinstance(held, TileFault):
            yield held
        elif failed:
            yield self._fault(tile, _FAILED if sure else _LOST, sure)
        elif right is not None and held != right:
            yield self._fault(tile, "it does not give what is needed above it; what lies below it does", sure)
        if right is not None and sure:
            yield from self._check_superseded(tile, right)
        below = right if right is not None else None if isinstance(held, TileFault) else held
        sure_below = sure and right is not None
        if tile.level == 0:
            yield from self._bundle(tile, below, sure=sure, failed=failed)
        else:
            for slot, child in enumerate(_children(tile)):
                yield from self._walk(child, below[slot] if below else None, sure=sure_below)

    def _bundle(self, tile: TilePath, needed: list[bytes] | None, *, sure: bool, failed: bool) -> Iterator[TileFault]:
        bundle = TilePath(None, tile.index, tile.width)
        held = self._held(bundle)
        if isinstance(held, TileFault):
            yield held
        elif failed:
            yield self._fault(bundle, _FAILED if sure else _LOST, sure)
        elif needed is not None and held != needed:
            yield self._fault(bundle, f"its entries do not give the hashes in {tile.text()}", sure)

    def _check_superseded(self, tile: TilePath, right: list[bytes]) -> Iterator[TileFault]:
        levels: tuple[int | None, ...] = (tile.level, None) if tile.level == 0 else (tile.level,)
        for level in levels:
            for older in self._superseded.get((level, tile.index), ()):
                held = self._held(older)
                if isinstance(held, TileFault):
                    yield held
                elif held != right[: older.width]:
                    yield self._fault(older, "it is not the beginning of the tile that took its place", True)

    def _fault(self, tile: TilePath, detail: str, sure: bool) -> TileFault:
        return TileFault(tile.text(), "wrong" if sure else "undecided", detail)

    def _held(self, tile: TilePath) -> list[bytes] | TileFault:
        """The hashes in a stored tile, or the leaf hashes of a stored bundle; nothing of it is proved."""
        path = tile.text()
        try:
            raw = self._untrusted_read(path)
            return leaf_hashes(parse_bundle(raw, tile.width)) if tile.level is None else split_hashes(raw, tile.width)
        except FileNotFoundError:
            return TileFault(path, "missing", "the checkpoint needs it")
        except OSError as why:
            return TileFault(path, "unreadable", str(why))
        except ValueError as why:
            return TileFault(path, "wrong", str(why))

    def _mended(
        self,
        tiles: Sequence[TilePath],
        held: Sequence[list[bytes] | TileFault],
        fits: Callable[[Sequence[bytes]], bool],
    ) -> list[bytes] | None:
        """The hashes that tiles must hold: as stored if that fits, else from what lies below; None if neither fits."""
        stored = [hashes for hashes in held if isinstance(hashes, list)]
        if len(stored) == len(tiles):
            flat = [each for hashes in stored for each in hashes]
            if fits(flat):
                return flat
        slots: list[_Slot] = []
        for tile, hashes in zip(tiles, held, strict=True):
            own: Sequence[bytes | None] = hashes if isinstance(hashes, list) else [None] * tile.width
            slots += [
                _Slot(tile, place, [each for each in pair if each is not None])
                for place, pair in enumerate(zip(self._below(tile), own, strict=True))
            ]
        found = self._tried(slots, fits)
        if found is None and any(slot.tile.level for slot in slots):
            # The tiles one level down are no help: go down to the entries, for the hashes that are in doubt only.
            for slot in slots:
                if slot.tile.level and slot.doubtful():
                    fresh = self._from_entries(_children(slot.tile)[slot.place])
                    slot.candidates = ([fresh] if fresh else []) + slot.candidates
            found = self._tried(slots, fits)
        return found

    def _tried(self, slots: Sequence[_Slot], fits: Callable[[Sequence[bytes]], bool]) -> list[bytes] | None:
        """The first choice of one candidate a slot that fits."""
        choices = [list(dict.fromkeys(slot.candidates)) for slot in slots]
        if not all(choices):
            return None
        row = [each[0] for each in choices]
        unsure = [place for place, each in enumerate(choices) if len(each) > 1]
        if len(unsure) > _UNSURE_SLOTS:
            return row if fits(row) else None
        for chosen in product(*(choices[place] for place in unsure)):
            if self._tries_left == 0:
                return None
            self._tries_left -= 1
            for place, each in zip(unsure, chosen, strict=True):
                row[place] = each
            if fits(row):
                return row
        return None

    def _below(self, tile: TilePath) -> Sequence[bytes | None]:
        """The hashes of a tile by what is stored one level down; None for each that is not there."""
        if tile.level == 0:
            held = self._held(TilePath(None, tile.index, tile.width))
            return held if isinstance(held, list) else [None] * tile.width
        children = (self._held(child) for child in _children(tile))
        return [perfect_root(held) if isinstance(held, list) else None for held in children]

    def _from_entries(self, tile: TilePath) -> bytes | None:
        """The root of a full tile by its entries alone; None where some are not there."""
        if tile.level == 0:
            held = self._held(TilePath(None, tile.index, tile.width))
            return perfect_root(held) if isinstance(held, list) else None
        hashes: list[bytes] = []
        for child in _children(tile):
            root = self._from_entries(child)
            if root is None:
                return None
            hashes.append(root)
        return perfect_root(hashes)


@dataclass(slots=True)
class _Slot:
    """One hash of a tile that failed, and what it may be."""

    tile: TilePath
    place: int
    candidates: list[bytes]

    def doubtful(self) -> bool:
        return len(self.candidates) < 2 or len(set(self.candidates)) > 1


def _children(tile: TilePath) -> list[TilePath]:
    """The full tiles one level down whose roots are this tile's hashes."""
    first = tile.index * TILE_WIDTH
    return [TilePath((tile.level or 0) - 1, first + slot, TILE_WIDTH) for slot in range(tile.width)]
