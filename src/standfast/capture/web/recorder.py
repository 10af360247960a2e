"""Keeps an exchange exactly: request and answer as they were on the wire, as WARC 1.1 records, written by warcio.

The item's content is the response record, then its request record, uncompressed; items one after another are a WARC
file.
Transfer and content codings stay on: who reads takes them off (`holdings.http_answer`).
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from datetime import datetime

from warcio.recordloader import ArcWarcRecord
from warcio.warcwriter import WARCWriter

from standfast import clock


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
    writer = WARCWriter(out, gzip=False, warc_version="WARC/1.1")
    response = _record(writer, exchange, "response", exchange.response, {})
    concurrent = {"WARC-Concurrent-To": response.rec_headers.get_header("WARC-Record-ID")}
    request = _record(writer, exchange, "request", exchange.request, concurrent)
    writer.write_record(response)
    writer.write_record(request)
    return out.getvalue()


def _record(writer: WARCWriter, exchange: Exchange, kind: str, block: bytes, more: dict[str, str]) -> ArcWarcRecord:
    headers = {
        "WARC-Date": clock.to_text(exchange.started_at),
        "WARC-Block-Digest": f"sha256:{hashlib.sha256(block).hexdigest()}",
        **({"WARC-IP-Address": exchange.ip} if exchange.ip else {}),
        **more,
    }
    # Without parsed headers warcio writes the block as it is; it never spells a head anew.
    return writer.create_warc_record(
        exchange.url,
        kind,
        payload=io.BytesIO(block),
        length=len(block),
        warc_content_type=f"application/http; msgtype={kind}",
        warc_headers_dict=headers,
    )
