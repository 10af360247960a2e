"""Fetches one address and keeps every byte. Bounded in bytes and time; h11 tells where an answer ends."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Collection, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from urllib.parse import urlsplit

import h11

from standfast.capture.web.addresses import site_of, target_of
from standfast.capture.web.recorder import Exchange
from standfast.capture.web.scope import is_ip, may_ask
from standfast.clock import Clock
from standfast.holdings.http_answer import HEAD_LIMIT, Answer

READ_BYTES = 64 * 1024
CONNECT_S, SILENCE_S, ANSWER_S = 15.0, 30.0, 900.0
"""To connect; between two pieces; for a whole answer."""
SLOWEST_BYTES_S = 256
"""An answer that stays below this after the first half minute is given up: it is held open to hold us."""
INTERIM_LIMIT = 20
CRUMBS_LIMIT, CRUMB_BYTES = 50_000, 32
"""After so many pieces a body must average so many bytes a piece: reading crumbs costs far more than sending them."""
LARGE_BYTES = 16 * 1024 * 1024
"""Of answers longer than this only one at a time is taken into memory."""


class FetchError(Exception):
    """An address gave no whole answer. `again`: it may do so later."""

    def __init__(self, why: str, *, again: bool) -> None:
        """Why, in words."""
        super().__init__(why)
        self.again = again


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """An answer, read and as it was."""

    exchange: Exchange
    answer: Answer


class Fetcher:
    """One connection a request: simple, and no answer can be taken for another's."""

    def __init__(self, clock: Clock, *, answer_limit: int, total_limit: int, user_agent: str) -> None:
        """Limits in bytes: of one answer, and of all together."""
        self._clock, self._limit, self._total_limit, self._agent = clock, answer_limit, total_limit, user_agent
        self.private_allowed: Collection[str] = ()
        """Private IP addresses that may be asked: those of the origin itself."""
        self.received_bytes = 0
        self._large = asyncio.Semaphore(1)
        self._tls = ssl.create_default_context()
        self._tls.set_alpn_protocols(["http/1.1"])

    async def fetch(self, url: str, more_headers: Sequence[tuple[str, str]] = ()) -> Fetched:
        """Ask for an address with GET.

        Raises:
            FetchError: no whole answer.
        """
        try:
            async with asyncio.timeout(ANSWER_S):
                return await self._fetch(url, more_headers)
        except TimeoutError as why:
            raise FetchError(f"no whole answer within {ANSWER_S:.0f} s", again=False) from why

    async def resolve(self, url: str) -> list[str]:
        """The IP addresses of an address's host."""
        _, host, port = site_of(url)
        if is_ip(host):
            return [host]
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as why:
            raise FetchError(f"its host has no address: {why.strerror or why}", again=True) from why
        return [str(each[4][0]) for each in found]

    async def _fetch(self, url: str, more_headers: Sequence[tuple[str, str]]) -> Fetched:
        reader, writer, ip = await self._connect(url)
        try:
            connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_LIMIT)
            headers = [
                ("Host", urlsplit(url).netloc),
                ("User-Agent", self._agent),
                ("Accept", "*/*"),
                ("Accept-Encoding", "gzip, br"),
                *more_headers,
                ("Connection", "close"),
            ]
            request = (connection.send(h11.Request(method="GET", target=target_of(url), headers=headers)) or b"") + (
                connection.send(h11.EndOfMessage()) or b""
            )
            started_at = self._clock()
            writer.write(request)
            await writer.drain()
            raw, answer = await self._read(reader, connection)
        except (ConnectionError, ssl.SSLError, asyncio.IncompleteReadError) as why:
            raise FetchError(f"the connection broke: {why}", again=True) from why
        finally:
            writer.transport.abort()
        exchange = Exchange(url=url, ip=ip, started_at=started_at, request=request, response=raw)
        return Fetched(exchange=exchange, answer=answer)

    async def _connect(self, url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, str]:
        scheme, host, port = site_of(url)
        why: Exception = OSError("no address")
        for ip in await self.resolve(url):
            # Checked on the address that is then connected to: a name that changes its mind gains nothing.
            if not may_ask(ip, self.private_allowed):
                raise FetchError("it lies on a private address, and the site does not", again=False)
            tls = self._tls if scheme == "https" else None
            try:
                reader, writer = await asyncio.wait_for(
                    asyncio.open_connection(ip, port, ssl=tls, server_hostname=host if tls else None, limit=READ_BYTES),
                    CONNECT_S,
                )
            except ssl.SSLCertVerificationError as bad:
                raise FetchError(f"its certificate does not hold: {bad.verify_message}", again=False) from bad
            except (OSError, TimeoutError) as failed:
                why = failed
                continue
            return reader, writer, ip
        raise FetchError(f"no connection: {getattr(why, 'strerror', None) or why}", again=True) from why

    async def _read(self, reader: asyncio.StreamReader, connection: h11.Connection) -> tuple[bytes, Answer]:
        async with AsyncExitStack() as turn:
            return await self._read_all(reader, connection, turn)

    async def _read_all(
        self, reader: asyncio.StreamReader, connection: h11.Connection, turn: AsyncExitStack
    ) -> tuple[bytes, Answer]:
        raw, body = bytearray(), bytearray()
        status, is_large = 0, False
        interim_count = piece_count = 0
        headers: tuple[tuple[str, str], ...] = ()
        began = asyncio.get_running_loop().time()
        while True:
            try:
                event = connection.next_event()
            except h11.RemoteProtocolError as why:
                raise FetchError(f"no HTTP: {why}", again=bool(status)) from why
            if event is h11.NEED_DATA:
                piece = await self._next_piece(reader, began, len(raw))
                raw += piece
                self.received_bytes += len(piece)
                connection.receive_data(piece)
                self._check_size(len(raw))
                if len(raw) > LARGE_BYTES and not is_large:
                    is_large = True
                    await turn.enter_async_context(self._large)
            elif isinstance(event, h11.Response):
                status = event.status_code
                headers = tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in event.headers)
            elif isinstance(event, h11.InformationalResponse):
                interim_count += 1
                if interim_count > INTERIM_LIMIT:
                    raise FetchError(f"more than {INTERIM_LIMIT} interim answers", again=False)
            elif isinstance(event, h11.Data):
                body += event.data
                piece_count += 1
                if piece_count > CRUMBS_LIMIT and len(body) < piece_count * CRUMB_BYTES:
                    raise FetchError(f"{piece_count} pieces of less than {CRUMB_BYTES} bytes each", again=False)
            elif isinstance(event, h11.EndOfMessage):
                break
            else:
                raise FetchError("the connection ended before the answer did", again=True)
        return bytes(raw), Answer(status=status, headers=headers, body=bytes(body), complete=True)

    def _check_size(self, raw_bytes: int) -> None:
        """Of all that came, heads and chunk marks too: those can be without end as well."""
        if raw_bytes > self._limit + HEAD_LIMIT:
            raise FetchError(f"larger than {self._limit} bytes", again=False)
        if self.received_bytes > self._total_limit + HEAD_LIMIT:
            raise FetchError(f"with it the capture is larger than {self._total_limit} bytes", again=False)

    async def _next_piece(self, reader: asyncio.StreamReader, began: float, got_bytes: int) -> bytes:
        passed = asyncio.get_running_loop().time() - began
        if passed > SILENCE_S and got_bytes < SLOWEST_BYTES_S * passed:
            raise FetchError("it comes too slowly", again=False)
        try:
            return await asyncio.wait_for(reader.read(READ_BYTES), SILENCE_S)
        except TimeoutError as why:
            raise FetchError(f"nothing came for {SILENCE_S:.0f} s", again=True) from why
