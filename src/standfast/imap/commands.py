"""What is said to the server, put together so that no name, flag or keyword can become a command of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_ATOM = re.compile(rb'[^\x00-\x20\x7f-\xff(){%*"\\\]]+')
_FLAG = re.compile(r'\\?[^\x00-\x20\x7f-\U0010ffff(){%*"\\\]]+')
_QUOTED = re.compile(rb"[\x20-\x7e]*")
_DATE = re.compile(r"[ 0-3]\d-[A-Za-z]{3}-\d{4} \d\d:\d\d:\d\d [+-]\d{4}")
SHORT_BYTES = 512
"""A quoted string that is longer goes as a literal: some servers bound their lines."""


@dataclass(frozen=True, slots=True, eq=False)
class Literal:
    """Bytes that go as they are, with their count before them."""

    data: bytes | bytearray | memoryview
    binary: bool = False
    """As literal8 (RFC 3516), which may hold NUL; only where the server offers BINARY."""


Part = bytes | Literal


def astring(raw: bytes) -> Part:
    r"""A name or a user's word, in the shortest form that can carry it.

    >>> astring(b"INBOX"), astring(b'with "quotes" '), astring(b"")
    (b'INBOX', b'"with \\"quotes\\" "', b'""')
    """
    if _ATOM.fullmatch(raw) and len(raw) <= SHORT_BYTES and raw.upper() != b"NIL":
        return raw
    if _QUOTED.fullmatch(raw) and len(raw) <= SHORT_BYTES:
        return b'"' + raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
    return Literal(raw)


def flag_list(flags: Iterable[str]) -> bytes:
    r"""Flags and keywords in parentheses.

    Raises:
        ValueError: one that is no flag. Ask `is_flag` before.

    >>> flag_list(["\\Seen", "$Forwarded"])
    b'(\\Seen $Forwarded)'
    """
    told = list(flags)
    for each in told:
        if not is_flag(each):
            raise ValueError(f"no flag: {each!r}")
    return b"(" + " ".join(told).encode("ascii") + b")"


def is_flag(flag: str) -> bool:
    """Whether it can be said as a flag at all; hostile servers and old mailboxes have others."""
    return _FLAG.fullmatch(flag) is not None


def date_time(text: str) -> bytes:
    """An INTERNALDATE as the server gave it, in quotes.

    Raises:
        ValueError: it is none.

    >>> date_time(" 7-Jul-1996 02:44:25 -0700")
    b'" 7-Jul-1996 02:44:25 -0700"'
    """
    padded = text if re.match(r"[ 0-3]\d", text) else " " + text
    if not _DATE.fullmatch(padded):
        raise ValueError(f"no date: {text!r}")
    return b'"' + padded.encode("ascii") + b'"'


def number_set(numbers: Iterable[int]) -> bytes:
    """UIDs or message numbers as a set, in their order, runs as ranges.

    >>> number_set([1, 2, 3, 7, 9, 10])
    b'1:3,7,9:10'
    """
    return b",".join(b"%d:%d" % run if run[0] != run[1] else b"%d" % run[0] for run in _runs(numbers))


def _runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    first = last = 0
    for each in numbers:
        if last and each == last + 1:
            last = each
            continue
        if last:
            yield first, last
        first = last = each
    if last:
        yield first, last


def joined(parts: Iterable[Part | Iterable[Part]], between: bytes = b" ") -> list[Part]:
    """Parts one after another with a space between; a part may itself be several that belong together."""
    out: list[Part] = []
    for each in parts:
        if out:
            out.append(between)
        if isinstance(each, bytes | Literal):
            out.append(each)
        else:
            out.extend(each)
    return out
