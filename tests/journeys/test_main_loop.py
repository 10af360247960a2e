"""The whole loop on files, by the program: protect, copy, audit, burn, rebuild, restore."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from program import Program


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


def make_documents(folder: Path) -> None:
    """A small tree with what trees have."""
    (folder / "letters").mkdir(parents=True)
    (folder / "letters/example.txt").write_text("an example\n")
    (folder / "تقرير.txt").write_text("مثال\n")
    (folder / os.fsdecode(b"not-utf8-\xff.bin")).write_bytes(bytes(range(256)) * 3000)
    (folder / "empty").touch()
    (folder / "link").symlink_to("letters/example.txt")
    (folder / "outside").symlink_to("/etc/hostname")
    os.link(folder / "letters/example.txt", folder / "second name")
    with (folder / "sparse").open("wb") as file:
        file.truncate(3_000_000)
        file.seek(2_000_000)
        file.write(b"x")
    os.utime(folder / "letters/example.txt", ns=(1, 1_234_567_890_123_456_789))
    (folder / "letters").chmod(0o750)
    (folder / "empty").chmod(0o604)
    os.utime(folder / "letters", ns=(1, 1_111_111_111_000_000_001))


def picture(folder: Path) -> dict[str, tuple[object, ...]]:
    """All that a restore must give back, by relative name."""
    seen: dict[str, tuple[object, ...]] = {}
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = os.path.join(place, name)
            found = os.lstat(path)
            content: object = None
            if os.path.islink(path):
                content = os.readlink(path)
            elif os.path.isfile(path):
                content = Path(path).read_bytes()
            key = os.path.relpath(path, folder)
            seen[key] = (
                content,
                found.st_mode,
                found.st_uid,
                found.st_mtime_ns,
                os.path.isfile(path) and found.st_nlink,
            )
    return seen


def test_lose_everything_and_stand_up_again(program: Program, tmp_path: Path) -> None:
    documents = tmp_path / "documents"
    make_documents(documents)
    before = picture(documents)
    program.init()
    program("add", "files", documents, "--name", "docs")
    program("replicas", "add", "partner", "copy")
    first = program.json("protect")
    assert first["origins"][0]["items_new"] == len(before)
    assert first["replicas"][0]["ok"]
    assert program.json("protect")["origins"][0]["items_new"] == 0

    vkeys = program.vkeys
    assert program.json("audit", "copy", *vkeys)["ok"]

    shutil.rmtree(program.vault)
    shutil.rmtree(documents)
    shares = ("--share", "shares/share-3.txt", "--share", "shares/share-1.txt")
    rebuilt = program.json("rebuild", "--from", "copy", program.vault, *shares)
    assert rebuilt["ok"]
    assert rebuilt["items"] == len(before)
    restored = program.json("restore", "files", "docs", "--to", "documents")
    assert restored["ok"]
    assert picture(documents) == before
    assert os.stat(documents / "sparse").st_blocks * 512 < 2_000_000, "holes stay holes"

    # The rebuilt vault goes on: it adds, and its copy follows.
    (documents / "new.txt").write_text("after the day")
    again = program.json("protect")
    assert again["origins"][0]["ok"]
    assert again["replicas"][0]["ok"]
    assert program.json("verify")["ok"]
    assert program.json("audit", "copy", *vkeys)["ok"]


def test_restore_as_it_was_and_a_part_of_it(program: Program, tmp_path: Path) -> None:
    documents = tmp_path / "documents"
    make_documents(documents)
    program.init()
    program("add", "files", documents, "--name", "docs")
    program("protect")
    then = program.json("items")["items"][-1]["captured_at"]
    (documents / "letters/example.txt").write_text("changed")
    (documents / "empty").unlink()
    (documents / "new.txt").write_text("new")
    second = program.json("protect")["origins"][0]
    assert (second["items_gone"], second["ok"]) == (1, True)
    program("restore", "files", "docs", "--to", "then", "--at", then)
    assert (tmp_path / "then/letters/example.txt").read_text() == "an example\n"
    assert (tmp_path / "then/empty").exists()
    assert not (tmp_path / "then/new.txt").exists()
    program("restore", "files", "docs", "--to", "part", "--path", "letters")
    assert sorted(os.listdir(tmp_path / "part")) == ["letters"]
    assert (tmp_path / "part/letters/example.txt").read_text() == "changed"
    program("restore", "files", "docs", "--to", "part", status=81)
    program("restore", "files", "docs", "--to", "part", "--force")
    assert not (tmp_path / "part/empty").exists()


def test_shares_read_in_place_of_the_passphrase(program: Program, tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents/example.txt").write_text("an example")
    program.init()
    program("add", "files", "documents", "--name", "docs")
    program("protect")
    for name in ("identity.age", "custody.age"):
        (program.vault / "keys" / name).unlink()
    program("items", status=13)
    shares = ("--share", "shares/share-1.txt", "--share", "shares/share-2.txt")
    assert [item["name"] for item in program.json("items", *shares)["items"]] == ["example.txt"]
    program("restore", "files", "docs", "--to", "out", *shares)
    assert (tmp_path / "out/example.txt").read_text() == "an example"
    program("items", "--share", "shares/share-1.txt", status=15)


def test_export_is_in_the_custody(program: Program, tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents/example.txt").write_text("an example")
    program.init()
    program("add", "files", "documents", "--name", "docs")
    program("protect")
    item = program.json("items")["items"][0]["id"]
    written = program.json("export", item, "--to", "evidence")["items"][0]
    assert Path(tmp_path / written["file"]).read_text() == "an example"
    events = [each["event"] for each in program.json("show", item)["custody"]]
    assert events == ["capture", "accession", "export"]


def test_status_says_what_to_do_next(program: Program, tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    program.init()
    assert "add" in program.json("status")["todo"][0]["command"]
    program("add", "files", "documents", "--name", "docs")
    assert {"what": "docs was not protected lately", "command": "standfast protect docs"} in program.json("status")[
        "todo"
    ]
    program("protect")
    told = program.json("status")
    assert told["origins"][0]["protected_at"]
    assert all(todo["command"] != "standfast protect docs" for todo in told["todo"])
