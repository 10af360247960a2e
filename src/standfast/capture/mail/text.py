"""The text of a message, for the search index: what a person would read of it, with bounds. Pure; it never raises."""

from __future__ import annotations

import binascii
from collections.abc import Callable
from dataclasses import dataclass

from standfast.capture.mail.fields import decode_base64, decode_bytes, in_charset
from standfast.capture.mail.parts import Part, scan

TEXT_LIMIT = 1_000_000
"""Characters of one message."""
PART_LIMIT_BYTES = 8 * 1024 * 1024
PARTS_LIMIT = 200
_FIELDS = frozenset((b"content-type", b"content-transfer-encoding"))
Markup = Callable[[str], str]
"""From HTML to what it shows."""


@dataclass(frozen=True, slots=True)
class MessageText:
    """What can be read."""

    text: str
    unread: str
    """What could not be, in a few words."""


def message_text(raw: bytes, markup: Markup) -> MessageText:
    """The text parts of a message, those of messages within it too, in order.

    Of parts that say the same (multipart/alternative) all are taken: which one a program shows is not known, and a
    word that stands in one alone must be found.
    """
    found = scan(raw, _FIELDS, frozenset())
    unread = list(found.unread)
    texts: list[str] = []
    size = 0
    read = 0
    for part in found.parts:
        if not part.kind.startswith("text/"):
            continue
        read += 1
        if read > PARTS_LIMIT or size > TEXT_LIMIT:
            unread.append("more text than is indexed")
            break
        try:
            text = _text(raw, part, markup)
        except (ValueError, LookupError, RecursionError) as why:
            unread.append(f"a text: {why}")
            continue
        texts.append(text[: TEXT_LIMIT - size])
        size += len(text)
    return MessageText("\n".join(texts), "; ".join(unread)[:400])


def _text(raw: bytes, part: Part, markup: Markup) -> str:
    body = raw[
        part.body : min(part.end, part.body + PART_LIMIT_BYTES) if part.end >= 0 else part.body + PART_LIMIT_BYTES
    ]
    if part.coding == b"base64":
        body = decode_base64(body)[0]
    elif part.coding == b"quoted-printable":
        body = binascii.a2b_qp(body)
    charset = part.params.get("charset", b"").decode("ascii", "replace").strip().lower()
    text = in_charset(body, charset) if charset else decode_bytes(body)
    return markup(text) if part.kind in ("text/html", "text/x-amp-html", "text/watch-html") else text
