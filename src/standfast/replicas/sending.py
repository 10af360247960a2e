"""Puts single objects into a copy: the same is left, debris is overwritten, nothing damaged is sent."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from standfast.errors.replicas import NotAReplicaError
from standfast.errors.vault import MalformedObjectError, PackDamagedError, PackMissingError
from standfast.replicas.destination import Content, Destination, ReadableCopy
from standfast.replicas.pack_check import Progress
from standfast.vault.folder import CHECKPOINT_NAME, pack_name


class Sending:
    """Counts what it sends."""

    def __init__(self, source: ReadableCopy, destination: Destination, progress: Progress | None) -> None:
        """Nothing is sent yet."""
        self._source, self._destination, self._progress = source, destination, progress
        self._done_bytes = self._total_bytes = 0
        self.objects_sent = self.bytes_sent = 0

    def expect(self, pack_bytes: int) -> None:
        """Say how many bytes of packs will be gone through."""
        self._total_bytes = pack_bytes

    def send(self, name: str) -> None:
        """Send a small object that the copy's checkpoint does not cover; one that is there is compared byte by byte.

        Raises:
            MalformedObjectError: ours can't be read.
        """
        try:
            data = self._source.read(name)
        except OSError as why:
            raise MalformedObjectError(name, why.strerror or str(why)) from why
        there = self._find(name)
        if there == data:
            return
        absent = there is None and self._destination.size(name) is None
        self._write(name, data, absent=absent)
        self._count(len(data))

    def send_checkpoint(self, note: bytes) -> None:
        """Send the checkpoint, which acknowledges all that was sent before."""
        self._write(CHECKPOINT_NAME, note, absent=False)
        self._count(len(note))

    def send_pack(self, digest: str, size_bytes: int) -> None:
        """Send a pack; one that is there with the right size was put whole, and is left for audits to read.

        Raises:
            PackMissingError, PackDamagedError: ours is not good; the copy has nothing of it.
        """
        name = pack_name(digest)
        there = self._destination.size(name)
        if there == size_bytes:
            self._tell(size_bytes)
            return
        self._write(name, self._checked(digest, size_bytes), absent=there is None)
        self._count(size_bytes)

    def _write(self, name: str, content: Content, *, absent: bool) -> None:
        try:
            (self._destination.put if absent else self._destination.replace)(name, content)
        except FileExistsError as why:
            raise NotAReplicaError(self._destination.location, f"{name}: {why.strerror}") from why

    def _checked(self, digest: str, size_bytes: int) -> Iterator[memoryview]:
        for piece in checked_pack(self._source, digest, size_bytes):
            yield piece
            self._tell(len(piece))

    def _find(self, name: str) -> bytes | None:
        try:
            return self._destination.read(name)
        except OSError:  # missing or unreadable: either way it is written
            return None

    def _count(self, size_bytes: int) -> None:
        self.objects_sent += 1
        self.bytes_sent += size_bytes

    def _tell(self, size_bytes: int) -> None:
        self._done_bytes += size_bytes
        if self._progress is not None:
            self._progress(self._done_bytes, self._total_bytes)


def checked_pack(source: ReadableCopy, digest: str, size_bytes: int) -> Iterator[memoryview]:
    """A pack's bytes, hashed as they go by: an error at the end keeps whoever stores them from finishing.

    Raises:
        PackMissingError: not there.
        PackDamagedError: unreadable, or other bytes than its name says.
    """
    running, length = hashlib.sha256(), 0
    try:
        for piece in source.read_pieces(pack_name(digest)):
            running.update(piece)
            length += len(piece)
            if length > size_bytes:
                break
            yield piece
    except FileNotFoundError as why:
        raise PackMissingError(digest) from why
    except OSError as why:
        raise PackDamagedError(digest, why.strerror or str(why)) from why
    if length != size_bytes or running.hexdigest() != digest:
        raise PackDamagedError(digest, f"{source.location} holds other bytes under its name")
