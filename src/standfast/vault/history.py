"""The chain of inventories of a copy, as far as its log acknowledges them."""

from __future__ import annotations

from collections.abc import Iterator

from standfast.errors.vault import MalformedObjectError
from standfast.holdings.digest import sha256_hex
from standfast.vault.folder import inventory_name
from standfast.vault.inventory import Inventory, open_inventory
from standfast.vault.source import Source


def read_history(source: Source, log_size: int, *, after: int = 0) -> Iterator[tuple[Inventory, str]]:
    """Inventories in order with the digest of their files, from number `after` + 1 to the last acknowledged one.

    An inventory whose leaf lies at or above `log_size` is debris of an accession that was cut off, and ends the
    history.
    That each leaf is in the log is what an audit checks; this checks numbers and the chain of digests.

    Raises:
        MalformedObjectError: an inventory that is none, or does not follow the one before.
        OSError: one could not be read.
    """
    previous = ""
    if after:
        previous = sha256_hex(source.read(inventory_name(after)))
    number = after + 1
    while True:
        try:
            raw = source.read(inventory_name(number))
        except FileNotFoundError:
            return
        try:
            inventory = open_inventory(raw)
        except MalformedObjectError as why:
            raise MalformedObjectError(inventory_name(number), why.why) from why
        if inventory.leaf.index >= log_size:
            return
        if inventory.number != number or inventory.previous != previous:
            raise MalformedObjectError(inventory_name(number), "it does not follow the one before")
        previous = sha256_hex(raw)
        yield inventory, previous
        number += 1


def last_number(source: Source) -> int:
    """The greatest inventory number that is there, found by doubling and halving: no listing of the folder."""
    if source.size(inventory_name(1)) is None:
        return 0
    low, high = 1, 2
    while source.size(inventory_name(high)) is not None:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if source.size(inventory_name(middle)) is not None else (low, middle)
    return low
