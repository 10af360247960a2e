"""A small real vault for tests: genesis, a memory origin, accessions."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from standfast.capture.landing import Finished, Landed, LandingEvent, Seen, Unchanged
from standfast.holdings.item import FileFacts
from standfast.intake.genesis import make_vault
from standfast.intake.place import IntakePlace, open_place
from standfast.intake.run import RunResult, bring_in
from standfast.keys.master import MasterKeys
from standfast.tlog.append import LogWriter
from standfast.tlog.checkpoint import LogSigner
from standfast.vault.folder import VaultFolder
from standfast.vault.reader import VaultReader
from standfast.vault.source import FolderSource

MASTER = bytes(range(32))
LOG_ORIGIN = "example.standfast/00000001"
START = datetime(2031, 5, 4, 12, tzinfo=UTC)


class TickingClock:
    """Each question is a second later than the one before."""

    def __init__(self, start: datetime = START) -> None:
        self.now = start

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@dataclass
class MemoryOrigin:
    """A capture over a dictionary of names and bytes."""

    content: dict[str, bytes] = field(default_factory=dict)
    clock: TickingClock = field(default_factory=TickingClock)
    complete: bool = True
    tool: str = "standfast/test memory"

    def run(self, seen: Seen) -> Iterator[LandingEvent]:
        for name, content in sorted(self.content.items()):
            key, mark = name.encode(), str(hash(content)).encode()
            if seen.unchanged([(key, mark)])[0]:
                yield Unchanged(keys=(key,), size_bytes=len(content))
                continue
            yield Landed(
                key=key,
                mark=mark,
                untrusted_name=key,
                media_type="text/plain",
                captured_at=self.clock(),
                facts=FileFacts(type="file", mode=0o644, uid=0, gid=0, mtime_ns="0"),
                content=content,
            )
        yield Finished(complete=self.complete)


class SmallVault:
    """A vault in a folder, with all its keys in memory."""

    def __init__(self, root: Path, clock: TickingClock | None = None) -> None:
        self.folder = VaultFolder(root)
        self.clock = clock or TickingClock()
        self.master = MasterKeys.from_master(MASTER)
        ed25519, ml_dsa = self.master.log_seeds(0)
        self.signer = LogSigner(LOG_ORIGIN, ed25519, ml_dsa)
        self.dedup_key = self.master.dedup_key(0, "own")
        self.dedup_strangers = self.master.dedup_key(0, "strangers")

    def make(self) -> None:
        make_vault(self.folder, self.master, self.signer, at=self.clock())

    def open_place(self, pack_bytes: int = 1 << 26) -> IntakePlace:
        self.folder.state.mkdir(parents=True, exist_ok=True)
        return open_place(
            self.folder,
            log=LogWriter(self.folder.tlog, self.signer),
            dedup_key=self.dedup_key,
            dedup_strangers=self.dedup_strangers,
            recipients=(self.master.recipient,),
            keyring_number=0,
            settings_text='[vault]\nname = "example"\n',
            pack_bytes=pack_bytes,
            clock=self.clock,
        )

    def protect(self, origin: MemoryOrigin, name: str = "docs", **options: object) -> RunResult:
        place = self.open_place(**options)  # type: ignore[arg-type]
        try:
            return bring_in(place, origin, origin=name, kind="files", location="memory")
        finally:
            place.close()

    def reader(self) -> VaultReader:
        size = LogWriter(self.folder.tlog, self.signer).size
        return VaultReader(FolderSource(self.folder.holdings), (self.master.identity,), size)

    def held(self, name: str = "docs") -> dict[str, bytes]:
        reader = self.reader()
        return {held.record.name: reader.read(held) for held in reader.items(name)}


def noise(seed: int, size: int) -> bytes:
    """Bytes that don't compress, the same for the same seed."""
    return random.Random(seed).randbytes(size)
