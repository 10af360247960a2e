"""Paths of tiles and entry bundles below tlog/. Source: c2sp.org/tlog-tiles v0.1.0. Format: docs/formats/log.md.

    tile/0/x001/x234/067          full hash tile 1,234,067 of level 0
    tile/1/000.p/17               partial hash tile of level 1 with 17 hashes
    tile/entries/x001/234.p/9     partial entry bundle 1,234 with 9 entries

Hash i of a level is the root of full tile i of the level below it, or of level 0, the hash of leaf i.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

TILE_WIDTH = 256
"""Hashes in a full tile; entries in a full bundle."""
LEVEL_BITS = 8
MAX_LEVEL = 7
"""A log of 2^63 - 1 leaves has no more levels of tiles."""

_PATH = re.compile(
    r"tile/(?P<level>entries|[0-7])/(?P<groups>(?:x[0-9]{3}/){0,6})(?P<last>[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)

Place = Literal["needed", "superseded", "above"]


@dataclass(frozen=True, slots=True)
class TilePath:
    """One tile or entry bundle, at one width."""

    level: int | None
    """Of hash tiles, 0 to 7; None for an entry bundle, which has the indexes and widths of level 0."""
    index: int
    width: int
    """Hashes or entries in it, 1 to 256."""

    def text(self) -> str:
        """The path below tlog/."""
        folder = "entries" if self.level is None else str(self.level)
        groups, rest = [f"{self.index % 1000:03}"], self.index // 1000
        while rest:
            groups.append(f"x{rest % 1000:03}")
            rest //= 1000
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{folder}/{'/'.join(reversed(groups))}{partial}"

    def place(self, size: int) -> Place:
        """What it is to a log of `size` leaves.

        `needed`: the log can't be read without it. `superseded`: a partial tile of an older size; it must be the
        beginning of the one that is needed, and may be gone. `above`: it belongs to a greater size; no checkpoint of
        this size speaks of it.
        """
        count = hash_count(self.level, size)
        stop = self.index * TILE_WIDTH + self.width
        if stop > count:
            return "above"
        return "needed" if self.width == TILE_WIDTH or stop == count else "superseded"


def hash_count(level: int | None, size: int) -> int:
    """How many hashes level `level` has in a log of `size` leaves; for None, entries."""
    return size >> (LEVEL_BITS * (level or 0))


def needed_tile(level: int | None, index: int, size: int) -> TilePath:
    """The one form of tile `index` that a log of `size` leaves needs; it must have that tile."""
    return TilePath(level, index, min(TILE_WIDTH, hash_count(level, size) - index * TILE_WIDTH))


def find_tile_path(text: str) -> TilePath | None:
    """The tile or bundle that a path below tlog/ names; None where it is none, or not spelled as it must be."""
    match = _PATH.fullmatch(text)
    if match is None:
        return None
    index = int(match["groups"].replace("x", "").replace("/", "") + match["last"])
    level = None if match["level"] == "entries" else int(match["level"])
    found = TilePath(level, index, int(match["width"] or TILE_WIDTH))
    return found if found.width <= TILE_WIDTH and found.text() == text else None


def tile_paths(size: int, since: int = 0) -> Iterator[str]:
    """Every path that a log of `size` leaves needs, beside `checkpoint`.

    With `since`, only those that a log of that older size does not need: what a copy at that size lacks.
    """
    for tile in needed_tiles(size, since):
        yield tile.text()


def needed_tiles(size: int, since: int = 0) -> Iterator[TilePath]:
    """As `tile_paths`: bundles first, then tiles from level 0 up, each by index."""
    for level in (None, *range(MAX_LEVEL + 1)):
        old, new = hash_count(level, since), hash_count(level, size)
        if new <= old:
            if new == 0:
                break
            continue
        for index in range(old // TILE_WIDTH, new // TILE_WIDTH):
            yield TilePath(level, index, TILE_WIDTH)
        if new % TILE_WIDTH:
            yield TilePath(level, new // TILE_WIDTH, new % TILE_WIDTH)
