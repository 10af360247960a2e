"""Keyrings and inventories in what both have: a number, a chain, and a control leaf that opens them in the log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from standfast.keys import roster
from standfast.tlog.leaf import leaf_of
from standfast.vault import inventory
from standfast.vault.inventory import Inventory

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement(Generic[T]):
    """A keyring or an inventory taken apart, in what both have."""

    number: int
    previous: str
    """Digest of the whole file of the one before; empty for the first."""
    index: int
    """Where its control leaf stands."""
    count: int
    """Leaves of its batch."""
    salt: bytes
    control: bytes
    """What the control leaf commits to."""
    value: T

    def leaf(self) -> bytes:
        """The control leaf that the log must hold at `index`."""
        return leaf_of(self.control, self.salt)


def open_inventory(raw: bytes) -> Statement[Inventory]:
    """An inventory's file, taken apart."""
    opened = inventory.open_inventory(raw)
    return Statement(
        number=opened.number,
        previous=opened.previous,
        index=opened.leaf.index,
        count=opened.leaf.count,
        salt=opened.leaf.salt_bytes(),
        control=inventory.control_statement(opened),
        value=opened,
    )


def open_keyring(raw: bytes) -> Statement[roster.KeyringFile]:
    """A keyring's file, taken apart; its signatures are not verified."""
    opened = roster.open_keyring(raw)
    return Statement(
        number=opened.keyring.number,
        previous=opened.keyring.previous,
        index=opened.leaf.index,
        count=opened.leaf.count,
        salt=roster.leaf_salt(opened),
        control=roster.control_statement(opened),
        value=opened,
    )
