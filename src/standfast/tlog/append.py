"""Adds leaves to the log. The order of writes is the whole of its safety.

 1. the checkpoint on the disk is the one this writer knows            else LogMovedError
 2. the partial tiles below it give its root                           else LogDamagedError
 3. partial tiles that a failed append left above the size are removed  or 5 would make them look like ours
 4. new entry bundles and tiles are durable                            standfast.durable
 5. the checkpoint of the new size is signed and durable               the moment of acknowledgement
 6. partial tiles whose full tile is there are removed                 nothing depends on it

A crash before 5 leaves the old log and, above its size, debris that the next append overwrites. Nothing that the old
checkpoint needs is ever written to. There is no state beside checkpoint and tiles that could disagree with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from standfast.errors.tlog import LogDamagedError, LogMovedError, TlogError
from standfast.tlog.bundles import parse_bundle, write_bundle
from standfast.tlog.checkpoint import Checkpoint, LogSigner, open_checkpoint
from standfast.tlog.edge import RightEdge, grow, read_edge
from standfast.tlog.folder import LogFolder
from standfast.tlog.leaf import LEAF_BYTES
from standfast.tlog.paths import TILE_WIDTH, TilePath
from standfast.tlog.tree import EMPTY_ROOT, leaf_hashes


class LogWriter:
    """The one writer of a log, under the vault's lock. An append costs its batch, not the log."""

    def __init__(self, folder: Path, signer: LogSigner) -> None:
        """Open the log at its checkpoint; a folder that is empty or not there is a new log. Nothing is written.

        That this is the newest checkpoint the log ever signed can't be seen from the folder alone: compare it with what
        replicas and cosigners hold (`monitor.verify_growth`).

        Args:
            folder: `holdings/tlog`.
            signer: the keys that signed the checkpoint there, and will sign the next.

        Raises:
            LogDamagedError: checkpoint or partial tiles are missing or don't fit, or other keys signed.
            OSError: the folder could not be read.
        """
        self._folder, self._signer = LogFolder(folder), signer
        self._note = self._folder.find_checkpoint()
        self._checkpoint = self._open(self._note)
        self._edge()

    @property
    def size(self) -> int:
        """Leaves acknowledged."""
        return self._checkpoint.size

    @property
    def root(self) -> bytes:
        """The root over them; the empty root for a new log."""
        return self._checkpoint.root

    @property
    def checkpoint(self) -> Checkpoint:
        """Where the log stands."""
        return self._checkpoint

    def append(self, leaves: Sequence[bytes], at: datetime) -> bytes:
        """Add a batch; when this returns, the leaves from the old `size` on are durable and signed for.

        Args:
            leaves: one batch, 68 bytes each (`leaf.leaf_of`), at least one.
            at: the moment that the checkpoint states, aware.

        Returns:
            The new checkpoint, a signed note.

        Raises:
            ValueError: no leaf, or one of another length.
            LogMovedError: the checkpoint on the disk is another one. Open the log again.
            LogDamagedError: the partial tiles no longer fit the checkpoint. Nothing was written.
            OSError: the disk could not take it; nothing is acknowledged. The same append may be tried again; where the
                disk failed in the very last step, that raises LogMovedError.
        """
        if not leaves or any(len(leaf) != LEAF_BYTES for leaf in leaves):
            raise ValueError(f"a batch is one or more leaves of {LEAF_BYTES} bytes")
        self._require_unmoved()
        edge = self._edge()
        new_edge, tiles = grow(edge, leaf_hashes(leaves))
        bundles = self._bundles(leaves, edge)
        if self._note is None:
            # From here on, tiles without a checkpoint are a checkpoint lost, not the debris of a first append.
            self._acknowledge(0, EMPTY_ROOT, at)
        self._folder.clear_debris((tile for tile, _ in (*bundles, *tiles)), self.size)
        self._folder.write_tiles([*bundles, *tiles])
        note = self._acknowledge(new_edge.size, new_edge.root(), at)
        self._folder.drop_superseded(tile for tile, _ in (*bundles, *tiles) if tile.width == TILE_WIDTH)
        return note

    def _acknowledge(self, size: int, root: bytes, at: datetime) -> bytes:
        note = self._signer.sign(size, root, at)
        self._folder.write_checkpoint(note)
        self._note, self._checkpoint = note, Checkpoint(self._signer.origin, size, root)
        return note

    def _require_unmoved(self) -> None:
        found = self._folder.find_checkpoint()
        if found != self._note:
            raise LogMovedError(self.size, self._open(found).size)

    def _open(self, note: bytes | None) -> Checkpoint:
        if note is None:
            return Checkpoint(self._signer.origin, 0, EMPTY_ROOT)
        try:
            return open_checkpoint(note, self._signer.vkeys)
        except TlogError as why:
            raise LogDamagedError(self._folder.path, f"its checkpoint is not one of ours: {why}") from why

    def _edge(self) -> RightEdge:
        try:
            return read_edge(self._folder.read, self.size, self.root)
        except TlogError as why:
            raise LogDamagedError(self._folder.path, str(why)) from why

    def _bundles(self, leaves: Sequence[bytes], edge: RightEdge) -> list[tuple[TilePath, bytes]]:
        """The entry bundles that are new: the last partial one continued, then full ones, then a partial one."""
        index, held_count = divmod(self.size, TILE_WIDTH)
        entries = list(leaves)
        if held_count:
            entries = self._last_entries(TilePath(None, index, held_count), edge.levels[0]) + entries
        bundles = []
        for start in range(0, len(entries), TILE_WIDTH):
            inside = entries[start : start + TILE_WIDTH]
            bundles.append((TilePath(None, index, len(inside)), write_bundle(inside)))
            index += 1
        return bundles

    def _last_entries(self, bundle: TilePath, needed: tuple[bytes, ...]) -> list[bytes]:
        """The entries of the last, partial bundle: they are written again, so they are checked first."""
        path = bundle.text()
        try:
            entries = parse_bundle(self._folder.read(path), bundle.width)
        except (FileNotFoundError, ValueError) as why:
            raise LogDamagedError(self._folder.path, f"tlog/{path} is missing or cut: {why}") from why
        if tuple(leaf_hashes(entries)) != needed:
            raise LogDamagedError(self._folder.path, f"the entries in tlog/{path} do not give the hashes of their tile")
        return entries
