"""The log's folder on this machine: bounded reads, durable writes. Layout: docs/formats/log.md."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from standfast import durable
from standfast.errors.tlog import LogDamagedError
from standfast.tlog.bundles import MAX_ENTRY_BYTES
from standfast.tlog.note import MAX_NOTE_BYTES
from standfast.tlog.paths import TILE_WIDTH, TilePath, find_tile_path

CHECKPOINT = "checkpoint"
MAX_FILE_BYTES = TILE_WIDTH * (2 + MAX_ENTRY_BYTES)
"""No tile and no entry bundle is longer."""


class LogFolder:
    """A folder that holds, or will hold, `checkpoint` and `tile/`."""

    def __init__(self, folder: Path) -> None:
        """Nothing is opened or made yet."""
        self.path = folder

    def read(self, path: str) -> bytes:
        """The bytes of a path below the folder, at most `MAX_FILE_BYTES`. A link at its end is not followed.

        Raises:
            FileNotFoundError: not there.
            OSError: could not be read.
        """
        return self._read(path, MAX_FILE_BYTES)

    def find_checkpoint(self) -> bytes | None:
        """The checkpoint's bytes, or None in a folder that holds no log yet.

        Raises:
            LogDamagedError: there is none, but tiles are there: they must not be taken for a new log's debris.
        """
        try:
            return self._read(CHECKPOINT, MAX_NOTE_BYTES)
        except FileNotFoundError:
            with contextlib.suppress(FileNotFoundError), os.scandir(self.path / "tile") as inside:
                if any(inside):
                    raise LogDamagedError(self.path, "its checkpoint is missing, and its tiles are there") from None
            return None

    def write_checkpoint(self, note: bytes) -> None:
        """Replace the checkpoint, durably: the old one or the new one is there, never a part."""
        durable.make_folder(self.path)
        durable.write_atomically(self.path / CHECKPOINT, note)

    def write_tiles(self, tiles: Iterable[tuple[TilePath, bytes]]) -> None:
        """Write tiles and bundles and make them durable: each file once, each folder once.

        They lie above the checkpoint's size: what a crash leaves of them is debris, and debris may be overwritten.
        """
        files = [(self.path / tile.text(), data) for tile, data in tiles]
        folders = list(dict.fromkeys(path.parent for path, _ in files))
        for folder in folders:
            durable.make_folder(folder)
        durable.write_many_through(files)
        for folder in folders:
            durable.force_folder(folder)

    def clear_debris(self, touched: Iterable[TilePath], size: int) -> None:
        """Remove, durably, partial forms of these tiles that lie above `size` leaves: an append that failed left them.

        Else the next checkpoint would rise over them, and a torn partial tile would pass for one that was served.
        """
        for tile in touched:
            partials = self.path / (replace(tile, width=TILE_WIDTH).text() + ".p")
            with contextlib.suppress(FileNotFoundError), os.scandir(partials) as inside:
                for entry in inside:
                    older = find_tile_path(str((partials / entry.name).relative_to(self.path)))
                    if older and older.place(size) == "above":
                        durable.remove(partials / entry.name)

    def drop_superseded(self, full: Iterable[TilePath]) -> None:
        """Remove the partial forms of tiles that are now full and durable.

        Nothing depends on it: a partial that a crash leaves behind is the beginning of its full tile, and stays valid.
        """
        for tile in full:
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(self.path / (tile.text() + ".p"))

    def _read(self, path: str, limit_bytes: int) -> bytes:
        handle = os.open(self.path / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            data = file.read(limit_bytes + 1)
        if len(data) > limit_bytes:
            raise LogDamagedError(self.path, f"{path} is longer than {limit_bytes} bytes")
        return data
