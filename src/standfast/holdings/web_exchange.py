"""What an item of a web origin holds: one HTTP exchange as two WARC records, byte for byte as it went over the wire.

The page is docs/formats/web-item.md. Written here and not by a library: those parse an HTTP head and write it anew, and
then it is no longer what the server sent. A test reads the result with warcio.
"""

from __future__ import annotations

import hashlib
import re
import uuid
import zlib
from dataclasses import dataclass

import brotli

MEDIA_TYPE = "application/warc"
_ID_SPACE = b"standfast/warc-record-id/v1\0"
_HEX = re.compile(rb"[0-9A-Fa-f]{1,16}")
_LENGTH = re.compile(rb"[0-9]{1,15}")
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-9][0-9]{2})(?: |\r|$)")
_PIECE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class WebExchange:
    """A request, and the answer to it."""

    url: str
    """Absolute, ASCII, without a fragment."""
    date: str
    """When the answer began, RFC 3339 in UTC."""
    ip: str
    """The address that was connected to."""
    request: bytes
    """As sent."""
    response: bytes
    """As received, transfer and content codings included; an interim answer (1xx) before it is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseParts:
    """A response taken apart."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    """Names in lower case, in their order."""
    body: memoryview
    """As received."""

    def header(self, name: bytes) -> bytes:
        """The first value of a header, stripped; empty where there is none."""
        return next((value for key, value in self.headers if key == name), b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """A body without its codings."""

    data: bytes
    sound: bool
    """False when a coding was damaged or is unknown: then `data` is what was left when it could not be undone."""


class TooLargeError(ValueError):
    """The body unpacks to more than was allowed."""


def write_exchange(exchange: WebExchange) -> bytes:
    """The item's content: a WARC 1.1 response record, then its request record, uncompressed.

    Items written one after another are a valid WARC file. The same exchange always gives the same bytes.

    Raises:
        ValueError: the address, date or IP has a character that can't stand in a header.
    """
    response_id = _record_id(exchange, b"response")
    response = _record(exchange, "response", response_id, (), exchange.response)
    concurrent = ("WARC-Concurrent-To", response_id)
    return response + _record(exchange, "request", _record_id(exchange, b"request"), (concurrent,), exchange.request)


def read_exchange(raw: bytes) -> WebExchange:
    """The exchange that `write_exchange` wrote.

    Raises:
        ValueError: not two such records and nothing else.
    """
    kind, head, response, at = _read_record(raw, 0)
    other, _, request, end = _read_record(raw, at)
    if (kind, other, end) != ("response", "request", len(raw)):
        raise ValueError("not a response record and its request record")
    return WebExchange(
        url=head.get("warc-target-uri", ""),
        date=head.get("warc-date", ""),
        ip=head.get("warc-ip-address", ""),
        request=request,
        response=response,
    )


def split_response(raw: bytes) -> ResponseParts:
    """Head and body.

    Raises:
        ValueError: no HTTP/1 response.
    """
    found = re.search(rb"\r?\n\r?\n", raw)
    status = _STATUS.match(raw)
    if not found or not status:
        raise ValueError("not an HTTP response")
    headers: list[tuple[bytes, bytes]] = []
    for line in raw[: found.start()].replace(b"\r\n", b"\n").split(b"\n")[1:]:
        if line[:1] in (b" ", b"\t") and headers:  # folded, as old servers do
            headers[-1] = (headers[-1][0], headers[-1][1] + b" " + line.strip())
            continue
        name, _, value = line.partition(b":")
        headers.append((name.strip().lower(), value.strip()))
    return ResponseParts(status=int(status[1]), headers=tuple(headers), body=memoryview(raw)[found.end() :])


def payload_of(response: ResponseParts, limit_bytes: int) -> Payload:
    """The body without its transfer and content codings.

    Raises:
        TooLargeError: it is longer than `limit_bytes`, at any step.
        ValueError: chunks that are none.
    """
    codings = response.header(b"transfer-encoding").lower()
    data = _unchunk(response.body) if codings.endswith(b"chunked") else bytes(response.body)
    if len(data) > limit_bytes:
        raise TooLargeError(f"longer than {limit_bytes} bytes")
    sound = True
    named = b",".join(value for name, value in response.headers if name == b"content-encoding")
    for coding in reversed([part.strip().lower() for part in named.split(b",") if part.strip()]):
        if coding == b"identity" or not data:
            continue
        try:
            data = _decode(coding, data, limit_bytes)
        except TooLargeError:
            raise
        except (ValueError, zlib.error, brotli.error):
            sound = False
            break
    return Payload(data=data, sound=sound)


def gunzip(data: bytes, limit_bytes: int) -> bytes:
    """All members of a gzip file.

    Raises:
        TooLargeError: more than `limit_bytes`.
        ValueError: damaged, or no gzip at all.
    """
    out = bytearray()
    while data:
        engine = zlib.decompressobj(31)
        try:
            out += engine.decompress(data, limit_bytes - len(out) + 1)
        except zlib.error as why:
            raise ValueError(str(why)) from why
        if len(out) > limit_bytes or engine.unconsumed_tail:
            raise TooLargeError(f"unpacks to more than {limit_bytes} bytes")
        if not engine.eof:
            raise ValueError("it ends early")
        data = engine.unused_data.lstrip(b"\0")
    return bytes(out)


def _decode(coding: bytes, data: bytes, limit_bytes: int) -> bytes:
    if coding in (b"gzip", b"x-gzip"):
        return gunzip(data, limit_bytes)
    if coding == b"deflate":
        # Some send it without the zlib head that the standard asks for.
        engine = zlib.decompressobj(15 if data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0 else -15)
        out = engine.decompress(data, limit_bytes + 1)
        if len(out) > limit_bytes or engine.unconsumed_tail:
            raise TooLargeError(f"unpacks to more than {limit_bytes} bytes")
        if not engine.eof:
            raise ValueError("it ends early")
        return out
    if coding == b"br":
        return _decode_brotli(data, limit_bytes)
    raise ValueError(f"unknown coding {coding!r}")


def _decode_brotli(data: bytes, limit_bytes: int) -> bytes:
    engine, out, piece = brotli.Decompressor(), bytearray(), data
    while not engine.is_finished():
        got = engine.process(piece, output_buffer_limit=_PIECE_BYTES)
        out += got
        if len(out) > limit_bytes:
            raise TooLargeError(f"unpacks to more than {limit_bytes} bytes")
        if not got and not piece:
            raise ValueError("it ends early")
        piece = b""
    return bytes(out)


def _unchunk(body: memoryview) -> bytes:
    """Chunk extensions and trailers are left out.

    Raises:
        ValueError: not chunks.
    """
    raw, at = body.tobytes(), 0
    out: list[bytes] = []
    while True:
        end = raw.find(b"\n", at)
        size_text = raw[at:end].split(b";")[0].strip()
        if end < 0 or not _HEX.fullmatch(size_text):
            raise ValueError("not a chunk")
        size, at = int(size_text, 16), end + 1
        if size == 0:
            return b"".join(out)
        if at + size > len(raw):
            raise ValueError("a chunk ends early")
        out.append(raw[at : at + size])
        at += size
        at += 2 if raw[at : at + 2] == b"\r\n" else 1


def _record_id(exchange: WebExchange, kind: bytes) -> str:
    said = "\0".join((exchange.url, exchange.date, exchange.ip)).encode()
    running = hashlib.sha256(_ID_SPACE + kind + b"\0" + said + b"\0" + hashlib.sha256(exchange.response).digest())
    return f"<urn:uuid:{uuid.UUID(bytes=running.digest()[:16], version=4)}>"


def _record(exchange: WebExchange, kind: str, record_id: str, more: tuple[tuple[str, str], ...], block: bytes) -> bytes:
    fields = [
        ("WARC-Type", kind),
        ("WARC-Record-ID", record_id),
        ("WARC-Date", exchange.date),
        ("WARC-Target-URI", exchange.url),
        *((("WARC-IP-Address", exchange.ip),) if exchange.ip else ()),
        *more,
        ("WARC-Block-Digest", f"sha256:{hashlib.sha256(block).hexdigest()}"),
        ("Content-Type", f"application/http; msgtype={kind}"),
        ("Content-Length", str(len(block))),
    ]
    if any(not value.isascii() or not value.isprintable() for _, value in fields):
        raise ValueError("a value that can't stand in a WARC header")
    head = "WARC/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields) + "\r\n"
    return head.encode("ascii") + block + b"\r\n\r\n"


def _read_record(raw: bytes, at: int) -> tuple[str, dict[str, str], bytes, int]:
    """Its type, its head, its block, and where the next one begins."""
    end = raw.find(b"\r\n\r\n", at, at + _PIECE_BYTES)
    lines = raw[at:end].decode("utf-8", "strict").split("\r\n") if end >= 0 else [""]
    if lines[0] != "WARC/1.1":
        raise ValueError("not a WARC 1.1 record")
    head = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    length = head.get("content-length", "")
    if not _LENGTH.fullmatch(length.encode()):
        raise ValueError("a record without its length")
    start, stop = end + 4, end + 4 + int(length)
    if raw[stop : stop + 4] != b"\r\n\r\n":
        raise ValueError("a record ends early")
    return head.get("warc-type", ""), head, raw[start:stop], stop + 4
