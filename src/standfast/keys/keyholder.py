"""The files under keys/: what a machine holds to add, and, under a passphrase, what a person holds to read and decide.

dedup-0.key       64 bytes: dedup keys for own origins and for those that strangers can write to
log-0.key         64 bytes: Ed25519 and ML-DSA-44 seeds of the log
pin.json          the public halves of keyring 0's custody key, and the greatest keyring number seen
identity.age      under the passphrase: age identities, the newest first; may be absent
custody.age       under the passphrase: the custody key's seeds; may be absent
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from standfast import durable
from standfast.errors.keys import (
    KeyFileError,
    KeyFileMissingError,
    KeyringError,
    LooseKeyFileError,
    MalformedAgeFileError,
    WrongPassphraseError,
)
from standfast.keys.master import MasterKeys
from standfast.keys.roster import CustodyKey, CustodyPublic
from standfast.seal import age

DEDUP_NAME, LOG_NAME, PIN_NAME = "dedup-0.key", "log-0.key", "pin.json"
IDENTITY_NAME, CUSTODY_NAME = "identity.age", "custody.age"
KEY_FILE_LIMIT = 64 * 1024


@dataclass(frozen=True, slots=True)
class CaptureKeys:
    """What adding needs. Nothing here reads what is held."""

    dedup_own: bytes = field(repr=False)
    dedup_strangers: bytes = field(repr=False)
    log_ed25519_seed: bytes = field(repr=False)
    log_ml_dsa_seed: bytes = field(repr=False)


class KeyringPin(msgspec.Struct, frozen=True, kw_only=True):
    """What this machine knows of the keyring: where its chain begins, and how far it had got."""

    custody: CustodyPublic
    """Of keyring 0. Later custody keys follow from it, by signatures."""
    number: int
    """The greatest that was seen."""


def write_keys(folder: Path, master: MasterKeys, passphrase: str | None, pin: KeyringPin) -> None:
    """Write all of keys/, durably. Without a passphrase the machine gets nothing that reads or decides."""
    durable.make_folder(folder, mode=0o700)
    os.chmod(folder, 0o700)
    _write(folder / DEDUP_NAME, master.dedup_key(0, "own") + master.dedup_key(0, "strangers"))
    _write(folder / LOG_NAME, b"".join(master.log_seeds(0)))
    write_pin(folder, pin)
    if passphrase is not None:
        write_secrets(folder, master, passphrase)


def write_secrets(folder: Path, master: MasterKeys, passphrase: str) -> None:
    """Write what reads and what decides, under a passphrase, over what is there of it."""
    identity, custody = _sealed_contents(master)
    _write(folder / IDENTITY_NAME, age.seal_under(identity, passphrase))
    _write(folder / CUSTODY_NAME, age.seal_under(custody, passphrase))


def write_identity(folder: Path, identities: Sequence[str], passphrase: str, pin: KeyringPin) -> None:
    """Write a reading identity alone: this machine can read what is held, and add nothing."""
    durable.make_folder(folder, mode=0o700)
    os.chmod(folder, 0o700)
    write_pin(folder, pin)
    _write(folder / IDENTITY_NAME, age.seal_under("".join(f"{each}\n" for each in identities).encode(), passphrase))


def load_capture_keys(folder: Path) -> CaptureKeys:
    """What adding needs.

    Raises:
        KeyFileMissingError, LooseKeyFileError, KeyFileError: a file is not there, too open, or no key.
    """
    dedup, log = _read(folder, DEDUP_NAME), _read(folder, LOG_NAME)
    for name, raw in ((DEDUP_NAME, dedup), (LOG_NAME, log)):
        if len(raw) != 64:
            raise KeyFileError(name, f"64 bytes are expected, {len(raw)} found")
    return CaptureKeys(dedup[:32], dedup[32:], log[:32], log[32:])


def unlock_identities(folder: Path, passphrase: str) -> tuple[str, ...]:
    """The reading identities, the newest first.

    Raises:
        KeyFileMissingError: this machine holds none.
        WrongPassphraseError: it is another one.
        LooseKeyFileError, KeyFileError, MalformedAgeFileError: the file is too open, or holds no identity.
    """
    text = age.open_under(_read(folder, IDENTITY_NAME), passphrase).decode("ascii", "replace")
    # Remarks, as age's own tools write them, are no identities.
    lines = tuple(line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#"))
    if not lines:
        raise KeyFileError(IDENTITY_NAME, "it is empty")
    for number, line in enumerate(lines, 1):
        try:
            age.recipient_of(line)
        except MalformedAgeFileError as why:
            raise KeyFileError(IDENTITY_NAME, f"identity {number} is none: {why.why}") from why
    return lines


def unlock_identity(folder: Path, passphrase: str) -> str:
    """The reading identity in force, the newest. Errors as `unlock_identities`."""
    return unlock_identities(folder, passphrase)[0]


def unlock_custody(folder: Path, passphrase: str) -> CustodyKey:
    """The custody key. Errors as `unlock_identities`."""
    raw = age.open_under(_read(folder, CUSTODY_NAME), passphrase)
    if len(raw) != 64:
        raise KeyFileError(CUSTODY_NAME, f"64 bytes are expected, {len(raw)} found")
    return CustodyKey(raw[:32], raw[32:])


def change_passphrase(folder: Path, old: str, new: str) -> None:
    """Seal what is under the old passphrase under a new one.

    1. Each of the two files is opened: with the old passphrase, or, after a change that was cut off, with the new one.
       One that opens with neither stops everything; nothing has changed then.
    2. Each that had the old one is written anew, in one step on the disk: the old file or the new one, never a part.

    Cut off between the two, `identity.age` has the new passphrase and `custody.age` the old. Nothing is lost: the same
    call again finishes, and the call with both exchanged goes back.

    Raises:
        WrongPassphraseError: a file opens with neither. Nothing has changed.
        KeyFileMissingError: nothing here is under a passphrase.
        LooseKeyFileError, KeyFileError, MalformedAgeFileError: as `unlock_identities`. Nothing has changed.
        OSError: the disk could not take it.
    """
    still_old: dict[str, bytes] = {}
    there = [name for name in (IDENTITY_NAME, CUSTODY_NAME) if os.path.lexists(folder / name)]
    if not there:
        raise KeyFileMissingError(IDENTITY_NAME)
    for name in there:
        sealed = _read(folder, name)
        try:
            still_old[name] = age.open_under(sealed, old)
        except WrongPassphraseError:
            age.open_under(sealed, new)
    for name, plain in still_old.items():
        _write(folder / name, age.seal_under(plain, new))


def has_identity(folder: Path) -> bool:
    """Whether a reading identity lies on this machine, under its passphrase."""
    return (folder / IDENTITY_NAME).is_file()


def read_pin(folder: Path) -> KeyringPin | None:
    """What this machine knows of the keyring; None when it knows nothing."""
    try:
        return msgspec.json.decode(_read(folder, PIN_NAME), type=KeyringPin)
    except KeyFileMissingError:
        return None
    except msgspec.MsgspecError as why:
        raise KeyFileError(PIN_NAME, str(why)) from why


def write_pin(folder: Path, pin: KeyringPin) -> None:
    """Know this keyring from now on.

    Raises:
        KeyringError: a greater number was seen before.
    """
    known = read_pin(folder)
    if known and known.number > pin.number:
        raise KeyringError(pin.number, f"this machine has seen number {known.number}")
    _write(folder / PIN_NAME, msgspec.json.encode(pin))


def _sealed_contents(master: MasterKeys) -> tuple[bytes, bytes]:
    return master.identity.encode() + b"\n", master.custody_ed25519_seed + master.custody_ml_dsa_seed


def _write(path: Path, data: bytes) -> None:
    durable.write_atomically(path, data, mode=0o600)


def _read(folder: Path, name: str) -> bytes:
    path = folder / name
    try:
        # Not blocking: what should be a file may be a pipe that nobody writes to.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as why:
        raise KeyFileMissingError(name) from why
    except OSError as why:
        told = "it is a symbolic link, and a key lies here itself" if why.errno == errno.ELOOP else why.strerror
        raise KeyFileError(name, str(told)) from why
    try:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            raise KeyFileError(name, "it is no regular file")
        if stat.S_IMODE(mode) & 0o077:
            raise LooseKeyFileError(path)
        with open(handle, "rb", closefd=False) as file:
            raw = file.read(KEY_FILE_LIMIT + 1)
    finally:
        os.close(handle)
    if len(raw) > KEY_FILE_LIMIT:
        raise KeyFileError(name, f"it has more than {KEY_FILE_LIMIT} bytes")
    return raw
