"""The files under keys/: closed to others, wrong passphrases told, changed one at a time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from power_cut import PowerCut, power_cut
from standfast.errors.keys import (
    KeyFileError,
    KeyFileMissingError,
    KeyringError,
    LooseKeyFileError,
    WrongPassphraseError,
)
from standfast.keys import keyholder
from standfast.keys.keyholder import KeyringPin
from standfast.keys.master import MasterKeys
from standfast.keys.roster import CustodyKey
from standfast.seal import age
from vault_builder import MASTER

KEYS = MasterKeys.from_master(MASTER)
CUSTODY = CustodyKey(KEYS.custody_ed25519_seed, KEYS.custody_ml_dsa_seed)
NAMES = ["dedup-0.key", "log-0.key", "pin.json", "identity.age", "custody.age"]
PIN = KeyringPin(custody=CUSTODY.public, number=3)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """keys/ with everything, its scrypt made cheap."""
    seal = age.seal_under
    monkeypatch.setattr(age, "seal_under", lambda data, word: seal(data, word, log_n=4))
    keyholder.write_keys(tmp_path / "keys", KEYS, "old words", PIN)
    return tmp_path / "keys"


def test_what_was_written_is_read(folder: Path) -> None:
    held = keyholder.load_capture_keys(folder)
    assert held.dedup_own == KEYS.dedup_key(0, "own")
    assert held.dedup_strangers == KEYS.dedup_key(0, "strangers")
    assert (held.log_ed25519_seed, held.log_ml_dsa_seed) == KEYS.log_seeds(0)
    assert keyholder.unlock_identities(folder, "old words") == (KEYS.identity,)
    assert keyholder.unlock_custody(folder, "old words").public == CUSTODY.public
    assert keyholder.read_pin(folder) == PIN


def test_nobody_else_may_read_them(folder: Path) -> None:
    assert folder.stat().st_mode & 0o777 == 0o700
    for file in folder.iterdir():
        assert file.stat().st_mode & 0o777 == 0o600, file


def read_all(folder: Path) -> None:
    """Every reader of a key file."""
    keyholder.load_capture_keys(folder)
    keyholder.unlock_identity(folder, "old words")
    keyholder.unlock_custody(folder, "old words")
    keyholder.read_pin(folder)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_a_file_that_others_may_use_is_refused_with_the_command_that_closes_it(
    folder: Path, name: str, mode: int
) -> None:
    read_all(folder)
    (folder / name).chmod(mode)
    with pytest.raises(LooseKeyFileError, match="can be read by others") as raised:
        read_all(folder)
    assert f"chmod 600 {folder / name}" in raised.value.step()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "huge"])
def test_what_is_no_key_file_is_told_and_never_waited_for(folder: Path, name: str, kind: str) -> None:
    path = folder / name
    kept = path.rename(folder / "kept")
    if kind == "link":
        path.symlink_to(kept)
    elif kind == "pipe":
        os.mkfifo(path, 0o600)
    elif kind == "folder":
        path.mkdir(0o700)
    else:
        path.touch(0o600)
        os.truncate(path, 10 << 30)
    with pytest.raises(KeyFileError, match=f"keys/{name} holds no key"):
        read_all(folder)


def test_nothing_secret_stands_in_a_repr(folder: Path) -> None:
    shown = repr(keyholder.load_capture_keys(folder)) + repr(KEYS)
    assert repr(MASTER) not in shown
    assert repr(KEYS.dedup_key(0, "own")) not in shown


def test_a_wrong_passphrase_and_a_missing_or_damaged_file(folder: Path) -> None:
    with pytest.raises(WrongPassphraseError):
        keyholder.unlock_identities(folder, "other words")
    (folder / "identity.age").unlink()
    with pytest.raises(KeyFileMissingError):
        keyholder.unlock_identities(folder, "old words")
    (folder / "dedup-0.key").write_bytes(b"short")
    with pytest.raises(KeyFileError, match="64 bytes"):
        keyholder.load_capture_keys(folder)


def test_without_a_passphrase_nothing_that_reads_or_decides_is_written(tmp_path: Path) -> None:
    keyholder.write_keys(tmp_path / "keys", KEYS, None, PIN)
    assert sorted(file.name for file in (tmp_path / "keys").iterdir()) == ["dedup-0.key", "log-0.key", "pin.json"]
    assert not keyholder.has_identity(tmp_path / "keys")


def test_older_identities_stand_behind_the_newest(folder: Path) -> None:
    older = age.identity_from(bytes(32))
    keyholder.write_identity(folder, (KEYS.identity, older), "old words", PIN)
    assert keyholder.unlock_identities(folder, "old words") == (KEYS.identity, older)
    assert keyholder.unlock_identity(folder, "old words") == KEYS.identity


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "it is empty"),
        (b"# a remark\n\n", "it is empty"),
        (KEYS.identity.encode() + b"\nAGE-SECRET-KEY-PQ-1EXAMPLE\n", "identity 2 is none"),
        (KEYS.recipient.encode(), "identity 1 is none"),
        (b"\xff\xfe", "identity 1 is none"),
    ],
)
def test_a_list_of_identities_that_is_none(folder: Path, content: bytes, told: str) -> None:
    (folder / "identity.age").write_bytes(age.seal_under(content, "old words"))
    with pytest.raises(KeyFileError, match=told):
        keyholder.unlock_identities(folder, "old words")


def test_remarks_in_a_list_of_identities_are_passed_over(folder: Path) -> None:
    text = f"# made on 2031-05-04\n\n{KEYS.identity}\r\n"
    (folder / "identity.age").write_bytes(age.seal_under(text.encode(), "old words"))
    assert keyholder.unlock_identities(folder, "old words") == (KEYS.identity,)


def test_the_work_factor_that_is_written_is_the_decided_one(tmp_path: Path) -> None:
    """docs/decisions/0002."""
    keyholder.write_keys(tmp_path / "keys", KEYS, "words", PIN)
    for name in ("identity.age", "custody.age"):
        assert (tmp_path / "keys" / name).read_bytes().splitlines()[1].split()[-1] == b"16", name


def test_a_pin_that_is_none_is_told(folder: Path) -> None:
    (folder / "pin.json").write_bytes(b"{}")
    with pytest.raises(KeyFileError, match=r"pin\.json"):
        keyholder.read_pin(folder)


def test_a_lower_keyring_is_refused(folder: Path) -> None:
    with pytest.raises(KeyringError, match="has seen number 3"):
        keyholder.write_pin(folder, KeyringPin(custody=CUSTODY.public, number=2))


def opens_with(folder: Path) -> dict[str, str]:
    """Which of the two passphrases opens each sealed file; a file that opens with neither raises."""
    found = {}
    for name in ("identity.age", "custody.age"):
        try:
            age.open_under((folder / name).read_bytes(), "old words")
            found[name] = "old words"
        except WrongPassphraseError:
            age.open_under((folder / name).read_bytes(), "new words")
            found[name] = "new words"
    return found


@pytest.mark.parametrize("after", ["finished", "taken back"])
def test_a_change_of_passphrase_cut_at_any_write_is_finished_or_taken_back(folder: Path, after: str) -> None:
    words = ("old words", "new words") if after == "finished" else ("new words", "old words")
    states = set()
    at = 0
    while True:
        try:
            with power_cut(at):
                keyholder.change_passphrase(folder, "old words", "new words")
            break
        except PowerCut:
            states.add(tuple(opens_with(folder).values()))
            keyholder.change_passphrase(folder, *words)
            assert keyholder.unlock_identities(folder, words[1]) == (KEYS.identity,)
            assert keyholder.unlock_custody(folder, words[1]).public == CUSTODY.public
            keyholder.change_passphrase(folder, words[1], "old words")
            at += 1
    assert states == {("old words", "old words"), ("new words", "old words"), ("new words", "new words")}
    assert {(folder / name).stat().st_mode & 0o777 for name in NAMES} == {0o600}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_change_from_a_wrong_passphrase_changes_nothing(folder: Path) -> None:
    before = contents(folder)
    with pytest.raises(WrongPassphraseError):
        keyholder.change_passphrase(folder, "other words", "new words")
    (folder / "custody.age").write_bytes(age.seal_under(b"example", "another's words"))
    before["custody.age"] = (folder / "custody.age").read_bytes()
    with pytest.raises(WrongPassphraseError):
        keyholder.change_passphrase(folder, "old words", "new words")
    assert contents(folder) == before


def test_a_change_touches_nothing_but_what_is_sealed(folder: Path) -> None:
    before = contents(folder)
    keyholder.change_passphrase(folder, "old words", "new words")
    after = contents(folder)
    assert {name for name in before if before[name] != after[name]} == {"identity.age", "custody.age"}
    with pytest.raises(WrongPassphraseError):
        keyholder.unlock_identities(folder, "old words")


def test_an_identity_alone_can_have_its_passphrase_changed_and_nothing_at_all_can_not(folder: Path) -> None:
    (folder / "custody.age").unlink()
    keyholder.change_passphrase(folder, "old words", "new words")
    assert keyholder.unlock_identity(folder, "new words") == KEYS.identity
    (folder / "identity.age").unlink()
    with pytest.raises(KeyFileMissingError):
        keyholder.change_passphrase(folder, "new words", "old words")
