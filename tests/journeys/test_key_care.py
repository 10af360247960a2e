"""Shares and passphrase once a vault stands, by the program: tried, recovered with, changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from program import Program

SHARES = ("--share", "shares/share-1.txt", "--share", "shares/share-3.txt")


@pytest.fixture
def program(tmp_path: Path) -> Program:
    program = Program(tmp_path)
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents/letter").write_text("an example\n")
    program.init()
    program("add", "files", tmp_path / "documents", "--name", "docs")
    program("protect")
    return program


def secret(room: Path, name: str, words: str) -> Path:
    """A file with a passphrase."""
    file = room / name
    file.write_text(words + "\n")
    file.chmod(0o600)
    return file


def todo(program: Program) -> str:
    """All that `status` asks for."""
    return " ".join(row["command"] for row in program.json("status")["todo"])


def test_shares_are_tried_and_status_stops_asking(program: Program) -> None:
    assert "keys drill" in todo(program)
    before = sorted(path for path in program.vault.rglob("*") if "state" not in path.parts)
    tried = program.json("keys", "drill", *SHARES)
    assert (tried["ok"], tried["given"], tried["threshold"], tried["items"]) == (True, 2, 2, 1)
    assert sorted(path for path in program.vault.rglob("*") if "state" not in path.parts) == before
    assert "keys drill" not in todo(program)


def test_too_few_shares_or_another_vaults_open_nothing(program: Program, tmp_path: Path) -> None:
    few = program.json("keys", "drill", *SHARES[:2], status=15)["error"]
    assert "share" in few["message"]
    program("init", tmp_path / "other", "--name", "Other", "--shares", "2/3", "--shares-dir", tmp_path / "others")
    foreign = ("--share", tmp_path / "others/share-1.txt", "--share", tmp_path / "others/share-2.txt")
    program("keys", "drill", *foreign, status=16)
    program("keys", "recover", *foreign, status=16)
    assert "keys drill" in todo(program)


def test_a_forgotten_passphrase_is_replaced_with_shares_and_everyone_can_see_it(
    program: Program, tmp_path: Path
) -> None:
    for name in ("identity.age", "custody.age"):
        (program.vault / "keys" / name).unlink()
    program("show", "x", status=13)
    new = secret(tmp_path, "new", "another passphrase")
    program("keys", "recover", *SHARES, "--passphrase-file", new)
    program("verify", "--passphrase-file", new)
    told = program.json("items", "--origin", "standfast", "--passphrase-file", new)["items"]
    assert any(item["name"].startswith("recover keys/") for item in told)


def test_a_new_passphrase_opens_and_the_old_one_no_more(program: Program, tmp_path: Path) -> None:
    new = secret(tmp_path, "new", "another passphrase")
    wrong = secret(tmp_path, "wrong", "not it")
    program("keys", "passphrase", "--new-passphrase-file", new, "--passphrase-file", wrong, status=10)
    program("items")
    program("keys", "passphrase", "--new-passphrase-file", new)
    program("items", status=10)
    assert program.json("items", "--passphrase-file", new)["items"]
