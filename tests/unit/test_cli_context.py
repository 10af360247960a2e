"""Which vault is meant, and how a passphrase comes in."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from standfast.cli import secrets
from standfast.cli.context import Invocation
from standfast.cli.output import Output
from standfast.errors.cli import PassphraseFileError, PassphraseMissingError
from standfast.errors.vault import NoVaultError


def invocation(here: Path, **environment: str) -> Invocation:
    return Invocation(Output(io.StringIO(), io.StringIO()), environment, here)


@pytest.fixture
def vaults(tmp_path: Path) -> Path:
    for name in ("one", "two", "three"):
        (tmp_path / name / "deep" / "er").mkdir(parents=True)
        (tmp_path / name / "standfast.toml").write_text("")
    return tmp_path


def test_the_folder_given_wins_then_the_variable_then_where_one_stands(vaults: Path) -> None:
    run = invocation(vaults / "one" / "deep" / "er", STANDFAST_DIR=str(vaults / "two"))
    run.chosen_folder = vaults / "three"
    assert run.vault_folder() == vaults / "three"
    run.chosen_folder = None
    assert run.vault_folder() == vaults / "two"
    assert invocation(vaults / "one" / "deep" / "er").vault_folder() == vaults / "one"
    assert invocation(vaults / "one").vault_folder() == vaults / "one"
    assert invocation(vaults / "one", STANDFAST_DIR="").vault_folder() == vaults / "one"


def test_a_folder_that_was_named_is_never_replaced_by_another(vaults: Path) -> None:
    run = invocation(vaults / "one")
    run.chosen_folder = vaults / "two" / "deep"
    with pytest.raises(NoVaultError, match="deep"):
        run.vault_folder()
    with pytest.raises(NoVaultError, match="nowhere"):
        invocation(vaults / "one", STANDFAST_DIR=str(vaults / "nowhere")).vault_folder()
    with pytest.raises(NoVaultError):
        invocation(vaults).vault_folder()


def written(folder: Path, raw: bytes, mode: int = 0o600) -> Path:
    file = folder / "passphrase"
    file.write_bytes(raw)
    file.chmod(mode)
    return file


@pytest.mark.parametrize("raw", [b"correct horse", b"correct horse\n", b"correct horse\r\n"])
def test_a_passphrase_is_the_one_line_of_its_file(tmp_path: Path, raw: bytes) -> None:
    run = invocation(tmp_path, STANDFAST_PASSPHRASE_FILE=str(written(tmp_path, raw)))
    assert run.passphrase() == "correct horse"
    assert run.new_passphrase() == "correct horse"


def test_spaces_belong_to_a_passphrase(tmp_path: Path) -> None:
    assert secrets.read_passphrase_file(written(tmp_path, b" example \n"), Output()) == " example "


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "empty"),
        (b"\n", "empty"),
        (b"one\ntwo\n", "more than one line"),
        (b"\xff\xfe", "not UTF-8"),
        (b"x" * 5000, "longer than"),
        (b"a\0b", "more than one line"),
    ],
)
def test_what_is_no_passphrase_is_refused_without_being_shown(tmp_path: Path, raw: bytes, why: str) -> None:
    with pytest.raises(PassphraseFileError, match=why) as refused:
        secrets.read_passphrase_file(written(tmp_path, raw), Output())
    assert "two" not in refused.value.for_person()
    assert "xxx" not in refused.value.for_person()


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PassphraseFileError, match="No such file"):
        secrets.read_passphrase_file(tmp_path / "none", Output())


def test_a_file_that_others_can_read_is_used_and_said(tmp_path: Path) -> None:
    said = io.StringIO()
    file = written(tmp_path, b"example", 0o644)
    assert secrets.read_passphrase_file(file, Output(io.StringIO(), said)) == "example"
    assert "chmod 600" in said.getvalue()


def test_without_a_file_and_a_terminal_there_is_no_passphrase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("not this\n"))
    with pytest.raises(PassphraseMissingError):
        invocation(tmp_path).passphrase()


def test_the_file_given_wins_over_the_variable(tmp_path: Path) -> None:
    run = invocation(tmp_path, STANDFAST_PASSPHRASE_FILE=str(tmp_path / "none"))
    run.passphrase_file = written(tmp_path, b"example")
    assert run.passphrase() == "example"
