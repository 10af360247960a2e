"""What a capture of a folder lands, what it takes for unchanged, and what it says it could not take."""

from __future__ import annotations

import base64
import os
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from files_fixture import NOON, Memory, capture, content_of, take_all
from standfast.capture.files import FilesCapture
from standfast.capture.landing import FileReference
from standfast.capture.origin import FilesOrigin
from standfast.errors.capture import BadPatternError, FolderUnreachableError, OriginInVaultError
from unprivileged import without

ODD_NAMES = (
    b"\xff\xfe not utf-8",
    b"line\nbreak",
    b"back\\slash",
    b"-rf",
    b" ",
    "تقرير.pdf".encode(),
    "é.txt".encode(),
    "e\u0301.txt".encode(),
    b"n" * 255,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "documents"
    made.mkdir()
    return made


def test_everything_is_landed_with_what_the_file_system_says(folder: Path) -> None:
    (folder / "letters").mkdir()
    letter = folder / "letters/example.txt"
    letter.write_bytes(b"an example")
    letter.chmod(0o4640)
    os.setxattr(letter, "user.origin", b"\0\xffexample")
    os.utime(letter, ns=(1, 1_234_567_890_123_456_789))
    (folder / "link").symlink_to("letters/example.txt")
    os.utime(folder / "link", ns=(1, 987_654_321_000_000_001), follow_symlinks=False)
    (folder / "letters").chmod(0o2750)
    os.utime(folder / "letters", ns=(1, -5))

    run = capture(folder)
    assert run.order == [b"letters", b"letters/example.txt", b"link"]
    assert run.finished is not None
    assert run.finished.complete
    assert not run.failures
    facts = run.facts(b"letters/example.txt")
    assert (facts.type, facts.mode, facts.mtime_ns) == ("file", 0o4640, "1234567890123456789")
    assert (facts.uid, facts.gid) == (os.getuid(), letter.stat().st_gid)
    assert facts.xattrs == {"user.origin": base64.b64encode(b"\0\xffexample").decode()}
    landed = run.landed[b"letters/example.txt"]
    assert (content_of(landed), landed.media_type, landed.captured_at) == (b"an example", "text/plain", NOON)
    assert landed.quality == "complete"
    assert (run.facts(b"letters").type, run.facts(b"letters").mode) == ("folder", 0o2750)
    assert run.facts(b"letters").mtime_ns == "-5"
    assert run.landed[b"letters"].content == b""
    assert run.facts(b"link").mtime_ns == "987654321000000001"
    assert (run.facts(b"link").type, run.landed[b"link"].content) == ("symlink", b"letters/example.txt")


def test_names_in_any_bytes(folder: Path) -> None:
    for name in ODD_NAMES:
        path = os.path.join(os.fsencode(folder), name)
        with open(path, "wb") as file:
            file.write(name)
    run = capture(folder)
    assert run.order == sorted(ODD_NAMES)
    assert all(content_of(landed) == name for name, landed in run.landed.items())


def test_links_are_kept_and_never_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/example.txt").write_text("not of this folder")
    (folder / "to folder").symlink_to(tmp_path / "outside")
    (folder / "to nothing").symlink_to("nowhere")
    (folder / "to itself").symlink_to("to itself")
    (folder / "to above").symlink_to("..")
    run = capture(folder)
    assert run.order == [b"to above", b"to folder", b"to itself", b"to nothing"]
    assert {run.facts(name).type for name in run.order} == {"symlink"}


def test_the_folder_itself_may_be_reached_by_a_link(folder: Path, tmp_path: Path) -> None:
    (folder / "example.txt").write_text("an example")
    (tmp_path / "way in").symlink_to(folder)
    assert capture(tmp_path / "way in").order == [b"example.txt"]


class TestHardLinks:
    def test_further_names_point_to_the_first(self, folder: Path) -> None:
        (folder / "b").mkdir()
        (folder / "b/first.txt").write_text("an example")
        os.link(folder / "b/first.txt", folder / "b/second")
        os.link(folder / "b/first.txt", folder / "c")
        run = capture(folder)
        assert run.facts(b"b/first.txt").type == "file"
        for name in (b"b/second", b"c"):
            assert (run.facts(name).type, run.facts(name).link_to) == ("hardlink", "b/first.txt")
            assert run.landed[name].content == b""

    def test_a_further_name_is_landed_again_when_the_first_moves(self, folder: Path) -> None:
        """Its own times and inode do not change then, and what it points to is gone."""
        (folder / "a").mkdir()
        (folder / "a/first").write_text("an example")
        os.link(folder / "a/first", folder / "z")
        memory = Memory()
        capture(folder, memory)
        (folder / "a").rename(folder / "moved")
        again = capture(folder, memory)
        assert again.facts(b"moved/first").type == "file"
        assert again.facts(b"z").link_to == "moved/first"

    def test_a_further_name_becomes_the_file_when_the_first_is_left_out(self, folder: Path) -> None:
        (folder / "first").write_text("an example")
        os.link(folder / "first", folder / "second")
        memory = Memory()
        capture(folder, memory)
        again = capture(folder, memory, exclude=("/first",))
        assert again.facts(b"second").type == "file"
        assert content_of(again.landed[b"second"]) == b"an example"

    def test_unchanged_names_are_not_landed(self, folder: Path) -> None:
        (folder / "first").write_text("an example")
        os.link(folder / "first", folder / "second")
        memory = Memory()
        capture(folder, memory)
        assert capture(folder, memory).order == []

    def test_a_symbolic_link_with_two_names_is_kept_twice(self, folder: Path) -> None:
        (folder / "link").symlink_to("target")
        os.link(folder / "link", folder / "other", follow_symlinks=False)
        run = capture(folder)
        assert [run.facts(name).type for name in run.order] == ["symlink", "symlink"]
        assert run.landed[b"other"].content == b"target"


class TestUnchanged:
    def test_what_is_as_it_was_is_named_and_not_landed(self, folder: Path) -> None:
        (folder / "sub").mkdir()
        (folder / "sub/example.txt").write_text("an example")
        (folder / "link").symlink_to("sub")
        memory = Memory()
        capture(folder, memory)
        again = capture(folder, memory)
        assert again.order == []
        assert again.unchanged == [b"link", b"sub", b"sub/example.txt"]

    def test_each_kind_of_change_is_seen(self, folder: Path) -> None:
        names = [b"content", b"inode", b"kind", b"mode", b"same", b"size", b"time"]
        for name in names:
            (folder / os.fsdecode(name)).write_text("an example")
        memory = Memory()
        capture(folder, memory)

        before = (folder / "content").stat()
        (folder / "content").write_text("AN EXAMPLE")
        os.utime(folder / "content", ns=(before.st_atime_ns, before.st_mtime_ns))  # as if it had not been touched
        (folder / "other").write_text("an example")
        os.utime(folder / "other", ns=(1, (folder / "inode").stat().st_mtime_ns))
        (folder / "other").rename(folder / "inode")
        (folder / "kind").unlink()
        (folder / "kind").symlink_to("same")
        (folder / "mode").chmod(0o600)
        (folder / "size").write_text("an example that grew")
        os.utime(folder / "time", ns=(1, 1))

        again = capture(folder, memory)
        assert again.order == [name for name in names if name != b"same"]
        assert again.unchanged == [b"same"]

    def test_reread_distrusts_all_of_it(self, folder: Path) -> None:
        (folder / "example.txt").write_text("an example")
        memory = Memory()
        capture(folder, memory)
        memory.asked.clear()
        assert capture(folder, memory, reread=True).order == [b"example.txt"]
        assert memory.asked == []

    def test_asks_for_at_most_1000_at_once(self, folder: Path) -> None:
        for n in range(2_500):
            (folder / f"{n:04}").touch()
        memory = Memory()
        run = capture(folder, memory)
        assert len(run.landed) == 2_500
        assert memory.asked[:3] == [1_000, 1_000, 500]

    def test_many_small_folders_hold_few_descriptors(self, folder: Path) -> None:
        for n in range(600):
            (folder / f"{n:03}").mkdir()
            (folder / f"{n:03}/example.txt").touch()
        memory = Memory()
        most = 0
        before = len(os.listdir("/proc/self/fd"))
        for _ in FilesCapture(FilesOrigin(name="docs", path=str(folder)), tool="t").run(memory):
            most = max(most, len(os.listdir("/proc/self/fd")))
        assert sum(memory.asked) == 1_200
        assert most - before < 300
        assert len(os.listdir("/proc/self/fd")) < 100, "and leave none open"


def test_what_changed_just_now_is_read_when_the_tick_is_over(folder: Path) -> None:
    """Else a change within the same tick would leave the same times, and be missed for ever."""
    (folder / "example.txt").write_text("an example")
    changed = (folder / "example.txt").stat().st_ctime_ns
    waits: list[float] = []

    def run_at(ns: int, memory: Memory) -> None:
        def clock() -> datetime:
            return datetime.fromtimestamp(ns / 1e9, UTC)

        origin = FilesOrigin(name="docs", path=str(folder))
        take_all(FilesCapture(origin, tool="t", clock=clock, wait=waits.append), memory)

    memory = Memory()
    run_at(changed + 5_000_000, memory)
    assert waits == [pytest.approx(0.015, abs=0.001)]
    run_at(changed + 5_000_000, memory)
    run_at(changed + 25_000_000, Memory())
    run_at(changed - 5_000_000_000, Memory())
    assert len(waits) == 1, "nothing to read, long ago, or a clock that was set back"


class TestLeftOut:
    @pytest.mark.parametrize(
        ("patterns", "left"),
        [
            (["*.tmp"], "keep.txt sub sub/deep sub/deep/keep.txt sub/keep.txt"),
            (["/sub/"], "a.tmp keep.txt"),
            (["sub/deep"], "a.tmp keep.txt sub sub/a.tmp sub/keep.txt"),
            (["deep/"], "a.tmp keep.txt sub sub/a.tmp sub/keep.txt"),
            (["**/deep/**"], "a.tmp keep.txt sub sub/a.tmp sub/deep sub/keep.txt"),
            (["sub/**", "!sub/keep.txt"], "a.tmp keep.txt sub sub/keep.txt"),
            (["*", "!keep.txt"], "keep.txt"),
            (["*.tmp", "!/sub/a.tmp"], "keep.txt sub sub/a.tmp sub/deep sub/deep/keep.txt sub/keep.txt"),
            (["# a comment", "", "keep.txt"], "a.tmp sub sub/a.tmp sub/deep sub/deep/a.tmp"),
        ],
    )
    def test_patterns_as_in_gitignore(self, folder: Path, patterns: list[str], left: str) -> None:
        (folder / "sub/deep").mkdir(parents=True)
        for name in ("a.tmp", "keep.txt", "sub/a.tmp", "sub/keep.txt", "sub/deep/a.tmp", "sub/deep/keep.txt"):
            (folder / name).touch()
        assert b" ".join(capture(folder, exclude=tuple(patterns)).order).decode() == left

    def test_a_name_that_is_no_text_is_left_out_too(self, folder: Path) -> None:
        with open(os.path.join(os.fsencode(folder), b"\xff.tmp"), "wb"):
            pass
        assert capture(folder, exclude=("*.tmp",)).there == set()

    def test_a_pattern_that_is_none(self, folder: Path) -> None:
        with pytest.raises(BadPatternError):
            capture(folder, exclude=("ok", "!"))

    def test_pipes_and_sockets_are_counted_and_the_run_is_complete(self, folder: Path) -> None:
        os.mkfifo(folder / "pipe")
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(folder / "socket"))
        listening.close()
        (folder / "example.txt").touch()
        run = capture(folder)
        assert run.order == [b"example.txt"]
        assert run.finished is not None
        assert run.finished.complete
        assert dict(run.finished.passed_over) == {"pipes": 1, "sockets": 1}

    def test_the_vault_is_left_out_wherever_it_lies(self, folder: Path) -> None:
        vault = folder / "deep/vault"
        vault.mkdir(parents=True)
        (vault / "secret").touch()
        place = (vault.stat().st_dev, vault.stat().st_ino)
        assert capture(folder, skip=[place]).there == {b"deep"}

    @pytest.mark.parametrize("below", ["", "keys", "keys/deeper"])
    def test_the_vault_does_not_hold_itself(self, folder: Path, below: str) -> None:
        (folder / "keys/deeper").mkdir(parents=True)
        place = (folder.stat().st_dev, folder.stat().st_ino)
        with pytest.raises(OriginInVaultError):
            capture(folder / below, skip=[place])

    def test_what_is_mounted_below_is_another_origin(self) -> None:
        """/proc is another file system than its parent on every machine that this runs on."""
        patterns = ("/*", "!/proc", "/proc/*", "!/proc/sys", "/proc/sys/*")
        assert capture("/", exclude=patterns).order == [b"proc"]
        assert capture("/", exclude=patterns, one_file_system=False).order == [b"proc", b"proc/sys"]


class TestUnreachable:
    @pytest.mark.parametrize("what", ["absent", "a file"])
    def test_no_folder(self, folder: Path, what: str) -> None:
        (folder / "a file").touch()
        with pytest.raises(FolderUnreachableError):
            capture(folder / what)

    def test_a_folder_that_may_not_be_listed(self, folder: Path) -> None:
        folder.chmod(0o000)

        def run() -> str:
            with pytest.raises(FolderUnreachableError) as why:
                capture(folder)
            return why.value.why

        try:
            assert without(run) == "Permission denied"
        finally:
            folder.chmod(0o700)

    def test_a_part_that_may_not_be_listed_fails_and_the_rest_is_landed(self, folder: Path) -> None:
        (folder / "barred").mkdir()
        (folder / "barred/example.txt").touch()
        (folder / "zebra.txt").touch()
        (folder / "barred").chmod(0o000)
        try:
            run = without(lambda: capture(folder))
        finally:
            (folder / "barred").chmod(0o700)
        assert run.order == [b"barred", b"zebra.txt"]
        assert [(each.key, each.why) for each in run.failures] == [(b"barred", "Permission denied")]
        assert run.finished is not None
        assert not run.finished.complete, "what lies in it must not be taken for gone"

    def test_entries_that_may_not_be_looked_at(self, folder: Path) -> None:
        (folder / "listed").mkdir()
        for n in range(1_200):
            (folder / f"listed/{n:04}").touch()
        (folder / "listed").chmod(0o400)
        try:
            run = without(lambda: capture(folder))
        finally:
            (folder / "listed").chmod(0o700)
        assert len(run.failures) == 1_200
        assert run.finished is not None
        assert not run.finished.complete

    def test_attributes_that_may_not_be_read_are_said_to_be_wanting(self, folder: Path) -> None:
        (folder / "example.txt").touch()
        os.setxattr(folder / "example.txt", "user.note", b"x")
        (folder / "example.txt").chmod(0o000)
        run = without(lambda: capture(folder))
        assert run.landed[b"example.txt"].quality == "without some extended attributes"
        assert run.facts(b"example.txt").xattrs == {}


def test_sparse_files_are_known(folder: Path) -> None:
    with (folder / "sparse").open("wb") as file:
        file.truncate(5 * 1024**3)
    (folder / "solid").write_bytes(bytes(100_000))
    run = capture(folder)
    assert run.facts(b"sparse").sparse
    assert not run.facts(b"solid").sparse
    reference = run.landed[b"sparse"].content
    assert isinstance(reference, FileReference)
    assert reference.size_bytes == 5 * 1024**3


def test_media_types_come_from_endings_by_a_table_of_our_own(folder: Path) -> None:
    expected = {
        b"a.PDF": "application/pdf",
        b"b.jpeg": "image/jpeg",
        b"c.d/noending": "application/octet-stream",
        b"e.unknown-ending": "application/octet-stream",
        b"f.html": "text/html",
    }
    (folder / "c.d").mkdir()
    for name in expected:
        (folder / os.fsdecode(name)).touch()
    run = capture(folder)
    assert {name: run.landed[name].media_type for name in expected} == expected
    assert run.landed[b"c.d"].media_type == "inode/folder"
