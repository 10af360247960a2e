"""What an auditor saw last."""

from __future__ import annotations

from pathlib import Path

from standfast.replicas.freshness import SeenCheckpoints, seen_folder


def test_one_a_log(tmp_path: Path) -> None:
    seen = SeenCheckpoints(tmp_path / "state" / "seen-checkpoints")
    assert seen.find("example/a") is None
    seen.keep("example/a", b"one")
    seen.keep("example/b", b"two")
    seen.keep("example/a", b"three")
    again = SeenCheckpoints(tmp_path / "state" / "seen-checkpoints")
    assert (again.find("example/a"), again.find("example/b")) == (b"three", b"two")


def test_an_origin_can_be_anything(tmp_path: Path) -> None:
    seen = SeenCheckpoints(tmp_path)
    for origin in ("../../etc/passwd", "x" * 255, "a b", "مثال"):
        seen.keep(origin, origin.encode())
        assert seen.find(origin) == origin.encode()
    assert len(list(tmp_path.iterdir())) == 4


def test_where(tmp_path: Path) -> None:
    there = tmp_path / "xdg/standfast/seen-checkpoints"
    assert seen_folder({"XDG_STATE_HOME": str(tmp_path / "xdg")}, Path("/home/example")) == there
    home = Path("/home/example/.local/state/standfast/seen-checkpoints")
    assert seen_folder({}, Path("/home/example")) == home
    assert seen_folder({"XDG_STATE_HOME": "relative"}, Path("/home/example")) == home
