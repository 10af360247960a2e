"""A web server on loopback that sends exactly the bytes it is told to, well-formed or not."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from standfast.capture.landing import Failure, Finished, Landed, LandingEvent, Unchanged
from standfast.capture.origin import WebOrigin
from standfast.capture.web.crawl import WebCapture

Answer = bytes | Callable[["socket.socket", bytes], None]
NOON = datetime(2031, 5, 4, 12, tzinfo=UTC)


def answer(body: bytes | str = b"", kind: str = "text/html; charset=utf-8", status: int = 200, **more: str) -> bytes:
    """A plain answer; further headers with `_` for `-`."""
    raw = body.encode() if isinstance(body, str) else body
    head = {"Content-Type": kind, "Content-Length": str(len(raw)), **{k.replace("_", "-"): v for k, v in more.items()}}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    return f"HTTP/1.1 {status} Example\r\n{lines}\r\n".encode() + raw


@dataclass
class RawSite:
    """Answers by path; what is not there is a 404."""

    answers: dict[str, Answer] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    requests: list[bytes] = field(default_factory=list)
    otherwise: Callable[[str], bytes] | None = None
    origin: str = ""

    def serve_one(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(20)
            request = b""
            while b"\r\n\r\n" not in request:
                piece = connection.recv(65536)
                if not piece:
                    return
                request += piece
            path = request.split(b" ")[1].decode("ascii")
            self.asked[path] += 1
            self.requests.append(request)
            found = self.answers.get(path)
            if found is None and self.otherwise:
                found = self.otherwise(path)
            if found is None:
                found = answer("<h1>404</h1>", status=404)
            if callable(found):
                found(connection, request)
            else:
                connection.sendall(found)


@contextmanager
def raw_site(answers: dict[str, Answer]) -> Iterator[RawSite]:
    """Serve while the block runs."""
    site = RawSite(dict(answers))
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    site.origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
    stopped = threading.Event()

    def accept() -> None:
        while not stopped.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=site.serve_one, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        stopped.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(timeout=5)


class MemorySeen:
    """What intake would remember between two runs."""

    def __init__(self) -> None:
        self.memos: dict[bytes, bytes] = {}

    def unchanged(self, pairs: Any) -> list[bool]:
        return [False for _ in pairs]

    def recall(self, key: bytes) -> bytes | None:
        return self.memos.get(key)


@dataclass
class Run:
    """All that one run yielded."""

    landed: dict[str, Landed] = field(default_factory=dict)
    unchanged: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    complete: bool | None = None
    passed_over: tuple[tuple[str, int], ...] = ()

    def why(self, url: str) -> str:
        """What failed at an address."""
        return "; ".join(failure.why for failure in self.failures if failure.what == url)

    def add(self, event: LandingEvent) -> None:
        """One more event."""
        if isinstance(event, Landed):
            key = event.key.decode()
            assert key not in self.landed, f"landed twice: {key}"
            self.landed[key] = event
        elif isinstance(event, Unchanged):
            self.unchanged += [key.decode() for key in event.keys]
        elif isinstance(event, Failure):
            self.failures.append(event)
        elif isinstance(event, Finished):
            self.complete, self.passed_over = event.complete, event.passed_over


def capture(url: str, seen: MemorySeen | None = None, **settings: Any) -> Run:
    """Capture to the end, and remember for the next run in `seen`."""
    memory, run = seen or MemorySeen(), Run()
    origin = WebOrigin(name="example", url=url, **{"rate": 1e6, **settings})
    for event in WebCapture(origin, tool="test", clock=lambda: NOON).run(memory):
        run.add(event)
    memory.memos.update({landed.key: landed.memo for landed in run.landed.values()})
    return run
