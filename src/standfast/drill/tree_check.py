"""Reads a restored folder a second time, sharing nothing with what wrote it, and compares it with the records.

Each regular file is read to its end and digested; types, sizes, modes, times to the nanosecond, extended attributes,
targets of symbolic links and shared inodes of hard links are compared. Owners are not: only root can give them back.
"""

from __future__ import annotations

import base64
import hashlib
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from standfast.drill.result import EXAMPLES_KEPT, Check, CheckName, Example, check_all, check_none
from standfast.holdings.identifiers import escape_name, unescape_name
from standfast.holdings.item import FileFacts
from standfast.vault.manifests import HeldItem

Tell = Callable[[int, int], None]
_TYPES = {"file": stat.S_IFREG, "hardlink": stat.S_IFREG, "folder": stat.S_IFDIR, "symlink": stat.S_IFLNK}
_TELL_EVERY = 500


@dataclass(slots=True)
class _Entry:
    """What lies in the folder under one name: the folder that holds it (open), its last part, and what it is."""

    path: bytes
    folder: int
    last: bytes
    found: os.stat_result


@dataclass(slots=True)
class TreeFindings:
    """What the second reading counted."""

    expected: Counter[CheckName] = field(default_factory=Counter)
    found: Counter[CheckName] = field(default_factory=Counter)
    examples: dict[CheckName, list[Example]] = field(default_factory=dict)
    identical_count: int = 0
    newest_at: str = ""
    """When the newest item that came back with its content was captured."""
    strangers: int = 0
    """Things that are there, and that no record names."""

    def compare(self, name: CheckName, held: HeldItem, why: str) -> bool:
        """Count one comparison; `why` says in what it differs, and is empty where it does not."""
        self.expected[name] += 1
        if not why:
            self.found[name] += 1
            return True
        self.example(name, Example(item=held.record.id, name=held.record.name, why=why))
        return False

    def example(self, name: CheckName, example: Example) -> None:
        """Keep the first few."""
        kept = self.examples.setdefault(name, [])
        if len(kept) < EXAMPLES_KEPT:
            kept.append(example)

    def checks(self) -> list[Check]:
        """Each thing compared, in a fixed order; what no record has is left out."""
        order: tuple[CheckName, ...] = ("items restored", "content", "links", "modes", "times", "attributes")
        checks = [
            check_all(name, self.found[name], self.expected[name], self.examples.get(name, ()))
            for name in order
            if self.expected[name]
        ]
        return [*checks, check_none("nothing else", self.strangers, self.examples.get("nothing else", ()))]


def check_tree(folder: Path, held: Sequence[HeldItem], tell: Tell | None = None) -> TreeFindings:
    """Compare everything in a folder with the records of an origin of kind files.

    Args:
        folder: what was restored; modes in it may be loosened so that it can be read.
        held: all items of the origin.
        tell: items done, items in all.

    Raises:
        OSError: the folder can't be walked to its end; nothing was concluded.
    """
    findings = TreeFindings()
    wanted = _by_name(held, findings)
    above = {b"/".join(parts[:n]) for name in wanted for parts in [name.split(b"/")] for n in range(1, len(parts))}
    first_names = {_facts(each).link_to for each in wanted.values()}
    inodes: dict[str, tuple[int, int]] = {}
    links: list[tuple[HeldItem, tuple[int, int]]] = []
    done = 0
    for entry in _walk(folder):
        item = wanted.pop(entry.path, None)
        if item is None:
            if entry.path not in above or not stat.S_ISDIR(entry.found.st_mode):
                findings.strangers += 1
                findings.example("nothing else", Example(name=escape_name(entry.path), why="no record names it"))
            continue
        inode = (entry.found.st_dev, entry.found.st_ino)
        if item.record.name in first_names:
            inodes[item.record.name] = inode
        if _facts(item).type == "hardlink":
            links.append((item, inode))
        else:
            _note(findings, item, _compare(findings, entry, item))
        done += 1
        if tell and done % _TELL_EVERY == 0:
            tell(done, len(held))
    for item, inode in links:
        _note(findings, item, _compare_link(findings, item, inode, inodes))
    for item in wanted.values():
        findings.compare("items restored", item, "it is not there")
    if tell:
        tell(len(held), len(held))
    return findings


def _by_name(held: Sequence[HeldItem], findings: TreeFindings) -> dict[bytes, HeldItem]:
    """Items by the bytes of their names. One that can be no file in a folder is counted as not restored."""
    wanted: dict[bytes, HeldItem] = {}
    for item in held:
        try:
            name = unescape_name(item.record.name)
        except ValueError as why:
            findings.compare("items restored", item, str(why))
            continue
        if not isinstance(item.record.facts, FileFacts):
            findings.compare("items restored", item, "its record is not that of a file, a folder or a link")
        elif name in wanted:
            findings.compare("items restored", item, f"{wanted[name].record.id} has the same name")
        else:
            wanted[name] = item
    return wanted


def _note(findings: TreeFindings, item: HeldItem, identical: bool) -> None:
    if identical:
        findings.identical_count += 1
        findings.newest_at = max(findings.newest_at, item.record.captured_at)


def _facts(item: HeldItem) -> FileFacts:
    facts = item.record.facts
    assert isinstance(facts, FileFacts)  # `_by_name` takes no other
    return facts


def _compare(findings: TreeFindings, entry: _Entry, item: HeldItem) -> bool:
    """Everything but a hard link, which needs the inode of its first name."""
    facts, found = _facts(item), entry.found
    if stat.S_IFMT(found.st_mode) != _TYPES[facts.type]:
        return findings.compare("items restored", item, f"it is no {facts.type}")
    results = [findings.compare("items restored", item, "")]
    if facts.type == "file":
        results.append(findings.compare("content", item, _content_differs(entry, item)))
    elif facts.type == "symlink":
        target = os.readlink(entry.last, dir_fd=entry.folder)
        same = hashlib.sha256(target).hexdigest() == item.record.sha256
        results.append(findings.compare("links", item, "" if same else "it leads elsewhere"))
    if facts.type != "symlink":
        mode = stat.S_IMODE(found.st_mode)
        results.append(
            findings.compare("modes", item, "" if mode == facts.mode else f"{mode:04o}, recorded {facts.mode:04o}")
        )
        if facts.xattrs:
            results.append(findings.compare("attributes", item, _attributes_differ(entry, facts)))
    same = str(found.st_mtime_ns) == facts.mtime_ns
    results.append(findings.compare("times", item, "" if same else f"{found.st_mtime_ns}, recorded {facts.mtime_ns}"))
    return all(results)


def _compare_link(
    findings: TreeFindings, item: HeldItem, inode: tuple[int, int], inodes: dict[str, tuple[int, int]]
) -> bool:
    there = findings.compare("items restored", item, "")
    same = inodes.get(_facts(item).link_to) == inode
    return findings.compare("links", item, "" if same else "it is not the same file as its other name") and there


def _content_differs(entry: _Entry, item: HeldItem) -> str:
    if entry.found.st_size != item.record.size_bytes:
        return f"{entry.found.st_size} bytes, recorded {item.record.size_bytes}"
    try:
        with os.fdopen(_open(entry, os.O_RDONLY), "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as why:
        return why.strerror or str(why)
    return "" if digest == item.record.sha256 else f"SHA-256 {digest}, recorded {item.record.sha256}"


def _attributes_differ(entry: _Entry, facts: FileFacts) -> str:
    try:
        handle = _open(entry, os.O_RDONLY)
    except OSError as why:
        return why.strerror or str(why)
    try:
        for name, value in facts.xattrs.items():
            try:
                if os.getxattr(handle, unescape_name(name)) != base64.b64decode(value):
                    return f"{name} has another value"
            except OSError as why:
                return f"{name}: {why.strerror or why}"
        return ""
    finally:
        os.close(handle)


def _open(entry: _Entry, flags: int) -> int:
    """Open what was restored; where its own mode bars even us, after its mode was noted, loosen it first."""
    flags |= os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(entry.last, flags, dir_fd=entry.folder)
    except PermissionError:
        os.chmod(entry.last, 0o700, dir_fd=entry.folder)
        return os.open(entry.last, flags, dir_fd=entry.folder)


def _walk(folder: Path) -> Iterator[_Entry]:
    """Everything below, each folder before what it holds. An entry is good until the next one is asked for."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    levels = [_level(os.open(folder, flags), b"")]
    try:
        while levels:
            handle, prefix, names = levels[-1]
            if not names:
                os.close(levels.pop()[0])
                continue
            last = names.pop()
            entry = _Entry(prefix + last, handle, last, os.stat(last, dir_fd=handle, follow_symlinks=False))
            yield entry
            if stat.S_ISDIR(entry.found.st_mode):
                if entry.found.st_mode & stat.S_IRWXU != stat.S_IRWXU:
                    os.chmod(last, stat.S_IRWXU, dir_fd=handle)  # its own mode was noted and may bar even us
                levels.append(_level(_open(entry, os.O_RDONLY | os.O_DIRECTORY), entry.path + b"/"))
    finally:
        for handle, _, _ in levels:
            os.close(handle)


def _level(handle: int, prefix: bytes) -> tuple[int, bytes, list[bytes]]:
    try:
        return handle, prefix, sorted((os.fsencode(name) for name in os.listdir(handle)), reverse=True)
    except BaseException:
        os.close(handle)
        raise
