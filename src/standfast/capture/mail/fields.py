"""Reads header fields of messages and of their parts, with bounds. Pure: bytes in, text out; it never raises.

Everything here is hostile: fields without a colon, charsets that do not exist, a megabyte of folded nothing. What can't
be read is read as well as it can be. Every step costs time in proportion to the bytes it is given, and no more.
"""

from __future__ import annotations

import binascii
import codecs
import re
from collections.abc import Collection
from itertools import islice
from urllib.parse import unquote_to_bytes

VALUE_LIMIT = 32 * 1024
"""Of one field, folded lines together. The longest honest ones are lists of some hundred recipients."""
TEXT_LIMIT = 2_000
"""Characters of one decoded text."""
PARAMETERS_LIMIT, PARAMETERS_BYTES = 64, 8 * 1024
ADDRESSES_LIMIT = 500
ADDRESS_LIMIT = 500
"""Characters of one address with its name."""

Fields = dict[bytes, bytes]

_WORD = re.compile(rb"=\?([A-Za-z0-9_.:-]{1,40})(?:\*[A-Za-z0-9-]{0,20})?\?([BbQq])\?([^?]{0,8000})\?=")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]+")
_SIMPLE_ADDRESS = re.compile(r'(?:"([^"\\<>]{0,300})"|([^"\\<>,;:()@]{0,300}))[ \t]*<([^<>,;:() \t"\\]{1,320})>')
_BARE_ADDRESS = re.compile(r'[^<>,;:() \t"\\]{1,320}')
_ADDRESS_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|\([^()]*+\)?|<[^<>]*+>?|[,;:]|[^",;:<(]++|.', re.DOTALL)
_PARAMETER = re.compile(rb';\s*+([^\s=;"]++)\s*+=\s*+("(?:[^"\\]|\\.)*+"?|[^;\s]*+)', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_SECTION = re.compile(rb"([^*]+)(?:\*([0-9]{1,3}))?(\*)?")
_QUOTED_PAIR = re.compile(rb"\\(.)", re.DOTALL)
_NEVER = frozenset(("idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape"))
"""Python's own codecs that are none of the mail's charsets; the first two take a square of the length."""


def read_fields(block: bytes, wanted: Collection[bytes], repeated: Collection[bytes] = ()) -> Fields:
    """The fields of a header block that are wanted, by their names in lower case, unfolded.

    The first of a name counts; those in `repeated` are joined with `,`. A field beyond `VALUE_LIMIT` is cut there.
    """
    fields: Fields = {}
    name, pieces, size = b"", [b""], 0
    for line in block.split(b"\n"):
        if line[:1] in (b" ", b"\t"):
            if name and size < VALUE_LIMIT:
                pieces.append(line)
                size += len(line)
            continue
        if name:
            _keep(fields, name, pieces, repeated)
        head, colon, value = line.partition(b":")
        name = head.strip().lower() if colon and len(head) < 80 else b""
        if name not in wanted:
            name = b""
        elif name:
            pieces, size = [value], len(value)
    if name:
        _keep(fields, name, pieces, repeated)
    return fields


def _keep(fields: Fields, name: bytes, pieces: list[bytes], repeated: Collection[bytes]) -> None:
    if name in fields and name not in repeated:
        return
    value = (pieces[0] if len(pieces) == 1 else b"".join(pieces)).replace(b"\r", b"").strip()[:VALUE_LIMIT]
    if name not in fields:
        fields[name] = value
    elif len(fields[name]) < VALUE_LIMIT:
        fields[name] += b"," + value


def decode_text(value: bytes, charset: str = "", limit: int = TEXT_LIMIT) -> str:
    """A field's text: encoded words decoded, white space and control characters as one blank, cut at `limit`.

    Args:
        value: as `read_fields` gives it.
        charset: what bytes beyond ASCII are in when they are not UTF-8 (the message's own charset).
        limit: characters.

    Example:
        >>> decode_text(b"=?UTF-8?B?2LTZh9in2K/YqQ==?= =?utf-8?q?_2?= x")
        'شهادة 2 x'
    """
    words = b"=?" in value
    text = _decode_words(value[: limit * 16], charset) if words else decode_bytes(value[: limit * 4], charset)
    return tidy(text, limit)


def tidy(text: str, limit: int = TEXT_LIMIT) -> str:
    """Text for a record: no control characters, no lone surrogates, at most `limit` characters."""
    if not text.isprintable():
        text = _CONTROL.sub(" ", text)
        text = text.encode("utf-8", "replace").decode("utf-8")
    if "  " in text:
        text = " ".join(text.split())
    return text.strip()[:limit]


def decode_bytes(raw: bytes, charset: str = "") -> str:
    """Bytes as text: UTF-8 where they are that, else in the charset given, else Latin-1, which has a place for each."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return in_charset(raw, charset or "latin-1")


def in_charset(raw: bytes, charset: str) -> str:
    """Bytes of a charset as text, with U+FFFD for what is none; an unknown charset is taken for UTF-8 or Latin-1."""
    try:
        known = codecs.lookup(charset).name if len(charset) <= 40 and charset.isascii() else ""
        if known and known not in _NEVER:
            return raw.decode(known, "replace")
    except (LookupError, ValueError):
        pass
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _decode_words(value: bytes, charset: str) -> str:
    out: list[str] = []
    pending, pending_charset = b"", ""
    at = 0
    for word in _WORD.finditer(value):
        between = value[at : word.start()]
        at = word.end()
        said = word[1].decode("ascii").lower()
        # White space between two encoded words is no text; a letter's bytes may be split over both.
        if between.strip() or (said != pending_charset and pending) or (between and not pending):
            out.append(in_charset(pending, pending_charset) if pending else "")
            pending = b""
            if between.strip() or not out[-1]:
                out.append(decode_bytes(between, charset))
        pending += _word_bytes(word[2], word[3])
        pending_charset = said
    if pending:
        out.append(in_charset(pending, pending_charset))
    out.append(decode_bytes(value[at:], charset))
    return "".join(out)


def _word_bytes(coding: bytes, text: bytes) -> bytes:
    if coding in b"Qq":
        return binascii.a2b_qp(text, header=True)
    return decode_base64(text)[0]


def decode_base64(raw: bytes) -> tuple[bytes, bool]:
    """What base64 stands for, up to its first `=`, all else than its alphabet left out; and whether it was sound."""
    body = raw.partition(b"=")[0]
    try:
        return binascii.a2b_base64(body + b"=="), True
    except binascii.Error:
        clean = body.translate(None, _NOT_BASE64)
        return binascii.a2b_base64(clean[: len(clean) - (len(clean) % 4 == 1)] + b"=="), False


_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))


def read_addresses(value: bytes, charset: str = "") -> tuple[str, ...]:
    """Each address of a field as `Name <address>`, or alone where it has no name; at most `ADDRESSES_LIMIT`.

    Example:
        >>> read_addresses(b'"Office, north" <a@example.org>, b@example.org (night), Team: c@example.org;')
        ('Office, north <a@example.org>', 'b@example.org', 'c@example.org')
    """
    if not value:
        return ()
    plain = decode_bytes(value, charset)
    simple = _SIMPLE_ADDRESS.fullmatch(plain)
    if simple:
        return (_address((simple[1] or simple[2] or ""), simple[3], charset),)
    if _BARE_ADDRESS.fullmatch(plain):
        return (tidy(plain, ADDRESS_LIMIT),)
    return _split_addresses(plain, charset)


def _split_addresses(text: str, charset: str) -> tuple[str, ...]:
    found: list[str] = []
    name, address = "", ""
    for match in _ADDRESS_TOKEN.finditer(text):
        token = match[0]
        first = token[0]
        if first in ",;":
            if name.strip() or address:
                found.append(_address(name, address, charset))
            name, address = "", ""
            if len(found) >= ADDRESSES_LIMIT:
                return tuple(found)
        elif first == ":":
            # The name of a group stands before it; within an address it means nothing that is still in use.
            name = ""
        elif first == "<":
            address = token.strip("<> \t")
        elif first == '"':
            name += _ESCAPED.sub(r"\1", token[1:-1] if token[-1] == '"' and len(token) > 1 else token[1:])
        elif first != "(":
            name += token
    if name.strip() or address:
        found.append(_address(name, address, charset))
    return tuple(found)


def _address(name: str, address: str, charset: str) -> str:
    name = name.strip()
    if "=?" in name:
        name = decode_text(name.encode("utf-8", "replace"), charset, ADDRESS_LIMIT)
    if not address:
        return tidy(name, ADDRESS_LIMIT)
    return tidy(f"{name} <{address}>" if name else address, ADDRESS_LIMIT)


def read_value(value: bytes) -> tuple[str, dict[str, bytes]]:
    r"""A value with parameters, as of Content-Type: what stands before them in lower case, and each, decoded.

    Parameters in sections or in a charset (RFC 2231) are put together and given as UTF-8.

    Example:
        >>> read_value(b"Attachment; filename*0*=UTF-8''%D8%A3; filename*1=.pdf")
        ('attachment', {'filename': b'\xd8\xa3.pdf'})
    """
    head, semicolon, _ = value.partition(b";")
    kind = head.strip().decode("ascii", "replace").lower()
    if not semicolon:
        return kind, {}
    plain: dict[str, bytes] = {}
    sections: dict[str, list[tuple[int, bool, bytes]]] = {}
    for match in islice(_PARAMETER.finditer(value[:PARAMETERS_BYTES]), PARAMETERS_LIMIT):
        said = match[2]
        if said[:1] == b'"':
            said = _QUOTED_PAIR.sub(rb"\1", said[1:-1] if said[-1:] == b'"' and len(said) > 1 else said[1:])
        name = match[1].lower()
        section = _SECTION.fullmatch(name) if b"*" in name else None
        if section:
            key = section[1].decode("ascii", "replace")
            sections.setdefault(key, []).append((int(section[2] or 0), bool(section[3]), said))
        else:
            plain.setdefault(name.decode("ascii", "replace"), said)
    for key, found in sections.items():
        plain[key] = _joined(sorted(found, key=lambda each: each[0]))
    return kind, plain


def _joined(sections: list[tuple[int, bool, bytes]]) -> bytes:
    charset, out = "", b""
    for n, (_, coded, said) in enumerate(sections):
        if coded:
            if n == 0 and said.count(b"'") >= 2:
                told, _, said = said.split(b"'", 2)
                charset = told.decode("ascii", "replace")
            said = unquote_to_bytes(said)
        out += said
    return in_charset(out, charset).encode("utf-8", "replace") if charset else out
