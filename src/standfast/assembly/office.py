"""A vault that stands on this machine, with the parts it is worked with."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from standfast import durable
from standfast.assembly.destinations import open_destination
from standfast.clock import Clock, machine_clock
from standfast.errors.intake import UnfinishedGenesisError, UnknownOriginError
from standfast.errors.vault import NoVaultError, VaultLockedError
from standfast.intake.place import IntakePlace, open_place
from standfast.keys.keyholder import CaptureKeys, load_capture_keys
from standfast.keys.roster import Keyring
from standfast.replicas.destination import Destination
from standfast.settings import Origin, Settings, read_settings
from standfast.tlog.append import LogWriter
from standfast.tlog.checkpoint import Checkpoint, LogSigner, open_checkpoint
from standfast.tlog.reader import LogReader
from standfast.vault.folder import CHECKPOINT_NAME, FORMAT_NAME, VaultFolder, check_format
from standfast.vault.reader import VaultReader
from standfast.vault.source import FolderSource, Source


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
        return tuple(self.keyring.log.vkeys)

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

    def reader(
        self, identities: Sequence[str], source: Source | None = None, log_size: int | None = None
    ) -> VaultReader:
        """Read what is held: here, or from a copy whose checkpoint was verified to be of `log_size`."""
        here = FolderSource(self.folder.holdings)
        return VaultReader(source or here, identities, self.checkpoint().size if log_size is None else log_size)

    def log_reader(self) -> LogReader:
        """The log of this folder, at its checkpoint."""
        return LogReader(lambda path: (self.folder.tlog / path).read_bytes(), self.checkpoint())

    def replica(self, name: str) -> Destination:
        """A replica of the settings, opened."""
        return open_destination(self.settings.replicas[name].location)


def open_office(root: Path, clock: Clock = machine_clock) -> Office:
    """The vault in `root`.

    Raises:
        NoVaultError: none stands there.
        NewerFormatError: it was written by a later version.
        SettingsError, KeysError: its settings or keyring can't be used.
    """
    folder = VaultFolder(root)
    if not folder.settings.is_file():
        raise NoVaultError(root)
    try:
        check_format(folder.held(FORMAT_NAME).read_bytes())
    except FileNotFoundError as why:
        raise UnfinishedGenesisError(root) from why
    keyring = read_keyring_in_force(folder)
    if not folder.held(CHECKPOINT_NAME).exists():
        raise UnfinishedGenesisError(root)
    return Office(folder=folder, settings=read_settings(folder.settings), keyring=keyring, clock=clock)
