"""Outlook's PST, read by `readpst` (Debian's pst-utils) in a child of bounded memory and time, which sees no key.

A PST holds no messages as they went over the wire: Outlook takes them apart when it stores them. What is held is what
readpst puts together, a stand-in and said to be one (`quality`); of the original only what Outlook kept is there. Its
boundaries are numbered anew, so that the same message gives the same bytes in every import.

The child must write files. They go to memory (`/dev/shm`) where there is room, and are removed when they are read.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from standfast import clock
from standfast.capture.exports.cards import card_type, read_cards
from standfast.capture.exports.found import MESSAGE_LIMIT, Folder, Found, Message, Passed, Trouble
from standfast.capture.exports.names import path_text
from standfast.capture.exports.shelf import READ_ERRORS, Entry, FolderShelf, Shelf, read_small
from standfast.capture.exports.tree import claimed_moment
from standfast.errors.exports import PstReaderError

MAGIC = b"!BDN"
MEMORY_BYTES = 4 * 1024 * 1024 * 1024
PROCESSOR_S, WALL_S = 4 * 3600, 8 * 3600
OUTPUT_FACTOR, OUTPUT_ROOM_BYTES = 4, 256 * 1024 * 1024
"""What may come out of a PST, as a multiple of its size, and beyond: base64 takes a third more."""
CHECK_S = 0.5
SAID_BYTES = 2_000
IN_MEMORY = Path("/dev/shm")
QUALITY = "put together from a PST by readpst"
_BOUNDARY = re.compile(rb"boundary-LibPST-iamunique-(\d{1,20})_-_-")
_STAMP = re.compile(rb"^DTSTAMP:[0-9TZ]{8,20}(\r?)$", re.MULTILINE)
_CREATED = re.compile(rb"^(?:LAST-MOD|CREATED):([0-9TZ]{8,20})\r?$", re.MULTILINE)


def is_pst(head: bytes) -> bool:
    """Whether a file that begins so is a PST or OST."""
    return head.startswith(MAGIC)


def read_psts(shelf: Shelf) -> Iterator[Found]:
    """Every PST of an export.

    Raises:
        PstReaderError: readpst is not installed.
    """
    for entry in shelf.entries():
        try:
            with shelf.open(entry) as file:
                if not is_pst(file.read(4)):
                    yield Passed(what="files of other kinds")
                    continue
        except READ_ERRORS as why:
            yield Trouble(what=entry.path, why=str(why))
            continue
        yield from _read_pst(shelf, entry)


def _read_pst(shelf: Shelf, entry: Entry) -> Iterator[Found]:
    program = shutil.which("readpst")
    if program is None:
        raise PstReaderError
    wanted = OUTPUT_FACTOR * entry.size_bytes + OUTPUT_ROOM_BYTES
    with _scratch(wanted + entry.size_bytes) as scratch:
        source, out = scratch / "in.pst", scratch / "out"
        out.mkdir()
        try:
            with shelf.open(entry) as file:
                _copy(file, source)
        except READ_ERRORS as why:
            yield Trouble(what=entry.path, why=str(why))
            return
        ended = _run(program, source, out, wanted)
        if ended:
            yield Trouble(what=entry.path, why=ended)
        source.unlink()
        yield from _read_output(FolderShelf(os.fsencode(out)), entry)


def _run(program: str, source: Path, out: Path, limit_bytes: int) -> str:
    """Run readpst within its limits; why it did not finish, or empty."""
    bounds = [f"--as={MEMORY_BYTES}", f"--cpu={PROCESSOR_S}", f"--fsize={limit_bytes}", "--nofile=256", "--core=0"]
    command = ["prlimit", *bounds, program, "-q", "-e", "-8", "-D", "-b", "-cv", "-j", "0", "-o", str(out), str(source)]
    began = clock.monotonic_s()
    free = shutil.disk_usage(out).free
    with tempfile.TemporaryFile(dir=out.parent) as said:
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            env={"PATH": os.defpath, "HOME": str(out), "LC_ALL": "C.UTF-8"},
            cwd=out,
        ) as child:
            try:
                while child.poll() is None:
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        child.wait(CHECK_S)
                    if free - shutil.disk_usage(out).free > limit_bytes or clock.monotonic_s() - began > WALL_S:
                        return "readpst wrote more, or took longer, than such a file can need; it was stopped"
            finally:
                if child.poll() is None:
                    child.kill()
        if child.returncode == 0:
            return ""
        said.seek(0)
        words = " ".join(said.read(SAID_BYTES).decode("utf-8", "replace").split())
    return f"readpst ended with {child.returncode}: {words or 'it said nothing'}"


def _read_output(shelf: FolderShelf, pst: Entry) -> Iterator[Found]:
    for entry in sorted(shelf.entries(), key=lambda each: (each.path.rpartition(b"/")[0], _number(each.name))):
        parts = entry.path.split(b"/")[:-1]
        folder = Folder(name=path_text(parts) or path_text(pst.path.split(b"/")))
        try:
            raw = read_small(shelf, entry, MESSAGE_LIMIT)
        except READ_ERRORS as why:
            yield Trouble(what=pst.path + b"/" + entry.path, why=str(why))
            continue
        media_type = card_type(entry.name, raw[:100])
        if entry.name.endswith(b".eml"):
            raw = steady_boundaries(raw)
            yield Message(raw=raw, folders=(folder,), received=claimed_moment(raw), quality=QUALITY)
        elif media_type:
            yield from read_cards(shelf, entry, media_type, steady_stamp, folder.name)
        else:
            yield Passed(what="parts of a PST that are no message, contact or appointment")


def steady_boundaries(raw: bytes) -> bytes:
    """The random boundaries of readpst, numbered in the order in which they come: so each import is alike."""
    numbers: dict[bytes, bytes] = {}

    def numbered(found: re.Match[bytes]) -> bytes:
        number = numbers.setdefault(found[1], b"%010d" % (len(numbers) + 1))
        return b"boundary-LibPST-iamunique-" + number + b"_-_-"

    return _BOUNDARY.sub(numbered, raw) if b"LibPST-iamunique" in raw else raw


def steady_stamp(raw: bytes) -> bytes:
    """An appointment's DTSTAMP, which readpst sets to now: when Outlook says that it was changed last."""
    found = _CREATED.search(raw)
    return _STAMP.sub(b"DTSTAMP:" + found[1] + rb"\1", raw) if found else raw


def _number(name: bytes) -> tuple[int, bytes]:
    digits = re.match(rb"\d{1,15}", name)
    return (int(digits[0]) if digits else 0), name


@contextlib.contextmanager
def _scratch(wanted_bytes: int) -> Iterator[Path]:
    memory = IN_MEMORY.is_dir() and shutil.disk_usage(IN_MEMORY).free > wanted_bytes
    with tempfile.TemporaryDirectory(prefix="standfast-pst-", dir=IN_MEMORY if memory else None) as room:
        yield Path(room)


def _copy(file: BinaryIO, target: Path) -> None:
    with target.open("xb") as out:
        shutil.copyfileobj(file, out, 1024 * 1024)
