"""A manifest that means harm, and a target that somebody else changes meanwhile: nothing is written outside."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from files_fixture import FakeReader, capture, make_deep, removed_at_last
from standfast.restore import tree
from standfast.restore.files import restore_files
from standfast.restore.plan import FAILURES_KEPT

UNSAFE = (
    "",
    ".",
    "..",
    "../escaped",
    "a/../../escaped",
    "a/..",
    "a/./b",
    "a//b",
    "a/",
    "/escaped",
    "//escaped",
    "\\x2e\\x2e/escaped",
    "\\x2e./escaped",
    "a\\x2f..\\x2f..\\x2fescaped",
    "\\x2fescaped",
    "nul\\x00escaped",
    "bad\\escape",
    "n" * 256,
)


@pytest.fixture
def reader() -> FakeReader:
    return FakeReader()


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """Where the target is made, beside things that must not be touched."""
    (tmp_path / "room").mkdir()
    (tmp_path / "room/outside").mkdir()
    (tmp_path / "room/outside/file").write_text("outside")
    return tmp_path / "room"


def untouched(room: Path) -> bool:
    return (
        sorted(os.listdir(room / "outside")) == ["file"]
        and (room / "outside/file").read_text() == "outside"
        and set(os.listdir(room)) <= {"outside", "to", "to moved away"}
        and not os.path.lexists("/escaped")
    )


@pytest.mark.parametrize("kind", ["file", "folder", "symlink", "hardlink"])
@pytest.mark.parametrize("force", [False, True])
def test_names_that_lead_out_are_refused_one_by_one(room: Path, reader: FakeReader, kind: str, force: bool) -> None:
    reader.add("good", b"good")
    for name in UNSAFE:
        reader.add(name, b"harm", type=kind, link_to="good")
    result = restore_files(reader, "docs", room / "to", force=force)
    assert [failure.what for failure in result.failures] == [item.record.name for item in _as_listed(reader, kind)]
    assert {failure.why.rpartition("can't be")[2] for failure in result.failures} == {" a file's name here"}
    assert result.items == 1
    assert os.listdir(room / "to") == ["good"]
    assert untouched(room)


def _as_listed(reader: FakeReader, kind: str) -> list:
    bad = reader.held[1:]
    if kind == "hardlink":
        return bad
    key = (lambda item: item.record.name.split("/")) if kind == "folder" else (lambda item: item.record.name)
    return sorted(bad, key=key)


def test_a_hard_link_to_what_is_outside_is_refused(room: Path, reader: FakeReader) -> None:
    reader.add("../outside/file", b"harm")
    reader.add("name", type="hardlink", link_to="../outside/file")
    reader.add("other", type="hardlink", link_to="/etc/hostname")
    result = restore_files(reader, "docs", room / "to")
    assert [failure.what for failure in result.failures] == ["../outside/file", "other"]
    assert (room / "to/name").read_bytes() == b"harm", "what is held of it comes back, under the name that is safe"
    assert (room / "to/name").stat().st_nlink == 1
    assert untouched(room)


@pytest.mark.parametrize("target", ["outside", "absolute"])
@pytest.mark.parametrize("force", [False, True])
def test_nothing_is_written_through_a_link_that_came_along(
    room: Path, reader: FakeReader, target: str, force: bool
) -> None:
    away = str(room / "outside") if target == "absolute" else "../outside"
    reader.add("link", away.encode(), type="symlink")
    reader.add("link/file", b"harm")
    reader.add("link/new", b"harm")
    reader.add("zlink", away.encode() + b"/file", type="symlink")
    reader.add("zlink", b"harm")
    restore_files(reader, "docs", room / "to", force=force)
    assert untouched(room)


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_and_a_link_of_one_name(room: Path, reader: FakeReader, force: bool) -> None:
    reader.add("d", type="folder", mode=0o777)
    item = reader.add("\\x64", str(room / "outside").encode(), type="symlink")
    reader.add("d/file", b"harm")
    result = restore_files(reader, "docs", room / "to", force=force)
    assert untouched(room)
    assert (room / "to/d/file").read_bytes() == b"harm"
    assert not (room / "to/d").is_symlink()
    assert [failure.what for failure in result.failures] == ["\\x64"]
    assert (room / f"to/d.standfast-{item}").is_symlink()


def test_a_link_that_stands_in_the_target_is_never_followed(room: Path, reader: FakeReader) -> None:
    (room / "to").mkdir()
    (room / "to/sub").symlink_to(room / "outside")
    (room / "to/file").symlink_to(room / "outside/file")
    reader.add("sub", type="folder", mode=0o777)
    reader.add("sub/file", b"harm")
    reader.add("sub/new", b"harm")
    reader.add("sub/second", type="hardlink", link_to="file")
    reader.add("file", b"restored")
    before = (room / "outside").stat()
    result = restore_files(reader, "docs", room / "to", force=True)
    assert {failure.what for failure in result.failures} == {"sub", "sub/file", "sub/new", "sub/second"}
    assert (room / "to/file").read_bytes() == b"restored"
    assert untouched(room)
    after = (room / "outside").stat()
    assert (before.st_mode, before.st_mtime_ns) == (after.st_mode, after.st_mtime_ns)


def test_a_folder_that_becomes_a_link_when_it_was_made(
    room: Path, reader: FakeReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.mkdir

    def mkdir(path, *args, dir_fd=None, **kwargs):
        real(path, *args, dir_fd=dir_fd, **kwargs)
        if path == b"sub":
            os.rmdir(path, dir_fd=dir_fd)
            os.symlink(room / "outside", path, dir_fd=dir_fd)

    monkeypatch.setattr(tree.os, "mkdir", mkdir)
    reader.add("sub/file", b"harm")
    reader.add("sub/new", b"harm")
    result = restore_files(reader, "docs", room / "to")
    assert [failure.why for failure in result.failures] == ["Not a directory"] * 2
    assert untouched(room)


def test_the_target_itself_becomes_a_link(room: Path, reader: FakeReader) -> None:
    for n in range(1_000):
        reader.add(f"{n:04}", b"content")
    swapped: list[bool] = []

    def swap(_done: int, _total: int) -> None:
        if not swapped:
            swapped.append(True)
            (room / "to").rename(room / "to moved away")
            (room / "to").symlink_to(room / "outside")

    assert restore_files(reader, "docs", room / "to", tell=swap).ok
    assert len(os.listdir(room / "to moved away")) == 1_000
    assert untouched(room)


def test_very_deep_trees_come_back(tmp_path: Path, reader: FakeReader) -> None:
    with removed_at_last(tmp_path / "deep") as folder, removed_at_last(tmp_path / "to") as to:
        make_deep(folder, 2_500)
        (folder / "z.txt").write_text("an example")
        before = capture(folder)
        before_open = len(os.listdir("/proc/self/fd"))
        result = restore_files(reader.take(before), "docs", to)
        assert result.ok
        assert result.items == 2_502
        assert len(os.listdir("/proc/self/fd")) == before_open
        after = capture(to)
        assert after.order == before.order
        assert all(after.facts(name) == before.facts(name) for name in before.order)


def test_failures_without_number_are_counted_and_not_all_kept(room: Path, reader: FakeReader) -> None:
    for n in range(FAILURES_KEPT + 500):
        reader.add(f"../{n}", b"harm")
    reader.add("good", b"good")
    result = restore_files(reader, "docs", room / "to")
    assert result.failure_count == FAILURES_KEPT + 500
    assert len(result.failures) == FAILURES_KEPT
    assert result.items == 1


def test_folders_made_on_the_way_are_private_until_their_own_mode_is_known(
    room: Path, reader: FakeReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the first byte and the last nobody else reads what was barred to them."""
    seen: list[tuple[int, int]] = []
    real: Callable[..., int] = tree.write_pieces

    def watched(handle, pieces, *, sparse):
        size = real(handle, pieces, sparse=sparse)
        seen.append((os.fstat(handle).st_mode & 0o777, (room / "to/case").stat().st_mode & 0o777))
        return size

    monkeypatch.setattr("standfast.restore.files.write_pieces", watched)
    reader.add("case", type="folder", mode=0o750)
    reader.add("case/file", b"content", mode=0o640)
    assert restore_files(reader, "docs", room / "to").ok
    assert seen == [(0o600, 0o700)]
    assert (room / "to/case").stat().st_mode & 0o777 == 0o750
