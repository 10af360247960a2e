"""What other rooms use of tiles, in one place; each name is made in a module that does that alone."""

from __future__ import annotations

from standfast.tlog.edge import Read
from standfast.tlog.monitor import TileFault, check_tiles, verify_growth
from standfast.tlog.paths import TilePath, find_tile_path, tile_paths
from standfast.tlog.reader import LogReader

__all__ = ["LogReader", "Read", "TileFault", "TilePath", "check_tiles", "find_tile_path", "tile_paths", "verify_growth"]
