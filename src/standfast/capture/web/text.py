"""A document's bytes as text, for finding links. What can't be decoded is replaced: links are ASCII where it counts."""

from __future__ import annotations

import codecs
import re

from standfast.holdings.http_answer import Answer

CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.I)
META_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.I)
SNIFFED_BYTES = 4096
TEXT_TYPES = (
    "text/",
    "application/xhtml+xml",
    "image/svg+xml",
    "application/xml",
    "application/rss",
    "application/atom",
)


def document_text(payload: bytes, answer: Answer) -> str:
    """The text of a document; empty for what is none."""
    if not answer.media_type.startswith(TEXT_TYPES):
        return ""
    for mark, name in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if payload.startswith(mark):
            return payload[2:].decode(name, "replace")
    said = CHARSET.search(answer.header("content-type"))
    inside = META_CHARSET.search(payload[:SNIFFED_BYTES])
    for name in (said[1] if said else "", inside[1].decode("ascii", "replace") if inside else "", "utf-8"):
        try:
            if name:
                return payload.decode(name, "replace")
        except LookupError:
            continue
    return payload.decode("utf-8", "replace")
