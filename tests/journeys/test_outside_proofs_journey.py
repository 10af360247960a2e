"""A folder with proofs in it, protected: what was found stands with the items; a night without news adds nothing."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

import proofs_fixture as made
from program import Program


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


def test_proofs_are_verified_at_intake_and_shown(program: Program, tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    letter = files / "letter.txt"
    letter.write_bytes(b"example\n")
    (files / "plain.txt").write_bytes(b"example 2\n")
    (files / "site.wacz").write_bytes(made.changed_zip(made.wacz()[0], "archive/data.warc", b"changed"))
    (files / "letter.txt.ots").write_bytes(made.ots(letter.read_bytes()))
    program.init()
    with tempfile.TemporaryDirectory(prefix="g") as room:
        gpg = made.Gpg(Path(room) / "h")
        gpg.sign(letter)
        keys = program.vault / "trusted" / "openpgp"
        keys.mkdir(parents=True)
        (keys / "example.asc").write_bytes(gpg.public_key())
        gpg.close()
    program("add", "files", files, "--name", "desk")
    first = program.json("protect")
    held = {each["name"]: each["id"] for each in program.json("items")["items"] if each["origin"] == "desk"}

    def proofs_of(name: str) -> list[str]:
        shown = program.json("show", held[name])
        return [each["detail"] for each in shown["custody"] if each["event"] == "proof"]

    assert proofs_of("plain.txt") == []
    assert any("openpgp passed" in each and made.EMAIL in each for each in proofs_of("letter.txt"))
    assert any("opentimestamps not checked" in each for each in proofs_of("letter.txt"))
    assert any("openpgp passed" in each for each in proofs_of("letter.txt.asc"))
    (changed,) = proofs_of("site.wacz")
    assert "wacz failed" in changed
    assert "archive/data.warc" in changed
    second = program.json("protect")
    assert (len(first["accessions"]), second["accessions"]) == (2, [])
