"""The log, cut at every durable write: what was acknowledged is there, size and root are old or new, nothing else."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from standfast import durable
from standfast.errors.tlog import LogMovedError
from standfast.tlog.append import LogWriter
from standfast.tlog.checkpoint import LogSigner, open_checkpoint
from standfast.tlog.folder import LogFolder
from standfast.tlog.leaf import LEAF_BYTES
from standfast.tlog.monitor import check_tiles, verify_growth
from standfast.tlog.paths import find_tile_path, tile_paths
from standfast.tlog.proof import verify_consistency, verify_inclusion
from standfast.tlog.reader import LogReader
from standfast.tlog.tree import leaf_hash, leaf_hashes, root_of

SIGNER = LogSigner("example.org/log", bytes(32), bytes(32))
AT = datetime(2031, 5, 4, 12, tzinfo=UTC)
COUNTS = st.sampled_from([1, 16, 64, 200, 255, 256, 257, 600])


class PowerCutError(BaseException):
    """The machine is off: nothing may handle it."""


class FullDiskError(OSError):
    """The disk takes nothing more."""


class Faults:
    """Stops at the n-th step that a durable write consists of, and leaves of it what a real stop would."""

    def __init__(self, at: int | None, error: type[BaseException]) -> None:
        self.left, self.error, self.steps = at, error, 0
        self.real = {
            name: getattr(durable, name)
            for name in (
                "write_many_through",
                "write_through",
                "move_into_place",
                "force_folder",
                "make_folder",
                "remove",
            )
        }

    def _step(self) -> None:
        self.steps += 1
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise self.error

    def write_through(self, path: Path, data: bytes, *, mode: int = 0o644) -> None:
        try:
            self._step()
        except BaseException:
            # Torn in the middle: a file with half of its bytes, or over an older one, half of them and no more.
            path.write_bytes(bytes(data[: len(data) // 2]))
            raise
        self._step()
        self.real["write_through"](path, data, mode=mode)

    def write_many_through(self, files: Iterable[tuple[Path, bytes]], *, mode: int = 0o644) -> None:
        files = list(files)
        try:
            self._step()
        except BaseException:
            # Not one of them is forced yet: the disk may have any of them, in any part.
            for place, (path, data) in enumerate(files):
                if place % 3:
                    path.write_bytes(bytes(data[: len(data) * (place % 3) // 2]))
            raise
        for each in files:
            self.write_through(*each, mode=mode)

    def move_into_place(self, source: Path, target: Path) -> None:
        self._step()
        os.replace(source, target)
        self._step()
        self.force_folder(target.parent)

    def force_folder(self, folder: Path) -> None:
        self._step()
        self.real["force_folder"](folder)

    def make_folder(self, folder: Path, *, mode: int = 0o755) -> None:
        self._step()
        self.real["make_folder"](folder, mode=mode)

    def remove(self, path: Path) -> None:
        self._step()
        self.real["remove"](path)


@contextmanager
def faults(at: int | None, error: type[BaseException] = PowerCutError):
    broken = Faults(at, error)
    with pytest.MonkeyPatch.context() as patch:
        for name in broken.real:
            patch.setattr(durable, name, getattr(broken, name))
        yield broken


def leaves_of(number: int, count: int) -> list[bytes]:
    return [b"%08d %08d" % (number, index) + bytes(LEAF_BYTES - 17) for index in range(count)]


class LogMachine(RuleBasedStateMachine):
    """A writer that is cut, a disk that fills, a reader beside them."""

    @initialize()
    def begin(self) -> None:
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = Path(self.scratch.name) / "tlog"
        self.writer = LogWriter(self.folder, SIGNER)
        self.held: list[bytes] = []
        self.batches = 0
        self.seen = [self.writer.checkpoint]

    def batch(self, count: int) -> list[bytes]:
        self.batches += 1
        return leaves_of(self.batches, count)

    @rule(count=COUNTS)
    def append(self, count: int) -> None:
        leaves = self.batch(count)
        note = self.writer.append(leaves, AT)
        self.held += leaves
        assert open_checkpoint(note, SIGNER.vkeys) == self.writer.checkpoint
        assert (self.folder / "checkpoint").read_bytes() == note

    @rule(count=COUNTS, at=st.integers(0, 40))
    def append_and_lose_power(self, count: int, at: int) -> None:
        leaves = self.batch(count)
        try:
            with faults(at):
                self.writer.append(leaves, AT)
        except PowerCutError:
            self.reopen(leaves)
        else:
            self.held += leaves

    @rule(count=COUNTS, at=st.integers(0, 40))
    def append_on_a_full_disk(self, count: int, at: int) -> None:
        leaves = self.batch(count)
        try:
            with faults(at, FullDiskError):
                self.writer.append(leaves, AT)
        except FullDiskError:
            # The same writer goes on, unless the checkpoint was in place before the disk failed.
            try:
                self.writer.append(leaves, AT)
            except LogMovedError:
                self.reopen(leaves)
                return
        self.held += leaves

    @rule()
    def open_again(self) -> None:
        self.reopen([])

    def reopen(self, unacknowledged: list[bytes]) -> None:
        self.writer = LogWriter(self.folder, SIGNER)
        assert self.writer.size in (len(self.held), len(self.held) + len(unacknowledged))
        if self.writer.size > len(self.held):
            self.held += unacknowledged

    @invariant()
    def size_and_root_are_those_of_what_is_held(self) -> None:
        assert (self.writer.size, self.writer.root) == (len(self.held), root_of(leaf_hashes(self.held)))

    @invariant()
    def every_acknowledged_leaf_is_there_and_proved(self) -> None:
        now, read = self.writer.checkpoint, LogFolder(self.folder).read
        reader = LogReader(read, now)
        assert list(reader.leaves(0, now.size)) == self.held
        for index in {0, now.size // 2, now.size - 1} & set(range(now.size)):
            verify_inclusion(leaf_hash(self.held[index]), index, now.size, now.root, reader.inclusion_proof(index))
        for older in self.seen:
            verify_growth(reader, older)
            proof = reader.consistency_proof(older.size)
            verify_consistency(older.size, older.root, now.size, now.root, proof)
        self.seen = [*self.seen[-4:], now]

    @invariant()
    def a_stranger_finds_nothing_wrong(self) -> None:
        size = self.writer.size
        there = {str(path.relative_to(self.folder)) for path in (self.folder / "tile").rglob("*") if path.is_file()}
        assert set(tile_paths(size)) <= there
        tiles = {path: find_tile_path(path) for path in there}
        assert all(tiles.values())
        assert list(check_tiles(LogFolder(self.folder).read, self.writer.checkpoint, there)) == []

    def teardown(self) -> None:
        if hasattr(self, "scratch"):
            self.scratch.cleanup()


LogMachine.TestCase.settings = settings(
    max_examples=40, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
TestLogMachine = LogMachine.TestCase


@pytest.mark.parametrize("held", [0, 16, 255, 300, 65_500])
def test_every_single_write_of_an_append(tmp_path, held):
    """No step is left to chance: the append is cut at each one in turn, until it gets through."""
    first, second = leaves_of(1, held), leaves_of(2, 300)
    roots = {held: root_of(leaf_hashes(first)), held + 300: root_of(leaf_hashes(first + second))}
    folder = tmp_path / "tlog"
    if held:
        LogWriter(folder, SIGNER).append(first, AT)
    at = 0
    while True:
        writer = LogWriter(folder, SIGNER)
        assert roots[writer.size] == writer.root
        if writer.size > held:
            # The cut came after the checkpoint was in place and before the answer: in the log, unknown to the caller.
            break
        try:
            with faults(at):
                writer.append(second, AT)
        except PowerCutError:
            at += 1
        else:
            raise AssertionError("the last step of an append is the folder's fsync, after the checkpoint is in place")
    assert at >= 8
    reader = LogReader(LogFolder(folder).read, writer.checkpoint)
    assert list(reader.leaves(0, writer.size)) == first + second
    assert list(check_tiles(LogFolder(folder).read, writer.checkpoint)) == []
    writer.append(leaves_of(3, 20), AT)
    assert list(check_tiles(LogFolder(folder).read, writer.checkpoint)) == []
