"""docs/formats/ suffices: a script made from its pages alone reads what the program wrote."""

from __future__ import annotations

import ast
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from program import PASSPHRASE, Program
from standfast.keys.keyholder import unlock_identities

SCRIPT = Path(__file__).parents[2] / "docs/formats/read_vault.py"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """A vault after three accessions (new, changed, gone) of two origins, its copy, its identity in a file."""
    room = tmp_path_factory.mktemp("room")
    documents = room / "documents"
    (documents / "letters").mkdir(parents=True)
    (documents / "letters/example.txt").write_text("an example\n")
    (documents / "letters/of many words.txt").write_text("a line that repeats itself\n" * 40_000)
    (documents / "تقرير.txt").write_text("مثال\n")
    (documents / "gone.txt").write_text("goes away")
    (documents / "empty").touch()
    (documents / os.fsdecode(b"not-utf8-\xff.bin")).write_bytes(os.urandom(6_000_000))
    (documents / "link").symlink_to("letters/example.txt")
    (room / "other").mkdir()
    (room / "other/gone.txt").write_text("the same name elsewhere")
    program = Program(room)
    program.init()
    program("add", "files", documents, "--name", "docs")
    program("add", "files", room / "other", "--name", "other")
    program("replicas", "add", "partner", "copy")
    program("protect")
    (documents / "letters/example.txt").write_text("changed\n")
    (documents / "gone.txt").unlink()
    program("protect")
    (documents / "new.txt").write_text("new")
    for number in range(300):
        (documents / f"letters/{number}").write_text(f"letter {number}")
    program("protect")
    identities = unlock_identities(program.vault / "keys", PASSPHRASE)
    (room / "identity").write_text("# a remark\n\n" + "\n".join(identities) + "\n")
    return program


def run(program: Program, *words: str, replica: str = "copy", status: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-I", str(SCRIPT), replica, "identity", *words],
        cwd=program.room,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONUTF8": "1"},
        timeout=120,
        check=False,
    )
    assert done.returncode == status, done.stderr
    return done


def test_it_lists_what_the_program_lists(program: Program) -> None:
    expected = {
        (each["id"], each["origin"], each["sha256"], str(each["size_bytes"]), each["name"])
        for each in program.json("items")["items"]
    }
    listed = {tuple(line.split("\t")) for line in run(program, "list").stdout.splitlines()}
    assert listed == expected
    assert len(listed) > 300


def test_it_gives_every_byte_back(program: Program) -> None:
    listed = run(program, "extract", "out").stdout.splitlines()
    assert sorted(os.listdir(program.room / "out")) == sorted(line.split("\t")[0] for line in listed)
    digests = {line.split("\t")[2] for line in listed}
    for folder in ("documents", "other"):
        for path in (program.room / folder).rglob("*"):
            if path.is_file() and not path.is_symlink():
                assert hashlib.sha256(path.read_bytes()).hexdigest() in digests, path
    names = {line.split("\t")[4]: line.split("\t")[0] for line in listed}
    assert (program.room / "out" / names["letters/example.txt"]).read_text() == "changed\n"
    assert (program.room / "out" / names["تقرير.txt"]).read_text() == "مثال\n"
    assert (program.room / "out" / names["link"]).read_text() == "letters/example.txt"
    random = (program.room / "documents" / os.fsdecode(b"not-utf8-\xff.bin")).read_bytes()
    assert (program.room / "out" / names["not-utf8-\\xff.bin"]).read_bytes() == random


@pytest.mark.parametrize("kind", ["packs", "inventory", "keyring", "tlog/tile/entries", "HOW-TO-OPEN.txt"])
def test_one_bit_turned_over_stops_it(program: Program, tmp_path: Path, kind: str) -> None:
    replica = tmp_path / "copy"
    shutil.copytree(program.room / "copy", replica)
    found = replica / kind
    path = found if found.is_file() else max(each for each in found.rglob("*") if each.is_file())
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)
    assert run(program, "list", replica=str(replica), status=1).stderr


def test_it_imports_nothing_of_ours() -> None:
    names = set()
    for node in ast.walk(ast.parse(SCRIPT.read_text())):
        if isinstance(node, ast.Import):
            names |= {each.name.split(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module).split(".")[0])
    assert names - sys.stdlib_module_names == {"cryptography", "zstandard"}


def test_a_packs_name_is_what_sha256sum_says(program: Program) -> None:
    command = "find packs -type f -exec sha256sum {} +"
    said = subprocess.run(
        command, shell=True, cwd=program.room / "copy", capture_output=True, text=True, timeout=60, check=True
    ).stdout.splitlines()
    assert len(said) >= 3
    for line in said:
        digest, path = line.split("  ")
        assert path == f"packs/{digest[:2]}/{digest}"
