"""Exports made to hurt: bombs, names that lead elsewhere, links, counts, archives that lie."""

from __future__ import annotations

import contextlib
import io
import os
import random
import resource
import struct
import tarfile
import time
import zipfile
from pathlib import Path

import pytest

from exports_fixture import take
from standfast.capture.exports import archives, shelf
from standfast.capture.exports.archives import open_shelf
from standfast.capture.exports.shelf import ShelfError, safe_path
from standfast.errors.exports import ExportError, UnknownExportError, UnreadableExportError

MESSAGE = b"From: a@example.org\r\nSubject: a\r\n\r\nFirst.\r\n"
LINE = b"From a@example.org Wed Jul 17 02:44:25 1996\n"


def packed(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, raw in members.items():
            out.writestr(name, raw)
    return path


def test_a_member_that_unpacks_to_a_multiple_is_named_and_the_rest_is_taken(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"1.eml": MESSAGE, "2.eml": MESSAGE + bytes(80 * 1024 * 1024)})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    taken = take(path)
    assert [each.what for each in taken.failures] == ["2.eml"]
    assert len(taken.messages) == 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


def test_a_member_whose_size_is_a_lie(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"1.eml": MESSAGE + bytes(90 * 1024 * 1024)})
    raw = bytearray(path.read_bytes())
    at = raw.rfind(b"PK\x01\x02")
    raw[at + 24 : at + 28] = struct.pack("<I", 1_000)
    path.write_bytes(raw)
    with pytest.raises(UnknownExportError):
        take(path)
    assert [each.what for each in take(path, "eml").failures] == ["1.eml"]


def test_members_that_share_bytes(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"1.eml": MESSAGE + random.Random(1).randbytes(100_000)})
    raw = path.read_bytes()
    start = raw.rfind(b"PK\x01\x02")
    end = raw.rfind(b"PK\x05\x06")
    entries = b"".join(raw[start:end].replace(b"1.eml", b"%d.eml" % (n % 10)) for n in range(1_000))
    tail = raw[end : end + 8] + struct.pack("<HHII", 1_000, 1_000, len(entries), start) + b"\0\0"
    path.write_bytes(raw[:start] + entries + tail)
    with pytest.raises(UnreadableExportError, match="share bytes"):
        take(path)


def test_a_list_of_members_that_would_not_fit(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"1.eml": MESSAGE})
    raw = bytearray(path.read_bytes())
    end = raw.rfind(b"PK\x05\x06")
    raw[end + 12 : end + 16] = struct.pack("<I", archives.DIRECTORY_LIMIT + 1)
    path.write_bytes(raw)
    with pytest.raises(UnreadableExportError, match="too long"):
        take(path)


def test_encrypted_members_are_named(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"1.eml": MESSAGE, "2.eml": b"Subject: b\r\n\r\n"})
    raw = bytearray(path.read_bytes())
    at = raw.find(b"PK\x01\x02")
    raw[at + 8] |= 1
    path.write_bytes(raw)
    taken = take(path)
    assert [(each.what, each.why) for each in taken.failures] == [("1.eml", "it is encrypted")]
    assert len(taken.messages) == 1


@pytest.mark.parametrize(
    "name", ["../../etc/cron.d/x.eml", "/srv/x.eml", "..\\..\\x.eml", "a/x\0/../y.eml", "C:\\x.eml", "./././x.eml"]
)
def test_names_lead_nowhere(tmp_path: Path, name: str) -> None:
    room = tmp_path / "room"
    room.mkdir()
    with tarfile.open(room / "a.tar", "w") as out:
        told = tarfile.TarInfo(name.replace("\0", ""))
        told.size = len(MESSAGE)
        out.addfile(told, io.BytesIO(MESSAGE))
    packed(room / "a.zip", {name: MESSAGE})
    for path in (room / "a.tar", room / "a.zip"):
        taken = take(path)
        assert len(taken.messages) == 1
        assert not any(".." in folder.split("/") or folder.startswith("/") for folder in taken.folders)
    assert sorted(each.name for each in tmp_path.rglob("*")) == ["a.tar", "a.zip", "room"]
    assert b".." not in safe_path(name.encode()).split(b"/")


def test_links_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.eml"
    secret.write_bytes(MESSAGE)
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "real.eml").write_bytes(b"Subject: b\r\n\r\n")
    (tree / "link.eml").symlink_to(secret)
    (tree / "folder").symlink_to(tmp_path)
    os.mkfifo(tree / "pipe.eml")
    taken = take(tree)
    assert len(taken.messages) == 1
    assert dict(taken.finished.passed_over)[shelf.LINKS] == 3
    with tarfile.open(tmp_path / "a.tar", "w") as out:
        out.add(tree, "tree")
        hard = tarfile.TarInfo("hard.eml")
        hard.type, hard.linkname = tarfile.LNKTYPE, "/etc/passwd"
        out.addfile(hard)
    assert len(take(tmp_path / "a.tar").messages) == 1


def test_a_tar_that_unpacks_to_a_multiple(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "RATIO_FROM_BYTES", 1024 * 1024)
    with tarfile.open(tmp_path / "a.tgz", "w:gz") as out:
        told = tarfile.TarInfo("1.eml")
        told.size = 40 * 1024 * 1024
        out.addfile(told, io.BytesIO(bytes(told.size)))
    with pytest.raises(UnreadableExportError, match="multiple"):
        take(tmp_path / "a.tgz")


def test_a_tree_of_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "ENTRIES_LIMIT", 10)
    for n in range(12):
        (tmp_path / f"{n}.eml").write_bytes(MESSAGE)
    with pytest.raises(UnreadableExportError, match="more than 10"):
        take(tmp_path)


def test_folders_nested_very_deeply(tmp_path: Path) -> None:
    (tmp_path / "1.eml").write_bytes(MESSAGE)
    handle = os.open(tmp_path, os.O_RDONLY)
    for _ in range(300):
        os.mkdir("d", dir_fd=handle)
        below = os.open("d", os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = below
    os.close(handle)
    taken = take(tmp_path)
    assert len(taken.messages) == 1
    assert dict(taken.finished.passed_over)["folders nested too deeply"] == 1


@pytest.mark.parametrize("make", [packed, None])
def test_archives_broken_at_random_are_errors_or_failures(tmp_path: Path, make: object) -> None:
    path = tmp_path / "a"
    members = {f"{n}.eml": MESSAGE + b"%d" % n for n in range(20)} | {
        "a.mbox": LINE + MESSAGE,
        "a.vcf": b"BEGIN:VCARD\r\n",
    }
    if make is None:
        with tarfile.open(path, "w:gz") as out:
            for name, raw in members.items():
                told = tarfile.TarInfo(name)
                told.size = len(raw)
                out.addfile(told, io.BytesIO(raw))
    else:
        packed(path, members)
    whole = path.read_bytes()
    chance = random.Random(3)
    for _ in range(150):
        raw = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            raw[chance.randrange(len(raw))] = chance.randrange(256)
        path.write_bytes(raw[: chance.randint(len(raw) // 2, len(raw))] if chance.random() < 0.2 else raw)
        try:
            take(path)
        except ExportError:
            continue


def test_an_mbox_with_the_worst_lines_is_read_in_bounds(tmp_path: Path) -> None:
    for name, raw in {
        "separators": LINE * 60_000,
        "blank and separators": (b"\n" + LINE) * 60_000,
        "nearly separators": b"\nFrom x" * 1_000_000,
        "one line": LINE + b"From " + b"x" * 50_000_000,
        "quotes": LINE + b"\n" + b">" * 30_000_000 + b"From ",
        "lengths": (LINE + b"Content-Length: 100000000\n\n\n") * 20_000,
        "headers": LINE + b"Status: R\n" * 3_000_000,
    }.items():
        path = tmp_path / "a.mbox"
        path.write_bytes(raw)
        began = time.process_time()
        with contextlib.suppress(UnknownExportError):
            take(path, "mbox")
        assert time.process_time() - began < 25, name


def test_cards_with_the_worst_lines_are_read_in_bounds(tmp_path: Path) -> None:
    for name, raw in {
        "begins": b"BEGIN:VCARD\n" * 2_000_000,
        "nested": b"BEGIN:VCALENDAR\n" + b"BEGIN:X\n" * 1_000_000,
        "folds": b"BEGIN:VCARD\nUID:x" + b"\n " * 5_000_000 + b"\nEND:VCARD\n",
        "parameters": b"BEGIN:VCARD\n" + b"UID;" * 5_000_000 + b"\nEND:VCARD\n",
        "blanks": b"BEGIN" + b" " * 20_000_000 + b":VCARD\n",
    }.items():
        path = tmp_path / "a.vcf"
        path.write_bytes(raw)
        began = time.process_time()
        take(path, "vcf" if name != "nested" else "ics")
        assert time.process_time() - began < 10, name


def test_names_that_are_no_text(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/caf\xe9\n\x1b[31m"
    os.mkdir(folder)
    Path(os.fsdecode(folder + b"/1.eml")).write_bytes(MESSAGE)
    taken = take(tmp_path)
    assert list(taken.folders) == ["caf\\xe9\\x0a\\x1b[31m"]


def test_nothing_that_can_be_listed(tmp_path: Path) -> None:
    for raw in (b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"\x1f\x8b\x08" + bytes(300), b"", b"!BDN"):
        path = tmp_path / "a"
        path.write_bytes(raw)
        try:
            assert take(path).failures
        except ExportError:
            continue
    with pytest.raises(ShelfError):
        open_shelf("/dev/null")
