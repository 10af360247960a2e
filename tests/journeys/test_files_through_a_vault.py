"""Folders that are hard to hold, through a real vault and back."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from files_fixture import picture
from program import Program
from standfast.capture.files import FilesCapture
from standfast.capture.landing import Landed, LandingEvent, Seen
from standfast.capture.origin import FilesOrigin
from standfast.clock import machine_clock
from standfast.intake.run import RunResult
from standfast.restore.files import restore_files
from standfast.restore.plan import RestoreResult
from unprivileged import without
from vault_builder import SmallVault


class Meddled:
    """A capture, and somebody who acts when a thing was landed and is not read yet."""

    def __init__(self, capture: FilesCapture, key: bytes, act: Callable[[], object]) -> None:
        self.tool, self._capture, self._key, self._act = capture.tool, capture, key, act

    def run(self, seen: Seen) -> Iterator[LandingEvent]:
        for event in self._capture.run(seen):
            if isinstance(event, Landed) and event.key == self._key:
                self._act()
            yield event


class Office:
    """A vault and a folder."""

    def __init__(self, room: Path) -> None:
        self.room, self.documents = room, room / "documents"
        self.documents.mkdir()
        self.vault = SmallVault(room / "vault", clock=machine_clock)  # type: ignore[arg-type]
        self.vault.make()

    def protect(self, meddle: tuple[bytes, Callable[[], object]] | None = None, **options: object) -> RunResult:
        origin = FilesOrigin(name="docs", path=str(self.documents))
        capture = FilesCapture(origin, tool="standfast/test files", **options)  # type: ignore[arg-type]
        return self.vault.protect(Meddled(capture, *meddle) if meddle else capture)  # type: ignore[arg-type]

    def restore(self, name: str = "to", at: datetime | None = None) -> RestoreResult:
        return restore_files(self.vault.reader(), "docs", self.room / name, at=at)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def grow_wild(folder: Path, seed: int) -> None:
    """A tree of everything, by chance: names in any bytes, modes, times, links, holes, attributes."""
    rnd = random.Random(seed)
    root = os.fsencode(folder)
    places, regular = [root], []
    for _ in range(400):
        last = bytes(rnd.choice([rnd.randrange(1, 256), 97 + rnd.randrange(26)]) for _ in range(rnd.randrange(1, 12)))
        path = os.path.join(rnd.choice(places), last.replace(b"/", b"_"))
        if os.path.lexists(path) or last in (b".", b".."):
            continue
        kind = rnd.choice(["file", "file", "file", "folder", "symlink", "hardlink", "sparse"])
        if kind == "folder":
            os.mkdir(path)
            places.append(path)
        elif kind == "symlink":
            os.symlink(bytes(rnd.randrange(1, 256) for _ in range(rnd.randrange(1, 40))), path)
        elif kind == "hardlink" and regular:
            os.link(rnd.choice(regular), path)
        else:
            with open(path, "wb") as file:
                if kind == "sparse":
                    file.seek(rnd.randrange(2_000_000))
                file.write(rnd.randbytes(rnd.choice([0, 1, 100, 70_000])))
            regular.append(path)
            os.chmod(path, rnd.randrange(0o10000))
            if rnd.random() < 0.2:
                os.setxattr(path, b"user." + str(rnd.random()).encode(), rnd.randbytes(rnd.randrange(50)))
    for path in [*regular, *places[1:]]:
        os.utime(path, ns=(0, rnd.randrange(-(10**18), 4 * 10**18)))


@pytest.mark.parametrize("seed", range(6))
def test_any_tree_comes_back_and_costs_nothing_the_second_time(office: Office, seed: int) -> None:
    grow_wild(office.documents, seed)
    before = picture(office.documents)
    first = office.protect()
    assert (first.ok, first.items_new) == (True, len(before))
    assert office.restore().ok
    assert picture(office.room / "to") == before
    second = office.protect()
    assert (second.ok, second.items_new, second.accessions) == (True, 0, [])


def test_hard_links_hold_when_their_first_name_moves_or_goes(office: Office) -> None:
    write(office.documents / "a/first", "an example")
    os.link(office.documents / "a/first", office.documents / "m")
    os.link(office.documents / "a/first", office.documents / "z")
    office.protect()
    (office.documents / "a").rename(office.documents / "x")
    assert office.protect().ok
    assert office.restore("moved").ok
    assert picture(office.room / "moved") == picture(office.documents)
    (office.documents / "m").unlink()
    assert office.protect().items_gone == 1
    assert office.restore("gone").ok
    assert picture(office.room / "gone") == picture(office.documents)


def test_a_file_that_changes_while_it_is_read_is_held_said_and_read_again(office: Office) -> None:
    write(office.documents / "growing.log", "one line\n")
    write(office.documents / "other.txt", "an example")

    def grow() -> None:
        with (office.documents / "growing.log").open("a") as file:
            file.write("another line\n")

    first = office.protect((b"growing.log", grow))
    assert not first.ok
    assert [(each.what, "changed while it was read" in each.why) for each in first.failures] == [("growing.log", True)]
    held = {item.record.name: item.record for item in office.vault.reader().items("docs")}
    assert held["growing.log"].quality == "changed while read"
    assert held["other.txt"].quality == "complete"
    second = office.protect()
    assert (second.ok, second.items_new) == (True, 1)
    held = {item.record.name: item.record for item in office.vault.reader().items("docs")}
    assert held["growing.log"].quality == "complete"
    assert office.restore().ok
    assert (office.room / "to/growing.log").read_text() == "one line\nanother line\n"


@pytest.mark.parametrize("change", ["gone", "another file", "a link out", "its folder is a link out"])
def test_a_file_that_is_another_when_it_is_read_is_not_taken(office: Office, change: str) -> None:
    secret = office.room / "outside/example.txt"
    write(secret, "not of this folder")
    inside = office.documents / "sub/example.txt"
    write(inside, "an example")

    def act() -> None:
        if change == "its folder is a link out":
            inside.parent.rename(office.room / "moved away")
            inside.parent.symlink_to(secret.parent)
            return
        inside.rename(office.room / "kept")
        if change == "another file":
            inside.write_text("another")
        elif change == "a link out":
            inside.symlink_to(secret)

    result = office.protect((b"sub/example.txt", act))
    assert not result.ok
    assert [each.what for each in result.failures] == ["sub/example.txt"]
    assert set(office.vault.held()) == {"sub"}


def test_what_can_not_be_read_is_said_and_what_is_held_of_it_stays(office: Office) -> None:
    write(office.documents / "barred.txt", "an example")
    write(office.documents / "barred/inner.txt", "an example")
    write(office.documents / "gone.txt", "an example")
    write(office.documents / "open.txt", "an example")
    assert office.protect().ok
    (office.documents / "barred.txt").chmod(0o000)
    (office.documents / "barred").chmod(0o000)
    (office.documents / "gone.txt").unlink()
    write(office.documents / "new.txt", "an example")
    try:
        result = without(office.protect)
    finally:
        (office.documents / "barred").chmod(0o700)
    assert not result.ok
    assert {each.what: each.why for each in result.failures} == {
        "barred": "Permission denied",
        "barred.txt": "Permission denied",
    }
    held = office.vault.held()
    assert {"barred.txt", "barred", "barred/inner.txt", "gone.txt", "open.txt", "new.txt"} == set(held)
    assert office.protect().items_gone == 1, "once everything can be looked at, what went is gone"


def test_reread_takes_only_what_differs(office: Office) -> None:
    for n in range(100):
        write(office.documents / f"{n:02}.txt", f"example {n}")
    office.protect()
    assert office.protect(reread=True).items_new == 0
    write(office.documents / "07.txt", "EXAMPLE 7")
    again = office.protect(reread=True)
    assert (again.ok, again.items_seen, again.items_new, again.items_gone) == (True, 100, 1, 0)


def test_a_large_sparse_file_comes_back_with_its_holes(office: Office) -> None:
    with (office.documents / "disk.img").open("wb") as file:
        file.truncate(600 * 1024**2)
        file.seek(333 * 1024**2)
        file.write(b"an example")
    first = office.protect()
    assert first.ok
    assert first.bytes_stored < 2 * 1024**2
    assert office.restore().ok
    assert picture(office.room / "to") == picture(office.documents)
    assert (office.room / "to/disk.img").stat().st_blocks * 512 < 1024**2


class TestProgram:
    @pytest.fixture
    def program(self, tmp_path: Path) -> Program:
        made = Program(tmp_path)
        made.init()
        return made

    def test_vault_and_copies_within_the_folder_are_left_out(self, program: Program, tmp_path: Path) -> None:
        write(tmp_path / "example.txt", "an example")
        (tmp_path / "partner").mkdir()
        program("add", "files", tmp_path, "--name", "all")
        program("replicas", "add", "partner", tmp_path / "partner/copy")
        first = program.json("protect")
        assert first["origins"][0]["ok"]
        names = {item["name"] for item in program.json("items")["items"]}
        assert {"example.txt", "partner"} <= names
        assert not [name for name in names if name.startswith(("vault", "partner/"))]
        assert program.json("protect")["origins"][0]["items_new"] == 0

    def test_the_vault_is_no_origin(self, program: Program) -> None:
        program("add", "files", program.vault / "holdings", "--name", "itself")
        told = program.json("protect", status=60)["origins"][0]
        assert not told["ok"]
        assert "a vault does not hold itself" in told["failures"][0]["why"]
        assert told["items_seen"] == 0

    def test_partly_protected_has_its_own_status(self, program: Program, tmp_path: Path) -> None:
        write(tmp_path / "documents/example.txt", "an example")
        write(tmp_path / "documents/barred.txt", "an example")
        os.mkfifo(tmp_path / "documents/pipe")
        (tmp_path / "documents/barred.txt").chmod(0)
        program("add", "files", tmp_path / "documents", "--name", "docs")
        told = without(lambda: program.json("protect", status=60))["origins"][0]
        assert told["failures"] == [{"what": "barred.txt", "why": "Permission denied"}]
        assert (told["ok"], told["items_new"], told["passed_over"]) == (False, 1, {"pipes": 1})
        assert "passed over, as they hold nothing: pipes 1" in program("protect").out

    def test_partly_restored_has_its_own_status(self, program: Program, tmp_path: Path) -> None:
        write(tmp_path / "documents/example.txt", "an example")
        os.symlink("example.txt", tmp_path / "documents/link")
        program("add", "files", tmp_path / "documents", "--name", "docs")
        program("protect")
        (tmp_path / "to/example.txt/in the way").mkdir(parents=True)
        program("restore", "files", "docs", "--to", tmp_path / "to", status=81)
        told = program.json("restore", "files", "docs", "--to", tmp_path / "to", "--force", status=80)
        assert (told["ok"], told["items"]) == (False, 1)
        assert told["failures"] == [{"what": "example.txt", "why": "Is a directory"}]
