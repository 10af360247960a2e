"""What an accession was about to put among the holdings, so that a cut leaves no debris behind.

Holds pack digests and a number, nothing that names what is held. Can be lost: then debris stays until an audit names
it.
"""

from __future__ import annotations

import contextlib
import json
import shutil

from standfast import durable
from standfast.holdings.digest import SHA256_HEX
from standfast.vault.folder import VaultFolder, inventory_name, pack_name


def begin(folder: VaultFolder, number: int, packs: list[str]) -> None:
    """Note, durably, that accession `number` is about to put these packs in place."""
    text = json.dumps({"accession": number, "packs": packs})
    durable.write_atomically(folder.state / "journal", text.encode(), mode=0o600)


def end(folder: VaultFolder) -> None:
    """The accession is acknowledged; its packs are holdings now."""
    durable.remove(folder.state / "journal")


def sweep(folder: VaultFolder, acknowledged: int) -> None:
    """Remove what an accession that was cut off left behind.

    Call it under the vault's lock, before anything is written.

    `acknowledged` is the greatest inventory number that the log's checkpoint covers: nothing up to it is touched.
    """
    shutil.rmtree(folder.pending, ignore_errors=True)
    journal = folder.state / "journal"
    try:
        noted = json.loads(journal.read_bytes())
        number, packs = int(noted["accession"]), [str(each) for each in noted["packs"]]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        durable.remove(journal)
        return
    if number > acknowledged:
        for pack in packs:
            if SHA256_HEX.fullmatch(pack):
                with contextlib.suppress(FileNotFoundError):
                    folder.held(pack_name(pack)).unlink()
        with contextlib.suppress(FileNotFoundError):
            folder.held(inventory_name(number)).unlink()
    durable.remove(journal)
