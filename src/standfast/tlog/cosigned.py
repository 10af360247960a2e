"""Cosigned checkpoints of the log's folder: `cosigned/<size>/<k>`, write-once. Format: docs/formats/cosigned.md.

k is 0, 1, 2, …: each holds all that is known then, more cosigners or fresher times. What is stamped is one of these
files, by its exact bytes; so none is ever altered or removed.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Sequence
from pathlib import Path

from standfast import durable
from standfast.errors.tlog import MalformedNoteError, WrongLogError
from standfast.tlog.checkpoint import Checkpoint, open_checkpoint
from standfast.tlog.tree import MAX_SIZE

COSIGNED = "cosigned"
COSIGNED_LIMIT_BYTES = 64 * 1024
NUMBERS_LIMIT = 1_000_000
"""Files of one size: one a day for three thousand years."""
_NUMBER = re.compile("0|[1-9][0-9]{0,18}")


def cosigned_name(size: int, number: int) -> str:
    """Path of a cosigned checkpoint below holdings/."""
    return f"tlog/{COSIGNED}/{size}/{number}"


def find_cosigned_name(name: str) -> tuple[int, int] | None:
    """Size and number of a path below holdings/; None for a name that no cosigned checkpoint can have."""
    match name.split("/"):
        case ["tlog", "cosigned", size, number] if _NUMBER.fullmatch(size) and _NUMBER.fullmatch(number):
            found = int(size), int(number)
            return found if found[0] <= MAX_SIZE and found[1] < NUMBERS_LIMIT else None
    return None


def open_cosigned(raw: bytes, size: int, vkeys: Sequence[str]) -> Checkpoint:
    """The checkpoint in a file of `cosigned/<size>/`, signed by every key of the log. Cosignatures are not looked at.

    That it is the log's root at that size is for the caller to compare.

    Raises:
        TlogError: it is none, or it is of another size.
    """
    if len(raw) > COSIGNED_LIMIT_BYTES:
        raise MalformedNoteError("cosigned checkpoint", f"it is longer than {COSIGNED_LIMIT_BYTES} bytes")
    checkpoint = open_checkpoint(raw, vkeys)
    if checkpoint.size != size:
        raise WrongLogError(f"{checkpoint.origin} at {size} leaves", f"{checkpoint.origin} at {checkpoint.size}")
    return checkpoint


class CosignedFolder:
    """`tlog/cosigned/` of this vault. Hold the vault's lock to write."""

    def __init__(self, tlog: Path) -> None:
        """Nothing is read or made yet."""
        self._folder = tlog / COSIGNED

    def sizes(self) -> list[int]:
        """Sizes with at least one file, in order."""
        return sorted(_numbers(self._folder))

    def numbers(self, size: int) -> list[int]:
        """The k of a size, in order."""
        return sorted(_numbers(self._folder / str(size)))

    def read(self, size: int, number: int) -> bytes:
        """One file, cut one byte after the greatest length.

        Raises:
            FileNotFoundError: not there.
        """
        handle = os.open(self._folder / str(size) / str(number), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            return file.read(COSIGNED_LIMIT_BYTES + 1)

    def find_newest(self, size: int) -> tuple[int, bytes] | None:
        """The greatest k of a size, and its bytes; None where there is none."""
        numbers = self.numbers(size)
        return (numbers[-1], self.read(size, numbers[-1])) if numbers else None

    def write(self, size: int, note: bytes) -> int:
        """Keep a note as the next k, durably; the same bytes as the newest are not kept twice.

        Returns:
            Its k.

        Raises:
            MalformedNoteError: longer than such a file may be.
            OSError: nothing was kept.
        """
        if len(note) > COSIGNED_LIMIT_BYTES:
            raise MalformedNoteError("cosigned checkpoint", f"it is longer than {COSIGNED_LIMIT_BYTES} bytes")
        newest = self.find_newest(size)
        if newest and newest[1] == note:
            return newest[0]
        number = newest[0] + 1 if newest else 0
        folder = self._folder / str(size)
        durable.make_folder(folder)
        durable.write_atomically(folder / str(number), note)
        return number


def _numbers(folder: Path) -> list[int]:
    found = []
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as inside:
        found = [int(entry.name) for entry in inside if _NUMBER.fullmatch(entry.name)]
    return found
