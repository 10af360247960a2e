"""The published stamps and renewals get the verdicts that are published with them; other readers agree."""

from __future__ import annotations

import hashlib
import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bouncy_castle import compile_java, run_java
from standfast.errors.stamping import StampError
from standfast.seal.evidence_record import verify_record
from standfast.seal.timestamp import verify_timestamp

VECTORS = Path(__file__).parents[1] / "vectors/stamps"
VERDICTS = json.loads((VECTORS / "verdicts.json").read_text())
CHECKPOINT, ROOTS = (VECTORS / "checkpoint").read_bytes(), (VECTORS / "roots.pem").read_bytes()
ANSWERS = [each for each in VERDICTS if each["file"].endswith(".tsr")]
NOT_OPENSSL = {"answer-with-modifications.tsr", "answer-with-sha256.tsr"}
"""OpenSSL takes a stamp that was granted with modifications, and one over any digest of the file."""


def ours(name: str) -> str:
    raw = (VECTORS / name).read_bytes()
    try:
        if name.endswith(".tsr"):
            return verify_timestamp(raw, hashlib.sha512(CHECKPOINT).digest(), ROOTS).time.strftime("%Y-%m-%dT%H:%M:%S")
        return verify_record(raw, CHECKPOINT, ROOTS).time.strftime("%Y-%m-%dT%H:%M:%S")
    except StampError as why:
        return why.code


def test_every_file_has_a_verdict() -> None:
    there = {path.name for path in VECTORS.iterdir() if path.suffix in (".tsr", ".ers")}
    assert there == {each["file"] for each in VERDICTS}
    assert len({each["verdict"] for each in VERDICTS}) >= 9


@pytest.mark.parametrize("vector", VERDICTS, ids=lambda each: str(each["file"]))
def test_ours_gives_the_verdict(vector: dict[str, str]) -> None:
    assert ours(vector["file"]) == vector["verdict"]


@pytest.mark.parametrize("vector", ANSWERS, ids=lambda each: str(each["file"]))
def test_openssl_agrees(vector: dict[str, str]) -> None:
    at = int(datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp())
    command = ["openssl", "ts", "-verify", "-data", "checkpoint", "-in", vector["file"], "-CAfile", "roots.pem"]
    command += ["-attime", str(at)]
    said = subprocess.run(command, cwd=VECTORS, capture_output=True, timeout=20, check=False).returncode == 0
    if vector["file"] not in NOT_OPENSSL:
        assert said == (not vector["verdict"].startswith("STM-"))


def test_bouncy_castle_agrees(tmp_path: Path) -> None:
    compile_java("CheckEvidenceRecord", tmp_path)
    records = [each for each in VERDICTS if each["file"].endswith(".ers")]
    lines = [f"{VECTORS / each['file']}\t{VECTORS / 'checkpoint'}\t{VECTORS / 'roots.pem'}" for each in records]
    said = run_java("CheckEvidenceRecord", tmp_path, lines)
    assert [each.startswith("ok") for each in said] == [not each["verdict"].startswith("STM-") for each in records], (
        said
    )
