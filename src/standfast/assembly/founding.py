"""`init`: a new vault, its keys and its recovery shares."""

from __future__ import annotations

import os
import re
import secrets
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from standfast import durable
from standfast.assembly.office import Office, open_office
from standfast.clock import Clock, machine_clock
from standfast.errors.keys import SharesError
from standfast.errors.vault import VaultExistsError
from standfast.intake.genesis import make_vault
from standfast.keys.keyholder import KeyringPin, write_keys
from standfast.keys.master import MASTER_BYTES, MasterKeys
from standfast.keys.shares import SharePlan, combine, share_text, split
from standfast.settings import new_settings_text
from standfast.tlog.checkpoint import LogSigner
from standfast.vault.folder import VaultFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """The secrets of a vault that is not made yet. Gone when the process ends, but for the shares that people keep."""

    master: MasterKeys
    plan: SharePlan
    shares: tuple[str, ...] = field(repr=False)
    log_origin: str

    def require_shares(self, given: Sequence[str]) -> None:
        """What was written down must give the secret back.

        Raises:
            SharesError: it does not.
        """
        if combine(given) != self.master.master:
            raise SharesError("they are not of the set that was just shown")


def prepare(name: str, plan: SharePlan, random: Callable[[int], bytes] = os.urandom) -> Preparation:
    """Choose a master secret and split it. Nothing is written."""
    master = MasterKeys.from_master(random(MASTER_BYTES))
    shares = split(master.master, plan.threshold, plan.count)
    return Preparation(master=master, plan=plan, shares=tuple(shares), log_origin=log_origin_for(name))


def found(
    root: Path,
    name: str,
    preparation: Preparation,
    *,
    passphrase: str | None,
    clock: Clock = machine_clock,
) -> Office:
    """Make the vault. The settings come last: until they are there, the folder is no vault.

    Args:
        root: a new or empty folder.
        name: what the organisation calls it.
        preparation: from `prepare`; its shares should be in people's hands by now.
        passphrase: for the reading identity and the custody key; None leaves both off this machine.
        clock: for the genesis.

    Raises:
        VaultExistsError: something lies in the folder.
        OSError: the disk could not take it.
    """
    require_empty(root)
    folder, master = VaultFolder(root), preparation.master
    durable.make_folder(root)
    file = make_vault(folder, master, LogSigner(preparation.log_origin, *master.log_seeds(0)), at=clock())
    write_keys(folder.keys, master, passphrase, KeyringPin(custody=file.keyring.custody, number=0))
    shares = f"{preparation.plan.threshold}/{preparation.plan.count}"
    durable.write_atomically(folder.settings, new_settings_text(name, shares).encode())
    return open_office(root, clock)


def require_empty(root: Path) -> None:
    """The place of a new vault must be new or empty.

    Raises:
        VaultExistsError: it is not.
    """
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise VaultExistsError(root)


def write_share_files(preparation: Preparation, folder: Path, root: Path) -> list[Path]:
    """One file a share, 0600, in a folder that lies outside the vault.

    Raises:
        VaultExistsError: a file of that name is there already.
        SharesError: the folder lies in the vault, where one seizure would take both.
    """
    place, home = folder.resolve(), root.resolve()
    if place == home or home in place.parents:
        raise SharesError(
            f"{folder} lies in the vault's own folder, where who takes one takes both",
            todo="name a folder outside the vault with `--shares-dir`, best on another disk",
        )
    durable.make_folder(folder, mode=0o700)
    files = [folder / f"share-{number}.txt" for number in range(1, preparation.plan.count + 1)]
    for file in files:
        if file.exists():
            raise VaultExistsError(file)
    for number, (file, words) in enumerate(zip(files, preparation.shares, strict=True), 1):
        text = share_text(words, number=number, plan=preparation.plan, log_origin=preparation.log_origin)
        durable.write_atomically(file, text.encode(), mode=0o600)
    return files


def log_origin_for(name: str) -> str:
    """A name for the log that no other log has: the vault's in plain letters, and eight random ones.

    Partners that cosign see it, and it never changes.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub("[^a-z0-9]+", "-", plain).strip("-")[:40] or "vault"
    return f"{slug}.standfast/{secrets.token_hex(4)}"
