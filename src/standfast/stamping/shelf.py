"""`tlog/stamps/`: what authorities gave, a folder for each cosigned checkpoint and authority.

Format: docs/formats/stamps.md. Write-once: a file that is there is never written again. Each is noted
before it is written, so that the next accession commits to it.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from standfast import durable
from standfast.errors.stamping import MalformedStampError

STAMPS = "stamps"
RESPONSE, CHAIN, REVOCATION = "response.tsr", "chain.pem", "revocation"
FILE_BYTES_LIMIT = 1024 * 1024
_NUMBER = re.compile("0|[1-9][0-9]{0,18}")
_AUTHORITY = re.compile("[a-z0-9][a-z0-9._-]{0,62}")
_RENEWAL = re.compile(r"renewal-([1-9][0-9]{0,5})\.ers")


@dataclass(frozen=True, slots=True, order=True)
class StampPlace:
    """Which cosigned checkpoint, and whose stamp over it."""

    size: int
    """Leaves."""
    number: int
    """The k of `tlog/cosigned/<size>/<k>`."""
    authority: str

    @property
    def name(self) -> str:
        """The folder's path below holdings/."""
        return f"tlog/{STAMPS}/{self.size}/{self.number}/{self.authority}"


class StampShelf:
    """The stamps of this vault. Hold the vault's lock to write."""

    def __init__(self, holdings: Path, note: Callable[[str], None]) -> None:
        """Nothing is read or made yet. `note` is told each name below holdings/ before it is written."""
        self._holdings, self._note = holdings, note

    def sizes(self) -> list[int]:
        """Sizes at which there is a folder, in order."""
        return sorted(_numbers(self._holdings / "tlog" / STAMPS))

    def places(self, size: int) -> list[StampPlace]:
        """Every stamp at a size: those whose answer is there, in order."""
        folder = self._holdings / "tlog" / STAMPS / str(size)
        found = []
        for number in _numbers(folder):
            for authority in _names(folder / str(number)):
                if _AUTHORITY.fullmatch(authority) and (folder / str(number) / authority / RESPONSE).is_file():
                    found.append(StampPlace(size, number, authority))
        return sorted(found)

    def read(self, place: StampPlace, file: str) -> bytes:
        """One of its files.

        Raises:
            FileNotFoundError: not there.
            MalformedStampError: longer than any such file is.
        """
        path = self._holdings / place.name / file
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as opened:
            data = opened.read(FILE_BYTES_LIMIT + 1)
        if len(data) > FILE_BYTES_LIMIT:
            raise MalformedStampError(f"{place.name}/{file} is longer than {FILE_BYTES_LIMIT} bytes")
        return data

    def find_chain(self, place: StampPlace) -> bytes:
        """The certificates that were kept, PEM; empty where none were."""
        with contextlib.suppress(FileNotFoundError):
            return self.read(place, CHAIN)
        return b""

    def renewals(self, place: StampPlace) -> list[int]:
        """The numbers of its renewals, in order."""
        hits = (_RENEWAL.fullmatch(name) for name in _names(self._holdings / place.name))
        return sorted(int(hit[1]) for hit in hits if hit)

    def revocation(self, place: StampPlace) -> list[str]:
        """Names of what was kept of revocation, in order."""
        return sorted(_names(self._holdings / place.name / REVOCATION))

    def sweep(self, size: int) -> None:
        """Remove what a write that was cut off left at a size."""
        for folder, _, files in os.walk(self._holdings / "tlog" / STAMPS / str(size)):
            for file in files:
                if file.endswith(durable.UNFINISHED):
                    durable.remove(Path(folder) / file)

    def write(self, place: StampPlace, file: str, data: bytes) -> bool:
        """Keep a file, durably, unless one is there already. Returns whether it was kept.

        Raises:
            MalformedStampError: longer than such a file may be.
            OSError: it was not kept.
        """
        if len(data) > FILE_BYTES_LIMIT:
            raise MalformedStampError(f"{place.name}/{file} would be longer than {FILE_BYTES_LIMIT} bytes")
        name = f"{place.name}/{file}"
        path = self._holdings / name
        if path.exists():
            return False
        self._note(name)
        durable.make_folder(path.parent)
        durable.write_atomically(path, data)
        return True


def renewal_name(number: int, ending: str = "ers") -> str:
    """`renewal-1.ers`, and `renewal-1.pem` with the certificates of its newest stamp."""
    return f"renewal-{number}.{ending}"


def _names(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as inside:
            return [entry.name for entry in inside]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _numbers(folder: Path) -> list[int]:
    return [int(name) for name in _names(folder) if _NUMBER.fullmatch(name)]
