"""A log written by Tessera: every size from 0 to 15, its tiles and bundles, every proof between them."""

from __future__ import annotations

import pytest

from standfast.tlog.checkpoint import open_checkpoint
from standfast.tlog.monitor import check_tiles, verify_growth
from standfast.tlog.paths import tile_paths
from standfast.tlog.proof import verify_consistency, verify_inclusion
from standfast.tlog.reader import LogReader
from standfast.tlog.tree import EMPTY_ROOT, leaf_hash

VKEY = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"


@pytest.fixture(scope="module")
def log(tlog_vectors):
    return tlog_vectors / "tessera-log"


@pytest.fixture(scope="module")
def readers(log):
    def read(path: str) -> bytes:
        return (log / path).read_bytes()

    return [LogReader(read, open_checkpoint((log / f"checkpoint.{size}").read_bytes(), [VKEY])) for size in range(16)]


def test_checkpoints(readers, log):
    assert [reader.size for reader in readers] == list(range(16))
    assert readers[0].checkpoint.root == EMPTY_ROOT
    assert open_checkpoint((log / "checkpoint").read_bytes(), [VKEY]) == readers[15].checkpoint


def test_every_tile_is_where_we_look_for_it(readers, log):
    there = {str(path.relative_to(log)) for path in (log / "tile").rglob("*") if path.is_file()}
    assert {path for size in range(16) for path in tile_paths(size)} == there


def test_every_size_is_clean(readers, log):
    for reader in readers:
        found = check_tiles(lambda path: (log / path).read_bytes(), reader.checkpoint, tile_paths(1))
        assert list(found) == []


def test_every_inclusion(readers):
    for reader in readers[1:]:
        for index in range(reader.size):
            leaf, proof = leaf_hash(reader.leaf(index)), reader.inclusion_proof(index)
            verify_inclusion(leaf, index, reader.size, reader.checkpoint.root, proof)
    assert readers[15].leaf(0) == b"one"


def test_every_consistency(readers):
    for newer in readers:
        for older in readers[: newer.size + 1]:
            old, new = older.checkpoint, newer.checkpoint
            verify_consistency(old.size, old.root, new.size, new.root, newer.consistency_proof(old.size))
            verify_growth(newer, old)
