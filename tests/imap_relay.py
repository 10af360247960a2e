"""A relay on loopback between a mail client and its server: it counts, keeps what was said, and breaks when told."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Callable, Iterator

BLOCK_BYTES = 16 * 1024


class Relay:
    """Passes everything on, until `break_after` says how many bytes of the server's a connection lives for."""

    def __init__(self, port: int) -> None:
        """`port`: the server's, on 127.0.0.1."""
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.break_after: Callable[[], int | None] = lambda: None
        self.from_server_bytes = self.from_client_bytes = 0
        self.connections = self.broken = 0
        self.open_at_once = self._open = 0
        self.said = b""
        """What clients said, all connections mixed."""
        self._closing = False
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def forget(self) -> None:
        """Count from nothing again."""
        with self._lock:
            self.from_server_bytes = self.from_client_bytes = self.connections = self.broken = self.open_at_once = 0
            self.said = b""

    def close(self) -> None:
        """End it and all that goes through it."""
        self._closing = True
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while not self._closing:
            ready, _, _ = select.select([self._listener], [], [], 0.05) if not self._closing else ([], [], [])
            if not ready:
                continue
            with contextlib.suppress(OSError, ValueError):
                client, _ = self._listener.accept()
                thread = threading.Thread(target=self._pass_on, args=(client,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _pass_on(self, client: socket.socket) -> None:
        with self._lock:
            self.connections += 1
            self._open += 1
            self.open_at_once = max(self.open_at_once, self._open)
        left = self.break_after()
        try:
            with client, socket.create_connection(("127.0.0.1", self._target)) as server:
                self._pump(client, server, left)
        except OSError:
            pass
        finally:
            with self._lock:
                self._open -= 1

    def _pump(self, client: socket.socket, server: socket.socket, left: int | None) -> None:
        while not self._closing:
            ready, _, _ = select.select([client, server], [], [], 0.05)
            for each in ready:
                size = BLOCK_BYTES if left is None or each is client else min(BLOCK_BYTES, left)
                block = each.recv(size)
                if not block:
                    return
                with self._lock:
                    if each is client:
                        self.from_client_bytes += len(block)
                        self.said += block
                    else:
                        self.from_server_bytes += len(block)
                (server if each is client else client).sendall(block)
                if each is server and left is not None:
                    left -= len(block)
                    if left <= 0:
                        with self._lock:
                            self.broken += 1
                        return


@contextlib.contextmanager
def relay_to(port: int) -> Iterator[Relay]:
    """A relay that ends with the context."""
    relay = Relay(port)
    try:
        yield relay
    finally:
        relay.close()
