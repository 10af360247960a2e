"""What is read of hostile proofs by our own code: bounded, and every way to be wrong is one error."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from proofs_fixture import ots, wacz
from standfast.proofs.archive import SMALL_BYTES_LIMIT, Archive
from standfast.proofs.finding import REASON_CHARS, REASONS_LIMIT, finding
from standfast.proofs.names import carrier_of
from standfast.proofs.openpgp import dearmored
from standfast.proofs.opentimestamps import MAGIC, parse_ots
from standfast.proofs.wacz import verify_wacz

PROOF = ots(b"example")


@given(st.binary(max_size=200))
@example(b"\x01\x08" + bytes(32) + b"\xff" * 20_000)
@example(b"\x01\x08" + bytes(32) + b"\x08" * 20_000)
@example(b"\x01\x08" + bytes(32) + b"\xf0" + b"\xff" * 12)
def test_any_bytes_are_a_proof_or_refused(tail: bytes) -> None:
    try:
        parse_ots(MAGIC + tail)
    except ValueError:
        return


@given(st.integers(0, len(PROOF) - 1), st.integers(0, 255))
@settings(max_examples=300)
def test_a_changed_proof_is_a_proof_or_refused(at: int, byte: int) -> None:
    try:
        found = parse_ots(PROOF[:at] + bytes((byte,)) + PROOF[at + 1 :])
    except ValueError:
        return
    assert len(found.attestations) >= 1


def test_a_cut_proof_is_refused() -> None:
    for length in range(len(PROOF)):
        with pytest.raises(ValueError):  # noqa: PT011
            parse_ots(PROOF[:length])


@pytest.mark.parametrize(
    ("name", "system"),
    [
        (b"a.PDF.ASC", "openpgp"),
        (b"a.ots", "opentimestamps"),
        (b"a.JPG", "c2pa"),
        (b"a.wacz", "wacz"),
        (b"a.zip", "proofmode"),
    ],
)
def test_names_that_can_carry_a_proof(name: bytes, system: str) -> None:
    carrier = carrier_of(b"/example/" + name)
    assert carrier
    assert carrier.system == system


@pytest.mark.parametrize("name", [b"a", b"a.txt", b".asc", b"\xff\xfe", b"asc", b"a.eml"])
def test_names_that_can_not(name: bytes) -> None:
    assert carrier_of(b"/example/" + name) is None


def test_a_finding_always_has_reasons_and_they_are_bounded() -> None:
    assert finding("c2pa", "failed", "example").reasons
    long = finding("c2pa", "failed", "example", *["x\n" * 1_000] * 100)
    assert len(long.reasons) == REASONS_LIMIT
    assert all(len(each) <= REASON_CHARS and "\n" not in each for each in long.reasons)


def test_a_bomb_in_an_archive_is_refused(tmp_path: Path) -> None:
    raw, _ = wacz()
    made = io.BytesIO(raw)
    with zipfile.ZipFile(made, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", bytes(SMALL_BYTES_LIMIT + 1))
    path = tmp_path / "site.wacz"
    path.write_bytes(made.getvalue())
    found = verify_wacz(path, b"")
    assert found
    assert found.outcome == "failed"
    with Archive(path) as opened, pytest.raises(ValueError, match="too large"):
        opened.read("bomb")


@pytest.mark.parametrize("raw", [b"", b"example", b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n!!!\n-----END"])
def test_what_is_no_key_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match="public key"):
        dearmored(raw)
