"""One pass over everything that lies in a copy: what is there, and what can't be an object at all."""

from __future__ import annotations

from dataclasses import dataclass, field

from standfast import durable
from standfast.replicas.destination import NOT_A_FILE, ReadableCopy
from standfast.replicas.findings import Findings
from standfast.replicas.names import TLOG, kind_of, number_of
from standfast.tlog.paths import TilePath, find_tile_path

OBJECTS_LIMIT = 10_000_000
"""Names looked at. A vault at its limit of one terabyte has some hundred thousand."""
LOOSE_TILES_LIMIT = 100_000


@dataclass(slots=True)
class Survey:
    """What a place lists. Not trusted: a liar can leave things out, which the log then shows."""

    packs: dict[str, int] = field(default_factory=dict)
    """Digest to listed size."""
    keyrings: set[int] = field(default_factory=set)
    inventories: set[int] = field(default_factory=set)
    superseded: list[TilePath] = field(default_factory=list)
    """Partial tiles of an older size."""
    above: list[TilePath] = field(default_factory=list)
    """Tiles of a greater size than the checkpoint's."""
    evidence: set[str] = field(default_factory=set)
    """Cosigned checkpoints, stamps and policies."""
    object_count: int = 0
    total_bytes: int = 0


def survey(copy: ReadableCopy, size: int | None, findings: Findings) -> Survey:
    """List the whole copy once; name what is unexpected, and what a copy that was cut off left.

    Args:
        copy: where to look.
        size: leaves of the checkpoint that tiles are sorted by; None where none can be trusted.
        findings: takes faults of kind unexpected and notes of kind unfinished.
    """
    found, seen_count = Survey(), 0
    for name, size_bytes in copy.list():
        seen_count += 1
        if seen_count > OBJECTS_LIMIT:
            findings.fault("", "unexpected", f"more than {OBJECTS_LIMIT} names are listed; the rest was not looked at")
            break
        kind = kind_of(name)
        if kind is None or size_bytes == NOT_A_FILE:
            _name_stranger(name, size_bytes, kind is not None, findings)
            continue
        found.object_count += 1
        found.total_bytes += size_bytes
        if kind == "pack":
            found.packs[name.rpartition("/")[2]] = size_bytes
        elif kind == "keyring":
            found.keyrings.add(number_of(name))
        elif kind == "inventory":
            found.inventories.add(number_of(name))
        elif kind in ("cosigned", "stamp", "policy"):
            found.evidence.add(name)
        elif kind == "tile" and size is not None:
            _sort_tile(name, size, found, findings)
    return found


def _name_stranger(name: str, size_bytes: int, known: bool, findings: Findings) -> None:
    if known:
        findings.fault(name, "unreadable", "it is no plain file")
    elif name.endswith(durable.UNFINISHED) and size_bytes != NOT_A_FILE:
        findings.note(
            name, "unfinished", f"{size_bytes} bytes of a write that was cut off; the next copy overwrites them"
        )
    else:
        findings.fault(name, "unexpected", "nothing in a copy is called so")


def _sort_tile(name: str, size: int, found: Survey, findings: Findings) -> None:
    tile = find_tile_path(name[len(TLOG) :])
    if tile is None:
        return
    place = tile.place(size)
    loose = found.superseded if place == "superseded" else found.above if place == "above" else None
    if loose is None:
        return
    if len(loose) < LOOSE_TILES_LIMIT:
        loose.append(tile)
    else:
        findings.fault(name, "unexpected", "far more partial tiles than a log leaves behind")
