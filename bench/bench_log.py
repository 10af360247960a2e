"""The log beside pymerkle, in one go: append by batches, the slope from small to great, proofs, the keyless check.

    .venv/bin/python bench/bench_log.py [--leaves 1000000] [--folder DIR]

Both commit each batch durably (ours: tiles, then a checkpoint signed with Ed25519 and ML-DSA-44; pymerkle: one SQLite
transaction, nothing signed) and both know the root after each. On a machine that others use, ratios mean something and
absolute times do not.
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

try:
    from pymerkle import SqliteTree, verify_inclusion
except ImportError:
    sys.exit("pymerkle is the peer here; install it with: .venv/bin/uv pip install --python .venv/bin/python pymerkle")

from standfast.tlog.append import LogWriter
from standfast.tlog.checkpoint import LogSigner
from standfast.tlog.folder import LogFolder
from standfast.tlog.monitor import check_tiles
from standfast.tlog.proof import verify_inclusion as verify_ours
from standfast.tlog.reader import LogReader
from standfast.tlog.tree import leaf_hash

AT = datetime(2031, 5, 4, 12, tzinfo=UTC)
SIGNER = LogSigner("bench.example/log", bytes(32), bytes(32))
BATCHES = (10_000, 1_000)
SLOPE_SIZES = (1_000, 10_000, 100_000, 1_000_000)
SLOPE_REPEATS = 41
PROOFS = 200


class Leaves:
    """Random leaves of 68 bytes, made before the clock runs."""

    def __init__(self, seed: int) -> None:
        """Always the same ones."""
        self._random = Random(seed)

    def batch(self, count: int) -> list[bytes]:
        """The next ones."""
        whole = self._random.randbytes(68 * count)
        return [whole[at : at + 68] for at in range(0, len(whole), 68)]


class Ours:
    """A log of tiles in a folder."""

    def __init__(self, folder: Path) -> None:
        """Empty."""
        self.folder = folder
        self.writer = LogWriter(folder, SIGNER)
        self._reader: LogReader | None = None

    def append(self, leaves: list[bytes]) -> bytes:
        """Durable, signed; the root."""
        self.writer.append(leaves, AT)
        return self.writer.root

    def prove(self, index: int) -> None:
        """From the tiles, with what the reader keeps between calls."""
        if self._reader is None:
            self.forget()
        assert self._reader is not None
        reader = self._reader
        proof = reader.inclusion_proof(index)
        verify_ours(leaf_hash(reader.leaf(index)), index, self.writer.size, self.writer.root, proof)

    def forget(self) -> None:
        """Keep nothing of the proofs before."""
        self._reader = LogReader(LogFolder(self.folder).read, self.writer.checkpoint)


class Peer:
    """pymerkle's tree in an SQLite file."""

    def __init__(self, folder: Path) -> None:
        """Empty."""
        folder.mkdir(parents=True)
        self.tree = SqliteTree(str(folder / "tree.db"))

    def append(self, leaves: list[bytes]) -> bytes:
        """Durable; the root."""
        self.tree.append_entries(leaves)
        return self.tree.get_root()

    def prove(self, index: int) -> None:
        """From the file, with what it keeps between calls."""
        proof = self.tree.prove_inclusion(index + 1)
        verify_inclusion(self.tree.get_leaf(index + 1), self.tree.get_root(), proof)


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def rate(log: Ours | Peer, count: int, batch: int) -> float:
    """Leaves a second over `count` leaves."""
    leaves, total = Leaves(batch), 0.0
    for _ in range(count // batch):
        inside = leaves.batch(batch)
        total += seconds(lambda inside=inside: log.append(inside))
    return count / total


def slope(log: Ours | Peer, sizes: list[int], filled: int) -> list[float]:
    """Milliseconds for a batch of 1,000 at each size: the median of several."""
    leaves, found = Leaves(7), []
    for size in sizes:
        while filled < size:
            step = min(10_000, size - filled)
            log.append(leaves.batch(step))
            filled += step
        times = []
        for _ in range(SLOPE_REPEATS):
            inside = leaves.batch(1_000)
            times.append(seconds(lambda inside=inside: log.append(inside)))
            filled += 1_000
        found.append(statistics.median(times) * 1000)
    return found


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leaves", type=int, default=1_000_000, help="leaves for each rate, and the greatest size")
    parser.add_argument("--folder", type=Path, help="where to write; /dev/shm leaves the disk out of it")
    options = parser.parse_args()
    sizes = [size for size in SLOPE_SIZES if size <= options.leaves]
    print(f"pymerkle with SQLite {sqlite3.sqlite_version}; higher is better for rates, lower for times\n")
    print(f"{'':44}{'ours':>12}{'pymerkle':>12}{'ratio':>9}")
    with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
        root = Path(scratch)
        for batch in BATCHES:
            ours = rate(Ours(root / f"ours-{batch}"), options.leaves, batch)
            peer = rate(Peer(root / f"peer-{batch}"), options.leaves, batch)
            line(f"leaves/s, batches of {batch:,}, to {options.leaves:,}", ours, peer, ours / peer)
        log, tree = Ours(root / "ours-slope"), Peer(root / "peer-slope")
        for size, ours, peer in zip(sizes, slope(log, sizes, 0), slope(tree, sizes, 0), strict=True):
            line(f"ms for a batch of 1,000 at {size:,}", ours, peer, peer / ours)
        chance = [Random(3).randrange(sizes[-1]) for _ in range(PROOFS)]
        cold = seconds(lambda: [(log.forget(), log.prove(index)) for index in chance]) / PROOFS * 1000
        log.forget()
        ours = seconds(lambda: [log.prove(index) for index in chance]) / PROOFS * 1000
        peer = seconds(lambda: [tree.prove(index) for index in chance]) / PROOFS * 1000
        line(f"ms to prove and verify a leaf at {log.writer.size:,}", ours, peer, peer / ours)
        print(f"{'ms for the same, nothing read before':44}{cold:>12.2f}")
        faults: list[object] = []
        took = seconds(lambda: faults.extend(check_tiles(LogFolder(log.folder).read, log.writer.checkpoint)))
        if faults:
            sys.exit(f"the log that was just written has faults: {faults[:3]}")
        print(f"{'leaves/s, whole check of tiles and entries':44}{log.writer.size / took:>12,.0f}")
    print(f"\nPeak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


def line(what: str, ours: float, peer: float, ratio: float) -> None:
    """One row: `ratio` above 1 means that ours is better."""
    form = ",.0f" if ours >= 100 else ",.2f"
    print(f"{what:44}{ours:>12{form}}{peer:>12{form}}{ratio:>8.1f}x", flush=True)


if __name__ == "__main__":
    main()
