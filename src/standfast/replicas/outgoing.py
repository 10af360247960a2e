"""What our own holdings say is new since a copy's size, each of it checked against our own log before it leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from standfast.errors.vault import MalformedObjectError
from standfast.holdings.digest import sha256_hex
from standfast.replicas.destination import ReadableCopy
from standfast.replicas.evidence import named_evidence
from standfast.replicas.names import TLOG
from standfast.replicas.statements import Statement, open_inventory, open_keyring
from standfast.tlog.checkpoint import Checkpoint
from standfast.tlog.paths import TILE_WIDTH
from standfast.tlog.tiles import LogReader
from standfast.vault.folder import FORMAT_NAME, HOW_TO_OPEN_NAME, inventory_name, keyring_name
from standfast.vault.inventory import Inventory


class Outgoing:
    """Our holdings at our checkpoint. Nothing of the store is listed."""

    def __init__(self, source: ReadableCopy, checkpoint: Checkpoint) -> None:
        """Nothing is read yet.

        Args:
            source: our `holdings/`.
            checkpoint: ours, opened.
        """
        self.source = source
        self.size = checkpoint.size
        self.reader = LogReader(lambda path: source.read(TLOG + path), checkpoint)
        self._batches: dict[int, int] = {}
        self._inventories: dict[int, Inventory] = {}

    def require_leaves(self, since: int) -> None:
        """Read every bundle that a copy of size `since` lacks, and the tiles above it, against our root.

        Raises:
            TileError: one of ours is missing or damaged.
        """
        for _ in self.reader.leaves(since - since % TILE_WIDTH, self.size):
            pass

    def require_documents(self) -> None:
        """Require the documents whose digests keyring 0 names.

        Raises:
            MalformedObjectError: one of ours is missing or damaged.
        """
        named = dict(open_keyring(self._read(keyring_name(0))).value.keyring.documents)
        for name in (FORMAT_NAME, HOW_TO_OPEN_NAME):
            if sha256_hex(self._read(name)) != named.get(name):
                raise MalformedObjectError(name, "it is not the file whose digest keyring/0 names")

    def new_keyrings(self, since: int) -> range:
        """Numbers of the keyrings whose leaves a log of size `since` lacks. Errors as `new_inventories`."""
        return self._new(keyring_name, 0, open_keyring, since)

    def new_inventories(self, since: int) -> range:
        """Numbers of the inventories whose leaves a log of size `since` lacks, debris above our checkpoint left out.

        Raises:
            MalformedObjectError: one of ours is missing or damaged.
            TileError: the log can't be read.
        """
        return self._new(inventory_name, 1, open_inventory, since)

    def require_covered(self, since: int) -> None:
        """Require that the new keyrings and inventories open everything since: a lost one must not be acknowledged.

        Raises:
            MalformedObjectError: one of ours is missing.
        """
        at = since
        while at < self.size and at in self._batches:
            at = self._batches[at]
        if at != self.size:
            raise MalformedObjectError("holdings", f"no keyring and no inventory opens the log from leaf {at}")

    def inventory(self, number: int) -> Inventory:
        """One of ours. Errors as `new_inventories`."""
        opened: Statement[Inventory] = self._open(inventory_name(number), open_inventory)
        self._inventories[number] = opened.value
        return opened.value

    def named_evidence(self) -> dict[str, str]:
        """Digests of cosigned checkpoints, stamps and policies, by the inventories that were opened until now."""
        return named_evidence(each for _, each in sorted(self._inventories.items()))

    def _new(
        self, name: Callable[[int], str], first: int, open_one: Callable[[bytes], Statement[Any]], since: int
    ) -> range:
        number = stop = self._last(name, first)
        while number >= first:
            opened = self._open(name(number), open_one)
            if opened.index < since:
                break
            if opened.index >= self.size:
                stop = number - 1
            elif self.reader.leaf(opened.index) != opened.leaf():
                raise MalformedObjectError(name(number), f"leaf {opened.index} of the log does not commit to it")
            else:
                self._batches[opened.index] = opened.index + opened.count
            number -= 1
        return range(number + 1, stop + 1)

    def _open(self, name: str, open_one: Callable[[bytes], Statement[Any]]) -> Statement[Any]:
        try:
            return open_one(self._read(name))
        except ValueError as why:
            raise MalformedObjectError(name, str(why)) from why

    def _read(self, name: str) -> bytes:
        try:
            return self.source.read(name)
        except OSError as why:
            raise MalformedObjectError(name, why.strerror or str(why)) from why

    def _last(self, name: Callable[[int], str], first: int) -> int:
        """The greatest number that is there, `first` - 1 for none: by doubling and halving, not by listing."""
        if self.source.size(name(first)) is None:
            return first - 1
        step = 1
        while self.source.size(name(first + step)) is not None:
            step *= 2
        low, high = first + step // 2, first + step
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.source.size(name(middle)) is not None else (low, middle)
        return low
