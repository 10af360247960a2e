"""Removes what no acknowledged inventory names. Only for a folder whose journal was lost: it lists the whole store."""

from __future__ import annotations

import contextlib
import os

from standfast.vault.folder import VaultFolder, inventory_name
from standfast.vault.inventory import open_inventory
from standfast.vault.source import FolderSource


def sweep_all(folder: VaultFolder, acknowledged: int) -> None:
    """Remove packs that accessions up to number `acknowledged` do not name, and the inventory that was cut off.

    Call it under the vault's lock. Nothing that is acknowledged is touched: a pack that an inventory says was
    replaced is left too.
    """
    source = FolderSource(folder.holdings)
    named: set[str] = set()
    for number in range(1, acknowledged + 1):
        named.update(pack.sha256 for pack in open_inventory(source.read(inventory_name(number))).packs)
    with contextlib.suppress(FileNotFoundError):
        folder.held(inventory_name(acknowledged + 1)).unlink()
    packs = folder.held("packs")
    for shelf in sorted(os.listdir(packs)) if packs.is_dir() else ():
        for name in os.listdir(packs / shelf):
            if name not in named:
                (packs / shelf / name).unlink()
