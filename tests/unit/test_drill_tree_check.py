"""The second reading of a restored folder finds each way in which one thing can differ from its record."""

from __future__ import annotations

import dataclasses
import os
import shutil
import stat
import traceback
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from drill_fixture import DrilledVault, write_documents
from standfast.drill.result import Check
from standfast.drill.tree_check import TreeFindings, check_tree
from standfast.holdings.item import NoteFacts
from standfast.restore.files import restore_files
from standfast.vault.manifests import HeldItem


@dataclasses.dataclass
class Restored:
    """A restored folder and its records."""

    folder: Path
    held: list[HeldItem]

    def item(self, name: str) -> HeldItem:
        return next(each for each in self.held if each.record.name == name)

    def check(self, held: list[HeldItem] | None = None) -> TreeFindings:
        return check_tree(self.folder, self.held if held is None else held)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[HeldItem]]:
    root = tmp_path_factory.mktemp("original")
    drilled = DrilledVault(root)
    (root / "documents").mkdir()
    write_documents(root / "documents")
    os.setxattr(root / "documents" / "closed", "user.note", b"example")
    drilled.protect_folder(root / "documents")
    return root, list(drilled.vault.reader().items("docs"))


@pytest.fixture
def restored(original: tuple[Path, list[HeldItem]], tmp_path: Path) -> Restored:
    from vault_builder import SmallVault

    root, held = original
    result = restore_files(SmallVault(root / "vault").reader(), "docs", tmp_path / "to")
    assert result.ok, result.failures
    return Restored(tmp_path / "to", held)


def outcome(findings: TreeFindings) -> dict[str, tuple[int | None, int]]:
    """Each check that did not pass, with what was found and expected."""
    return {check.name: (check.found, check.expected) for check in findings.checks() if not check.ok}


def test_a_whole_folder_passes_and_every_kind_of_check_was_made(restored: Restored) -> None:
    findings = restored.check()
    assert outcome(findings) == {}
    assert [check.name for check in findings.checks()] == [
        "items restored",
        "content",
        "links",
        "modes",
        "times",
        "attributes",
        "nothing else",
    ]
    assert findings.identical_count == len(restored.held) == 9
    assert findings.newest_at == max(each.record.captured_at for each in restored.held)


def keeping_times(path: Path, act: Callable[[], object]) -> None:
    """Do something to a file and put its times back."""
    before = path.lstat()
    act()
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns), follow_symlinks=False)


def spoil_content(folder: Path) -> None:
    file = folder / "letters" / "deep" / "big.bin"
    raw = bytearray(file.read_bytes())
    raw[350_000] ^= 1
    keeping_times(file, lambda: file.write_bytes(raw))


def spoil_size(folder: Path) -> None:
    file = folder / "letters" / "تقرير.txt"
    keeping_times(file, lambda: file.write_bytes(file.read_bytes()[:-1]))


def spoil_mode(folder: Path) -> None:
    os.chmod(folder / "letters" / "deep", 0o755)


def spoil_time(folder: Path) -> None:
    found = (folder / "empty").stat()
    os.utime(folder / "empty", ns=(found.st_atime_ns, found.st_mtime_ns + 1))


def spoil_symlink(folder: Path) -> None:
    link = folder / "letters" / "deep" / "link"
    before, parent = link.lstat(), link.parent.stat()
    link.unlink()
    link.symlink_to("/etc/hostname")
    os.utime(link, ns=(before.st_atime_ns, before.st_mtime_ns), follow_symlinks=False)
    os.utime(link.parent, ns=(parent.st_atime_ns, parent.st_mtime_ns))


def spoil_hard_link(folder: Path) -> None:
    second = folder / "second-name.txt"
    keeping_times(second, lambda: (second.unlink(), second.write_text("example")))
    os.chmod(second, 0o644)


def spoil_attribute(folder: Path) -> None:
    os.setxattr(folder / "closed", "user.note", b"Example")


def lose_attribute(folder: Path) -> None:
    os.removexattr(folder / "closed", "user.note")


def add_a_file(folder: Path) -> None:
    keeping_times(folder / "letters", lambda: (folder / "letters" / "more").write_text("x"))


def add_a_folder(folder: Path) -> None:
    (folder / "more").mkdir()


def remove_a_file(folder: Path) -> None:
    (folder / "empty").unlink()


def swap_a_type(folder: Path) -> None:
    (folder / "empty").unlink()
    (folder / "empty").mkdir()


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (spoil_content, {"content": (4, 5)}),
        (spoil_size, {"content": (4, 5)}),
        (spoil_mode, {"modes": (6, 7)}),
        (spoil_time, {"times": (7, 8)}),
        (spoil_symlink, {"links": (1, 2)}),
        (spoil_hard_link, {"links": (1, 2)}),
        (spoil_attribute, {"attributes": (0, 1)}),
        (lose_attribute, {"attributes": (0, 1)}),
        (add_a_file, {"nothing else": (1, 0)}),
        (add_a_folder, {"nothing else": (1, 0)}),
        (remove_a_file, {"items restored": (8, 9)}),
        (swap_a_type, {"items restored": (8, 9)}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_each_difference_is_found_and_named_by_its_check_alone(
    restored: Restored, spoil: Callable[[Path], None], found: dict[str, tuple[int, int]]
) -> None:
    spoil(restored.folder)
    findings = restored.check()
    assert outcome(findings) == found
    (name,) = found
    (check,) = [each for each in findings.checks() if each.name == name]
    assert len(check.examples) == 1
    expected_identical = 9 if name == "nothing else" else 8
    assert findings.identical_count == expected_identical


def renamed(item: HeldItem, name: str, **changes: object) -> HeldItem:
    record = msgspec.structs.replace(item.record, name=name, id="i" + "a" * 16, **changes)
    return HeldItem(record, item.salt, item.chunks, item.leaf, item.accession)


@pytest.mark.parametrize("name", ["../escaped", "/absolute", "letters/../empty", "", "bad\\q", "\\x65mpty", "empty"])
def test_a_record_whose_name_can_be_no_file_here_counts_as_not_restored(restored: Restored, name: str) -> None:
    hostile = renamed(restored.item("empty"), name)
    findings = restored.check([*restored.held, hostile])
    assert outcome(findings) == {"items restored": (9, 10)}
    assert findings.examples["items restored"][0].item == hostile.record.id


def test_a_record_of_another_kind_counts_as_not_restored(restored: Restored) -> None:
    note = renamed(restored.item("empty"), "note", facts=NoteFacts(about="drill"))
    assert outcome(restored.check([*restored.held, note])) == {"items restored": (9, 10)}


def test_folders_above_what_is_held_are_no_strangers(restored: Restored) -> None:
    without = [each for each in restored.held if each.record.name not in ("letters", "letters/deep")]
    assert outcome(restored.check(without)) == {}


def test_examples_are_bounded_and_counts_are_not(restored: Restored) -> None:
    for number in range(100):
        (restored.folder / f"stranger-{number}").write_text("x")
    (check,) = [each for each in restored.check().checks() if each.name == "nothing else"]
    assert isinstance(check, Check)
    assert check.found == 100
    assert len(check.examples) == 20


def test_modes_that_bar_even_us_are_noted_first_and_then_loosened(restored: Restored) -> None:
    """What is not root's may be closed to its own owner too."""
    os.chmod(restored.folder / "closed", 0)
    os.chmod(restored.folder / "letters", 0)
    held = []
    for item in restored.held:
        closed = item.record.name in ("closed", "letters")
        facts = msgspec.structs.replace(item.record.facts, mode=0) if closed else item.record.facts
        record = msgspec.structs.replace(item.record, facts=facts)
        held.append(HeldItem(record, item.salt, item.chunks, item.leaf, item.accession))
    found = as_nobody(restored.folder, lambda folder: outcome(check_tree(folder, held)))
    assert found == "{}"


def as_nobody(folder: Path, act: Callable[[Path], object]) -> str:
    """Run something in a child that is not root, over a folder that it owns; what it returns, as text."""
    top = Path("/tmp") / f"standfast-test-{os.getpid()}"
    top.mkdir(mode=0o755)
    try:
        place = top / "to"
        os.rename(folder, place)
        for at, folders, files in os.walk(place):
            for each in (at, *(os.path.join(at, name) for name in (*folders, *files))):
                if os.geteuid() == 0:
                    os.chown(each, 65534, 65534, follow_symlinks=False)
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                if os.geteuid() == 0:
                    os.setgid(65534)
                    os.setuid(65534)
                said = repr(act(place))
            except BaseException:
                said = traceback.format_exc()
            os.write(write, said.encode()[:60_000])
            os._exit(0)
        os.close(write)
        with os.fdopen(read) as pipe:
            said = pipe.read()
        os.waitpid(child, 0)
        return said
    finally:
        for at, folders, _ in os.walk(top):
            for name in folders:
                os.chmod(os.path.join(at, name), stat.S_IRWXU)
        shutil.rmtree(top)
