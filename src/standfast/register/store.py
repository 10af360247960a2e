"""The register's folder: JSON Lines that people edit and diff. Lines are only ever added; nothing here rewrites one.

    subjects.jsonl   who claims are about          sources.jsonl   what was read
    claims.jsonl     the claims                    acts.jsonl      reviews and publications
    translations.jsonl  texts of claims in the other languages
    releases/        one file a release            evidence/       held bytes that ship with the register

Not trusted: who can write to the folder could change a line. `check` recomputes every id from its content, and a
release's manifest, which the log holds, names the digest of every file.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from standfast import durable
from standfast.errors.register import MalformedRegisterError, NoRegisterError
from standfast.register.entry import Act, Claim, ClaimLine, Source, Subject, Translation, claim_id

LINE_LIMIT_BYTES = 64 * 1024
"""A claim with 200 sources stays below; a line beyond it is no claim."""
FILE_LIMIT_LINES = 2_000_000

DATA_FILES = ("subjects.jsonl", "sources.jsonl", "claims.jsonl", "acts.jsonl", "translations.jsonl")

T = TypeVar("T", Subject, Source, ClaimLine, Act, Translation)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterData:
    """Everything in the folder, as it stands. Nothing is judged yet."""

    folder: Path
    subjects: Mapping[str, Subject]
    sources: Mapping[str, Source]
    lines: tuple[ClaimLine, ...]
    acts: tuple[Act, ...]
    translations: Mapping[str, Translation]
    repeated: tuple[str, ...] = ()
    """Ids of subjects and sources that stand more than once."""


def shipped_folder() -> Path:
    """The register that comes with this program: beside the sources in a clone, inside the package when installed.

    Raises:
        NoRegisterError: neither is there.
    """
    inside = Path(__file__).with_name("data")
    for folder in (inside, *(parent / "register" for parent in Path(__file__).parents[2:4])):
        if (folder / "claims.jsonl").is_file() and (folder / "subjects.jsonl").is_file():
            return folder
    raise NoRegisterError(inside)


def read_register(folder: Path) -> RegisterData:
    """Read the whole register.

    Raises:
        NoRegisterError: no claims.jsonl there.
        MalformedRegisterError: a line that is not what its file holds; its number is named.
    """
    if not (folder / "claims.jsonl").is_file():
        raise NoRegisterError(folder)
    subjects = list(_read(folder / "subjects.jsonl", Subject))
    sources = list(_read(folder / "sources.jsonl", Source))
    return RegisterData(
        folder=folder,
        subjects={each.id: each for each in subjects},
        sources={each.id: each for each in sources},
        lines=tuple(_read(folder / "claims.jsonl", ClaimLine)),
        acts=tuple(_read(folder / "acts.jsonl", Act)),
        translations={each.en: each for each in _read(folder / "translations.jsonl", Translation)},
        repeated=tuple(_repeated([each.id for each in subjects] + [each.id for each in sources])),
    )


def add_claim(folder: Path, claim: Claim) -> ClaimLine:
    """Write one more claim. The line is on the disk when this returns."""
    line = ClaimLine(id=claim_id(claim), claim=claim)
    _append(folder / "claims.jsonl", [line])
    return line


def add_acts(folder: Path, acts: Iterable[Act]) -> None:
    """Write what people did with claims."""
    _append(folder / "acts.jsonl", acts)


def add_source(folder: Path, source: Source) -> None:
    """Write one more source."""
    _append(folder / "sources.jsonl", [source])


def _append(path: Path, lines: Iterable[msgspec.Struct]) -> None:
    # Read, add, replace: an append that is cut off would leave half a line at the end of a file that people diff.
    with _alone(path.parent):
        held = path.read_bytes() if path.exists() else b""
        if held and not held.endswith(b"\n"):
            raise MalformedRegisterError(path, held.count(b"\n") + 1, "the last line has no end")
        added = b"".join(msgspec.json.encode(each) + b"\n" for each in lines)
        durable.write_atomically(path, held + added)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait to be the only one who adds to a register: two that read, add and replace at once would lose a line."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _read(path: Path, kind: type[T]) -> Iterator[T]:
    if not path.exists():
        return
    decoder = msgspec.json.Decoder(kind)
    with path.open("rb") as handle:
        number = 0
        while raw := handle.readline(LINE_LIMIT_BYTES + 1):
            number += 1
            if len(raw) > LINE_LIMIT_BYTES or number > FILE_LIMIT_LINES:
                raise MalformedRegisterError(path, number, f"longer than {LINE_LIMIT_BYTES} bytes, or too many lines")
            if not raw.endswith(b"\n"):
                raise MalformedRegisterError(path, number, "the last line has no end")
            try:
                yield decoder.decode(raw)
            except (msgspec.MsgspecError, UnicodeDecodeError) as why:
                raise MalformedRegisterError(path, number, str(why)) from why


def _repeated(ids: list[str]) -> Iterator[str]:
    seen: set[str] = set()
    for each in ids:
        if each in seen:
            yield each
        seen.add(each)
