"""A small register in a folder, with held bytes, that tests may do anything to."""

from __future__ import annotations

import hashlib
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from standfast.register import adding, store
from standfast.register.entry import ClaimLine
from standfast.register.evidence import FolderEvidence
from standfast.register.store import RegisterData, read_register, shipped_folder

PAGE = b"<!doctype html><title>Example</title><p>An example of a held page.</p>"
DIGEST = hashlib.sha256(PAGE).hexdigest()


def moment(day: int, hour: int = 12) -> datetime:
    """A moment of December 2026."""
    return datetime(2026, 12, day, hour, tzinfo=UTC)


def make_register(folder: Path) -> Path:
    """Subjects and sources as shipped, no claims, and one held page."""
    folder.mkdir()
    for name in ("subjects.jsonl", "sources.jsonl"):
        shutil.copy(shipped_folder() / name, folder)
    (folder / "claims.jsonl").touch()
    (folder / "evidence").mkdir()
    (folder / "evidence" / DIGEST).write_bytes(PAGE)
    held = {"sha256": DIGEST, "size_bytes": len(PAGE), "captured_at": "2026-12-01T00:00:00.000000Z",
            "log_origin": "example.org/log", "log_index": 7, "logged_at": "2026-12-01T00:01:00.000000Z",
            "proof": "c2sp.org/tlog-proof@v1\nindex 7\n"}  # fmt: skip
    (folder / "evidence" / "index.jsonl").write_text(json.dumps(held) + "\n")
    return folder


def claim_json(**changes: Any) -> dict[str, Any]:
    """What `register add` reads: a State called for something, on a held page."""
    return {
        "series": "ACT-EXAMPLE",
        "subject": "FRA",
        "predicate": "act on a measure",
        "value": {"word": "act sourced", "measure": "2", "form": "individual"},
        "when": {"at": "2025-11-28", "precision": "day"},
        "summary": "Example: called on a State to withdraw its measures.",
        "evidence": [{"source": "S140", "stance": "supports", "capture": DIGEST}],
        **changes,
    }


def add(
    folder: Path, *, day: int = 1, author: str = "author-1", corrects: str = "", correction: str = "", **changes: Any
) -> ClaimLine:
    """Add such a claim."""
    new = adding.parse_new_claim(json.dumps(claim_json(**changes)).encode())
    return adding.add(
        read_register(folder), new, author=author, at=moment(day), captures={}, corrects=corrects, correction=correction
    )


def write_raw(folder: Path, **changes: Any) -> ClaimLine:
    """Write a claim past every rule, as a person with an editor could."""
    new = adding.parse_new_claim(json.dumps(claim_json(**changes)).encode())
    fields = {name: getattr(new, name) for name in new.__struct_fields__ if name != "sources"}
    return store.add_claim(folder, store.Claim(**fields, recorded_at="2026-12-01T12:00:00.000000Z", author="author-1"))


def evidence(folder: Path) -> FolderEvidence:
    """The held bytes of a register."""
    return FolderEvidence(folder / "evidence")


def read(folder: Path) -> RegisterData:
    """The register as it stands."""
    return read_register(folder)
