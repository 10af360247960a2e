"""Mail that a service gave out as files: added, protected, verified, opened elsewhere, and cut off on the way."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import time
import types
import zipfile
from pathlib import Path

import pytest

from corpora import make_mail
from program import Program

LINE = b"From a@example.org Wed Jul 17 02:44:25 1996\n"


@pytest.fixture
def program(tmp_path: Path) -> Program:
    ready = Program(tmp_path)
    ready.init()
    return ready


def messages(count: int) -> list[bytes]:
    wish = types.SimpleNamespace(seed=3, messages=count, large=1, small=1500, malformed=0.3, spread=0.6)
    return [raw for _, raw in make_mail.messages(wish)]


def packed(path: Path, raws: list[bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for n, raw in enumerate(raws):
            out.writestr(f"mail/folder {n % 3}/{n}.eml", raw)
        out.writestr("mail/book.vcf", "BEGIN:VCARD\r\nUID:1\r\nEND:VCARD\r\n" * 2)
    return path


def test_an_export_is_held_verified_and_opened_elsewhere(program: Program, tmp_path: Path) -> None:
    raws = messages(120)
    added = program.json("add", "export", packed(tmp_path / "old mail.zip", raws))
    assert (added["name"], added["kind"]) == ("old-mail", "export")
    done = program.json("protect")
    (origin,) = done["origins"]
    assert origin["items_new"] == len(set(raws)) + 3 + 2
    again = program.json("protect")
    assert (again["origins"][0]["items_new"], again["accessions"]) == (0, [])
    assert program.json("verify")["faults"] == []
    items = program.json("items")["items"]
    assert {each["sha256"] for each in items} >= {hashlib.sha256(raw).hexdigest() for raw in raws}
    program("restore", "mail", "old-mail", "--to", tmp_path / "out", "--as", "eml")
    found = {path.read_bytes() for path in (tmp_path / "out").rglob("*.eml")}
    assert found == set(raws)
    # What was restored is an export again: the same items, with the same identifiers.
    program("add", "export", tmp_path / "out", "--name", "back")
    assert program.json("protect", "back")["origins"][0]["ok"]
    items = program.json("items")["items"]
    ids = {
        name: {each["id"] for each in items if each["origin"] == name and each["name"].endswith(".eml")}
        for name in ("old-mail", "back")
    }
    assert ids["old-mail"] == ids["back"]
    (one, *_) = ids["back"]
    history = program.json("show", one)["custody"]
    assert [each["event"] for each in history].count("capture") == 2
    assert program.json("verify")["faults"] == []


def test_what_is_no_export_is_refused_and_leaves_no_origin(program: Program, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff")
    refused = program("add", "export", tmp_path / "photo.jpg", status=206)
    assert "--kind" in refused.err
    program("add", "export", tmp_path / "no", status=207)
    program("add", "export", program.vault / "standfast.toml", status=209)
    program("add", "export", tmp_path / "photo.jpg", "--kind", "jpg", status=2)
    assert "photo" not in (program.vault / "standfast.toml").read_text()


def test_a_part_that_is_broken_is_named_and_the_rest_is_held(program: Program, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "a.mbox").write_bytes(LINE + b"Subject: a\n\nFirst.\n")
    (tree / "b.vcf").write_bytes(b"BEGIN:VCARD\r\nnever ends")
    program("add", "export", tree)
    done = program.json("protect", status=60)
    assert done["origins"][0]["items_new"] == 2
    assert [each["what"] for each in done["origins"][0]["failures"]] == ["b.vcf"]


def test_killed_on_the_way_it_goes_on_and_holds_everything_once(program: Program, tmp_path: Path) -> None:
    raws = messages(3_000)
    program("add", "export", packed(tmp_path / "mail.zip", raws), "--name", "mail")
    for wait_s in (0.6, 0.9, 1.3):
        running: subprocess.Popen[bytes] = program.start("protect")
        time.sleep(wait_s)
        os.kill(running.pid, signal.SIGKILL)
        running.communicate()
    done = program.json("protect")
    assert done["origins"][0]["ok"]
    items = program.json("items")["items"]
    found = [each["sha256"] for each in items if each["name"].endswith(".eml")]
    assert sorted(found) == sorted({hashlib.sha256(raw).hexdigest() for raw in raws})
    assert program.json("verify")["faults"] == []
