"""Keeps an exchange exactly: request and answer as they were on the wire, as WARC 1.1 records, written by warcio.

The item's content is the response record, then its request record, uncompressed; items one after another are a WARC
file.
Transfer and content codings stay on: who reads takes them off (`holdings.http_answer`).
"""

from __future__ import annotations

import hashlib
import io
import uuid
from dataclasses import dataclass
from datetime import datetime

from warcio.recordloader import ArcWarcRecord
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from standfast import clock

VERSION = "WARC/1.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and what came back."""

    url: str
    ip: str
    started_at: datetime
    request: bytes
    response: bytes


def write_records(exchange: Exchange) -> bytes:
    """The item's content."""
    out = io.BytesIO()
    writer = WARCWriter(out, gzip=False, warc_version=VERSION)
    # A payload's digest stands in the item's record, without codings; the library's would be over coded bytes.
    writer.NO_PAYLOAD_DIGEST_TYPES = ("response", "request")
    response_id = f"<urn:uuid:{uuid.uuid4()}>"
    writer.write_record(_record(exchange, "response", response_id, exchange.response, ()))
    concurrent = ("WARC-Concurrent-To", response_id)
    writer.write_record(_record(exchange, "request", f"<urn:uuid:{uuid.uuid4()}>", exchange.request, (concurrent,)))
    return out.getvalue()


def _record(
    exchange: Exchange, kind: str, record_id: str, block: bytes, more: tuple[tuple[str, str], ...]
) -> ArcWarcRecord:
    headers = [
        ("WARC-Type", kind),
        ("WARC-Record-ID", record_id),
        ("WARC-Target-URI", exchange.url),
        ("WARC-Date", clock.to_text(exchange.started_at)),
        *((("WARC-IP-Address", exchange.ip),) if exchange.ip else ()),
        *more,
        ("WARC-Block-Digest", f"sha256:{hashlib.sha256(block).hexdigest()}"),
    ]
    # Made by hand: `create_warc_record` parses the HTTP head and spells it anew, and then it is not what was sent.
    return ArcWarcRecord(
        "warc",
        kind,
        StatusAndHeaders("", headers, protocol=VERSION),
        io.BytesIO(block),
        None,
        f"application/http; msgtype={kind}",
        len(block),
    )
