"""How things held are called, and how names that came from outside are written down."""

from __future__ import annotations

import re
import secrets

ORIGIN_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
"""What an origin, a replica or a cosigner may be called: it stands in settings, commands and file names."""

_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = [first + second for first in _LETTERS for second in _LETTERS]
"""Base32 (RFC 4648) in lower case, ten bits at a time: an identifier is made for each item."""
ITEM_ID = re.compile(r"i[a-z2-7]{16}")


def new_item_id() -> str:
    """A fresh opaque identifier, 80 random bits: `i` and 16 letters or digits. It tells nothing."""
    return item_id_of(secrets.token_bytes(10))


def new_item_ids(count: int) -> list[str]:
    """As many fresh identifiers; the system is asked for random bytes once."""
    block = secrets.token_bytes(10 * count)
    return [item_id_of(block[at : at + 10]) for at in range(0, len(block), 10)]


def item_id_of(digest: bytes) -> str:
    """The identifier that the first 80 bits of a keyed digest give."""
    number = int.from_bytes(digest[:10], "big")
    return "i" + "".join([_PAIRS[number >> shift & 1023] for shift in range(70, -1, -10)])


def escape_name(raw: bytes) -> str:
    r"""A name as it was found, as text that can be shown and turned back into the same bytes.

    Bytes that are not UTF-8, control characters and the backslash become `\xHH`; all else is kept as it is.

    Example:
        >>> escape_name("تقرير.pdf".encode()), escape_name(b"a\xff\nb\\c")
        ('تقرير.pdf', 'a\\xff\\x0ab\\x5cc')
    """
    text = raw.decode("utf-8", "surrogateescape")
    if text.isprintable() and "\\" not in text:
        return text
    out = []
    for char in text:
        code = ord(char)
        if 0xDC80 <= code <= 0xDCFF:
            out.append(f"\\x{code - 0xDC00:02x}")
        elif char == "\\" or code < 0x20 or code == 0x7F:
            out.append(f"\\x{code:02x}")
        else:
            out.append(char)
    return "".join(out)


def unescape_name(text: str) -> bytes:
    r"""The bytes that `escape_name` wrote down.

    Raises:
        ValueError: a backslash that does not begin `\xHH`.

    Example:
        >>> unescape_name("a\\xff\\x0ab\\x5cc")
        b'a\xff\nb\\c'
    """
    if "\\" not in text:
        return text.encode("utf-8")
    out, at = bytearray(), 0
    for found in re.finditer(r"\\(x[0-9a-f]{2})?", text):
        if not found[1]:
            raise ValueError(f"not an escaped name: {text!r}")
        out += text[at : found.start()].encode("utf-8")
        out.append(int(found[1][1:], 16))
        at = found.end()
    return bytes(out + text[at:].encode("utf-8"))
