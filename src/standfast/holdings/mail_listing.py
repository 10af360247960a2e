r"""The listing beside restored mail: what files can't say of a message. Format: docs/formats/mail-listing.md.

Pure: lines in, values out. Restore writes it, an import of the same folder goes by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from standfast.holdings.digest import SHA256_HEX
from standfast.holdings.mailbox import LINE_LIMIT, MessageLine, received_text

LISTING_NAME = "standfast-mail.jsonl"
TABLE_NAME = "standfast-mail.csv"
Form = Literal["maildir", "mbox", "eml"]


class ListingHead(msgspec.Struct, frozen=True, kw_only=True, tag_field="what", tag="listing"):
    """The first line."""

    form: Form
    format: Literal["standfast/mail-listing/v1"] = "standfast/mail-listing/v1"
    origin: str


class ListedFolder(msgspec.Struct, frozen=True, kw_only=True, tag_field="what", tag="folder"):
    r"""A folder, and where it lies. Members as those of the mailbox list's first line."""

    attributes: tuple[str, ...] = ()
    delimiter: str = ""
    folder: str
    place: str
    """Relative to the listing, levels parted by `/`, through `escape_name`: a folder, or the file of an mbox."""
    uid_validity: int = 0
    use: str = ""


class ListedMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="what", tag="message"):
    """A message in a folder. Members as those of the mailbox list's lines."""

    flags: tuple[str, ...] = ()
    folder: str
    labels: tuple[str, ...] = ()
    offset: int = 0
    """In an mbox: of the byte at which its `From ` line begins. 0 elsewhere."""
    place: str
    """Relative to the listing, through `escape_name`: its file. What follows `:2,` in a Maildir may change."""
    received: str = ""
    sha256: str
    size_bytes: int
    uid: int


Line = ListingHead | ListedFolder | ListedMessage
_ENCODER = msgspec.json.Encoder(order="sorted")
_LINES: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)


def listed_message(folder: str, place: str, line: MessageLine, offset: int = 0) -> ListedMessage:
    """A message's line, from what the folder's own list says of it."""
    return ListedMessage(
        flags=line.flags,
        folder=folder,
        labels=() if line.labels is msgspec.UNSET else line.labels,
        offset=offset,
        place=place,
        received=line.received,
        sha256=line.sha256,
        size_bytes=line.size_bytes,
        uid=line.uid,
    )


def write_listing(lines: Iterable[Line]) -> Iterator[bytes]:
    """The listing's bytes, a line at a time; its head stands first."""
    for line in lines:
        yield _ENCODER.encode(line) + b"\n"


def read_listing(raw_lines: Iterable[bytes]) -> Iterator[Line]:
    r"""The lines of a listing. Whoever could write to the folder could write it: compare each digest with the bytes.

    Raises:
        ValueError: not of this form.

    Example:
        >>> head = ListingHead(form="eml", origin="mail")
        >>> list(read_listing(write_listing([head]))) == [head]
        True
    """
    first = True
    for raw in raw_lines:
        if len(raw) > LINE_LIMIT:
            raise ValueError(f"a line is longer than {LINE_LIMIT} bytes")
        try:
            line = _LINES.decode(raw)
        except msgspec.MsgspecError as why:
            raise ValueError(str(why)) from why
        if isinstance(line, ListingHead) != first:
            raise ValueError("its head stands first, and once")
        if isinstance(line, ListedMessage):
            _check(line)
        first = False
        yield line


def _check(line: ListedMessage) -> None:
    if not SHA256_HEX.fullmatch(line.sha256) or line.size_bytes < 0 or line.offset < 0 or line.uid < 0:
        raise ValueError(f"{line.place[:80]!r} has no digest, size or place")
    if received_text(line.received) != line.received:
        raise ValueError(f"{line.received[:40]!r} is no moment as a listing writes it")
