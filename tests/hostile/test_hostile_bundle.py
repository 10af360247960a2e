"""A bundle by somebody who wants to mislead or to exhaust whoever checks it."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from bundle_corpus import unpack
from standfast import clock
from standfast.verify.steps import Trust, check_bundle

VECTOR = Path(__file__).parents[1] / "vectors/bundle/alone.zip"


def rezipped(change: Callable[[zipfile.ZipFile], None], method: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as zipped:
        for path, data in unpack(VECTOR.read_bytes()).items():
            zipped.writestr(f"alone/{path}", data)
        change(zipped)
    return out.getvalue()


def failed(tmp_path: Path, bundle: bytes) -> tuple[str, str]:
    """The first step that failed, with what it found; at most some seconds."""
    file = tmp_path / "bundle.zip"
    file.write_bytes(bundle)
    began = clock.monotonic_s()
    report = check_bundle(file, Trust())
    assert clock.monotonic_s() - began < 20
    found = [each for each in report.sorted() if each.result == "failed"]
    return (found[0].name, found[0].detail) if found else ("", "")


def test_a_bundle_that_was_unpacked_and_packed_again_is_one(tmp_path: Path) -> None:
    assert failed(tmp_path, rezipped(lambda zipped: zipped.mkdir("alone/data/"), zipfile.ZIP_DEFLATED)) == ("", "")


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    def bomb(zipped: zipfile.ZipFile) -> None:
        zipped.writestr("alone/data/items/1/more", bytes(64 << 20), zipfile.ZIP_DEFLATED)

    assert "larger than" in failed(tmp_path, rezipped(bomb))[1]


def test_sizes_that_lie_are_found(tmp_path: Path) -> None:
    bundle = rezipped(lambda zipped: zipped.writestr("alone/data/items/1/content/more", b"x" * 100))
    at = bundle.rindex(b"PK\1\2")
    # The directory says less than the entry has.
    lied = bundle[: at + 20] + struct.pack("<2L", 50, 50) + bundle[at + 28 :]
    assert failed(tmp_path, lied)[0] in ("zip", "bag")
    inflated = bundle[: at + 24] + struct.pack("<L", 1 << 30) + bundle[at + 28 :]
    assert failed(tmp_path, inflated)[0] == "zip"


def test_many_entries_are_refused_before_they_are_read(tmp_path: Path) -> None:
    def many(zipped: zipfile.ZipFile) -> None:
        for number in range(10_001):
            zipped.writestr(f"alone/data/{number}", b"")

    assert "entries" in failed(tmp_path, rezipped(many))[1]


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "alone/../up", "alone//double", "alone/a\\b", "alone/\x1b[2K", "alone/" + "x" * 500, "__MACOSX/x"],
)
def test_a_name_that_acts_somewhere_is_refused(tmp_path: Path, name: str) -> None:
    assert failed(tmp_path, rezipped(lambda zipped: zipped.writestr(name, b"x")))[0] == "zip"


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ["alone/data/bundle.json", "alone/DATA/bundle.json", "alone/data/bundle.json/"])
def test_one_name_has_one_meaning(tmp_path: Path, name: str) -> None:
    assert "two entries" in failed(tmp_path, rezipped(lambda zipped: zipped.writestr(name, b"")))[1]


def test_an_entry_over_another_is_refused(tmp_path: Path) -> None:
    bundle = bytearray(rezipped(lambda zipped: None))
    last = bundle.rindex(b"PK\1\2")
    struct.pack_into("<L", bundle, last + 42, 0)
    assert failed(tmp_path, bytes(bundle))[0] == "zip"


@pytest.mark.parametrize("where", ["before", "after", "comment"])
def test_nothing_hides_around_the_entries(tmp_path: Path, where: str) -> None:
    def comment(zipped: zipfile.ZipFile) -> None:
        zipped.comment = b"PK\5\6" + bytes(18)

    bundle = rezipped(comment if where == "comment" else lambda zipped: None)
    hidden = {"before": b"#!/bin/sh\n" + bundle, "after": bundle + b"hidden", "comment": bundle}[where]
    assert failed(tmp_path, hidden)[0] == "zip"


def test_an_encrypted_entry_is_refused(tmp_path: Path) -> None:
    bundle = bytearray(rezipped(lambda zipped: None))
    last = bundle.rindex(b"PK\1\2")
    bundle[last + 8] |= 1
    assert "encrypted" in failed(tmp_path, bytes(bundle))[1]


def test_random_bytes_and_random_changes_end_in_a_step(tmp_path: Path) -> None:
    chance, whole = random.Random(7), VECTOR.read_bytes()
    files = unpack(whole)
    for _ in range(150):
        changed = bytearray(whole)
        for _ in range(chance.randrange(1, 4)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        cut = bytes(changed[: chance.randrange(len(changed))] if chance.random() < 0.3 else changed)
        # Some bytes of a zip mean nothing (times, the maker's system): what passes holds the same files.
        assert failed(tmp_path, cut)[0] or unpack(cut) == files
    for _ in range(20):
        assert failed(tmp_path, chance.randbytes(3000))[0] == "zip"


def test_a_report_that_shows_one_digest_and_hides_another_fails(tmp_path: Path) -> None:
    files = unpack(VECTOR.read_bytes())
    page = files["data/report.html"].decode()
    at = page.index('<bdi data-item="1" data-field="sha256">')
    hidden = f'{page[:at]}<!-- {page[at : at + 110]} --><bdi data-item="1" data-field="sha256">{"0" * 64}</bdi>'
    from bundle_corpus import pack

    files["data/report.html"] = (hidden + page[page.index("</bdi>", at) + 6 :]).encode()
    assert failed(tmp_path, pack(files))[0] == "report"


def test_a_deep_document_is_no_defect(tmp_path: Path) -> None:
    from bundle_corpus import pack

    for path in ("data/bundle.json", "data/items/1/custody.json", "data/items/1/record.json"):
        files = unpack(VECTOR.read_bytes())
        files[path] = b"[" * 200_000
        assert failed(tmp_path, pack(files))[0]
    files = unpack(VECTOR.read_bytes())
    files["data/report.html"] = b"<!doctype html>" + b"<bdi data-field=x>" * 200_000 + b"<!" * 200_000
    assert failed(tmp_path, pack(files))[0] == "report"
