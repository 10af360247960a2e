"""A copy on a disk: links are not followed, a disk that goes away is no empty one, the system's words become ours."""

from __future__ import annotations

import errno
import os
import resource
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from standfast import durable
from standfast.errors.replicas import (
    RefusedLocationError,
    ReplicaFullError,
    ReplicaReadOnlyError,
    ReplicaUnreachableError,
)
from standfast.replicas.destination import NOT_A_FILE
from standfast.replicas.local_disk import LocalDisk

PACK = "packs/3f/3f" + "9a" * 31


def test_a_link_inside_is_not_followed_in_reading(tmp_path: Path) -> None:
    outside, place = tmp_path / "outside", tmp_path / "place"
    outside.mkdir()
    (outside / "0").write_bytes(b"not ours")
    (place / "tlog").mkdir(parents=True)
    (place / "inventory").mkdir()
    (place / "keyring").symlink_to(outside)
    (place / "inventory/1").symlink_to(outside / "0")
    with LocalDisk(place) as disk:
        for name in ("keyring/0", "inventory/1"):
            with pytest.raises(OSError, match=r"."):
                disk.read(name)
            with pytest.raises(OSError, match=r"."):
                list(disk.read_pieces(name))
        assert dict(disk.list()) == {"keyring": NOT_A_FILE, "inventory/1": NOT_A_FILE}


def test_a_link_inside_is_not_followed_in_writing(tmp_path: Path) -> None:
    outside, place = tmp_path / "outside", tmp_path / "place"
    outside.mkdir()
    (outside / "secret").write_bytes(b"not ours")
    place.mkdir()
    (place / "keyring").symlink_to(outside)
    (place / "inventory").mkdir()
    (place / "inventory/1").symlink_to(outside / "secret")
    (place / "inventory/2.unfinished").symlink_to(outside / "secret")
    (place / "inventory/3").mkdir()
    with LocalDisk(place) as disk:
        for name in ("keyring/0", "inventory/1"):
            for content in (b"x", iter([b"x"])):
                with pytest.raises(FileExistsError):
                    disk.put(name, content)
        with pytest.raises(FileExistsError):
            disk.put("inventory/2", b"x")
        disk.put("inventory/2", b"x")  # the link was debris, and is gone
        with pytest.raises(FileExistsError):
            disk.replace("inventory/3", b"x")
        disk.replace("inventory/1", b"x")  # over the link itself
        assert disk.read("inventory/1") == b"x"
    assert [(p.name, p.read_bytes()) for p in outside.iterdir()] == [("secret", b"not ours")]


def test_a_pipe_in_place_of_an_object_stalls_nobody(tmp_path: Path) -> None:
    (tmp_path / "inventory").mkdir()
    os.mkfifo(tmp_path / "inventory/1")
    with LocalDisk(tmp_path) as disk:
        with pytest.raises(OSError, match="not a plain file"):
            disk.read("inventory/1")
        assert dict(disk.list()) == {"inventory/1": NOT_A_FILE}


def test_names_in_any_bytes_are_listed_escaped(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"bad\xff\nname")).write_bytes(b"12")
    with LocalDisk(tmp_path) as disk:
        assert list(disk.list()) == [("bad\\xff\\x0aname", 2)]


def test_folders_beyond_any_name_of_ours_are_not_entered(tmp_path: Path) -> None:
    deep = tmp_path / "/".join(["a"] * 40)
    deep.mkdir(parents=True)
    (deep / "file").write_bytes(b"")
    with LocalDisk(tmp_path) as disk:
        listed = list(disk.list())
    assert len(listed) == 1
    assert listed[0][1] == NOT_A_FILE


def test_a_place_that_is_not_there(tmp_path: Path) -> None:
    disk = LocalDisk(tmp_path / "stick")
    acts: list[Callable[[], object]] = [
        lambda: disk.read("FORMAT"),
        lambda: disk.size("FORMAT"),
        lambda: list(disk.list()),
        lambda: disk.put("FORMAT", b""),
        disk.probe,
    ]
    for act in acts:
        with pytest.raises(ReplicaUnreachableError) as caught:
            act()
        assert str(tmp_path / "stick") in caught.value.for_person()
    assert not (tmp_path / "stick").exists()


def test_a_place_that_goes_away_is_not_an_empty_one(tmp_path: Path) -> None:
    place = tmp_path / "stick"
    place.mkdir()
    with LocalDisk(place) as disk:
        disk.put("FORMAT", b"x")
        shutil.rmtree(place)
        place.mkdir()  # as an empty mount point shows after its disk went
        for act in (lambda: disk.read("FORMAT"), lambda: disk.size("FORMAT"), lambda: disk.put("keyring/0", b"x")):
            with pytest.raises(ReplicaUnreachableError):
                act()
    assert list(place.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (errno.ENOSPC, ReplicaFullError),
        (errno.EDQUOT, ReplicaFullError),
        (errno.EROFS, ReplicaReadOnlyError),
        (errno.EACCES, ReplicaReadOnlyError),
        (errno.EIO, ReplicaUnreachableError),
        (errno.ENODEV, ReplicaUnreachableError),
    ],
)
@pytest.mark.parametrize("act", ["write_all", "force_folder", "move_into_place"])
def test_what_the_system_says_while_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, error: type[Exception], act: str
) -> None:
    def fail(*arguments: object) -> None:
        raise OSError(number, os.strerror(number))

    with LocalDisk(tmp_path) as disk:
        disk.put("inventory/1", b"held")
        with monkeypatch.context() as patched:
            patched.setattr(durable, act, fail)
            for content in (b"new", iter([b"new"])):
                with pytest.raises(error):
                    disk.replace("inventory/1", content)
            with pytest.raises(error):
                disk.put(PACK, iter([b"new"]))
        if act != "force_folder":  # there the new name stands, and only its durability is in doubt
            assert disk.read("inventory/1") == b"held"
            assert dict(disk.list()) == {"inventory/1": 4}


def test_a_real_limit_on_size(tmp_path: Path) -> None:
    """The kernel refuses the write itself, in the middle of a pack."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with LocalDisk(tmp_path) as disk:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, before[1]))
        try:
            with pytest.raises(ReplicaFullError):
                disk.put(PACK, iter([bytes(200_000)] * 3))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert list(disk.list()) == []


def test_an_unreadable_object_is_told_from_a_place_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LocalDisk(tmp_path) as disk:
        disk.put("inventory/1", b"held")

        def fail(*arguments: object) -> int:
            raise OSError(errno.EIO, "Input/output error")

        monkeypatch.setattr(os, "read", fail)
        with pytest.raises(OSError, match="Input/output error"):
            disk.read("inventory/1")
        monkeypatch.setattr(os, "listdir", fail)
        with pytest.raises(ReplicaUnreachableError):
            disk.read("inventory/1")


def test_probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with LocalDisk(tmp_path) as disk:
        probe = disk.probe()
        assert probe.free_bytes > 0
        assert probe.tells_case_apart
        assert list(tmp_path.iterdir()) == []
        with monkeypatch.context() as patched:
            patched.setattr(durable, "write_through", lambda path, data: path.write_bytes(data[::-1]))
            with pytest.raises(RefusedLocationError, match="does not give back"):
                disk.probe()
        with monkeypatch.context() as patched:
            patched.setattr(durable, "write_through", lambda path, data: (path.parent / "PROBE-1").write_bytes(data))
            with pytest.raises(RefusedLocationError, match="changes the names"):
                disk.probe()
