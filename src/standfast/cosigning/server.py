"""A cosigner over HTTP: C2SP tlog-witness `add-checkpoint`, and the monitoring endpoint.

    POST <prefix>/add-checkpoint            200, 400, 403, 404, 409, 422 as `judge` says
    GET  <prefix>/<sha256(origin)>/checkpoint

Everybody may ask, so everything is bounded: connections in all and from one address (503), a request's head (431), its
body (413), how long it may take to come in (408) and its answer to go out, and how often one address asks (429). No
address is written down. Whoever needs TLS sets a web server before it: what is asked and answered is signed in itself.
"""

from __future__ import annotations

import contextlib
import http
import re
import socket
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import h11

from standfast.clock import monotonic_s
from standfast.cosigning.state import CosignerState
from standfast.errors.base import StandfastError
from standfast.errors.cosigning import CosigningError, NotCosignedError, OtherSizeError
from standfast.tlog.cosign_request import REQUEST_LIMIT_BYTES, SIZE_TYPE

HEAD_LIMIT_BYTES = 16 * 1024
PIECE_BYTES = 8 * 1024
ADDRESSES_KEPT = 4_096
RATE = 5.0
_MONITOR = re.compile("/([0-9a-f]{64})/checkpoint")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a stranger may take up."""

    connections: int = 64
    connections_of_one: int = 16
    """From one address. Behind a web server all come from one: then as many as `connections`."""
    idle_s: float = 5.0
    """Between requests of one connection."""
    request_s: float = 10.0
    """From a request's first byte to its last; the same again for the answer."""
    requests: int = 1_000
    """On one connection."""
    rate: float = RATE
    """Questions to cosign a second, from one address; after a burst of four seconds' worth, at least 20."""


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    body: bytes
    kind: str = "text/plain; charset=utf-8"


Tell = Callable[[str], None]


class CosignerServer:
    """Listens from its making on. `run` in a thread; `stop` ends it and waits for what is under way."""

    def __init__(
        self,
        state: CosignerState,
        address: tuple[str, int],
        *,
        prefix: str = "",
        limits: Limits | None = None,
        tell: Tell | None = None,
    ) -> None:
        """Bind to an address; port 0 for any free one.

        Raises:
            OSError: it can't be had.
        """
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._state, self._prefix, self._limits, self._tell = state, prefix.rstrip("/"), limits or Limits(), tell
        self._listening = socket.create_server(address, family=family, backlog=128)
        self._rates = _Rates(self._limits.rate)
        self._lock = threading.Lock()
        self._open: dict[socket.socket, str] = {}
        self._threads: set[threading.Thread] = set()
        self._stopping = False

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that it listens on."""
        name = self._listening.getsockname()
        return name[0], name[1]

    def run(self) -> None:
        """Take connections until `stop`."""
        while True:
            try:
                connection, peer = self._listening.accept()
            except OSError:
                if self._stopping:
                    return
                raise
            host = str(peer[0])
            with self._lock:
                taken = list(self._open.values())
                full = len(taken) >= self._limits.connections or taken.count(host) >= self._limits.connections_of_one
                if not full and not self._stopping:
                    self._open[connection] = host
                    thread = threading.Thread(target=self._serve, args=(connection, host), name="cosigner", daemon=True)
                    self._threads.add(thread)
                    thread.start()
                    continue
            _turn_away(connection)

    def stop(self) -> None:
        """Take no more, let what is under way end, and let go of everything."""
        self._stopping = True
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        with self._lock:
            waiting = list(self._threads)
            for each in self._open:
                # Wakes who waits for a next request; an answer still goes out.
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RD)
        for thread in waiting:
            thread.join(2 * self._limits.request_s)

    def _serve(self, connection: socket.socket, host: str) -> None:
        try:
            with connection:
                _Conversation(self, connection, host).run()
        except (OSError, h11.ProtocolError):
            pass  # the other side went away
        finally:
            with self._lock:
                self._open.pop(connection, None)
                self._threads.discard(threading.current_thread())

    def answer(self, method: str, target: str, body: bytes, host: str) -> _Reply:
        """The reply to one request. A defect of ours is a 500, and the connection goes on."""
        path = target.partition("?")[0]
        if not path.startswith(self._prefix):
            return _plain(404)
        path = path[len(self._prefix) :]
        monitored = _MONITOR.fullmatch(path)
        try:
            if path == "/add-checkpoint":
                if method != "POST":
                    return _plain(405)
                return self._add_checkpoint(body) if self._rates.may(host) else _plain(429)
            if monitored:
                return self._monitor(monitored[1]) if method == "GET" else _plain(405)
        except Exception as why:
            self._say(f"a defect: {why!r}")
            return _plain(500)
        return _plain(404)

    @property
    def limits(self) -> Limits:
        """What strangers may take up."""
        return self._limits

    def _add_checkpoint(self, body: bytes) -> _Reply:
        try:
            return _Reply(200, self._state.cosign(body))
        except OtherSizeError as why:
            return _Reply(409, f"{why.size}\n".encode(), SIZE_TYPE)
        except CosigningError as why:
            if isinstance(why, NotCosignedError) or why.http_status >= 500:
                self._say(f"{why.code}: {why}")
            # Where it lies on this machine is nobody else's.
            return _plain(503) if why.http_status >= 500 else _Reply(why.http_status, f"{why}\n".encode())

    def _monitor(self, origin_hash: str) -> _Reply:
        try:
            note = self._state.find_checkpoint(origin_hash)
        except StandfastError as why:
            self._say(f"{why.code}: {why}")
            return _plain(503)
        return _plain(404) if note is None else _Reply(200, note)

    def _say(self, what: str) -> None:
        if self._tell:
            self._tell(what)


class _Conversation:
    """One connection, to its end."""

    def __init__(self, server: CosignerServer, connection: socket.socket, host: str) -> None:
        self._server, self._socket, self._host = server, connection, host
        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_LIMIT_BYTES)

    def run(self) -> None:
        limits = self._server.limits
        for number in range(limits.requests):
            reply = self._one(last=number + 1 == limits.requests)
            if reply is None or self._h11.our_state is not h11.DONE or self._h11.their_state is not h11.DONE:
                return
            self._h11.start_next_cycle()

    def _one(self, *, last: bool) -> _Reply | None:
        """Read one request and answer it; None where none came."""
        limits = self._server.limits
        until: float | None = None
        method, target, body = "", "", bytearray()
        try:
            while True:
                event = self._h11.next_event()
                if event is h11.NEED_DATA:
                    if self._h11.they_are_waiting_for_100_continue:
                        self._send(h11.InformationalResponse(status_code=100, headers=[]))
                    piece = self._receive(limits.idle_s if until is None else until - monotonic_s())
                    if until is None:
                        until = monotonic_s() + limits.request_s
                    self._h11.receive_data(piece)
                elif isinstance(event, h11.Request):
                    until = until or monotonic_s() + limits.request_s
                    method, target = event.method.decode(), event.target.decode("ascii", "replace")
                elif isinstance(event, h11.Data):
                    body += event.data
                    if len(body) > REQUEST_LIMIT_BYTES:
                        return self._reply(_plain(413), last=True)
                elif isinstance(event, h11.EndOfMessage):
                    return self._reply(self._server.answer(method, target, bytes(body), self._host), last=last)
                else:
                    return None
        except TimeoutError:
            return None if until is None else self._reply(_plain(408), last=True)
        except h11.RemoteProtocolError as why:
            return self._reply(_plain(why.error_status_hint), last=True)

    def _receive(self, wait_s: float) -> bytes:
        if wait_s <= 0:
            raise TimeoutError
        self._socket.settimeout(wait_s)
        return self._socket.recv(PIECE_BYTES)

    def _reply(self, reply: _Reply, *, last: bool) -> _Reply:
        if self._h11.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return reply
        headers = [("Content-Type", reply.kind), ("Content-Length", str(len(reply.body)))]
        headers += [("Connection", "close")] if last else []
        headers += [("Retry-After", "5")] if reply.status in (429, 503) else []
        reason = http.HTTPStatus(reply.status).phrase.encode()
        self._send(h11.Response(status_code=reply.status, headers=headers, reason=reason))
        self._send(h11.Data(data=reply.body))
        self._send(h11.EndOfMessage())
        return reply

    def _send(self, event: h11.InformationalResponse | h11.Response | h11.Data | h11.EndOfMessage) -> None:
        data = self._h11.send(event)
        if data:
            self._socket.settimeout(self._server.limits.request_s)
            self._socket.sendall(data)


class _Rates:
    """How often each address may ask: a bucket of tokens each, of those that asked lately."""

    def __init__(self, rate: float) -> None:
        self._rate, self._burst = rate, max(20.0, 4 * rate)
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def may(self, host: str) -> bool:
        now = monotonic_s()
        with self._lock:
            tokens, at = self._buckets.pop(host, (self._burst, now))
            tokens = min(self._burst, tokens + (now - at) * self._rate)
            self._buckets[host] = (tokens - 1 if tokens >= 1 else tokens, now)
            if len(self._buckets) > ADDRESSES_KEPT:
                self._buckets.popitem(last=False)
        return tokens >= 1


def _plain(status: int) -> _Reply:
    return _Reply(status, (http.HTTPStatus(status).phrase + "\n").encode())


def _turn_away(connection: socket.socket) -> None:
    """Say that there is no room, without waiting for anything."""
    with contextlib.suppress(OSError), connection:
        connection.settimeout(0)
        connection.send(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
