"""Between which moments an item of this vault entered its log."""

from __future__ import annotations

from standfast.assembly.office import Office
from standfast.assembly.stamping import all_roots
from standfast.stamping.shelf import StampShelf
from standfast.stamping.window import ItemWindow, StampedLog
from standfast.tlog.cosigned import CosignedFolder
from standfast.vault.folder import inventory_name
from standfast.vault.inventory import open_inventory


def window_of_item(office: Office, leaf: int, accession: int) -> ItemWindow:
    """The window of the item whose leaf this is, which this accession brought in.

    Raises:
        TlogError: the log can't be read.
    """

    def nothing_is_written(name: str) -> None:
        raise AssertionError(name)

    stamped = StampedLog(
        log=office.log_reader(),
        vkeys=office.vkeys,
        shelf=StampShelf(office.folder.holdings, nothing_is_written),
        read_note=CosignedFolder(office.folder.tlog).read,
        read_inventory=lambda number: open_inventory(office.folder.held(inventory_name(number)).read_bytes()),
        roots_pem=all_roots(office),
    )
    return stamped.window_of(leaf, accession)
