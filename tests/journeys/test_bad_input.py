"""What bad input gets: its own exit status, a next step, and nothing held is lost or changed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from program import Program
from standfast import durable


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """A vault with one protected folder and one copy."""
    program = Program(tmp_path)
    (tmp_path / "documents").mkdir()
    for number in range(5):
        (tmp_path / f"documents/example-{number}.txt").write_text(f"example {number}\n" * 500)
    program.init()
    program("add", "files", "documents", "--name", "docs")
    program("replicas", "add", "partner", "copy")
    program("protect")
    return program


def held(folder: Path) -> dict[str, bytes]:
    """Everything below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def refused(program: Program, *words: object, status: int, code: str) -> str:
    """Run a command that must fail with this code, say what to do, and change nothing that is held."""
    before = held(program.vault / "holdings") if (program.vault / "holdings").is_dir() else {}
    error = program.json(*words, status=status)["error"]
    assert (error["code"], error["exit_status"]) == (code, status)
    assert len(error["next_step"]) > 20
    if before:
        assert held(program.vault / "holdings") == before
    return str(error["message"])


def test_wrong_passphrase(program: Program) -> None:
    (program.room / "passphrase").write_text("another\n")
    refused(program, "items", status=10, code="KEY-010")


def test_too_few_wrong_and_mistyped_shares(program: Program) -> None:
    def rebuild(*shares: str) -> tuple[object, ...]:
        return ("rebuild", "--from", "copy", "new", *(word for share in shares for word in ("--share", share)))

    refused(program, *rebuild("shares/share-1.txt"), status=15, code="KEY-015")
    other = Program(program.room / "other") if (program.room / "other").mkdir() is None else program
    other.init()
    foreign = rebuild("other/shares/share-1.txt", "other/shares/share-2.txt")
    refused(program, *foreign, status=16, code="KEY-016")
    share = program.room / "shares/share-2.txt"
    words = share.read_text().split()
    share.write_text(" ".join([*words[:-1], "academic" if words[-1] != "academic" else "acid"]))
    assert "share 2" in refused(
        program, *rebuild("shares/share-1.txt", "shares/share-2.txt"), status=15, code="KEY-015"
    )
    assert not (program.room / "new").exists()


def test_a_vault_that_somebody_writes_to(program: Program) -> None:
    with durable.exclusive_lock(program.vault / "state/lock", "protect, process 1 on example") as other:
        assert other is None
        message = refused(program, "protect", status=23, code="VLT-023")
    assert "process 1 on example" in message


def test_no_vault_and_a_newer_one(program: Program) -> None:
    elsewhere = Program(program.room / "empty") if (program.room / "empty").mkdir() is None else program
    refused(elsewhere, "status", status=21, code="VLT-021")
    (program.vault / "holdings/FORMAT").write_text("standfast vault 2\n")
    refused(program, "protect", status=22, code="VLT-022")


def test_an_unknown_key_in_the_settings(program: Program) -> None:
    settings = program.vault / "standfast.toml"
    settings.write_text(settings.read_text() + '\n[origins.docs2]\nkind = "files"\npath = "/x"\nexclud = ["a"]\n')
    message = refused(program, "protect", status=3, code="SET-003")
    assert "origins.docs2.exclud" in message


def test_an_unreachable_site_leaves_the_rest_protected(program: Program) -> None:
    program("add", "web", "http://127.0.0.1:9/", "--name", "site")
    (program.room / "documents/new.txt").write_text("new example")
    done = program.json("protect", status=60)
    assert done["error"]["code"] == "INT-060"
    by_name = {origin["name"]: origin for origin in done["origins"]}
    assert by_name["docs"]["ok"]
    assert by_name["docs"]["items_new"] >= 1
    assert not by_name["site"]["ok"]
    assert "http://127.0.0.1:9/" in by_name["site"]["failures"][0]["what"]


def test_a_replica_that_is_unplugged(program: Program) -> None:
    (program.room / "copy").rename(program.room / "away")
    (program.room / "documents/new.txt").write_text("new example")
    done = program.json("protect", status=60)
    assert done["origins"][0]["ok"]
    assert not done["replicas"][0]["ok"]
    # An empty folder where the disk was is no reason to begin anew there.
    (program.room / "copy").mkdir()
    assert not program.json("replicas", "sync", status=60)["replicas"][0]["ok"]
    assert not list((program.room / "copy").rglob("*/*"))
    (program.room / "copy").rmdir()
    (program.room / "away").rename(program.room / "copy")
    assert program.json("replicas", "sync")["replicas"][0]["ok"]
    assert program.json("audit", "copy", *program.vkeys)["ok"]


def test_an_old_copy_of_the_vault_signs_nothing(program: Program) -> None:
    shutil.copytree(program.vault, program.room / "old", symlinks=True)
    (program.room / "documents/new.txt").write_text("new example")
    program("protect")
    shutil.rmtree(program.vault)
    (program.room / "old").rename(program.vault)
    (program.room / "documents/newer.txt").write_text("newer example")
    message = refused(program, "protect", status=61, code="INT-061")
    assert "leaves" in message


def test_a_replica_older_than_the_vault_is_brought_forward(program: Program) -> None:
    shutil.copytree(program.room / "copy", program.room / "old")
    (program.room / "documents/new.txt").write_text("new example")
    program("protect")
    keys = program.vkeys
    assert program.json("audit", "copy", *keys)["ok"]
    shutil.rmtree(program.room / "copy")
    (program.room / "old").rename(program.room / "copy")
    faults = program.json("audit", "copy", *keys, status=70)
    assert faults["freshness"] == "failed"
    program("replicas", "sync")
    assert program.json("audit", "copy", *keys)["ok"]


def test_an_origin_that_shows_nothing_is_not_taken_for_empty(program: Program) -> None:
    for number in range(20):
        (program.room / f"documents/more-{number}.txt").write_text("example")
    program("protect")
    (program.room / "documents").rename(program.room / "on-another-disk")
    (program.room / "documents").mkdir()
    done = program.json("protect", status=60)["origins"][0]
    assert (done["items_gone"], done["ok"]) == (0, False)
    assert len(program.json("items")["items"]) == 25
    (program.room / "documents").rmdir()
    (program.room / "on-another-disk").rename(program.room / "documents")
    assert program.json("protect")["origins"][0]["ok"]


def a_pack(folder: Path) -> Path:
    """The largest pack below a folder."""
    return max((path for path in (folder / "packs").rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)


def test_a_pack_missing_and_damaged(program: Program) -> None:
    pack = a_pack(program.vault / "holdings")
    raw = pack.read_bytes()
    pack.unlink()
    assert pack.name in program.json("verify", status=20)["faults"][0]["object"]
    assert program.json("restore", "files", "docs", "--to", "out", status=24)["error"]["code"] == "VLT-024"
    pack.write_bytes(raw[:2000] + bytes([raw[2000] ^ 1]) + raw[2001:])
    assert pack.name in program.json("verify", status=20)["faults"][0]["object"]
    healed = program.json("replicas", "heal")
    assert pack.name in [each["object"].rpartition("/")[2] for each in healed["healed"] if each["in"] == "this vault"]
    assert program.json("verify")["ok"]


def test_a_log_rewound_and_a_checkpoint_of_other_keys(program: Program) -> None:
    checkpoint = program.vault / "holdings/tlog/checkpoint"
    good = checkpoint.read_bytes()
    checkpoint.write_bytes(good.replace(b"\n32\n", b"\n16\n"))
    refused(program, "protect", status=40, code="LOG-040")
    checkpoint.write_bytes(good)
    other = Program(program.room / "other") if (program.room / "other").mkdir() is None else program
    other.init()
    assert not program.json("audit", "copy", *other.vkeys, status=70)["ok"]


def test_existing_files_are_not_written_over(program: Program) -> None:
    (program.room / "out").mkdir()
    (program.room / "out/example-0.txt").write_text("mine")
    refused_document = program.json("restore", "files", "docs", "--to", "out", status=81)
    assert refused_document["error"]["code"] == "RES-081"
    assert (program.room / "out/example-0.txt").read_text() == "mine"


def test_a_link_in_the_target_is_not_followed(program: Program) -> None:
    (program.room / "documents/deep").mkdir()
    (program.room / "documents/deep/example.txt").write_text("example")
    program("protect")
    outside = program.room / "outside"
    outside.mkdir()
    (program.room / "out").mkdir()
    (program.room / "out/deep").symlink_to(outside)
    done = program.json("restore", "files", "docs", "--to", "out", "--force", status=80)
    assert not list(outside.iterdir())
    assert any(failure["what"].startswith("deep") for failure in done["failures"])


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_disk_that_is_full(small_disk: Path) -> None:
    program = Program(small_disk)
    documents = small_disk.parent / "documents"
    documents.mkdir()
    (documents / "first.bin").write_bytes(os.urandom(400_000))
    program.init()
    program("add", "files", documents, "--name", "docs")
    program("protect")
    (documents / "second.bin").write_bytes(os.urandom(8_000_000))
    refused(program, "protect", status=29, code="VLT-029")
    (documents / "second.bin").write_bytes(os.urandom(100_000))
    assert program.json("protect")["origins"][0]["ok"]
    assert program.json("verify")["ok"]
    assert program.json("audit", program.vault / "holdings", *program.vkeys)["faults"] == []
