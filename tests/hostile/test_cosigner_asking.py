"""A cosigner that lies, stalls or floods: nothing of it is kept, and asking it ends in bounds."""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cosigner_fixture import AT, SIGNER, MemoryLog
from standfast.cosigning.asking import Peer, ask_cosigner, ask_last_seen
from standfast.errors.cosigning import CosignerAnswerError
from standfast.errors.network import AnswerTooLargeError, NetworkError
from standfast.tlog.checkpoint import Checkpoint, LogSigner
from standfast.tlog.cosign import Cosigner

LOG = MemoryLog()
COSIGNER = Cosigner("ngo-a.example/w", b"a" * 32, b"b" * 32)
OTHER = Cosigner("ngo-a.example/w", b"c" * 32, b"d" * 32)
GOOD = "".join(line.text() for line in COSIGNER.cosign(LOG.checkpoint(9), AT)).encode()
Reply = tuple[int, bytes]


class LogAt:
    """What `ask_cosigner` needs of a log reader, over a log in memory."""

    def __init__(self, size: int) -> None:
        self.size, self.checkpoint = size, LOG.checkpoint(size)

    def consistency_proof(self, old: int) -> list[bytes]:
        return LOG.proof(old, self.size)


@contextlib.contextmanager
def answering(reply: Callable[[int, bytes], Reply]) -> Iterator[tuple[Peer, list[bytes]]]:
    """A server that answers the n-th question as it is told to; and the questions."""
    asked: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append(body)
            status, answer = reply(len(asked) - 1, body)
            with contextlib.suppress(OSError):
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

        def do_GET(self) -> None:
            self.headers["Content-Length"] = "0"
            self.do_POST()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield Peer(name="ngo-a", url=f"http://127.0.0.1:{server.server_port}", keys=COSIGNER.keys), asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def asked_of(peer: Peer, known: int = 0, within_s: float = 10, sleep: Callable[[float], None] = lambda _: None):
    return ask_cosigner(peer, LogAt(9), LOG.note(9), known, within_s=within_s, sleep=sleep)  # type: ignore[arg-type]


def changed(raw: bytes, at: int) -> bytes:
    turned = bytearray(raw)
    turned[at] = ord("B") if turned[at] != ord("B") else ord("C")
    return bytes(turned)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n",
        b"nonsense\n",
        GOOD[:-1],
        changed(GOOD, 60),
        changed(GOOD, len(GOOD) - 100),
        "".join(line.text() for line in OTHER.cosign(LOG.checkpoint(9), AT)).encode(),
        "".join(line.text() for line in COSIGNER.cosign(LOG.checkpoint(8), AT)).encode(),
        "".join(line.text() for line in COSIGNER.cosign(Checkpoint("other.example/log", 9, LOG.root(9)), AT)).encode(),
        GOOD + changed(GOOD, 60),
        b"\xff\xfe\n",
        "— ngo-a.example/w QSs5VAAAAA==\n".encode(),
    ],
)
def test_a_200_that_holds_no_cosignature_of_ours(body):
    with answering(lambda *_: (200, body)) as (peer, _), pytest.raises(CosignerAnswerError):
        asked_of(peer)


def test_lines_by_others_beside_its_own_are_left_out():
    stranger = "".join(line.text() for line in OTHER.cosign(LOG.checkpoint(9), AT)).encode()
    with answering(lambda *_: (200, stranger + GOOD)) as (peer, _):
        found = asked_of(peer)
    assert {line.key_id for line in found.lines} == {key.key_id for key in COSIGNER.keys}


def test_the_proof_is_made_from_the_size_that_it_names():
    with answering(lambda n, _: (409, b"5\n") if n == 0 else (200, GOOD)) as (peer, asked):
        asked_of(peer, known=7)
    assert [body.partition(b"\n")[0] for body in asked] == [b"old 7", b"old 5"]


@pytest.mark.parametrize(
    ("reply", "questions"),
    [
        (lambda n, _: (409, b"10\n"), 1),
        (lambda n, _: (409, b"0\n"), 1),
        (lambda n, _: (409, b"%d\n" % (n + 1)), 3),
        (lambda n, _: (409, b"5"), 1),
        (lambda n, _: (409, b"-5\n"), 1),
        (lambda n, _: (409, b"9" * 400 + b"\n"), 1),
        (lambda n, _: (422, b"no\x1b[2J"), 1),
        (lambda n, _: (404, b""), 1),
        (lambda n, _: (403, b""), 1),
        (lambda n, _: (302, b""), 1),
        (lambda n, _: (503, b""), 3),
        (lambda n, _: (429, b""), 3),
    ],
)
def test_a_refusal_ends_in_bounds(reply, questions):
    waited: list[float] = []
    with answering(reply) as (peer, asked), pytest.raises(CosignerAnswerError):
        asked_of(peer, sleep=waited.append)
    assert len(asked) == questions
    assert waited == ([0.5, 2.0] if questions == 3 and len(waited) else [])


def test_it_is_tried_again_when_there_is_no_room_for_a_moment():
    with answering(lambda n, _: (503, b"") if n < 2 else (200, GOOD)) as (peer, asked):
        asked_of(peer)
    assert len(asked) == 3


def test_an_answer_without_end_and_one_that_never_comes():
    with answering(lambda *_: (200, b"x" * 1_000_000)) as (peer, _), pytest.raises(AnswerTooLargeError):
        asked_of(peer)
    gate = threading.Event()

    def stall(*_: object) -> Reply:
        gate.wait(10)
        return 200, GOOD

    with answering(stall) as (peer, _):
        began = time.monotonic()
        with pytest.raises(NetworkError):
            asked_of(peer, within_s=0.7)
        assert time.monotonic() - began < 3
        gate.set()


def test_nobody_there():
    with answering(lambda *_: (200, b"")) as (peer, _):
        pass
    waited: list[float] = []
    with pytest.raises(NetworkError):
        asked_of(peer, sleep=waited.append)
    assert waited == [0.5, 2.0]


def last_seen_of(body: bytes, status: int = 200):
    with answering(lambda *_: (status, body)) as (peer, _):
        return ask_last_seen(peer, SIGNER.origin, SIGNER.vkeys, within_s=5)


def test_what_it_shows_of_our_log_must_be_signed_by_our_log():
    assert last_seen_of(b"", 404) is None
    assert last_seen_of(LOG.note(9)) == LOG.checkpoint(9)
    other = LogSigner("other.example/log", bytes(32), bytes(32))
    forged = LogSigner(SIGNER.origin, bytes(32), bytes(32))
    for body in (
        b"",
        b"nonsense",
        MemoryLog(signer=other).note(99),
        MemoryLog(signer=forged).note(99),
        LOG.note(9).replace(b"\n9\n", b"\n99\n", 1),
    ):
        with pytest.raises(CosignerAnswerError):
            last_seen_of(body)
    with pytest.raises(CosignerAnswerError):
        last_seen_of(LOG.note(9), 500)
    assert len(hashlib.sha256(SIGNER.origin.encode()).hexdigest()) == 64
