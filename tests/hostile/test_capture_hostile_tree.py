"""Trees that are made, or changed under the walk, to lead it out, to stop it or to use it up."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from files_fixture import Memory, capture, content_of, make_deep, removed_at_last
from standfast.capture import tree_walk
from standfast.capture.files import FilesCapture
from standfast.capture.landing import Landed
from standfast.capture.origin import FilesOrigin


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "documents"
    made.mkdir()
    return made


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    made = tmp_path / "outside"
    made.mkdir()
    (made / "secret.txt").write_text("not of this folder")
    return made


def before_opening(monkeypatch: pytest.MonkeyPatch, name: bytes, act: Callable[[], object]) -> None:
    """Act once, between the moment a folder was looked at and the moment it is opened."""
    real, done = os.open, []

    def opened(path, flags, *args, **kwargs):
        if path == name and not done:
            done.append(True)
            act()
        return real(path, flags, *args, **kwargs)

    monkeypatch.setattr(tree_walk.os, "open", opened)


def swap(folder: Path, target: Path) -> None:
    folder.rename(folder.with_name(folder.name + " moved away"))
    folder.symlink_to(target)


def test_ten_thousand_folders_deep(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1_024, hard))
    try:
        with removed_at_last(tmp_path / "deep") as folder:
            make_deep(folder, 10_000)
            (folder / "z.txt").touch()
            run = capture(folder)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert len(run.landed) == 10_002
    assert run.order[-2:] == [b"d/" * 10_000 + b"bottom.txt", b"z.txt"]
    assert not run.failures


def test_a_deep_file_is_read_though_no_call_takes_its_path(tmp_path: Path) -> None:
    with removed_at_last(tmp_path / "deep") as folder:
        make_deep(folder, 60, b"e" * 250)
        deepest = os.open(folder, os.O_RDONLY)
        for _ in range(60):
            deepest = os.open(b"e" * 250, os.O_RDONLY, dir_fd=deepest)
        handle = os.open("example.txt", os.O_WRONLY | os.O_CREAT, 0o600, dir_fd=deepest)
        os.write(handle, b"an example")
        run = capture(folder)
        assert content_of(run.landed[(b"e" * 250 + b"/") * 60 + b"example.txt"]) == b"an example"


def test_deep_folders_with_more_on_the_way_back(tmp_path: Path) -> None:
    """Folders whose descriptors were closed on the way down are opened again on the way up."""
    with removed_at_last(tmp_path / "deep") as folder:
        handle = os.open(folder, os.O_RDONLY)
        for _ in range(500):
            os.close(os.open("z", os.O_WRONLY | os.O_CREAT, 0o600, dir_fd=handle))
            os.mkdir("d", dir_fd=handle)
            handle, above = os.open("d", os.O_RDONLY, dir_fd=handle), handle
            os.close(above)
        os.close(handle)
        run = capture(folder)
        assert len(run.landed) == 1_000
        assert run.order[500:] == [b"d/" * n + b"z" for n in range(499, -1, -1)]
        assert not run.failures


def test_names_longer_than_any_that_is_taken_in_are_said(tmp_path: Path) -> None:
    with removed_at_last(tmp_path / "deep") as folder:
        make_deep(folder, 400, b"f" * 255)
        run = capture(folder)
        assert [each.why for each in run.failures] == ["what lies in it has names longer than 65536 bytes"]
        assert run.finished is not None
        assert not run.finished.complete


def test_many_entries_in_one_folder_cost_their_names(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    for n in range(20_000):
        os.mkdir(b"%06d" % n, dir_fd=handle)
    os.close(handle)
    most = 0
    for _ in FilesCapture(FilesOrigin(name="docs", path=str(folder)), tool="t").run(Memory()):
        most = max(most, len(os.listdir("/proc/self/fd")))
    assert most < 300


@pytest.mark.parametrize("swapped", ["between look and opening", "while its folder is walked"])
def test_a_folder_that_becomes_a_link_leads_nowhere(
    folder: Path, outside: Path, monkeypatch: pytest.MonkeyPatch, swapped: str
) -> None:
    (folder / "a").mkdir()
    (folder / "b").mkdir()
    (folder / "b/example.txt").touch()
    name = b"b" if swapped.startswith("between") else b"a"
    before_opening(monkeypatch, name, lambda: swap(folder / "b", outside))
    run = capture(folder)
    assert not [name for name in run.there if b"secret" in name]
    if name == b"b":
        assert [each.key for each in run.failures] == [b"b"]
        assert run.finished is not None
        assert not run.finished.complete
    else:
        assert run.facts(b"b").type == "symlink"


def test_a_folder_that_becomes_another_is_not_taken_for_it(
    folder: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "b").mkdir()

    def replace() -> None:
        (folder / "b").rename(folder.parent / "elsewhere")
        outside.rename(folder / "b")

    before_opening(monkeypatch, b"b", replace)
    run = capture(folder)
    assert run.there == {b"b"}
    assert [each.why for each in run.failures] == ["another folder took its place while it was captured"]


def test_a_folder_that_is_moved_while_the_walk_is_deep_in_it(
    tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with removed_at_last(tmp_path / "deep") as folder:
        make_deep(folder, 100)
        (folder / ("d/" * 100) / "bottom").mkdir()
        (folder / "d/secret.txt").write_text("of this folder")
        (folder / "z.txt").touch()
        before_opening(monkeypatch, b"bottom", lambda: swap(folder / "d", outside))
        run = capture(folder)
        assert [(each.key, each.why) for each in run.failures] == [(b"d", "Not a directory")]
        assert b"d/secret.txt" not in run.there
        assert run.order[-1] == b"z.txt"
        assert run.finished is not None
        assert not run.finished.complete


def test_a_file_is_read_only_if_it_is_the_one_that_was_met(folder: Path, outside: Path, tmp_path: Path) -> None:
    def becomes_link() -> None:
        (folder / "sub/secret.txt").unlink()
        (folder / "sub/secret.txt").symlink_to(outside / "secret.txt")

    def becomes_other() -> None:
        (folder / "sub/secret.txt").rename(tmp_path / "kept")
        (folder / "sub/secret.txt").write_text("another")

    def becomes_pipe() -> None:
        (folder / "sub/secret.txt").unlink()
        os.mkfifo(folder / "sub/secret.txt")

    def folder_becomes_link() -> None:
        swap(folder / "sub", outside)

    for change in (becomes_link, becomes_other, becomes_pipe, folder_becomes_link):
        (folder / "sub").mkdir()
        (folder / "sub/secret.txt").write_text("of this folder")
        landed = capture(folder).landed[b"sub/secret.txt"]
        assert isinstance(landed, Landed)
        assert content_of(landed) == b"of this folder"
        change()
        with pytest.raises(OSError, match=r"another file took its place|Too many levels of symbolic links"):
            content_of(landed)
        os.rename(folder, folder.with_name(f"done with {change.__name__}"))
        folder.mkdir()


def test_what_goes_while_it_is_captured_is_gone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "a").mkdir()
    (folder / "b.txt").touch()
    (folder / "c.txt").touch()
    before_opening(monkeypatch, b"a", (folder / "b.txt").unlink)
    run = capture(folder)
    assert run.order == [b"a", b"c.txt"]
    assert not run.failures


def test_a_capture_that_is_given_up_leaves_no_descriptor(tmp_path: Path) -> None:
    with removed_at_last(tmp_path / "deep") as folder:
        make_deep(folder, 1_500)
        before = len(os.listdir("/proc/self/fd"))
        events = FilesCapture(FilesOrigin(name="docs", path=str(folder)), tool="t").run(Memory())
        next(events)
        assert len(os.listdir("/proc/self/fd")) > before
        events.close()
        assert len(os.listdir("/proc/self/fd")) == before
