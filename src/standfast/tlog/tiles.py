"""What other rooms use of tiles, in one place; each name is made in a module that does that alone."""

from __future__ import annotations

from standfast.tlog.edge import Read
from standfast.tlog.paths import TilePath, find_tile_path, tile_paths
from standfast.tlog.reader import LogReader

__all__ = ["LogReader", "Read", "TilePath", "find_tile_path", "tile_paths"]
