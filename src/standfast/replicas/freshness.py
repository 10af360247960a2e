"""What this auditor saw last, one checkpoint a log, so that a copy that is put back later is told apart.

Trusted: whoever can change these files makes an old copy look fresh, or a good one old. They hold nothing secret.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from standfast import durable
from standfast.replicas.names import LIMIT_BYTES


def seen_folder(environment: Mapping[str, str], home: Path) -> Path:
    """Where they are kept: `$XDG_STATE_HOME/standfast/seen-checkpoints`, else below `~/.local/state`.

    A relative `XDG_STATE_HOME` is ignored, as the XDG base directory specification asks.
    """
    base = Path(environment.get("XDG_STATE_HOME", ""))
    return (base if base.is_absolute() else home / ".local" / "state") / "standfast" / "seen-checkpoints"


class SeenCheckpoints:
    """The last checkpoint seen of each log."""

    def __init__(self, folder: Path) -> None:
        """Nothing is read or made yet."""
        self._folder = folder

    def find(self, origin: str) -> bytes | None:
        """The signed note seen last of the log with this origin; None before the first time.

        Raises:
            OSError: it can't be read: nothing follows.
        """
        try:
            handle = os.open(self._file(origin), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        with os.fdopen(handle, "rb") as file:
            return file.read(LIMIT_BYTES["checkpoint"] + 1)

    def keep(self, origin: str, note: bytes) -> None:
        """Remember a checkpoint: only one that was verified, and whose freshness did not fail.

        Raises:
            OSError: the older one is still there.
        """
        durable.make_folder(self._folder, mode=0o700)
        durable.write_atomically(self._file(origin), note)

    def _file(self, origin: str) -> Path:
        # An origin may hold slashes, and be as long as a file's name can't.
        return self._folder / hashlib.sha256(origin.encode()).hexdigest()
