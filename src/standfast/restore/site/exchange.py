"""The answer of a web server, read back from an item's WARC records. Format: docs/formats/web-item.md."""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from standfast.errors.vault import MalformedObjectError
from standfast.holdings.http_answer import AnswerError, parse_answer
from standfast.holdings.item import WebFacts

PAYLOAD_LIMIT = 1024 * 1024 * 1024
CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One address and what it answered, decoded from its codings."""

    url: str
    status: int
    media_type: str
    charset: str
    """As the header says it; empty where it says none."""
    location: str
    payload: bytes


def read_exchange(item: str, facts: WebFacts, raw: bytes) -> Exchange:
    """The answer in an item.

    Raises:
        MalformedObjectError: no response record, or a payload that is not what the record says.
    """
    try:
        block = next(
            record.raw_stream.read(len(raw))
            for record in ArchiveIterator(io.BytesIO(raw), no_record_parse=True)
            if record.rec_type == "response"
        )
        answer = parse_answer(block)
    except StopIteration as why:
        raise MalformedObjectError(item, "it holds no answer") from why
    except (ArchiveLoadFailed, AnswerError) as why:
        raise MalformedObjectError(item, f"its records can't be read: {why}") from why
    try:
        payload = answer.payload(PAYLOAD_LIMIT)
    except AnswerError:
        payload = answer.body  # kept as it came, and its record's quality says so
    if facts.payload_sha256 and hashlib.sha256(payload).hexdigest() != facts.payload_sha256:
        raise MalformedObjectError(item, "its payload is not the one in its record")
    found = CHARSET.search(answer.header("content-type"))
    return Exchange(
        url=facts.url,
        status=facts.status,
        media_type=facts.payload_type or answer.media_type,
        charset=found[1] if found else "",
        location=answer.header("location").encode("latin-1", "replace").decode("utf-8", "replace"),
        payload=payload,
    )
