"""Which destination serves which location."""

from __future__ import annotations

from pathlib import Path

from standfast.replicas.destination import Destination


def open_destination(location: str) -> Destination:
    """The destination at a location: a path on this machine."""
    from standfast.replicas.local_disk import LocalDisk

    return LocalDisk(Path(location))
