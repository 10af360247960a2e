"""What changed in the register between two of its states: two days, or two releases."""

from __future__ import annotations

from datetime import date
from typing import Any

from standfast.errors.register import UnknownEntryError
from standfast.register import release
from standfast.register.store import RegisterData
from standfast.register.view import end_of


def moment_of(data: RegisterData, name: str) -> str:
    """The last moment that a day or a release covers: `2026-11-24`, a release's id, or its number.

    Raises:
        UnknownEntryError: neither.
    """
    for key, manifest, _ in release.read_releases(data.folder):
        if name in (key, str(manifest.number)):
            return manifest.at
    try:
        return end_of(date.fromisoformat(name))
    except ValueError as why:
        raise UnknownEntryError("day or release", name) from why


def diff_document(data: RegisterData, old: str, new: str) -> dict[str, Any]:
    """What `standfast register diff` prints. Lines recorded after `old` and by `new`."""
    after, until = moment_of(data, old), moment_of(data, new)
    added = [each for each in data.lines if after < each.claim.recorded_at <= until]
    acts = [each for each in data.acts if after < each.at <= until]
    return {
        "from": old,
        "to": new,
        "added": [each.id for each in added if not each.claim.corrects],
        "corrected": [
            {"old": each.claim.corrects, "new": each.id, "kind": each.claim.correction}
            for each in added
            if each.claim.corrects
        ],
        "reviewed": [each.claim for each in acts if each.act == "reviewed"],
        "published": [each.claim for each in acts if each.act == "published"],
    }
