"""Zips that hold a proof, read within bounds: small files whole, great ones as a stream to be digested."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from pathlib import Path

ENTRIES_LIMIT = 100_000
SMALL_BYTES_LIMIT = 16 * 1024 * 1024
UNPACKED_BYTES_LIMIT = 1 << 40
RATIO_LIMIT = 1_100
PIECE_BYTES = 1 << 20

BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, RuntimeError, OSError)


class Archive:
    """An open zip. Use it in a `with`. Whatever is wrong with it is a ValueError."""

    def __init__(self, path: Path) -> None:
        """Open it.

        Raises:
            ValueError: it is no zip, or one that is not taken.
        """
        try:
            self._zip = zipfile.ZipFile(path)
        except BROKEN as why:
            raise ValueError(f"it is no zip that can be read ({why})") from None
        infos = self._zip.infolist()
        self._entries = {each.filename: each for each in infos}
        great = sum(each.file_size for each in infos) > UNPACKED_BYTES_LIMIT
        if len(infos) > ENTRIES_LIMIT or great or len(self._entries) < len(infos):
            self._zip.close()
            raise ValueError("it has too many entries, two of one name, or unpacks to too much")

    def __enter__(self) -> Archive:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self._zip.close()

    @property
    def names(self) -> frozenset[str]:
        """Every file."""
        return frozenset(name for name in self._entries if not name.endswith("/"))

    def read(self, name: str) -> bytes:
        """A small file.

        Raises:
            ValueError: it is missing, too large or damaged.
        """
        entry = self._entries.get(name)
        if entry is None or entry.file_size > SMALL_BYTES_LIMIT:
            raise ValueError(f"{name} is missing, or too large")
        try:
            with self._zip.open(entry) as opened:
                return opened.read(SMALL_BYTES_LIMIT + 1)
        except BROKEN as why:
            raise ValueError(f"{name} is damaged ({why})") from None

    def sha256(self, name: str) -> str:
        """The digest of a file of any size.

        Raises:
            ValueError: it is missing, damaged, or unpacks to far more than it takes.
        """
        entry = self._entries.get(name)
        if entry is None or entry.file_size > RATIO_LIMIT * entry.compress_size + 64:
            raise ValueError(f"{name} is missing, or unpacks to too much")
        running = hashlib.sha256()
        try:
            with self._zip.open(entry) as opened:
                while piece := opened.read(PIECE_BYTES):
                    running.update(piece)
        except BROKEN as why:
            raise ValueError(f"{name} is damaged ({why})") from None
        return running.hexdigest()
