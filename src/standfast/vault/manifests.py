"""The lines of a manifest, and the state of an origin that they add up to. Format: docs/formats/manifest.md."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated

import msgspec

from standfast.errors.vault import MalformedObjectError
from standfast.holdings.canonical import canonical_bytes
from standfast.holdings.item import Record

LINE_LIMIT = 16 * 1024 * 1024
"""A memo of settings or a record with many chunk ids stays far below: 1 TB in chunks of 4 MiB is 11 MB of ids."""

STRANGERS_KINDS = frozenset(("mail", "export"))
"""Kinds of origins that anybody can write to, by sending a message. Chunks of theirs are named under a dedup key of
their own: else who sends a file to a mailbox could learn whether the office holds it, by how much a copy grows."""

Count = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]


class Head(msgspec.Struct, frozen=True, kw_only=True, tag_field="what", tag="head"):
    """First line of every manifest."""

    accession: Count
    format: str = "standfast/manifest/v1"
    settings: str


class OriginLine(msgspec.Struct, frozen=True, kw_only=True, tag_field="what", tag="origin"):
    """A run of a capture of this origin brought what follows."""

    kind: str
    location: str
    origin: str
    run: str
    started_at: str


class ItemLine(msgspec.Struct, frozen=True, kw_only=True, tag_field="what", tag="item"):
    """An item, new or changed."""

    chunks: tuple[str, ...]
    leaf: Count
    record: Record
    salt: str


class GoneLine(msgspec.Struct, frozen=True, kw_only=True, tag_field="what", tag="gone"):
    """An item that a complete run did not meet again. It stays held."""

    at: str
    item: str
    origin: str


class EndLine(msgspec.Struct, frozen=True, kw_only=True, tag_field="what", tag="end"):
    """The run ended.

    `complete` says that it saw all there was. `runs`: all that is there was landed by these; what others brought is
    gone.
    """

    complete: bool
    ended_at: str
    origin: str
    run: str
    unchanged_count: Count
    runs: tuple[str, ...] = ()


Line = Head | OriginLine | ItemLine | GoneLine | EndLine
_DECODER = msgspec.json.Decoder(Line)


class HeldItem(msgspec.Struct, frozen=True):
    """One item as it is held: its record, the salt of its leaf, its chunks, and where it stands."""

    record: Record
    salt: bytes
    chunks: tuple[bytes, ...]
    leaf: int
    accession: int


def write_line(line: Line) -> bytes:
    """One line with its newline."""
    return canonical_bytes(line) + b"\n"


class _WrittenItem(msgspec.Struct, frozen=True, kw_only=True, tag_field="what", tag="item"):
    """As `ItemLine`, with a record whose canonical bytes are made already."""

    chunks: tuple[str, ...]
    leaf: int
    record: msgspec.Raw
    salt: str


def write_item(*, chunks: Sequence[bytes], leaf: int, record: bytes, salt: bytes) -> bytes:
    """An item's line with its newline. `record`: its canonical bytes, which the leaf commits to, made once."""
    line = _WrittenItem(chunks=tuple(map(text_of, chunks)), leaf=leaf, record=msgspec.Raw(record), salt=text_of(salt))
    return canonical_bytes(line) + b"\n"


def text_of(raw: bytes) -> str:
    """Bytes as base64 text."""
    return binascii.b2a_base64(raw, newline=False).decode("ascii")


def held_item(line: ItemLine, accession: int) -> HeldItem:
    """The item of a line.

    Raises:
        MalformedObjectError: a salt or chunk id that is not 32 bytes.
    """
    try:
        salt = base64.b64decode(line.salt, validate=True)
        chunks = tuple(base64.b64decode(each, validate=True) for each in line.chunks)
    except ValueError as why:
        raise MalformedObjectError(f"the manifest of accession {accession}", str(why)) from why
    if any(len(each) != 32 for each in (salt, *chunks)):
        raise MalformedObjectError(
            f"the manifest of accession {accession}",
            "a salt or chunk id is not 32 bytes",
        )
    return HeldItem(line.record, salt, chunks, line.leaf, accession)


def read_lines(pieces: Iterable[bytes | memoryview], accession: int) -> Iterator[Line]:
    """The lines of a manifest given as its chunks' plaintext in order; one line in memory at a time.

    Raises:
        MalformedObjectError: a line that is none, the wrong accession, or bytes after the last newline.
    """
    rest = b""
    first = True
    for piece in pieces:
        lines = (rest + piece).split(b"\n")
        rest = lines.pop()
        if len(rest) > LINE_LIMIT:
            raise MalformedObjectError(f"the manifest of accession {accession}", "a line too long")
        for raw in lines:
            line = _parse(raw, accession)
            if first and not (isinstance(line, Head) and line.accession == accession):
                raise MalformedObjectError(
                    f"the manifest of accession {accession}",
                    "it does not begin with its head",
                )
            first = False
            yield line
    if rest or first:
        raise MalformedObjectError(f"the manifest of accession {accession}", "cut off")


def _parse(raw: bytes, accession: int) -> Line:
    try:
        line: Line = _DECODER.decode(raw)
        return line
    except msgspec.MsgspecError as why:
        raise MalformedObjectError(f"the manifest of accession {accession}", str(why)) from why
