"""The files under keys/: closed to others, wrong passphrases told, changed one at a time."""

from __future__ import annotations

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
    (folder / "log-0.key").chmod(0o640)
    with pytest.raises(LooseKeyFileError, match="can be read by others"):
        keyholder.load_capture_keys(folder)


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


def test_a_lower_keyring_is_refused(folder: Path) -> None:
    with pytest.raises(KeyringError, match="has seen number 3"):
        keyholder.write_pin(folder, KeyringPin(custody=CUSTODY.public, number=2))


def test_a_change_of_passphrase_cut_at_any_write_is_finished_by_the_next(folder: Path) -> None:
    at = 0
    while True:
        try:
            with power_cut(at):
                keyholder.change_passphrase(folder, "old words", "new words")
            break
        except PowerCut:
            keyholder.change_passphrase(folder, "old words", "new words")
            assert keyholder.unlock_identities(folder, "new words") == (KEYS.identity,)
            assert keyholder.unlock_custody(folder, "new words").public == CUSTODY.public
            keyholder.change_passphrase(folder, "new words", "old words")
            at += 1
    assert at > 4
