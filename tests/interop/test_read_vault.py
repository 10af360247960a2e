"""docs/formats/ suffices: a script made from its pages alone reads what the program wrote."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from program import PASSPHRASE, Program
from standfast.keys.keyholder import unlock_identities
from standfast.seal import age
from standfast.vault.manifests import Line
from standfast.vault.origin_state import OriginState

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


def run(
    program: Program, *words: str, replica: str = "copy", identity: str = "identity", path: str = "", status: int = 0
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-I", str(SCRIPT), replica, identity, *words],
        cwd=program.room,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, **({"PATH": path} if path else {})},
        timeout=120,
        check=False,
    )
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
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
    noise = (program.room / "documents" / os.fsdecode(b"not-utf8-\xff.bin")).read_bytes()
    assert (program.room / "out" / names["not-utf8-\\xff.bin"]).read_bytes() == noise


def test_without_the_command_zstd_the_package_serves(program: Program, tmp_path: Path) -> None:
    assert shutil.which("zstd")
    assert run(program, "list", path=str(tmp_path)).stdout == run(program, "list").stdout


@pytest.mark.parametrize("name", ["inventory/2", "inventory/3", "keyring/0"])
def test_a_withheld_document_is_noticed(program: Program, tmp_path: Path, name: str) -> None:
    replica = tmp_path / "copy"
    shutil.copytree(program.room / "copy", replica)
    (replica / name).unlink()
    assert "withheld" in run(program, "list", replica=str(replica), status=1).stderr


def test_another_identity_opens_nothing(program: Program) -> None:
    (program.room / "other-identity").write_text(age.identity_from(bytes(range(32))))
    done = run(program, "list", identity="other-identity", status=1)
    assert (done.stdout, done.stderr) == ("", "read_vault: none of the identities opens a pack\n")


@pytest.mark.parametrize("place", [0, 30, -1])
def test_a_mistyped_identity_is_noticed(program: Program, tmp_path: Path, place: int) -> None:
    line = age.identity_from(bytes(range(32)))
    at = place % len(line)
    (tmp_path / "identity").write_text(line[:at] + ("Q" if line[at] != "Q" else "P") + line[at + 1 :])
    assert "mistyped" in run(program, "list", identity=str(tmp_path / "identity"), status=1).stderr


def manifest_of(seed: int) -> list[dict[str, object]]:
    """Lines of two origins as no real run would order them: the rule must hold for any."""
    chance = random.Random(seed)
    ids = [f"i{'a' * 14}{a}{b}" for a in "abc" for b in "abcdefgh"]
    used: list[str] = []
    lines: list[dict[str, object]] = []
    for _ in range(30):
        origin, run = chance.choice(["docs", "site"]), chance.choice(["run1", "run2", "run3"])
        what = chance.choice(["origin", "item", "item", "item", "gone", "end"])
        line: dict[str, object] = {"what": what, "origin": origin, "run": run}
        if what == "origin":
            line |= {"kind": "web", "location": "x", "started_at": ""}
        elif what == "end":
            runs = chance.choice([[], [run], ["run1", "run2"]])
            line |= {"complete": chance.random() < 0.7, "ended_at": "", "unchanged_count": 0, "runs": runs}
        elif what == "gone":
            line = {"what": what, "origin": origin, "item": chance.choice([*used, "i"]), "at": ""}
        elif len(used) < len(ids):
            relations = (
                [{"relation": "replaces", "item": chance.choice(used)}] if used and chance.random() < 0.2 else []
            )
            used.append(ids[len(used)])
            record = {
                "format": "standfast/record/v1", "id": used[-1], "origin": origin, "name": chance.choice("abcd"),
                "sha256": "", "blake3": "", "size_bytes": 0, "media_type": "", "captured_at": "", "tool": "",
                "facts": {"kind": "note", "about": ""}, "relations": relations,
            }  # fmt: skip
            line = {"what": what, "chunks": [], "leaf": 0, "salt": "A" * 43 + "=", "record": record}
        else:
            continue
        lines.append(line)
    return lines


def test_the_pages_rule_adds_up_to_the_programs_state() -> None:
    spec = importlib.util.spec_from_file_location("read_vault", SCRIPT)
    assert spec
    assert spec.loader
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    seen = 0
    for seed in range(500):
        lines = manifest_of(seed)
        state = OriginState()
        for line in lines:
            state.take(msgspec.convert(line, Line), 1)
        expected = sorted((held.record.origin, held.record.id) for held in state.held())
        assert sorted(script.present_state(lines)) == expected, seed
        seen += len(expected)
    assert seen > 1000


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
