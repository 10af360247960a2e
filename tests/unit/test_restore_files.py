"""A folder comes back as it was; what could not come back is listed; what stood in the target is respected."""

from __future__ import annotations

import errno
import os
import resource
import signal
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from files_fixture import NOON, FakeReader, capture, picture
from standfast.errors.restore import NothingHeldError, TargetNotEmptyError, TargetUnusableError
from standfast.restore import files, tree
from standfast.restore.files import restore_files
from standfast.restore.plan import RestoreResult
from unprivileged import CHOWN, without


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    """A tree with what trees have."""
    made = tmp_path / "documents"
    (made / "letters/old").mkdir(parents=True)
    (made / "letters/example.txt").write_text("an example\n")
    (made / "تقرير.txt").write_text("مثال\n")
    for name in (b"not utf-8 \xff.bin", b"line\nbreak", b"back\\slash", b"n" * 255):
        with open(os.path.join(os.fsencode(made), name), "wb") as file:
            file.write(name * 1_000)
    (made / "empty").touch()
    (made / "link").symlink_to("letters/example.txt")
    (made / "dangling").symlink_to(os.fsdecode(b"/nowhere/\xff"))
    os.link(made / "letters/example.txt", made / "another name")
    os.link(made / "letters/example.txt", made / "letters/old/third name")
    os.setxattr(made / "تقرير.txt", "user.note", b"\0\xff")
    os.setxattr(made / "letters", "user.note", b"of a folder")
    if os.getuid() == 0:
        os.chown(made / "empty", 12_345, 54_321)
        os.chown(made / "letters/old", 12_345, 54_321)
        os.lchown(made / "link", 12_345, 54_321)
        os.setxattr(made / "dangling", "trusted.note", b"of a link", follow_symlinks=False)
    (made / "empty").chmod(0o4604)
    (made / "letters/example.txt").chmod(0o400)
    os.utime(made / "letters/example.txt", ns=(1, 1_234_567_890_123_456_789))
    os.utime(made / "empty", ns=(1, -1))
    os.utime(made / "link", ns=(1, 5_000_000_007), follow_symlinks=False)
    (made / "letters/old").chmod(0o500)
    os.utime(made / "letters/old", ns=(1, 42))
    (made / "letters").chmod(0o2750)
    os.utime(made / "letters", ns=(1, 1_111_111_111_000_000_001))
    return made


@pytest.fixture
def reader() -> FakeReader:
    return FakeReader()


def whys(result: RestoreResult) -> dict[str, str]:
    return {failure.what: failure.why for failure in result.failures}


def test_the_same_tree_comes_back(documents: Path, tmp_path: Path, reader: FakeReader) -> None:
    open_before = len(os.listdir("/proc/self/fd"))
    before = picture(documents)
    result = restore_files(reader.take(capture(documents)), "docs", tmp_path / "to", clock=lambda: NOON)
    assert whys(result) == {}
    assert result.ok
    assert picture(tmp_path / "to") == before
    assert result.items == len(before)
    assert result.bytes == sum(each.record.size_bytes for each in reader.held)
    first = (tmp_path / "to/letters/example.txt").stat().st_ino
    assert (tmp_path / "to/another name").stat().st_ino == first
    assert (tmp_path / "to/letters/old/third name").stat().st_ino == first
    assert len(os.listdir("/proc/self/fd")) - open_before < 10


def test_restored_by_someone_who_is_not_root_everything_is_theirs(
    documents: Path, tmp_path: Path, reader: FakeReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1_000)
    reader.take(capture(documents))
    result = restore_files(reader, "docs", tmp_path / "to")
    wanting = [failure for failure in result.failures if failure.what != "dangling"]
    assert wanting == []
    assert {found.stat().st_uid for found in (tmp_path / "to").iterdir() if found.exists()} == {os.getuid()}
    assert stat.S_IMODE((tmp_path / "to/empty").stat().st_mode) == 0o4604


def test_what_can_not_be_given_back_is_listed_and_the_content_stays(tmp_path: Path, reader: FakeReader) -> None:
    reader.add("owner", b"1", uid=12_345, owner="")
    result = without(lambda: restore_files(reader, "docs", tmp_path / "a"), CHOWN)
    assert whys(result) == {"owner": "its owner could not be given back: Operation not permitted"}
    assert (tmp_path / "a/owner").read_bytes() == b"1"

    reader = FakeReader()
    reader.add("attribute", b"2", xattrs={"nonsense": "AA==", "user.good": "AA=="})
    reader.add("base64", b"3", xattrs={"user.bad": "%"})
    reader.add("uid", b"4", uid=2**70)
    reader.add("time", b"5", mtime_ns="9" * 30)
    reader.add("no time", b"6", mtime_ns="yesterday")
    reader.add("folder", type="folder", mtime_ns="x")
    reader.add("link", b"target", type="symlink", mtime_ns="9" * 30, xattrs={"user.refused": "AA=="})
    result = restore_files(reader, "docs", tmp_path / "b")
    assert set(whys(result)) == {"attribute", "base64", "uid", "time", "no time", "folder", "link"}
    assert result.failure_count == 8, "the link's attribute and its time"
    assert result.items == 7
    assert all("could not be given back" in why for why in whys(result).values())
    for n, name in enumerate(("attribute", "base64", "uid", "time", "no time"), 2):
        assert (tmp_path / "b" / name).read_text() == str(n)
    assert os.getxattr(tmp_path / "b/attribute", "user.good") == b"\0"


def test_a_mode_is_never_more_than_permission_bits(tmp_path: Path, reader: FakeReader) -> None:
    reader.add("example.txt", b"", mode=0o170_0644)
    assert restore_files(reader, "docs", tmp_path / "to").ok
    assert (tmp_path / "to/example.txt").stat().st_mode == stat.S_IFREG | 0o644


class TestSparse:
    def test_holes_come_back(self, tmp_path: Path, reader: FakeReader) -> None:
        content = bytearray(6_000_000)
        content[1_000_000:1_000_003] = b"abc"
        content[5_900_000] = 1
        reader.piece_bytes = 1_234_567  # pieces end anywhere
        reader.add("sparse", bytes(content), sparse=True)
        reader.add("ends in a hole", b"x" + bytes(3_000_000), sparse=True)
        reader.add("only a hole", bytes(3_000_000), sparse=True)
        reader.add("solid", bytes(3_000_000))
        assert restore_files(reader, "docs", tmp_path / "to").ok
        assert (tmp_path / "to/sparse").read_bytes() == content
        assert (tmp_path / "to/sparse").stat().st_blocks * 512 < 400_000
        assert (tmp_path / "to/ends in a hole").read_bytes() == b"x" + bytes(3_000_000)
        assert (tmp_path / "to/only a hole").stat().st_blocks == 0
        assert (tmp_path / "to/only a hole").stat().st_size == 3_000_000
        assert (tmp_path / "to/solid").stat().st_blocks * 512 >= 3_000_000

    def test_beyond_four_gigabytes(self, tmp_path: Path, reader: FakeReader) -> None:
        source = tmp_path / "documents"
        source.mkdir()
        with (source / "large").open("wb") as file:
            file.truncate(5 * 1024**3)
            file.seek(-1, os.SEEK_END)
            file.write(b"x")
        facts = capture(source).facts(b"large")
        item = reader.add("large", b"", facts)
        zeros = bytes(1 << 24)

        def pieces(_held):
            for _ in range(5 * 1024**3 // len(zeros) - 1):
                yield zeros
            yield zeros[:-1] + b"x"

        reader.pieces = pieces  # type: ignore[method-assign]
        result = restore_files(reader, "docs", tmp_path / "to")
        assert result.ok, item
        assert result.bytes == 5 * 1024**3
        found = (tmp_path / "to/large").stat()
        assert (found.st_size, found.st_blocks * 512 < 1_000_000) == (5 * 1024**3, True)


class TestDamaged:
    def test_one_changed_byte_and_the_file_is_not_there(
        self, documents: Path, tmp_path: Path, reader: FakeReader
    ) -> None:
        reader.take(capture(documents))
        name = "not utf-8 \\xff.bin"
        item = next(each.record.id for each in reader.held if each.record.name == name)
        damaged = bytearray(reader.content[item])
        damaged[-1] ^= 1
        reader.content[item] = bytes(damaged)
        result = restore_files(reader, "docs", tmp_path / "to")
        assert not result.ok
        assert set(whys(result)) == {name}
        assert "is not what was sealed" in whys(result)[name]
        expected = picture(documents)
        del expected[b"not utf-8 \xff.bin"]
        assert picture(tmp_path / "to") == expected
        assert result.items == len(expected)

    def test_with_force_what_stood_there_stays(self, tmp_path: Path, reader: FakeReader) -> None:
        item = reader.add("example.txt", b"the sealed content")
        reader.content[item] = b"the sealed Content"
        (tmp_path / "to").mkdir()
        (tmp_path / "to/example.txt").write_text("what a person has")
        result = restore_files(reader, "docs", tmp_path / "to", force=True)
        assert set(whys(result)) == {"example.txt"}
        assert (tmp_path / "to/example.txt").read_text() == "what a person has"
        assert os.listdir(tmp_path / "to") == ["example.txt"]

    def test_names_of_a_damaged_file_are_listed_too(self, tmp_path: Path, reader: FakeReader) -> None:
        item = reader.add("first", b"content")
        reader.content[item] = b"Content"
        reader.add("second", type="hardlink", link_to="first")
        reader.add("third", type="hardlink", link_to="nothing")
        result = restore_files(reader, "docs", tmp_path / "to")
        assert set(whys(result)) == {"first", "second", "third"}
        assert os.listdir(tmp_path / "to") == []


class TestTarget:
    def test_must_be_empty(self, tmp_path: Path, reader: FakeReader) -> None:
        reader.add("example.txt", b"new")
        (tmp_path / "something").touch()
        before = sorted(os.listdir(tmp_path))
        with pytest.raises(TargetNotEmptyError):
            restore_files(reader, "docs", tmp_path)
        assert sorted(os.listdir(tmp_path)) == before

    def test_is_made_with_what_is_above_it(self, tmp_path: Path, reader: FakeReader) -> None:
        reader.add("example.txt", b"new")
        assert restore_files(reader, "docs", tmp_path / "a/b/c").ok
        assert (tmp_path / "a/b/c/example.txt").read_bytes() == b"new"

    @pytest.mark.parametrize("place", ["file", "file/below"])
    def test_can_not_be_made(self, tmp_path: Path, reader: FakeReader, place: str) -> None:
        reader.add("example.txt", b"new")
        (tmp_path / "file").touch()
        with pytest.raises(TargetUnusableError):
            restore_files(reader, "docs", tmp_path / place)

    def test_nothing_held(self, tmp_path: Path, reader: FakeReader) -> None:
        reader.add("example.txt", b"new")
        with pytest.raises(NothingHeldError):
            restore_files(reader, "others", tmp_path / "to")
        with pytest.raises(NothingHeldError):
            restore_files(reader, "docs", tmp_path / "to", path_globs=["no such thing"])
        assert not (tmp_path / "to").exists()

    def test_force_replaces_files_and_links_and_keeps_the_rest(self, tmp_path: Path, reader: FakeReader) -> None:
        for name in ("file", "was a link", "sub/inner"):
            reader.add(name, b"restored")
        reader.add("sub", type="folder", mode=0o711)
        reader.add("link", b"file", type="symlink")
        reader.add("second", type="hardlink", link_to="file")
        to, outside = tmp_path / "to", tmp_path / "outside"
        (to / "sub").mkdir(parents=True)
        outside.write_text("outside")
        (to / "was a link").symlink_to(outside)
        for name in ("file", "sub/inner", "link", "second", "stranger", "sub/stranger"):
            (to / name).write_text("before")
        assert restore_files(reader, "docs", to, force=True).ok
        assert outside.read_text() == "outside"
        for name in ("file", "was a link", "sub/inner", "link", "second"):
            assert (to / name).read_text() == "restored"
        assert os.readlink(to / "link") == "file"
        assert not (to / "was a link").is_symlink()
        assert (to / "second").stat().st_ino == (to / "file").stat().st_ino
        assert sorted(os.listdir(to)) == ["file", "link", "second", "stranger", "sub", "was a link"]
        assert sorted(os.listdir(to / "sub")) == ["inner", "stranger"]
        assert stat.S_IMODE((to / "sub").stat().st_mode) == 0o711

    def test_force_twice_is_the_same_again(self, documents: Path, tmp_path: Path, reader: FakeReader) -> None:
        reader.take(capture(documents))
        for _ in range(2):
            assert restore_files(reader, "docs", tmp_path / "to", force=True).ok
            assert picture(tmp_path / "to") == picture(documents)

    def test_force_does_not_remove_a_folder_for_a_file(self, tmp_path: Path, reader: FakeReader) -> None:
        reader.add("a", b"restored")
        reader.add("b/c", b"restored")
        (tmp_path / "to/a").mkdir(parents=True)
        (tmp_path / "to/a/kept").touch()
        (tmp_path / "to/b").touch()
        result = restore_files(reader, "docs", tmp_path / "to", force=True)
        assert whys(result) == {"a": "Is a directory", "b/c": "Not a directory"}
        assert (tmp_path / "to/a/kept").exists()
        assert sorted(os.listdir(tmp_path / "to")) == ["a", "b"]

    def test_full_disk_ends_it_and_what_was_written_stays(
        self, tmp_path: Path, reader: FakeReader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for n in range(400):
            reader.add(f"{n:03}", b"x" * 1_000)
        left = [100_000]
        real = os.write

        def write(handle, data):
            left[0] -= len(data)
            if left[0] < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(handle, data)

        monkeypatch.setattr(tree.durable.os, "write", write)
        with pytest.raises(TargetUnusableError) as why:
            restore_files(reader, "docs", tmp_path / "to")
        monkeypatch.undo()
        assert why.value.why == "No space left on device"
        assert "free space" in why.value.step()
        written = os.listdir(tmp_path / "to")
        assert 50 < len(written) <= 100
        assert all((tmp_path / "to" / name).stat().st_size == 1_000 for name in written)
        assert restore_files(reader, "docs", tmp_path / "to", force=True).items == 400, "and it can be run again"

    def test_what_is_too_large_for_the_disk_fails_alone(self, tmp_path: Path, reader: FakeReader) -> None:
        """As a file over 4 GiB on a FAT disk; here the limit is the process's own."""
        reader.add("large", b"x" * 300_000)
        reader.add("small", b"x" * 1_000)

        def limited() -> RestoreResult:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
            return restore_files(reader, "docs", tmp_path / "to")

        result = without(limited)
        assert whys(result) == {"large": "File too large"}
        assert os.listdir(tmp_path / "to") == ["small"]

    def test_a_disk_that_fails_at_the_end_is_said(
        self, tmp_path: Path, reader: FakeReader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Written is not on the disk: only after the last call may anyone be told that it is."""
        reader.add("example.txt", b"new")

        def fail(_tree: tree.TargetTree) -> None:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        monkeypatch.setattr(tree.TargetTree, "force_to_disk", fail)
        with pytest.raises(TargetUnusableError, match="Input/output error"):
            restore_files(reader, "docs", tmp_path / "to")


class TestNamesThatAreOne:
    r"""Names that the disk takes for one. Here they are one: `\x61` is another spelling of `a`, and written first."""

    @pytest.mark.parametrize("force", [False, True])
    def test_each_content_is_kept(self, tmp_path: Path, reader: FakeReader, force: bool) -> None:
        reader.add("\\x61", b"first")
        second = reader.add("a", b"second")
        reader.add("\\x73", b"there", type="symlink")
        third = reader.add("s", b"elsewhere", type="symlink")
        to = tmp_path / "to"
        to.mkdir()
        if force:
            (to / "a").write_text("before")
        result = restore_files(reader, "docs", to, force=force)
        assert sorted(os.listdir(to)) == ["a", f"a.standfast-{second}", "s", f"s.standfast-{third}"]
        assert ((to / "a").read_text(), (to / f"a.standfast-{second}").read_text()) == ("first", "second")
        assert (os.readlink(to / "s"), os.readlink(to / f"s.standfast-{third}")) == ("there", "elsewhere")
        assert whys(result) == {
            "a": f"this disk takes its name for another's; it was written as a.standfast-{second}",
            "s": f"this disk takes its name for another's; it was written as s.standfast-{third}",
        }
        assert result.items == 4

    def test_folders_that_are_one(self, tmp_path: Path, reader: FakeReader) -> None:
        reader.add("\\x64", type="folder")
        reader.add("d", type="folder")
        reader.add("\\x64/same", b"first")
        other = reader.add("d/same", b"second")
        result = restore_files(reader, "docs", tmp_path / "to")
        assert sorted(os.listdir(tmp_path / "to/d")) == ["same", f"same.standfast-{other}"]
        assert sorted(whys(result)) == ["d", "d/same"]

    def test_links_lead_to_the_file_that_they_name(self, tmp_path: Path, reader: FakeReader) -> None:
        reader.add("\\x61", b"first")
        other = reader.add("a", b"second")
        reader.add("of the first", type="hardlink", link_to="\\x61")
        reader.add("of the other", type="hardlink", link_to="a")
        restore_files(reader, "docs", tmp_path / "to")
        assert (tmp_path / "to/of the first").read_text() == "first"
        assert (tmp_path / "to/of the other").read_text() == "second"
        assert (tmp_path / "to/of the other").stat().st_ino == (tmp_path / f"to/a.standfast-{other}").stat().st_ino

    def test_case_and_unicode_form_are_kept_apart_where_the_disk_does(self, tmp_path: Path, reader: FakeReader) -> None:
        names = ["Example", "example", "é", "e\u0301", "Straße", "STRASSE", "ﬁle", "file"]
        for name in names:
            reader.add(name, name.encode())
        assert restore_files(reader, "docs", tmp_path / "to").ok
        assert {path.name: path.read_text() for path in (tmp_path / "to").iterdir()} == {name: name for name in names}

    def test_names_that_the_disk_can_not_take(
        self, tmp_path: Path, reader: FakeReader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As on NTFS and APFS, which take UTF-8 alone."""
        real_open, real_mkdir = os.open, os.mkdir

        def check(path: object) -> None:
            if isinstance(path, bytes) and b"\xff" in path:
                raise OSError(errno.EILSEQ, os.strerror(errno.EILSEQ))

        def only_utf8_open(path, flags, *args, **kwargs):
            if flags & (os.O_CREAT | os.O_DIRECTORY):
                check(path)
            return real_open(path, flags, *args, **kwargs)

        def only_utf8_mkdir(path, *args, **kwargs):
            check(path)
            return real_mkdir(path, *args, **kwargs)

        monkeypatch.setattr(tree.os, "open", only_utf8_open)
        monkeypatch.setattr(tree.os, "mkdir", only_utf8_mkdir)
        item = reader.add("a\\xffb", b"content")
        folder = reader.add("f\\xff", type="folder", mode=0o750)
        inner = reader.add("f\\xff/g\\xff", type="folder", mode=0o710)
        reader.add("f\\xff/g\\xff/file", b"deep")
        reader.add("f\\xff/second", type="hardlink", link_to="f\\xff/g\\xff/file")
        result = restore_files(reader, "docs", tmp_path / "to")
        to = tmp_path / "to"
        assert sorted(os.listdir(to)) == [f"ab.standfast-{item}", f"f.standfast-{folder}"]
        moved = to / f"f.standfast-{folder}"
        assert (moved / f"g.standfast-{inner}/file").read_text() == (moved / "second").read_text() == "deep"
        assert stat.S_IMODE(moved.stat().st_mode) == 0o750
        assert stat.S_IMODE((moved / f"g.standfast-{inner}").stat().st_mode) == 0o710
        assert set(whys(result)) == {"a\\xffb", "f\\xff", "f\\xff/g\\xff"}
        assert all("can't take its name" in why for why in whys(result).values())
        assert result.items == 5

    def test_a_disk_without_hard_links_gets_copies(
        self, tmp_path: Path, reader: FakeReader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        reader.add("a", b"content")
        reader.add("b", type="hardlink", link_to="a")

        def link(*_args: object, **_options: object) -> None:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

        monkeypatch.setattr(tree.os, "link", link)
        result = restore_files(reader, "docs", tmp_path / "to")
        assert (tmp_path / "to/b").read_bytes() == b"content"
        assert "it is a copy" in whys(result)["b"]
        assert sorted(os.listdir(tmp_path / "to")) == ["a", "b"]


class TestParts:
    def test_what_matches_comes_with_the_folders_it_lies_in(
        self, documents: Path, tmp_path: Path, reader: FakeReader
    ) -> None:
        reader.take(capture(documents))
        result = restore_files(reader, "docs", tmp_path / "to", path_globs=["letters/ex*"])
        assert result.ok
        assert result.items == 2
        before, after = picture(documents), picture(tmp_path / "to")
        assert set(after) == {b"letters", b"letters/example.txt"}
        assert after[b"letters"] == before[b"letters"]

    def test_a_folder_comes_with_what_it_holds(self, documents: Path, tmp_path: Path, reader: FakeReader) -> None:
        reader.take(capture(documents))
        assert restore_files(reader, "docs", tmp_path / "to", path_globs=["letters/"]).ok
        assert set(picture(tmp_path / "to")) == {
            b"letters",
            b"letters/example.txt",
            b"letters/old",
            b"letters/old/third name",
        }

    def test_names_whose_first_was_not_chosen_are_one_file(self, tmp_path: Path, reader: FakeReader) -> None:
        reader.add("first", b"content", mode=0o640)
        reader.add("x/second", type="hardlink", link_to="first", mode=0o640)
        reader.add("x/third", type="hardlink", link_to="first", mode=0o640)
        to = tmp_path / "to"
        to.mkdir()
        (to / "first").write_text("of a stranger")
        assert restore_files(reader, "docs", to, path_globs=["x"], force=True).ok
        assert (to / "x/second").read_bytes() == (to / "x/third").read_bytes() == b"content"
        assert (to / "x/second").stat().st_ino == (to / "x/third").stat().st_ino
        assert stat.S_IMODE((to / "x/second").stat().st_mode) == 0o640
        assert (to / "first").read_text() == "of a stranger"


def test_progress_and_loss(tmp_path: Path, reader: FakeReader) -> None:
    for n in range(300):
        reader.add(f"d/{n}", b"x")
    reader.add("d", type="folder")
    reader.add("second", type="hardlink", link_to="d/1")
    told: list[tuple[int, int]] = []
    result = restore_files(
        reader,
        "docs",
        tmp_path / "to",
        tell=lambda done, total: told.append((done, total)),
        clock=lambda: NOON + timedelta(hours=3),
    )
    assert told == sorted(told)
    assert told[-1] == (302, 302)
    assert result.loss_s == 3 * 3600
    assert result.recovery_time_s > 0


def test_batches_hold_everything_once() -> None:
    reader = FakeReader()
    for n in range(1_000):
        reader.add(str(n), b"x" * (n % 7))
    batches = files._batches(reader.held)
    assert [item for batch in batches for item in batch] == reader.held
    assert max(map(len, batches)) == files.BATCH_ITEMS
