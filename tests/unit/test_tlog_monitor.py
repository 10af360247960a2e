"""The monitor without a key: every wrong, missing or swapped file of a copy is named."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

import pytest

from standfast.tlog.bundles import write_bundle
from standfast.tlog.checkpoint import Checkpoint
from standfast.tlog.edge import RightEdge, grow
from standfast.tlog.monitor import TileFault, check_tiles
from standfast.tlog.paths import TILE_WIDTH, find_tile_path, tile_paths
from standfast.tlog.tree import leaf_hashes


@dataclass
class Copy:
    """A copy of a log in memory, which a test can damage."""

    files: dict[str, bytes] = field(default_factory=dict)
    entries: list[bytes] = field(default_factory=list)
    edge: RightEdge = field(default_factory=lambda: RightEdge(0, ()))

    @property
    def checkpoint(self) -> Checkpoint:
        return Checkpoint("example.org/log", self.edge.size, self.edge.root())

    def grow(self, count: int, mark: bytes = b"") -> Copy:
        start = len(self.entries)
        self.entries += [b"%060d" % index + mark.rjust(8, b"-") for index in range(start, start + count)]
        self.edge, tiles = grow(self.edge, leaf_hashes(self.entries[start:]))
        self.files |= {tile.text(): data for tile, data in tiles}
        for path in tile_paths(self.edge.size, start):
            if path.startswith("tile/entries/"):
                tile = find_tile_path(path)
                first = tile.index * TILE_WIDTH
                self.files[path] = write_bundle(self.entries[first : first + tile.width])
        return self

    def read(self, path: str) -> bytes:
        if path not in self.files:
            raise FileNotFoundError(path)
        return self.files[path]

    def found(self) -> set[tuple[str, str]]:
        faults = list(check_tiles(self.read, self.checkpoint, list(self.files)))
        assert max(Counter(fault.path for fault in faults).values(), default=1) == 1, "a path is named once"
        return {(fault.path, fault.kind) for fault in faults}

    def flip(self, path: str, at: int, bit: int = 0) -> None:
        raw = self.files[path]
        self.files[path] = raw[:at] + bytes([raw[at] ^ (1 << bit)]) + raw[at + 1 :]


SIZES = [(0,), (1,), (255,), (256,), (257,), (300, 200), (700, 68), (65_536,), (65_600, 300)]


@pytest.mark.parametrize("batches", SIZES)
def test_a_clean_copy_has_no_fault(batches):
    copy = Copy()
    for count in batches:
        copy.grow(count)
    assert copy.found() == set()


def test_every_byte_of_a_copy_counts():
    copy = Copy().grow(16).grow(250)
    good = dict(copy.files)
    assert "tile/entries/000.p/16" in good, "a superseded partial tile counts too"
    for path, raw in good.items():
        for at in range(0, len(raw), 1 if len(raw) < 800 else 97):
            copy.flip(path, at, at % 8)
            assert copy.found() == {(path, "wrong")}
            copy.files = dict(good)


@pytest.mark.parametrize("batches", [(300, 200), (65_600, 300)])
def test_every_file_that_is_missing_or_has_another_length_is_named(batches):
    copy = Copy()
    for count in batches:
        copy.grow(count)
    good = dict(copy.files)
    chosen = list(tile_paths(copy.edge.size))
    for path in random.Random(1).sample(chosen, 2) + chosen[-3:]:
        del copy.files[path]
        assert copy.found() == {(path, "missing")}
        for other in (good[path] + b"\0", good[path][:-1]):
            copy.files[path] = other
            assert copy.found() == {(path, "wrong")}
        copy.files = dict(good)


def test_a_file_in_the_place_of_another_is_named():
    copy = Copy().grow(1000)
    good = dict(copy.files)
    for folder in ("tile/0", "tile/entries"):
        copy.files[f"{folder}/001"] = good[f"{folder}/002"]
        assert copy.found() == {(f"{folder}/001", "wrong")}
        copy.files[f"{folder}/002"] = good[f"{folder}/001"]
        assert copy.found() == {(f"{folder}/001", "wrong"), (f"{folder}/002", "wrong")}
        copy.files = dict(good)


def test_a_tile_of_another_history_is_named():
    forged = Copy().grow(1000, b"forged")
    copy = Copy().grow(1000)
    for path in ("tile/0/001", "tile/entries/001"):
        copy.files[path] = forged.files[path]
    # They agree with each other; what stands above them decides against both.
    assert copy.found() == {("tile/0/001", "wrong"), ("tile/entries/001", "wrong")}


def test_a_copy_of_another_history_is_wrong_throughout():
    forged, copy = Copy().grow(700, b"forged"), Copy().grow(700)
    copy.files = forged.files
    assert {path for path, _ in copy.found()} >= {path for path in tile_paths(700) if ".p/" in path}


def test_an_older_copy_lacks_what_it_lacks():
    old, new = Copy().grow(300), Copy().grow(300).grow(500)
    lacking = set(tile_paths(800, 300))
    faults = {fault.path for fault in check_tiles(old.read, new.checkpoint, list(old.files))}
    assert faults == lacking


def test_a_superseded_tile_may_be_gone_but_not_wrong():
    copy = Copy().grow(100).grow(100).grow(200)
    for path in ("tile/0/000.p/100", "tile/entries/000.p/200"):
        good = copy.files[path]
        copy.flip(path, 40)
        assert copy.found() == {(path, "wrong")}
        copy.files[path] = good
    del copy.files["tile/0/000.p/100"]
    assert copy.found() == set()


def test_what_lies_above_the_checkpoint_is_nobody_s_fault():
    older, copy = Copy().grow(300).checkpoint, Copy().grow(300).grow(900)
    copy.files["tile/0/004.p/176"] = b"torn"
    assert list(check_tiles(copy.read, older, [*copy.files, "tile/nonsense", "checkpoint"])) == []


def test_two_faults_that_meet_are_both_named():
    copy = Copy().grow(1000)
    copy.flip("tile/1/000.p/3", 40)
    copy.flip("tile/entries/001", 500)
    copy.flip("tile/0/002", 9)
    assert copy.found() == {("tile/1/000.p/3", "wrong"), ("tile/entries/001", "wrong"), ("tile/0/002", "wrong")}


def test_a_wrong_tile_above_is_made_again_from_below():
    copy = Copy().grow(65_536 + 300)
    for at in (0, 900, 8000):
        copy.flip("tile/1/000", at)
    copy.flip("tile/entries/003", 77)
    assert copy.found() == {("tile/1/000", "wrong"), ("tile/entries/003", "wrong")}
    copy.flip("tile/entries/003", 77)
    del copy.files["tile/2/000.p/1"]
    copy.flip("tile/0/007", 0)
    assert copy.found() == {("tile/1/000", "wrong"), ("tile/2/000.p/1", "missing"), ("tile/0/007", "wrong")}


def test_where_nothing_can_tell_it_says_so():
    copy = Copy().grow(300)
    copy.flip("tile/0/001.p/44", 3)
    copy.flip("tile/entries/001.p/44", 9)
    named = copy.found()
    assert {path for path, _ in named} >= {"tile/0/001.p/44", "tile/entries/001.p/44"}
    assert {kind for _, kind in named} == {"undecided"}


def test_an_unreadable_file_is_not_called_missing():
    copy = Copy().grow(300)

    def read(path: str) -> bytes:
        if path == "tile/entries/000":
            raise OSError(5, "Input/output error")
        return copy.read(path)

    faults = list(check_tiles(read, copy.checkpoint))
    assert faults == [TileFault("tile/entries/000", "unreadable", "[Errno 5] Input/output error")]


def test_an_adapter_that_fails_is_no_fault_of_the_copy():
    class UnpluggedError(Exception):
        """The copy is gone."""

    def read(path: str) -> bytes:
        raise UnpluggedError

    with pytest.raises(UnpluggedError):
        list(check_tiles(read, Copy().grow(300).checkpoint))


def test_nothing_wrong_stays_unnamed_however_much_is_damaged():
    good = Copy().grow(64).grow(700)
    needed, chance = list(tile_paths(good.edge.size)), random.Random(7)
    for _ in range(300):
        copy = Copy(dict(good.files), good.entries, good.edge)
        for _ in range(chance.choice([2, 3, 4])):
            path = chance.choice(needed)
            if chance.random() < 0.3:
                copy.files.pop(path, None)
            elif path in copy.files:
                copy.flip(path, chance.randrange(len(copy.files[path])), chance.randrange(8))
        wrong = {path for path in needed if copy.files.get(path) != good.files[path]}
        assert wrong <= {path for path, _ in copy.found()}


def test_each_file_of_a_clean_copy_is_read_once():
    copy, reads = Copy().grow(65_536 + 700), Counter[str]()

    def read(path: str) -> bytes:
        reads[path] += 1
        return copy.read(path)

    assert list(check_tiles(read, copy.checkpoint)) == []
    assert set(reads) == set(tile_paths(copy.edge.size))
    assert set(reads.values()) == {1}
