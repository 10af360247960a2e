"""The log beside pymerkle and aics-tlog: append by batches, the slope to great sizes, cold proofs, the whole check.

    .venv/bin/python bench/bench_log.py [--leaves 1000000] [--most 3000000] [--folder DIR]

All three commit each batch durably: ours as tiles, then a checkpoint signed with Ed25519 and ML-DSA-44; aics-tlog as
tiles and a checkpoint that nobody signs; pymerkle as one SQLite transaction. All know the root after each. A proof is
cold when nothing was kept from the one before; each is made and then verified. Ours and aics-tlog's (by its
VerifiedTileReader) check on the way that the tiles lead to the root; pymerkle trusts its file. On a machine that others
use, ratios mean something and absolute times do not.
"""

from __future__ import annotations

import argparse
import resource
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Protocol

sys.path.append(str(Path(sys.prefix) / "bench"))
try:
    import aics_tlog
    import pymerkle
    from aics_tlog.tiles import consistency_proof_from_tiles, inclusion_proof_from_tiles, read_entry
    from aics_tlog.verified import VerifiedTileReader
    from aics_tlog.writer import DirectoryTileStore, IncrementalTileWriter
except ImportError:
    sys.exit("pymerkle and aics-tlog are the peers here; `make bench-setup` installs them aside")

from standfast.tlog.append import LogWriter
from standfast.tlog.checkpoint import LogSigner
from standfast.tlog.folder import LogFolder
from standfast.tlog.monitor import check_tiles
from standfast.tlog.proof import verify_consistency, verify_inclusion
from standfast.tlog.reader import LogReader
from standfast.tlog.tree import leaf_hash

AT = datetime(2031, 5, 4, 12, tzinfo=UTC)
SIGNER = LogSigner("bench.example/log", bytes(32), bytes(32))
BATCHES = (10_000, 1_000)
SLOPE_SIZES = (1_000, 10_000, 100_000, 1_000_000, 3_000_000)
SLOPE_REPEATS = 41
PROOFS = 200
COLD_PROOFS = 10
"""pymerkle reads its whole file when it is opened: some seconds each at 1,000,000."""


class Leaves:
    """Random leaves of 68 bytes, made before the clock runs."""

    def __init__(self, seed: int) -> None:
        """Always the same ones."""
        self._random = Random(seed)

    def batch(self, count: int) -> list[bytes]:
        """The next ones."""
        whole = self._random.randbytes(68 * count)
        return [whole[at : at + 68] for at in range(0, len(whole), 68)]


class Log(Protocol):
    """What all three can do."""

    size: int

    def append(self, leaves: list[bytes]) -> bytes:
        """Durable; the root."""

    def forget(self) -> None:
        """Keep nothing of the proofs before."""

    def prove_inclusion(self, index: int) -> None:
        """Make the proof of one leaf, and verify it."""

    def prove_consistency(self, old_size: int) -> None:
        """Make the proof from an older size to now, and verify it."""


class Ours:
    """A log of tiles in a folder."""

    def __init__(self, folder: Path) -> None:
        """Empty."""
        self.folder, self.size = folder, 0
        self.writer = LogWriter(folder, SIGNER)
        self.forget()

    def append(self, leaves: list[bytes]) -> bytes:
        """Durable, signed; the root."""
        self.writer.append(leaves, AT)
        self.size = self.writer.size
        return self.writer.root

    def forget(self) -> None:
        """A new reader."""
        self._reader = LogReader(LogFolder(self.folder).read, self.writer.checkpoint)

    def prove_inclusion(self, index: int) -> None:
        """From the tiles, with what the reader keeps between calls."""
        reader = self._reader
        verify_inclusion(
            leaf_hash(reader.leaf(index)), index, self.size, self.writer.root, reader.inclusion_proof(index)
        )

    def prove_consistency(self, old_size: int) -> None:
        """From the tiles; the old root from them too."""
        reader = self._reader
        verify_consistency(
            old_size, reader.root_at(old_size), self.size, self.writer.root, reader.consistency_proof(old_size)
        )


class Aics:
    """aics-tlog's tiles in a folder."""

    def __init__(self, folder: Path) -> None:
        """Empty."""
        self.folder, self.size, self.root = folder, 0, b""
        self._store = DirectoryTileStore(folder)
        self._writer = IncrementalTileWriter(self._store)

    def append(self, leaves: list[bytes]) -> bytes:
        """Durable; the root."""
        self._writer.append(leaves)
        self.size, self.root = self._writer.size, self._writer.root()
        self._store.write_checkpoint(b"%d %s" % (self.size, self.root.hex().encode()))
        return self.root

    def forget(self) -> None:
        """A new reader, which checks tiles against the root."""
        self._reader = VerifiedTileReader(DirectoryTileStore(self.folder), self.size, self.root)

    def prove_inclusion(self, index: int) -> None:
        """From the tiles, with what its reader keeps between calls."""
        entry = read_entry(self._reader, index, self.size)
        proof = inclusion_proof_from_tiles(self._reader, index, self.size)
        if not aics_tlog.verify_leaf_inclusion(entry, index, self.size, proof, self.root):
            sys.exit("aics-tlog does not verify its own proof")

    def prove_consistency(self, old_size: int) -> None:
        """From the tiles; the old root from them too."""
        old_root = aics_tlog.tree_root_from_tiles(self._reader, old_size, self.size)
        proof = consistency_proof_from_tiles(self._reader, old_size, self.size)
        if not aics_tlog.verify_consistency(old_size, self.size, old_root, self.root, proof):
            sys.exit("aics-tlog does not verify its own proof")


class Pymerkle:
    """pymerkle's tree in an SQLite file."""

    def __init__(self, folder: Path) -> None:
        """Empty."""
        folder.mkdir(parents=True)
        self._file, self.size = str(folder / "tree.db"), 0
        self._tree = pymerkle.SqliteTree(self._file)

    def append(self, leaves: list[bytes]) -> bytes:
        """Durable; the root."""
        self._tree.append_entries(leaves)
        self.size += len(leaves)
        root: bytes = self._tree.get_root()
        return root

    def forget(self) -> None:
        """Open the file again: what it kept in memory is gone."""
        self._tree.con.close()
        self._tree = pymerkle.SqliteTree(self._file)

    def prove_inclusion(self, index: int) -> None:
        """From the file, with what it keeps between calls."""
        proof = self._tree.prove_inclusion(index + 1)
        pymerkle.verify_inclusion(self._tree.get_leaf(index + 1), self._tree.get_root(), proof)

    def prove_consistency(self, old_size: int) -> None:
        """From the file; the old root from it too."""
        proof = self._tree.prove_consistency(old_size)
        pymerkle.verify_consistency(self._tree.get_root(old_size), self._tree.get_root(), proof)


KINDS: tuple[Callable[[Path], Log], ...] = (Ours, Pymerkle, Aics)


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def rate(log: Log, count: int, batch: int) -> float:
    """Leaves a second over `count` leaves."""
    leaves, total = Leaves(batch), 0.0
    for _ in range(count // batch):
        inside = leaves.batch(batch)
        total += seconds(lambda inside=inside: log.append(inside))
    return count / total


def slopes(logs: list[Log], sizes: list[int]) -> list[list[float]]:
    """Milliseconds for a batch of 1,000 at each size: the median of several, the logs one after the other each time."""
    leaves, found = Leaves(7), []
    for size in sizes:
        times: list[list[float]] = [[] for _ in logs]
        while logs[0].size < size:
            inside = leaves.batch(min(10_000, size - logs[0].size))
            for log in logs:
                log.append(inside)
        for _ in range(SLOPE_REPEATS):
            inside = leaves.batch(1_000)
            for log, into in zip(logs, times, strict=True):
                into.append(seconds(lambda log=log, inside=inside: log.append(inside)))
        found.append([statistics.median(each) * 1000 for each in times])
    return found


def proofs(logs: list[Log]) -> None:
    """Rows for proofs, cold and with what each keeps between calls."""
    chance = Random(3)
    for cold in (True, False):
        places = [chance.randrange(1, logs[0].size) for _ in range(COLD_PROOFS if cold else PROOFS)]
        for name in ("inclusion", "consistency"):
            took = []
            for log in logs:
                prove = log.prove_inclusion if name == "inclusion" else log.prove_consistency
                log.forget()
                took.append(sum(one(log, prove, place, cold) for place in places) / len(places) * 1000)
            line(f"ms, {name} proof at {logs[0].size:,}, {'cold' if cold else 'warm'}", took, fewer=True)


def one(log: Log, prove: Callable[[int], None], place: int, cold: bool) -> float:
    """Seconds for one proof; what forgetting costs is part of a cold one."""
    return seconds(lambda: (log.forget() if cold else None, prove(place)))


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leaves", type=int, default=1_000_000, help="leaves for each rate, and for proofs")
    parser.add_argument("--most", type=int, default=3_000_000, help="the greatest size for the slope")
    parser.add_argument("--folder", type=Path, help="where to write; /dev/shm leaves the disk out of it")
    options = parser.parse_args()
    print(f"pymerkle with SQLite {sqlite3.sqlite_version}; ratios: above 1, ours is better\n")
    print(f"{'':44}{'ours':>12}{'pymerkle':>12}{'aics-tlog':>12}{'ratios':>20}")
    with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
        root = Path(scratch)
        for batch in BATCHES:
            logs = [kind(root / f"{number}-{batch}") for number, kind in enumerate(KINDS)]
            line(
                f"leaves/s, batches of {batch:,}, to {options.leaves:,}",
                [rate(log, options.leaves, batch) for log in logs],
                fewer=False,
            )
            if batch == BATCHES[0]:
                proofs(logs)
        logs = [kind(root / f"{number}-slope") for number, kind in enumerate(KINDS)]
        sizes = [size for size in SLOPE_SIZES if size <= options.most]
        found = slopes(logs, sizes)
        for size, times in zip(sizes, found, strict=True):
            line(f"ms for a batch of 1,000 at {size:,}", times, fewer=True)
        growth = [last / first for first, last in zip(found[0], found[-1], strict=True)]
        print(
            f"{f'slope: {sizes[-1]:,} against {sizes[0]:,}':44}" + "".join(f"{each:>11.2f}x" for each in growth),
            flush=True,
        )
        ours = logs[0]
        assert isinstance(ours, Ours)
        faults: list[object] = []
        took = seconds(lambda: faults.extend(check_tiles(LogFolder(ours.folder).read, ours.writer.checkpoint)))
        if faults:
            sys.exit(f"the log that was just written has faults: {faults[:3]}")
        print(f"{'leaves/s, whole check of tiles and entries':44}{ours.size / took:>12,.0f}")
    print(f"\nPeak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


def line(what: str, found: list[float], *, fewer: bool) -> None:
    """One row, with ours against each peer."""
    cells = "".join(f"{each:>12{',.0f' if each >= 100 else ',.2f'}}" for each in found)
    better = [each / found[0] if fewer else found[0] / each for each in found[1:]]
    ratios = "".join(f"{each:>9{',.0f' if each >= 100 else '.1f'}}x" for each in better)
    print(f"{what:44}{cells}{ratios}", flush=True)


if __name__ == "__main__":
    main()
