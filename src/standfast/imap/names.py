"""Names of folders: modified UTF-7 (RFC 3501, section 5.1.3), or UTF-8 where the server has accepted it (RFC 6855).

A name that is not well-formed is never a reason not to take what lies in the folder: it is shown as it came.
"""

from __future__ import annotations

import base64
import binascii
import re

_SHIFTED = re.compile(rb"&([A-Za-z0-9+,]*)-")
_NOT_PRINTABLE = re.compile(r"&|[^\x20-\x7e]+")


def decode_name(raw: bytes, *, utf8: bool = False) -> str:
    """A folder's name as people see it.

    Decoding is done only where encoding gives the same bytes back, so that no two names look alike that are not.
    Else, and where it is neither, the bytes are shown as they came, those beyond UTF-8 as surrogate escapes.

    >>> decode_name(b"&BkIGNgYnBkoGJw-/R&-D")
    'قضايا/R&D'
    >>> decode_name(b"&Jjo!")
    '&Jjo!'
    """
    if not utf8 and raw.isascii() and b"&" in raw:
        try:
            name = _SHIFTED.sub(_unshift, raw).decode("utf-8")
            if encode_name(name) == raw:
                return name
        except ValueError:
            pass
    return raw.decode("utf-8", "surrogateescape")


def encode_name(name: str, *, utf8: bool = False) -> bytes:
    """What to call a folder of that name on the wire.

    >>> encode_name("قضايا/R&D")
    b'&BkIGNgYnBkoGJw-/R&-D'
    >>> encode_name("R&D", utf8=True)
    b'R&D'
    """
    if utf8:
        return name.encode("utf-8", "surrogateescape")
    return _NOT_PRINTABLE.sub(_shift, name).encode("ascii")


def _shift(found: re.Match[str]) -> str:
    text = found.group()
    if text == "&":
        return "&-"
    coded = base64.b64encode(text.encode("utf-16-be", "surrogatepass")).decode("ascii")
    return "&" + coded.rstrip("=").replace("/", ",") + "-"


def _unshift(found: re.Match[bytes]) -> bytes:
    coded = found.group(1)
    if not coded:
        return b"&"
    padded = coded.replace(b",", b"/") + b"=" * (-len(coded) % 4)
    try:
        return base64.b64decode(padded, validate=True).decode("utf-16-be").encode("utf-8")
    except binascii.Error as why:
        raise ValueError(str(why)) from why
