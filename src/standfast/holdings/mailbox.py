r"""A folder of mail as it stood: the list that docs/formats/mailbox.md describes. Pure: bytes in, values out.

Restore, drill, find and imports go by it; the messages themselves are items of their own, found by their digest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone
from itertools import pairwise

import msgspec

from standfast.holdings.canonical import parse_canonical
from standfast.holdings.digest import SHA256_HEX

MEDIA_TYPE = "application/vnd.standfast.mailbox+jsonl"
HEAD_LIMIT = 64 * 1024
LINE_LIMIT = 64 * 1024
MESSAGES_LIMIT = 10_000_000
GREATEST = 2**53 - 1
GREATEST_UID = 2**32 - 1
FLAG = re.compile(r"\\?[!#$&'+-\[\]^-z|}~]{1,255}")
r"""An atom of RFC 9051, after at most one backslash: no space, parentheses, braces, wildcards or quotes."""

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_RECEIVED = re.compile(
    r"(?P<day>[0-2]\d|3[01])-(?P<month>[A-Z][a-z]{2})-(?P<year>\d{4})"
    r" (?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d):(?P<second>[0-5]\d|60)"
    r" (?P<sign>[+-])(?P<zone_hours>[01]\d|2[0-3])(?P<zone_minutes>[0-5]\d)",
    re.ASCII,
)


class MailboxHead(msgspec.Struct, frozen=True, kw_only=True, tag_field="format", tag="standfast/mailbox/v1"):
    r"""The first line: the folder itself."""

    attributes: tuple[str, ...] = ()
    r"""What the server said of it when listing, such as `\HasChildren`: sorted, each once."""
    delimiter: str = ""
    """What stands between the levels of its name; empty where there are none."""
    folder: str
    """Its name, decoded, through `escape_name`."""
    highest_modseq: int = 0
    """HIGHESTMODSEQ (RFC 7162) at which the list holds; 0 where the server gives none, or one beyond 2^53 - 1."""
    uid_validity: int = 0
    """UIDVALIDITY; 0 in an import, where this program gave the numbers."""
    use: str = ""
    r"""Its special use (RFC 6154), such as `\Sent`."""


class MessageLine(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Every further line: one message in the folder."""

    flags: tuple[str, ...] = ()
    r"""Flags and keywords, sorted, each once; without `\Recent`, which says nothing of the message."""
    labels: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    """Labels (X-GM-EXT-1), decoded, through `escape_name`, sorted; absent where there are none."""
    received: str = ""
    """INTERNALDATE with its zone, day in two digits; empty where there is none."""
    sha256: str
    """Of the message's bytes: the item that holds them."""
    size_bytes: int
    uid: int


_ENCODER = msgspec.json.Encoder(order="sorted")
_LINES: msgspec.json.Decoder[MessageLine] = msgspec.json.Decoder(MessageLine)


def write_mailbox(head: MailboxHead, messages: Sequence[MessageLine]) -> bytes:
    """The list's bytes. `messages` stand by UID, ascending.

    Raises:
        ValueError: something that no reader would take; so nothing of the kind is ever written.
    """
    _check_head(head)
    _check_messages(messages)
    return _ENCODER.encode_lines((head, *messages))


def read_mailbox(raw: bytes) -> tuple[MailboxHead, list[MessageLine]]:
    r"""Read a list whole. One flipped byte is never the same list.

    Raises:
        ValueError: not of this form, beyond a limit, or another spelling of the same.

    Example:
        >>> head = MailboxHead(folder="Sent", delimiter="/", uid_validity=7, use="\\Sent")
        >>> line = MessageLine(flags=("\\Seen",), sha256="ab" * 32, size_bytes=2, uid=1)
        >>> read_mailbox(write_mailbox(head, [line])) == (head, [line])
        True
    """
    if not raw.endswith(b"\n"):
        raise ValueError("the list ends in the middle of a line")
    first, _, rest = raw.partition(b"\n")
    if len(first) > HEAD_LIMIT:
        raise ValueError(f"its first line is longer than {HEAD_LIMIT} bytes")
    head = parse_canonical(first, MailboxHead)
    _check_head(head)
    if rest.count(b"\n") > MESSAGES_LIMIT:
        raise ValueError(f"more than {MESSAGES_LIMIT} messages")
    lines = rest.split(b"\n")
    lines.pop()
    messages = [_read_line(line) for line in lines]
    _check_messages(messages)
    return head, messages


def received_text(untrusted: str) -> str:
    """An INTERNALDATE in the one spelling that lists use: day in two digits. Empty when it is none.

    Example:
        >>> received_text(" 7-Jul-1996 02:44:25 -0700"), received_text("yesterday")
        ('07-Jul-1996 02:44:25 -0700', '')
    """
    text = untrusted.strip()
    if text[1:2] == "-":
        text = "0" + text
    return text if _is_received(text) else ""


def received_moment(received: str) -> datetime | None:
    """The moment that `received` names, with its zone; None where it is empty.

    A leap second counts as the one before it.
    """
    found = _RECEIVED.fullmatch(received)
    if not found:
        return None
    offset = timedelta(hours=int(found["zone_hours"]), minutes=int(found["zone_minutes"]))
    return datetime(
        int(found["year"]),
        MONTHS.index(found["month"]) + 1,
        int(found["day"]),
        int(found["hour"]),
        int(found["minute"]),
        min(59, int(found["second"])),
        tzinfo=timezone(offset if found["sign"] == "+" else -offset),
    )


def flags_kept(untrusted: Iterable[str]) -> tuple[str, ...]:
    r"""Flags as lists have them: sorted, each once, without `\Recent` and without what is no flag.

    System flags are spelled in one way, whatever the server's.

    Example:
        >>> flags_kept(["\\seen", "$Label1", "\\Recent", "no flag", "\\Seen"])
        ('$Label1', '\\Seen')
    """
    kept = set()
    for flag in untrusted:
        spelled = _SYSTEM_FLAGS.get(flag.lower(), flag)
        if spelled != "\\Recent" and FLAG.fullmatch(spelled):
            kept.add(spelled)
    return tuple(sorted(kept))


_SYSTEM_FLAGS = {
    flag.lower(): flag for flag in ("\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft", "\\Recent")
}


def _read_line(line: bytes) -> MessageLine:
    if len(line) > LINE_LIMIT:
        raise ValueError(f"a line is longer than {LINE_LIMIT} bytes")
    try:
        message = _LINES.decode(line)
    except msgspec.MsgspecError as why:
        raise ValueError(str(why)) from why
    if _ENCODER.encode(message) != line:
        raise ValueError("a line is not in canonical form")
    return message


def _check_head(head: MailboxHead) -> None:
    if not head.folder:
        raise ValueError("the folder has no name")
    if len(head.delimiter) > 1:
        raise ValueError(f"a delimiter is one character, got {head.delimiter!r}")
    if not 0 <= head.highest_modseq <= GREATEST or not 0 <= head.uid_validity <= GREATEST_UID:
        raise ValueError("HIGHESTMODSEQ or UIDVALIDITY is out of its range")
    _check_sorted(head.attributes)


def _check_messages(messages: Sequence[MessageLine]) -> None:
    last = 0
    known: set[tuple[str, ...]] = {()}
    digest = SHA256_HEX.fullmatch
    for message in messages:
        if not last < message.uid <= GREATEST_UID:
            raise ValueError(f"UID {message.uid} after {last}: they ascend, from 1 to 2^32 - 1")
        last = message.uid
        if message.flags not in known:
            _check_flags(message.flags)
            known.add(message.flags)
        if not digest(message.sha256) or not 0 <= message.size_bytes <= GREATEST:
            raise ValueError(f"UID {last} has no digest, or no size")
        if message.received and not _is_received(message.received):
            raise ValueError(f"{message.received[:40]!r} is no moment as a list writes it")
        if message.labels is not msgspec.UNSET:
            if not message.labels:
                raise ValueError("no labels are written as no member")
            _check_sorted(message.labels)


def _check_flags(flags: tuple[str, ...]) -> None:
    _check_sorted(flags)
    for flag in flags:
        if not FLAG.fullmatch(flag) or flags_kept([flag]) != (flag,):
            raise ValueError(f"{flag[:40]!r} is no flag that a list holds")


def _check_sorted(names: tuple[str, ...]) -> None:
    if any(before >= after for before, after in pairwise(names)):
        raise ValueError("flags, labels and attributes are sorted, each once")


def _is_received(text: str) -> bool:
    found = _RECEIVED.fullmatch(text)
    if not found or found["month"] not in MONTHS or found["year"] == "0000":
        return False
    day, month, year = int(found["day"]), MONTHS.index(found["month"]) + 1, int(found["year"])
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 1 <= day <= (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]
