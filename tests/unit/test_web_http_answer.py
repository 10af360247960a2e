"""An answer is read alike at capture and at restore; a bomb or a cut body is never taken for whole."""

from __future__ import annotations

import gzip
import zlib
from contextlib import suppress

import brotli
import h11
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from standfast.holdings.http_answer import Answer, AnswerError, decode_content, parse_answer

TEXT = "an example, مثال ".encode() * 200
CODED = {
    "gzip": gzip.compress(TEXT, mtime=0),
    "x-gzip": gzip.compress(TEXT, mtime=0),
    "deflate": zlib.compress(TEXT),
    "br": brotli.compress(TEXT),
    "zstd": zstandard.ZstdCompressor().compress(TEXT),
}
LIMIT = 1 << 20


def of(body: bytes, *headers: str) -> Answer:
    return parse_answer("\r\n".join(["HTTP/1.1 200 OK", *headers, "", ""]).encode() + body)


@pytest.mark.parametrize("coding", CODED)
def test_each_coding_comes_off(coding: str) -> None:
    answer = of(CODED[coding], f"Content-Length: {len(CODED[coding])}", f"Content-Encoding: {coding.upper()}")
    assert answer.body == CODED[coding]
    assert answer.payload(LIMIT) == TEXT


def test_codings_come_off_last_first_and_all_members_of_a_gzip_body_count() -> None:
    assert of(gzip.compress(brotli.compress(TEXT)), "Content-Encoding: br, gzip").payload(LIMIT) == TEXT
    assert of(CODED["gzip"] + CODED["gzip"], "Content-Encoding: gzip").payload(LIMIT) == TEXT * 2
    raw = zlib.compressobj(wbits=-15)
    assert of(raw.compress(TEXT) + raw.flush(), "Content-Encoding: deflate").payload(LIMIT) == TEXT
    assert of(TEXT, "Content-Encoding: identity").payload(LIMIT) == TEXT
    assert of(b"", "Content-Encoding: gzip", "Content-Length: 0").payload(LIMIT) == b""


@pytest.mark.parametrize("coding", CODED)
@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_a_body_that_is_cut_is_not_taken_for_whole(coding: str, kept: float) -> None:
    with pytest.raises(AnswerError, match="coding"):
        decode_content(CODED[coding][: int(len(CODED[coding]) * kept)], coding, LIMIT)


@pytest.mark.parametrize("coding", CODED)
def test_what_is_none_of_its_coding_is_said(coding: str) -> None:
    with pytest.raises(AnswerError):
        decode_content(b"\xff\xfeplain text that was never coded", coding, LIMIT)
    with pytest.raises(AnswerError, match="unknown"):
        decode_content(b"x", "compress", LIMIT)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_bomb_stops_at_the_limit(coding: str) -> None:
    zeros = bytes(64 << 20)
    bomb = {
        "gzip": lambda: gzip.compress(zeros, 1),
        "deflate": lambda: zlib.compress(zeros, 1),
        "br": lambda: brotli.compress(zeros, quality=1),
        "zstd": lambda: zstandard.ZstdCompressor(level=1).compress(zeros),
    }[coding]()
    assert len(bomb) < 1 << 20
    with pytest.raises(AnswerError, match="larger than 1048576 bytes"):
        decode_content(bomb, coding, LIMIT)


def test_chunks_extensions_trailers_and_interim_answers() -> None:
    raw = (
        b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"5;n=1\r\nhello\r\n6;x\r\n world\r\n0\r\nX-Trailer: 1\r\n\r\n"
    )
    answer = parse_answer(raw)
    assert (answer.status, answer.body, answer.complete) == (200, b"hello world", True)
    assert answer.header("x-trailer") == answer.header("link") == ""


def test_a_body_shorter_than_it_says_is_not_complete() -> None:
    assert not of(b"short", "Content-Length: 500").complete
    assert of(b"until the end").complete
    assert of(b"only fourand what follows", "Content-Length: 9").body == b"only four"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"SSH-2.0-example\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno end of the head",
        b"HTTP/1.1 200 OK\r\nBad Header: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"a" * (1 << 20),
    ],
)
def test_what_is_no_answer_is_said(raw: bytes) -> None:
    with pytest.raises(AnswerError):
        parse_answer(raw)


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=6), st.sampled_from(sorted(CODED)))
def test_whatever_was_sent_in_whatever_chunks_is_read_back(pieces: list[bytes], coding: str) -> None:
    server = h11.Connection(h11.SERVER)
    server.receive_data(b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")
    server.next_event()
    server.next_event()
    raw = server.send(h11.Response(status_code=200, headers=[("Transfer-Encoding", "chunked")])) or b""
    for piece in pieces:
        raw += server.send(h11.Data(data=piece)) or b""
    raw += server.send(h11.EndOfMessage()) or b""
    assert parse_answer(raw).body == b"".join(pieces)


@given(st.binary(max_size=400))
def test_no_bytes_at_all_do_more_than_raise(raw: bytes) -> None:
    for coding in CODED:
        with suppress(AnswerError):
            assert len(decode_content(raw, coding, LIMIT)) <= LIMIT
    with suppress(AnswerError):
        assert 200 <= parse_answer(b"HTTP/1.1 " + raw).status <= 999
