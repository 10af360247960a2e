"""A vault that stands on this machine, with the parts it is worked with."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from standfast import durable
from standfast.clock import Clock, machine_clock
from standfast.errors.intake import UnfinishedGenesisError, UnknownOriginError
from standfast.errors.keys import KeyringError
from standfast.errors.vault import NoVaultError, VaultLockedError
from standfast.intake.place import IntakePlace, open_place
from standfast.keys.keyholder import CaptureKeys, load_capture_keys, read_pin
from standfast.keys.roster import Keyring, verify_keyring_chain
from standfast.settings import Origin, Settings, read_settings
from standfast.tlog.append import LogWriter
from standfast.tlog.checkpoint import Checkpoint, LogSigner, open_checkpoint
from standfast.tlog.reader import LogReader
from standfast.vault.folder import CHECKPOINT_NAME, FORMAT_NAME, VaultFolder, check_format, keyring_name
from standfast.vault.reader import VaultReader
from standfast.vault.source import FolderSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """One vault's folder, checked and read; nothing is locked or unlocked yet."""

    folder: VaultFolder
    settings: Settings
    keyring: Keyring
    clock: Clock = machine_clock

    @property
    def vkeys(self) -> tuple[str, ...]:
        """The keys that must have signed a checkpoint of this log."""
        return self.keyring.log.vkeys

    def origin(self, name: str) -> Origin:
        """An origin of the settings.

        Raises:
            UnknownOriginError: there is none of that name.
        """
        if name not in self.settings.origins:
            raise UnknownOriginError(name)
        return self.settings.origins[name]

    def checkpoint(self) -> Checkpoint:
        """This folder's own checkpoint, verified."""
        return open_checkpoint(self.folder.held(CHECKPOINT_NAME).read_bytes(), self.vkeys)

    def capture_keys(self) -> CaptureKeys:
        """What this machine holds for adding; reads nothing."""
        return load_capture_keys(self.folder.keys)

    @contextmanager
    def lock(self, doing: str) -> Iterator[None]:
        """Be the only one who writes to this vault.

        Raises:
            VaultLockedError: another process is; the error says who.
        """
        durable.make_folder(self.folder.state, mode=0o700)
        holder = f"{doing}, process {os.getpid()} on {socket.gethostname()}, since {self.clock():%Y-%m-%d %H:%M} UTC"
        with durable.exclusive_lock(self.folder.state / "lock", holder) as other:
            if other is not None:
                raise VaultLockedError(other)
            yield

    @contextmanager
    def intake(self) -> Iterator[IntakePlace]:
        """Stand ready for accessions. Hold `lock` around it.

        Raises:
            LogDamagedError: the log in this folder is not what was signed.
        """
        keys = self.capture_keys()
        signer = LogSigner(self.keyring.log.origin, keys.log_ed25519_seed, keys.log_ml_dsa_seed)
        place = open_place(
            self.folder,
            log=LogWriter(self.folder.tlog, signer),
            dedup_key=keys.dedup_own,
            dedup_strangers=keys.dedup_strangers,
            recipients=self.keyring.recipients,
            keyring_number=self.keyring.number,
            settings_text=self.settings.text,
            pack_bytes=self.settings.vault.pack_mib << 20,
            clock=self.clock,
        )
        try:
            yield place
        finally:
            place.close()

    def reader(self, identities: Sequence[str]) -> VaultReader:
        """Read what is held here."""
        return VaultReader(FolderSource(self.folder.holdings), identities, self.checkpoint().size)

    def log_reader(self) -> LogReader:
        """The log of this folder, at its checkpoint."""
        return LogReader(lambda path: (self.folder.tlog / path).read_bytes(), self.checkpoint())


def open_office(root: Path, clock: Clock = machine_clock) -> Office:
    """The vault in `root`.

    Raises:
        NoVaultError: none stands there.
        NewerFormatError: it was written by a later version.
        SettingsError, KeyringError: its settings or keyring can't be used.
        UnfinishedGenesisError: `init` was cut off.
    """
    folder = VaultFolder(root)
    if not folder.settings.is_file():
        raise NoVaultError(root)
    try:
        check_format(folder.held(FORMAT_NAME).read_bytes())
        folder.held(CHECKPOINT_NAME).stat()
    except FileNotFoundError as why:
        raise UnfinishedGenesisError(root) from why
    return Office(folder=folder, settings=read_settings(folder.settings), keyring=keyring_in_force(folder), clock=clock)


def keyring_in_force(folder: VaultFolder) -> Keyring:
    """The newest keyring, with its whole chain verified against what this machine has pinned.

    Raises:
        KeyringError: altered, missing, of another custody key, or older than what this machine saw.
    """
    pin = read_pin(folder.keys)
    raws: list[bytes] = []
    while True:
        try:
            raws.append(folder.held(keyring_name(len(raws))).read_bytes())
        except FileNotFoundError:
            break
    newest = verify_keyring_chain(raws, pin.custody if pin else None)[-1].keyring
    if pin and newest.number < pin.number:
        raise KeyringError(newest.number, f"this machine has seen number {pin.number}")
    return newest
