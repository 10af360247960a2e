"""A BagIt bag in a zip, written in one pass: the same parts give the same bytes. Format: docs/formats/bundle.md."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable
from typing import BinaryIO

from standfast.verify.layout import ALGORITHMS, BAG_INFO, BAGIT

_BAGIT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_MOMENT = (1980, 1, 1, 0, 0, 0)
_UNIX = 3


class BagWriter:
    """Takes files one after the other; `finish` writes the manifests. Holds digests only, never a file."""

    def __init__(self, file: BinaryIO, folder: str) -> None:
        """Begin.

        Args:
            file: open for writing at its start, seekable; left open.
            folder: the one folder at the top, of `layout.FOLDER_NAME`.
        """
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True)
        self._folder = folder
        self._digests: dict[str, tuple[str, ...]] = {}
        self._payload_bytes = self._payload_count = 0
        self.add(BAGIT, _BAGIT)

    def add(self, path: str, data: bytes, *, mode: int = 0o644) -> None:
        """A file in memory."""
        self.add_pieces(path, (data,), len(data), mode=mode)

    def add_pieces(
        self, path: str, pieces: Iterable[bytes | memoryview], size_bytes: int, *, mode: int = 0o644
    ) -> None:
        """A file of any size, a piece at a time; a piece need be valid only until the next one is taken.

        Raises:
            ValueError: the path is taken, or the pieces are not `size_bytes` together.
        """
        if path in self._digests:
            raise ValueError(f"{path} stands in the bundle already")
        entry = zipfile.ZipInfo(f"{self._folder}/{path}", _MOMENT)
        entry.external_attr, entry.create_system, entry.file_size = (0o100000 | mode) << 16, _UNIX, size_bytes
        running, done_bytes = [hashlib.new(each) for each in ALGORITHMS], 0
        with self._zip.open(entry, "w") as out:
            for piece in pieces:
                out.write(piece)
                for each in running:
                    each.update(piece)
                done_bytes += len(piece)
        if done_bytes != size_bytes:
            raise ValueError(f"{path} has {done_bytes} bytes, and should have {size_bytes}")
        self._digests[path] = tuple(each.hexdigest() for each in running)
        if path.startswith("data/"):
            self._payload_bytes += size_bytes
            self._payload_count += 1

    def finish(self, info: Iterable[tuple[str, str]]) -> None:
        """Write bag-info.txt with Payload-Oxum, the manifests, and the zip's directory.

        Args:
            info: labels and values for bag-info.txt; line breaks in a value become spaces.
        """
        said = [*info, ("Payload-Oxum", f"{self._payload_bytes}.{self._payload_count}")]
        self.add(BAG_INFO, "".join(f"{label}: {' '.join(value.split())}\n" for label, value in said).encode())
        payload = {path: found for path, found in self._digests.items() if path.startswith("data/")}
        for number, algorithm in enumerate(ALGORITHMS):
            self.add(f"manifest-{algorithm}.txt", _manifest(payload, number))
        tags = {path: found for path, found in self._digests.items() if path not in payload}
        for number, algorithm in enumerate(ALGORITHMS):
            self.add(f"tagmanifest-{algorithm}.txt", _manifest(tags, number))
        self._zip.close()


def _manifest(digests: dict[str, tuple[str, ...]], number: int) -> bytes:
    return "".join(f"{found[number]}  {path}\n" for path, found in sorted(digests.items())).encode()
