"""Our published vectors of the log, each with the verdict that its file gives."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from standfast.errors.base import StandfastError
from standfast.tlog.checkpoint import open_checkpoint
from standfast.tlog.monitor import check_tiles
from standfast.tlog.note import parse_vkey
from standfast.tlog.paths import tile_paths
from standfast.tlog.proof import verify_consistency
from standfast.tlog.proof_text import verify_proof

VECTORS = Path(__file__).parent.parent / "vectors" / "tlog"
CASES = sorted(path for where in ("valid", "invalid", "tampered") for path in (VECTORS / where).glob("*.json"))


def check_checkpoint(case: dict[str, Any]) -> None:
    raw = base64.b64decode(case["raw_base64"]) if "raw_base64" in case else case["raw"].encode()
    open_checkpoint(raw, case["vkeys"])


def check_vkey(case: dict[str, Any]) -> None:
    assert parse_vkey(case["vkey"]).text() == case["vkey"]


def check_proof(case: dict[str, Any]) -> None:
    verify_proof(case["raw"].encode(), bytes.fromhex(case["entry"]), case["vkeys"])


def check_consistency(case: dict[str, Any]) -> None:
    old_root, root = bytes.fromhex(case["old_root"]), bytes.fromhex(case["root"])
    verify_consistency(case["old_size"], old_root, case["size"], root, [bytes.fromhex(each) for each in case["proof"]])


CHECKS = {
    "checkpoint": check_checkpoint,
    "vkey": check_vkey,
    "proof": check_proof,
    "consistency": check_consistency,
}


def test_every_vector_is_there():
    assert len(CASES) >= 104
    assert {json.loads(path.read_text())["kind"] for path in CASES} == {*CHECKS, "tiles"}


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_verdict(path):
    case = json.loads(path.read_text())
    if case["kind"] == "tiles":
        assert found_in_changed_copy(case["changes"]) == {tuple(each) for each in case["named"]}
        assert (case["verdict"] == "ok") == (not case["named"])
    elif case["verdict"] == "ok":
        CHECKS[case["kind"]](case)
    else:
        with pytest.raises(StandfastError) as found:
            CHECKS[case["kind"]](case)
        assert found.value.code == case["verdict"]


def found_in_changed_copy(changes: list[list[Any]]) -> set[tuple[str, str]]:
    log = VECTORS / "log-300"
    checkpoint = open_checkpoint(
        (log / "checkpoint").read_bytes(), json.loads((VECTORS / "log-300.json").read_text())["vkeys"]
    )
    copy = {path: (log / path).read_bytes() for path in tile_paths(checkpoint.size)}
    for change, path, *more in changes:
        if change == "flip":
            at = more[0]
            copy[path] = copy[path][:at] + bytes([copy[path][at] ^ 1]) + copy[path][at + 1 :]
        elif change == "add":
            copy[path] += b"\0"
        elif change == "copy":
            copy[more[0]] = copy[path]
        else:
            assert change == "drop"
            del copy[path]

    def read(path: str) -> bytes:
        if path not in copy:
            raise FileNotFoundError(path)
        return copy[path]

    return {(fault.path, fault.kind) for fault in check_tiles(read, checkpoint)}
