"""The scratch place is private, and gone afterwards whatever happened in it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from standfast import durable
from standfast.drill import scratch
from standfast.drill.scratch import LOCK, PREFIX, Scratch, remove_tree
from standfast.errors.drill import ScratchUnusableError


def fill(folder: Path) -> None:
    """What a restore may leave: closed folders, read-only files, links out of it."""
    (folder / "closed" / "deep").mkdir(parents=True)
    (folder / "closed" / "deep" / "file").write_text("example")
    os.chmod(folder / "closed" / "deep" / "file", 0)
    os.symlink("/etc", folder / "closed" / "out")
    os.chmod(folder / "closed" / "deep", 0)
    os.chmod(folder / "closed", 0o500)


def test_it_is_private_and_goes_with_all_that_is_in_it(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "stays").write_text("x")
    with Scratch(tmp_path / "scratch") as place:
        assert place.folder.stat().st_mode & 0o777 == 0o700
        assert place.free_bytes() > 0
        fill(place.place("docs"))
        os.symlink(outside, place.folder / "link-out")
    assert os.listdir(tmp_path / "scratch") == []
    assert (outside / "stays").exists()
    assert os.path.isdir("/etc")


def test_each_origin_is_cleared_when_it_is_done(tmp_path: Path) -> None:
    with Scratch(tmp_path) as place:
        fill(place.place("docs"))
        place.clear("docs")
        assert os.listdir(place.folder) == [LOCK]
        place.clear("docs")
        with pytest.raises(ValueError, match="no origin"):
            place.place("../docs")


def test_it_goes_when_something_fails_even_if_it_was_to_be_kept(tmp_path: Path) -> None:
    def fail() -> None:
        with Scratch(tmp_path, keep=True) as place:
            fill(place.place("docs"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert os.listdir(tmp_path) == []


def test_what_a_killed_drill_left_is_removed_by_the_next_one(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from standfast.drill.scratch import Scratch\n"
        "place = Scratch(Path(sys.argv[1])).__enter__()\n"
        "place.place('docs').mkdir(); (place.place('docs') / 'secret').write_text('example')\n"
        "print(place.folder, flush=True); os.kill(os.getpid(), 9)\n"
    )
    killed = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert killed.returncode == -9, killed.stderr
    left = Path(killed.stdout.strip())
    assert (left / "docs" / "secret").exists()
    with Scratch(tmp_path) as place:
        assert not left.exists()
        assert place.folder != left


def test_one_that_runs_and_what_is_not_ours_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / f"{PREFIX}kept").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / LOCK).write_text("")
    (tmp_path / f"{PREFIX}link").symlink_to(tmp_path / "other")
    with Scratch(tmp_path) as first:
        fill(first.place("docs"))
        with Scratch(tmp_path):
            assert first.place("docs").exists()
    assert sorted(os.listdir(tmp_path)) == ["other", f"{PREFIX}kept", f"{PREFIX}link"]


def test_a_place_that_can_not_be_used_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ScratchUnusableError) as said, Scratch(tmp_path / "file"):
        pass
    assert "file" in said.value.for_person()


def test_plain_text_that_could_not_be_removed_is_never_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(folder: Path) -> None:
        raise OSError(30, "Read-only file system")

    place = Scratch(tmp_path).__enter__()
    fill(place.place("docs"))
    with monkeypatch.context() as patch:
        patch.setattr(scratch, "remove_tree", refuse)
        with pytest.raises(ScratchUnusableError, match="Read-only") as said:
            place.__exit__(None, None, None)
    assert "remove what is in it" in said.value.step()
    assert (place.folder / "docs").exists()
    remove_tree(place.folder)


def test_a_lock_that_another_holds_is_respected(tmp_path: Path) -> None:
    folder = tmp_path / f"{PREFIX}busy"
    folder.mkdir()
    with durable.exclusive_lock(folder / LOCK, "another process") as other:
        assert other is None
        scratch.remove_abandoned(tmp_path)
    assert folder.exists()
    scratch.remove_abandoned(tmp_path)
    assert not folder.exists()
