"""An HTTP answer, read from its bytes as they were on the wire. Pure: bytes in, values out.

Used where answers are captured and where they are restored, so that both see the same payload.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import brotli
import h11
import zstandard

HEAD_LIMIT = 256 * 1024
STEP_BYTES = 64 * 1024
ZSTD_WINDOW_BYTES = 1 << 27
ZSTD_STEP_BYTES = 256
"""Of coded bytes: four of them may unpack to 128 KiB."""


class AnswerError(ValueError):
    """These bytes are no answer, or one beyond a limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back, with its transfer coding taken off; content codings are still on."""

    status: int
    headers: tuple[tuple[str, str], ...]
    """Names in lower case, in order."""
    body: bytes
    complete: bool
    """The body ended as the header said it would."""

    def header(self, name: str) -> str:
        """The first header of a name; empty where there is none."""
        return next((value for key, value in self.headers if key == name), "")

    @property
    def media_type(self) -> str:
        """Lower case, without parameters."""
        return self.header("content-type").split(";")[0].strip().lower()

    def payload(self, limit_bytes: int) -> bytes:
        """The body without its content codings.

        Raises:
            AnswerError: a coding that is unknown or broken, or more than `limit_bytes`.
        """
        data = self.body
        for coding in reversed([each.strip().lower() for each in self.header("content-encoding").split(",")]):
            if coding and coding != "identity":
                data = decode_content(data, coding, limit_bytes)
        return data


def parse_answer(raw: bytes, method: str = "GET") -> Answer:
    """Read an answer from all of its bytes, interim answers (1xx) skipped.

    Raises:
        AnswerError: not HTTP/1.x.
    """
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_LIMIT)
    connection.send(h11.Request(method=method, target="/", headers=[("host", "x")]))
    connection.send(h11.EndOfMessage())
    status, body, complete = 0, bytearray(), False
    headers: tuple[tuple[str, str], ...] = ()
    try:
        connection.receive_data(raw)
        connection.receive_data(b"")
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Response):
                status = event.status_code
                headers = tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in event.headers)
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                complete = True
                break
            elif event in (h11.NEED_DATA, h11.PAUSED) or isinstance(event, h11.ConnectionClosed):
                break
    except h11.RemoteProtocolError as why:
        if not status:
            raise AnswerError(str(why)) from why
    if not status:
        raise AnswerError("it ends before its header does")
    return Answer(status=status, headers=headers, body=bytes(body), complete=complete)


def decode_content(data: bytes, coding: str, limit_bytes: int) -> bytes:
    """Take one content coding off, in steps, so that a bomb stops at the limit.

    Raises:
        AnswerError: unknown, broken, cut short, or larger than `limit_bytes` when decoded.
    """
    out = bytearray()
    try:
        for piece in _decoded(data, coding):
            out += piece
            if len(out) > limit_bytes:
                raise AnswerError(f"larger than {limit_bytes} bytes when decoded")
    except (zlib.error, brotli.error, zstandard.ZstdError) as why:
        raise AnswerError(f"its {coding} coding is broken: {why}") from why
    return bytes(out)


def _decoded(data: bytes, coding: str) -> Iterator[bytes]:
    if coding in ("gzip", "x-gzip"):
        yield from _inflated(data, zlib.MAX_WBITS | 16)
    elif coding == "deflate":
        # Both forms are met: with the zlib header that the standard asks for, and without.
        raw = not data or data[0] & 0x0F != 8
        yield from _inflated(data, -zlib.MAX_WBITS if raw else zlib.MAX_WBITS)
    elif coding == "br":
        decoder = brotli.Decompressor()
        yield decoder.process(data, output_buffer_limit=STEP_BYTES)
        while not decoder.is_finished():
            piece = decoder.process(b"", output_buffer_limit=STEP_BYTES)
            if not piece:
                raise AnswerError("its br coding is broken: it ends early")
            yield piece
    elif coding == "zstd":
        yield from _zstd_frames(data)
    else:
        raise AnswerError(f"its coding {coding[:20]!r} is unknown")


def _inflated(data: bytes, bits: int) -> Iterator[bytes]:
    while data:
        inflater = zlib.decompressobj(bits)
        yield inflater.decompress(data, STEP_BYTES)
        while inflater.unconsumed_tail:
            yield inflater.decompress(inflater.unconsumed_tail, STEP_BYTES)
        yield inflater.flush()
        if not inflater.eof:
            raise AnswerError("its gzip or deflate coding is broken: it ends early")
        # gzip may hold several members, one after the other.
        data = inflater.unused_data if bits > zlib.MAX_WBITS and inflater.unused_data[:2] == b"\x1f\x8b" else b""


def _zstd_frames(data: bytes) -> Iterator[bytes]:
    while data:
        frame = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_BYTES).decompressobj()
        for at in range(0, len(data), ZSTD_STEP_BYTES):
            yield frame.decompress(data[at : at + ZSTD_STEP_BYTES])
            if frame.eof:
                break
        if not frame.eof:
            raise AnswerError("its zstd coding is broken: it ends early")
        data = frame.unused_data + data[at + ZSTD_STEP_BYTES :]
