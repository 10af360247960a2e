"""A log in memory that can lie, and cosigners to ask about it."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from standfast.cosigning.identity import make_identity
from standfast.cosigning.server import CosignerServer, Limits
from standfast.cosigning.state import CosignerState, make_state
from standfast.tlog.checkpoint import Checkpoint, LogSigner
from standfast.tlog.cosign import Cosigner
from standfast.tlog.cosign_request import write_request
from standfast.tlog.tree import EMPTY_ROOT, consistency_ranges, fold, leaf_hash, peaks, perfect_root

AT = datetime(2031, 5, 4, 12, tzinfo=UTC)
SIGNER = LogSigner("vault.example/log", bytes(range(32)), bytes(range(32, 64)))


class Ticking:
    """A clock that a test moves."""

    def __init__(self, at: datetime = AT) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def later(self, **span: float) -> None:
        self.at += timedelta(**span)


class MemoryLog:
    """Leaves by number and history; a lie is a history with another name. Proofs are made from the leaves."""

    def __init__(self, history: str = "true", *, forked_at: int = 0, signer: LogSigner = SIGNER) -> None:
        self.history, self.forked_at, self.signer = history, forked_at, signer

    def hashes(self, size: int) -> list[bytes]:
        return [leaf_hash(f"{self.history if n >= self.forked_at else 'true'} {n}".encode()) for n in range(size)]

    def root(self, size: int) -> bytes:
        return self._root(self.hashes(size), 0, size)

    def note(self, size: int) -> bytes:
        return self.signer.sign(size, self.root(size), AT)

    def checkpoint(self, size: int) -> Checkpoint:
        return Checkpoint(self.signer.origin, size, self.root(size))

    def proof(self, old: int, new: int) -> list[bytes]:
        hashes = self.hashes(new)
        return [self._root(hashes, start, stop) for start, stop in consistency_ranges(old, new)]

    def request(self, old: int, new: int) -> bytes:
        return write_request(old, self.proof(old, new) if old <= new else [], self.note(new))

    def _root(self, hashes: list[bytes], start: int, stop: int) -> bytes:
        if start == stop:
            return EMPTY_ROOT
        return fold(perfect_root(hashes[low:high]) for low, high in peaks(start, stop))


def make_cosigner(
    folder: Path, name: str = "ngo-a.example/w", clock: Ticking | None = None, *, trusts: LogSigner | None = SIGNER
) -> tuple[Cosigner, CosignerState]:
    """A new cosigner in a folder, which trusts the log's two keys."""
    folder.mkdir(parents=True, exist_ok=True)
    make_state(folder)
    seed = hashlib.sha256(name.encode()).digest()
    counter = iter(range(9))
    cosigner = make_identity(folder, name, lambda count: hashlib.sha256(seed + bytes([next(counter)])).digest()[:count])
    state = CosignerState(folder, cosigner, clock or Ticking())
    state.bind()
    if trusts:
        state.trust(trusts.vkeys)
    return cosigner, state


@contextlib.contextmanager
def serving(state: CosignerState, limits: Limits | None = None, prefix: str = "") -> Iterator[CosignerServer]:
    """A cosigner on loopback, until the end of the block."""
    server = CosignerServer(state, ("127.0.0.1", 0), limits=limits, prefix=prefix)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(30)
        assert not thread.is_alive()


def url_of(server: CosignerServer, prefix: str = "") -> str:
    """Where it can be asked."""
    host, port = server.address
    return f"http://{host}:{port}{prefix}"
