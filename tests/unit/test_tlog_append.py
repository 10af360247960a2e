"""The writer and the reader of a log on disk."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from standfast import durable
from standfast.errors.tlog import LogDamagedError, LogForkError, LogMovedError, TileError, WrongLogError
from standfast.tlog.append import LogWriter
from standfast.tlog.checkpoint import Checkpoint, LogSigner, open_checkpoint
from standfast.tlog.folder import MAX_FILE_BYTES, LogFolder
from standfast.tlog.monitor import verify_growth
from standfast.tlog.paths import find_tile_path, tile_paths
from standfast.tlog.proof import verify_consistency, verify_inclusion
from standfast.tlog.proof_text import verify_proof, write_proof
from standfast.tlog.reader import CACHED_TILES, LogReader
from standfast.tlog.tree import EMPTY_ROOT, leaf_hash, leaf_hashes, root_of

SIGNER = LogSigner("example.org/log", bytes(32), bytes(32))
AT = datetime(2031, 5, 4, 12, tzinfo=UTC)


def leaves_of(start: int, count: int) -> list[bytes]:
    return [b"%068d" % index for index in range(start, start + count)]


def log_of(folder, *batches: int) -> LogWriter:
    writer = LogWriter(folder, SIGNER)
    for count in batches:
        writer.append(leaves_of(writer.size, count), AT)
    return writer


def reader_of(folder, writer: LogWriter) -> LogReader:
    return LogReader(LogFolder(folder).read, writer.checkpoint)


def files_in(folder) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "batches", [(1,), (16, 16), (255, 1), (256,), (256, 256), (100, 300, 57), (65_536,), (65_535, 2, 600)]
)
def test_size_root_and_files_are_those_of_the_leaves(tmp_path, batches):
    folder, total = tmp_path / "tlog", sum(batches)
    writer = log_of(folder, *batches)
    assert (writer.size, writer.root) == (total, root_of(leaf_hashes(leaves_of(0, total))))
    assert LogWriter(folder, SIGNER).root == writer.root
    assert open_checkpoint((folder / "checkpoint").read_bytes(), SIGNER.vkeys) == writer.checkpoint
    beside = files_in(folder) - {"checkpoint", *tile_paths(total)}
    assert not set(tile_paths(total)) - files_in(folder)
    assert {find_tile_path(path).place(total) for path in beside} <= {"superseded"}


def test_opening_writes_nothing(tmp_path):
    writer = LogWriter(tmp_path / "tlog", SIGNER)
    assert (writer.size, writer.root) == (0, EMPTY_ROOT)
    assert not (tmp_path / "tlog").exists()


def test_a_partial_tile_goes_when_its_full_tile_is_there(tmp_path):
    log_of(tmp_path, 100, 100)
    assert {"tile/0/000.p/100", "tile/0/000.p/200"} <= files_in(tmp_path)
    log_of(tmp_path, 100)
    assert not any(path.startswith(("tile/0/000.p", "tile/entries/000.p")) for path in files_in(tmp_path))
    assert {"tile/0/000", "tile/0/001.p/44", "tile/entries/000", "tile/entries/001.p/44"} <= files_in(tmp_path)


def spy_on_tiles(monkeypatch, written):
    """Append the path of every tile and bundle that is written."""
    real = durable.write_many_through

    def spy(files, **more):
        files = list(files)
        written.extend(path for path, _ in files)
        real(files, **more)

    monkeypatch.setattr(durable, "write_many_through", spy)


def test_what_the_old_checkpoint_needs_is_never_written(tmp_path, monkeypatch):
    log_of(tmp_path, 300)
    needed = {path: (tmp_path / path).stat() for path in tile_paths(300)}
    written: list[Path] = []
    spy_on_tiles(monkeypatch, written)
    log_of(tmp_path, 20)
    assert {str(path.relative_to(tmp_path)) for path in written} == set(tile_paths(320, 300))
    for path, before in needed.items():
        after = (tmp_path / path).stat()
        assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_an_append_costs_its_batch_and_not_the_log(tmp_path, monkeypatch):
    writer = log_of(tmp_path, 70_000)
    touched: list[object] = []
    real_read = LogFolder.read
    monkeypatch.setattr(LogFolder, "read", lambda self, path: (touched.append(path), real_read(self, path))[1])
    spy_on_tiles(monkeypatch, touched)
    writer.append(leaves_of(70_000, 16), AT)
    # Read: three partial tiles and the last bundle. Written: a bundle and a tile.
    assert len(touched) == 6


def test_a_batch_is_leaves_of_one_length(tmp_path):
    writer = LogWriter(tmp_path, SIGNER)
    for bad in ([], [b""], [bytes(67)], [bytes(68), bytes(69)]):
        with pytest.raises(ValueError, match="68 bytes"):
            writer.append(bad, AT)
    assert files_in(tmp_path) == set()


def test_the_files_of_a_log_come_before_its_checkpoint(tmp_path, monkeypatch):
    order: list[tuple[str, Path]] = []
    spy_on = {name: getattr(durable, name) for name in ("force_folder", "write_atomically")}
    for name, real in spy_on.items():

        def spy(path, *args, _name=name, _real=real, **more):
            order.append((_name, path))
            _real(path, *args, **more)

        monkeypatch.setattr(durable, name, spy)
    real_many = durable.write_many_through

    def spy_many(files, **more):
        files = list(files)
        order.extend(("tile", path) for path, _ in files)
        real_many(files, **more)

    monkeypatch.setattr(durable, "write_many_through", spy_many)
    LogWriter(tmp_path, SIGNER).append(leaves_of(0, 300), AT)
    checkpoints = [at for at, (name, _) in enumerate(order) if name == "write_atomically"]
    tiles = [at for at, (name, _) in enumerate(order) if name == "tile"]
    # A checkpoint of size 0 comes first of all: from then on, tiles without one are a loss and not a beginning.
    assert checkpoints[0] < min(tiles) < max(tiles) < checkpoints[1]
    forced = {path for name, path in order[max(tiles) : checkpoints[1]] if name == "force_folder"}
    assert {(tmp_path / path).parent for path in tile_paths(300)} <= forced


@pytest.mark.parametrize("lost", ["tile/0/001.p/44", "tile/1/000.p/1"])
def test_a_log_whose_edge_is_lost_is_not_continued(tmp_path, lost):
    log_of(tmp_path, 300)
    (tmp_path / lost).unlink()
    before = files_in(tmp_path)
    with pytest.raises(LogDamagedError, match="missing") as found:
        LogWriter(tmp_path, SIGNER)
    assert str(tmp_path) in found.value.step()
    assert files_in(tmp_path) == before


@pytest.mark.parametrize("changed", ["tile/0/001.p/44", "tile/1/000.p/1"])
def test_a_log_whose_edge_is_changed_is_not_continued(tmp_path, changed):
    log_of(tmp_path, 300)
    raw = (tmp_path / changed).read_bytes()
    (tmp_path / changed).write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    with pytest.raises(LogDamagedError, match="does not give the root"):
        LogWriter(tmp_path, SIGNER)


def test_a_last_bundle_that_is_changed_is_not_written_again(tmp_path):
    writer = log_of(tmp_path, 300)
    bundle = tmp_path / "tile/entries/001.p/44"
    good = bundle.read_bytes()
    for bad in (good[:-1] + b"X", good[:-1], b""):
        bundle.write_bytes(bad)
        with pytest.raises(LogDamagedError, match=r"entries/001\.p/44"):
            writer.append(leaves_of(300, 16), AT)
    bundle.unlink()
    with pytest.raises(LogDamagedError, match=r"entries/001\.p/44"):
        writer.append(leaves_of(300, 16), AT)
    bundle.write_bytes(good)
    writer.append(leaves_of(300, 16), AT)
    assert writer.size == 316


def test_tiles_without_a_checkpoint_are_no_new_log(tmp_path):
    log_of(tmp_path, 300)
    (tmp_path / "checkpoint").unlink()
    with pytest.raises(LogDamagedError, match="checkpoint is missing"):
        LogWriter(tmp_path, SIGNER)


def test_a_log_rewound_beyond_a_tile_is_not_continued(tmp_path):
    log_of(tmp_path, 100)
    old = (tmp_path / "checkpoint").read_bytes()
    log_of(tmp_path, 300)
    (tmp_path / "checkpoint").write_bytes(old)
    with pytest.raises(LogDamagedError, match="missing"):
        LogWriter(tmp_path, SIGNER)


def test_a_checkpoint_of_other_keys_is_not_continued(tmp_path):
    log_of(tmp_path, 16)
    for other in (
        LogSigner("example.org/log", b"o" * 32, bytes(32)),
        LogSigner("other.example/log", bytes(32), bytes(32)),
    ):
        with pytest.raises(LogDamagedError, match="not one of ours"):
            LogWriter(tmp_path, other)
    (tmp_path / "checkpoint").write_bytes(b"nonsense")
    with pytest.raises(LogDamagedError, match="not one of ours"):
        LogWriter(tmp_path, SIGNER)


def test_two_writers_can_t_fork_the_log(tmp_path):
    one, other = log_of(tmp_path, 16), LogWriter(tmp_path, SIGNER)
    one.append(leaves_of(16, 16), AT)
    with pytest.raises(LogMovedError, match="16 leaves, and its folder now says 32"):
        other.append(leaves_of(500, 16), AT)
    assert LogWriter(tmp_path, SIGNER).root == one.root


def test_a_full_disk_acknowledges_nothing_and_the_append_can_be_tried_again(tmp_path, monkeypatch):
    writer = log_of(tmp_path, 300)
    before = writer.checkpoint
    real = durable.write_all

    def full(handle, data):
        if os.readlink(f"/proc/self/fd/{handle}").endswith("/0/002"):
            raise OSError(28, "No space left on device")
        real(handle, data)

    with monkeypatch.context() as patch:
        patch.setattr(durable, "write_all", full)
        with pytest.raises(OSError, match="No space"):
            writer.append(leaves_of(300, 600), AT)
    assert writer.checkpoint == before == LogWriter(tmp_path, SIGNER).checkpoint
    writer.append(leaves_of(300, 600), AT)
    assert writer.root == root_of(leaf_hashes(leaves_of(0, 900)))


def test_debris_above_the_size_is_overwritten(tmp_path):
    log_of(tmp_path, 300)
    for path in ("tile/0/001", "tile/0/002.p/9", "tile/entries/001", "tile/entries/001.p/99", "tile/1/000.p/2"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"torn")
    writer = log_of(tmp_path, 400)
    assert list(reader_of(tmp_path, writer).leaves(0, 700)) == leaves_of(0, 700)
    assert not any((tmp_path / path).read_bytes() == b"torn" for path in files_in(tmp_path))


def test_a_link_in_the_place_of_a_tile_is_not_followed(tmp_path):
    log_of(tmp_path / "tlog", 300)
    tile = tmp_path / "tlog/tile/0/001.p/44"
    tile.rename(tmp_path / "elsewhere")
    tile.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic link"):
        LogWriter(tmp_path / "tlog", SIGNER)


def test_an_endless_file_is_not_read_to_its_end(tmp_path):
    log_of(tmp_path, 300)
    os.truncate(tmp_path / "checkpoint", 10 * 2**30)
    with pytest.raises(LogDamagedError, match="longer than"):
        LogWriter(tmp_path, SIGNER)
    os.truncate(tmp_path / "tile/0/000", MAX_FILE_BYTES + 1)
    with pytest.raises(LogDamagedError, match="longer than"):
        LogFolder(tmp_path).read("tile/0/000")


def test_the_reader_proves_every_leaf_and_every_size(tmp_path):
    writer = log_of(tmp_path, 200, 500)
    reader, size = reader_of(tmp_path, writer), 700
    for index in (0, 1, 199, 200, 255, 256, 511, 512, 698, 699):
        assert reader.leaf(index) == b"%068d" % index
        verify_inclusion(leaf_hash(reader.leaf(index)), index, size, writer.root, reader.inclusion_proof(index))
    for old in range(0, size + 1, 7):
        root = root_of(leaf_hashes(leaves_of(0, old)))
        assert reader.root_at(old) == root
        verify_consistency(old, root, size, writer.root, reader.consistency_proof(old))
    assert list(reader.leaves(190, 300)) == leaves_of(190, 110)
    assert list(reader.leaves(5, 5)) == []
    note = (tmp_path / "checkpoint").read_bytes()
    text = write_proof(300, reader.inclusion_proof(300), note)
    assert verify_proof(text, b"%068d" % 300, SIGNER.vkeys) == (300, writer.checkpoint)


def test_the_reader_returns_nothing_that_is_not_proved(tmp_path):
    writer = log_of(tmp_path, 700)
    for path in tile_paths(700):
        whole = (tmp_path / path).read_bytes()
        for bad in (whole[:40] + bytes([whole[40 % len(whole)] ^ 1]) + whole[41:], whole[:-1], None):
            if bad is None:
                (tmp_path / path).unlink()
            elif bad == whole:
                continue
            else:
                (tmp_path / path).write_bytes(bad)
            with pytest.raises(TileError) as found:
                list(reader_of(tmp_path, writer).leaves(0, 700))
            assert found.value.path == path or ".p/" in path
            (tmp_path / path).write_bytes(whole)


def test_the_reader_keeps_a_bounded_number_of_tiles(tmp_path):
    writer = log_of(tmp_path, 256 * (CACHED_TILES + 50))
    reader = reader_of(tmp_path, writer)
    for _ in reader.leaves(0, writer.size):
        pass
    assert len(reader._tiles) == CACHED_TILES


def test_places_that_are_not_there_are_a_defect(tmp_path):
    reader = reader_of(tmp_path, log_of(tmp_path, 16))
    for ask in (
        lambda: reader.leaf(16),
        lambda: reader.leaf(-1),
        lambda: list(reader.leaves(3, 17)),
        lambda: reader.root_at(17),
    ):
        with pytest.raises(ValueError, match="has no leaves"):
            ask()


def test_growth(tmp_path):
    writer = log_of(tmp_path / "a", 300)
    older = writer.checkpoint
    writer.append(leaves_of(300, 500), AT)
    verify_growth(reader_of(tmp_path / "a", writer), older)
    verify_growth(reader_of(tmp_path / "a", writer), Checkpoint(older.origin, 0, EMPTY_ROOT))
    with pytest.raises(LogForkError, match="smaller"):
        verify_growth(LogReader(LogFolder(tmp_path / "a").read, older), writer.checkpoint)
    with pytest.raises(WrongLogError):
        verify_growth(reader_of(tmp_path / "a", writer), Checkpoint("other.example", older.size, older.root))
    forked = LogWriter(tmp_path / "b", SIGNER)
    forked.append(leaves_of(1000, 800), AT)
    with pytest.raises(LogForkError, match="rewritten"):
        verify_growth(reader_of(tmp_path / "b", forked), older)


def test_a_copy_of_the_files_is_the_log(tmp_path):
    writer = log_of(tmp_path / "tlog", 300)
    for path in ("checkpoint", *tile_paths(300)):
        (tmp_path / "copy" / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(tmp_path / "tlog" / path, tmp_path / "copy" / path)
    again = LogWriter(tmp_path / "copy", SIGNER)
    again.append(leaves_of(300, 40), AT)
    writer.append(leaves_of(300, 40), AT)
    assert again.root == writer.root
