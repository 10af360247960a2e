"""A cosigner on loopback, asked by strangers: every status, races, slow clients, floods, bytes that are no HTTP."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from cosigner_fixture import SIGNER, MemoryLog, make_cosigner, serving, url_of
from standfast.cosigning.server import Limits
from standfast.http_client import ask
from standfast.tlog.checkpoint import LogSigner, open_checkpoint
from standfast.tlog.cosign import find_cosignatures
from standfast.tlog.cosign_request import write_request
from standfast.tlog.note import SignatureLine, parse_note, write_note

LOG = MemoryLog()
LIE = MemoryLog("lie", forked_at=3)
HASH = hashlib.sha256(SIGNER.origin.encode()).hexdigest()
QUICK = Limits(idle_s=0.4, request_s=0.8, connections=8, connections_of_one=8, rate=1000)


@pytest.fixture
def made(tmp_path):
    return make_cosigner(tmp_path / "cosigner")


def post(server, body, prefix=""):
    return ask("POST", url_of(server, prefix) + "/add-checkpoint", body=body, limit_bytes=100_000, timeout_s=20)


def get(server, path):
    return ask("GET", url_of(server) + path, limit_bytes=100_000, timeout_s=20)


def test_every_status_of_the_specification(made):
    cosigner, state = made
    with serving(state) as server:
        assert get(server, f"/{HASH}/checkpoint").status == 404
        done = post(server, LOG.request(0, 5))
        assert done.status == 200
        assert len(find_cosignatures(parse_note(LOG.note(5) + done.body), cosigner.keys)) == 2
        other = LogSigner("other.example/log", bytes(32), bytes(32))
        assert post(server, MemoryLog(signer=other).request(0, 5)).status == 404
        note = parse_note(LOG.note(9))
        stranger = write_note(note.untrusted_text, [SignatureLine("who.example", b"1234", b"x" * 64)])
        assert post(server, write_request(5, LOG.proof(5, 9), stranger)).status == 403
        assert post(server, b"old 5\n\nnonsense").status == 400
        assert post(server, LOG.request(9, 5)).status == 400
        size = post(server, LOG.request(3, 9))
        assert (size.status, size.body, size.headers["content-type"]) == (409, b"5\n", "text/x.tlog.size")
        assert post(server, write_request(5, [], LOG.note(9))).status == 422
        assert post(server, LIE.request(5, 5)).status == 422
        assert post(server, LOG.request(5, 9)).status == 200
        shown = get(server, f"/{HASH}/checkpoint")
        assert open_checkpoint(shown.body, SIGNER.vkeys) == LOG.checkpoint(9)
        assert len(find_cosignatures(parse_note(shown.body), cosigner.keys)) == 2
    assert [each.two_roots for each in state.evidence()].count(True) == 1


def test_other_paths_and_methods(made):
    with serving(made[1], prefix="/w") as server:
        assert post(server, LOG.request(0, 5), "/w").status == 200
        assert post(server, LOG.request(0, 5)).status == 404
        assert get(server, "/w/add-checkpoint").status == 405
        assert get(server, f"/w/{HASH}/checkpoint").status == 200
        assert get(server, f"/w/{HASH.upper()}/checkpoint").status == 404
        assert get(server, "/").status == 404


def test_a_lost_database_is_503_and_says_nothing_of_the_machine(made, tmp_path):
    with serving(made[1]) as server:
        (tmp_path / "cosigner" / "cosigner.sqlite").unlink()
        lost = post(server, LOG.request(0, 5))
        assert lost.status == 503
        assert str(tmp_path).encode() not in lost.body
        assert get(server, f"/{HASH}/checkpoint").status == 503


def test_races_8_requests_at_once_for_two_sizes_give_one_200(made):
    state = made[1]
    with serving(state) as server:
        assert post(server, LOG.request(0, 5)).status == 200
        size = 5
        for round_number in range(6):
            sizes = (size + 3, size + 7)
            bodies = [LOG.request(size, sizes[n % 2]) for n in range(8)]
            together = threading.Barrier(8)

            def one(body, together=together):
                together.wait()
                return post(server, body)

            with ThreadPoolExecutor(8) as pool:
                answers = list(pool.map(one, bodies))
            assert sorted(each.status for each in answers) == [200] + [409] * 7, round_number
            won = sizes[[each.status for each in answers].index(200) % 2]
            assert {each.body for each in answers if each.status == 409} == {f"{won}\n".encode()}
            size = won
            time.sleep(1.6)  # the bucket of an address fills at five a second
        assert state.logs()[0].size == size


def raw(server, *pieces, pause_s=0.0, wait_s=5.0):
    """Send bytes piece by piece; what comes back until the other side closes."""
    with socket.create_connection(server.address, timeout=wait_s) as line:
        try:
            for piece in pieces:
                line.sendall(piece)
                time.sleep(pause_s)
        except OSError:
            pass
        got = bytearray()
        try:
            while piece := line.recv(65536):
                got += piece
        except OSError:
            pass
        return bytes(got)


def head(length, extra=""):
    return f"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{extra}\r\n".encode()


@pytest.mark.parametrize(
    ("pieces", "status"),
    [
        ([b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"], b"400"),
        ([b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * 40_000 + b"\r\n\r\n"], b"431"),
        ([b"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\nContent-Length: 1e9\r\n\r\n"], b"400"),
        ([b"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n"], b"501"),
        ([head(10**9), b"x" * 300_000], b"413"),
        ([head(100), b"old 0\n"], b"408"),
        ([b"GET /checkpo"], b"408"),
    ],
)
def test_bytes_that_are_no_honest_request(made, pieces, status):
    with serving(made[1], QUICK) as server:
        answer = raw(server, *pieces)
        assert answer.split(b" ", 2)[1] == status, answer[:200]
        assert post(server, LOG.request(0, 5)).status == 200


def test_a_body_in_chunks_with_100_continue(made):
    body = LOG.request(0, 5)
    chunked = b"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    pieces = [b"%x\r\n%s\r\n" % (len(body[at : at + 100]), body[at : at + 100]) for at in range(0, len(body), 100)]
    with serving(made[1], QUICK) as server:
        assert raw(server, chunked + b"".join(pieces) + b"0\r\n\r\n").startswith(b"HTTP/1.1 200 ")
        again = raw(server, head(len(body), "Expect: 100-continue\r\n"), body, pause_s=0.2)
        assert again.startswith(b"HTTP/1.1 100 ")
        assert b"HTTP/1.1 409 " in again


def test_several_requests_on_one_line_and_an_idle_line_is_closed(made):
    one = f"GET /{HASH}/checkpoint HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    with serving(made[1], QUICK) as server:
        began = time.monotonic()
        assert raw(server, one * 3).count(b"HTTP/1.1 404 ") == 3
        assert time.monotonic() - began < 3
        assert raw(server) == b""


def test_slow_clients_take_their_places_only_for_a_while(made):
    with serving(made[1], QUICK) as server:
        slow = [socket.create_connection(server.address) for _ in range(QUICK.connections)]
        try:
            for each in slow:
                each.sendall(b"POST /add-checkpoint HTTP/1.1\r\nHo")
            time.sleep(0.2)
            assert raw(server).startswith(b"HTTP/1.1 503 ")
            # A byte now and then does not lengthen the time that a request may take.
            for _ in range(5):
                time.sleep(0.2)
                for each in slow:
                    with contextlib.suppress(OSError):
                        each.sendall(b"s")
            time.sleep(0.5)
            assert post(server, LOG.request(0, 5)).status == 200
        finally:
            for each in slow:
                each.close()


def test_who_asks_too_often_is_told_to_wait(made):
    with serving(made[1], Limits(rate=0.1)) as server:
        statuses = [post(server, b"nonsense").status for _ in range(30)]
        assert statuses[:20] == [400] * 20
        assert statuses[20:] == [429] * 10
        assert get(server, f"/{HASH}/checkpoint").status == 404


def test_a_client_that_reads_nothing_does_not_hold_the_end_up(made):
    with serving(made[1], QUICK) as server:
        line = socket.create_connection(server.address)
        line.sendall(f"GET /{HASH}/checkpoint HTTP/1.1\r\nHost: x\r\n\r\n".encode() * 200)
        began = time.monotonic()
    assert time.monotonic() - began < 10
    line.close()
