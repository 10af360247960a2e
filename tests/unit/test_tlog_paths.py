"""Tile paths and the bytes of tiles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standfast.tlog.bundles import parse_bundle, split_hashes, write_bundle
from standfast.tlog.edge import edge_tiles
from standfast.tlog.paths import TilePath, find_tile_path, hash_count, needed_tile, tile_paths

SIZES = st.integers(0, 70_000)


def test_examples_of_the_specification():
    assert TilePath(0, 1234067, 256).text() == "tile/0/x001/x234/067"
    assert TilePath(None, 0, 1).text() == "tile/entries/000.p/1"
    # 70,000 leaves: 273 full tiles and .p/112, 1 full and .p/17, .p/1.
    paths = list(tile_paths(70_000))
    assert sum(path.startswith("tile/0/") for path in paths) == 274
    assert "tile/0/273.p/112" in paths
    assert [path for path in paths if path.startswith(("tile/1", "tile/2"))] == [
        "tile/1/000",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
    ]
    # 256 leaves: a full tile, which is hashed up.
    assert list(tile_paths(256)) == ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]
    assert list(tile_paths(0)) == []


@given(st.sampled_from([None, *range(8)]), st.integers(0, 2**55), st.integers(1, 256))
def test_a_path_is_read_as_it_was_written(level, index, width):
    tile = TilePath(level, index, width)
    assert find_tile_path(tile.text()) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "checkpoint",
        "tile/0",
        "tile/0/",
        "tile/8/000",
        "tile/00/000",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/001/002",
        "tile/0/x001",
        "tile/0/x000/000",
        "tile/0/000.p/0",
        "tile/0/000.p/00",
        "tile/0/000.p/256",
        "tile/0/000.p/999",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000\n",
        "tile/0/../000",
        "tile/0/\u0660\u0660\u0660",
        "/tile/0/000",
        "tile/entries/000/1",
        "tile/0/" + "x001/" * 40 + "001",
    ],
)
def test_what_is_no_tile_path(path):
    assert find_tile_path(path) is None


@given(SIZES, SIZES)
def test_what_an_older_copy_lacks_is_the_difference(one, other):
    since, size = sorted((one, other))
    lacking = list(tile_paths(size, since))
    assert len(lacking) == len(set(lacking))
    assert set(lacking) == set(tile_paths(size)) - set(tile_paths(since))


@given(SIZES, SIZES)
def test_places(one, other):
    older, newer = sorted((one, other))
    places = {path: find_tile_path(path).place(newer) for path in tile_paths(older)}
    needed = set(tile_paths(newer))
    assert all((place == "needed") == (path in needed) for path, place in places.items())
    assert "above" not in places.values()
    assert all(find_tile_path(path).place(older) == "above" for path in tile_paths(newer, older))


@given(SIZES)
def test_the_edge_is_the_partial_tiles(size):
    edge = {tile.text() for tile in edge_tiles(size) if tile}
    assert edge == {path for path in tile_paths(size) if ".p/" in path and "entries" not in path}
    for tile in edge_tiles(size):
        assert tile is None or needed_tile(tile.level, tile.index, size) == tile


def test_the_greatest_log():
    size = 2**63 - 1
    assert hash_count(7, size) == 127
    assert edge_tiles(size)[7] == TilePath(7, 0, 127)
    assert len(edge_tiles(size)) == 8


@given(st.lists(st.binary(max_size=80), max_size=20))
def test_a_bundle_is_read_as_it_was_written(entries):
    raw = write_bundle(entries)
    assert parse_bundle(raw, len(entries)) == entries
    for count in {len(entries) - 1, len(entries) + 1} - {-1}:
        with pytest.raises(ValueError, match="exactly"):
            parse_bundle(raw, count)
    for bad in (raw + b"\0", raw[:-1]) if raw else (b"\0",):
        with pytest.raises(ValueError, match="exactly"):
            parse_bundle(bad, len(entries))


def test_entries_of_one_length_take_the_short_way_to_the_same_answer():
    entries = [bytes([index]) * 68 for index in range(256)]
    raw = write_bundle(entries)
    assert len(raw) == 256 * 70
    assert parse_bundle(raw, 256) == entries
    # One length changed: the same bytes in all, other entries.
    broken = raw[:1] + bytes([67]) + raw[2:]
    with pytest.raises(ValueError, match="exactly"):
        parse_bundle(broken, 256)


def test_the_longest_entry():
    longest = bytes(65535)
    assert parse_bundle(write_bundle([longest, b""]), 2) == [longest, b""]
    with pytest.raises(OverflowError):
        write_bundle([bytes(65536)])


def test_a_tile_has_its_width():
    assert split_hashes(bytes(64), 2) == [bytes(32)] * 2
    for length in (0, 63, 65, 96):
        with pytest.raises(ValueError, match="not 64"):
            split_hashes(bytes(length), 2)
