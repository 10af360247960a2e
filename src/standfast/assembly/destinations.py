"""Which destination serves which location."""

from __future__ import annotations

from pathlib import Path

from standfast.replicas.local_disk import LocalDisk
from standfast.vault.source import FolderSource, Source


def open_destination(location: str) -> LocalDisk:
    """The destination at a location: a path on this machine. Close it when done."""
    return LocalDisk(Path(location))


def open_own(holdings: Path) -> LocalDisk:
    """The vault's own holdings, as one more copy."""
    return LocalDisk(holdings)


def open_source(location: str) -> Source:
    """A copy to read packs from."""
    return FolderSource(Path(location))
