"""What every `Destination` must do. A partner's own adapter runs it too: subclass, and give the fixture."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator

import pytest

from standfast.errors.replicas import ReplicaBusyError
from standfast.replicas.destination import Destination
from standfast.replicas.names import LIMIT_BYTES

PACK = b"example pack " * 200_000
PACK_NAME = "packs/" + hashlib.sha256(PACK).hexdigest()[:2] + "/" + hashlib.sha256(PACK).hexdigest()
INVENTORY, KEYRING, CHECKPOINT = "inventory/1", "keyring/0", "tlog/checkpoint"
TILE, BUNDLE = "tlog/tile/0/x001/234.p/16", "tlog/tile/entries/000"
STRANGE = [
    "",
    "/etc/passwd",
    "../FORMAT",
    "packs/../../x",
    "packs/ab/" + "cd" * 32,
    "PACKS/" + PACK_NAME[6:],
    PACK_NAME + ".unfinished",
    PACK_NAME + "\n",
    "inventory/0",
    "inventory/01",
    "inventory/1/",
    "keyring/-1",
    "keyring/\u0661",
    "tlog/tile/0/000.p/0",
    "tlog/tile/0/x000/001",
    "tlog/tile/8/000",
    "tlog/checkpoint ",
    "FORMAT\0",
]


class _ReadError(Exception):
    pass


def _broken() -> Iterator[bytes]:
    yield PACK[:100_000]
    raise _ReadError


def _unreadable() -> Iterator[bytes]:
    yield b"example"
    raise FileNotFoundError(2, "the source is gone")


class DestinationContract:
    """Subclass it, and give the fixture `destination`."""

    def test_what_was_put_is_read_back(self, destination: Destination) -> None:
        for name in (INVENTORY, KEYRING, TILE, BUNDLE, "FORMAT", "HOW-TO-OPEN.txt"):
            data = f"example {name}".encode()
            destination.put(name, data)
            assert destination.read(name) == data
            assert destination.size(name) == len(data)

    def test_pieces_are_stored_and_given_in_order(self, destination: Destination) -> None:
        destination.put(PACK_NAME, (memoryview(PACK)[at : at + 300_000] for at in range(0, len(PACK), 300_000)))
        assert destination.size(PACK_NAME) == len(PACK)
        got = [bytes(piece) for piece in destination.read_pieces(PACK_NAME, 65_536)]
        assert max(map(len, got)) <= 65_536
        assert b"".join(got) == PACK

    def test_ranges(self, destination: Destination) -> None:
        destination.put(PACK_NAME, PACK)
        for offset, length in ((0, 10), (1_000_000, 1_048_576), (len(PACK) - 5, 100), (len(PACK), 10)):
            assert destination.read_range(PACK_NAME, offset, length) == PACK[offset : offset + length]
        with pytest.raises(FileNotFoundError):
            destination.read_range(INVENTORY, 0, 10)

    def test_empty_object(self, destination: Destination) -> None:
        destination.put(INVENTORY, b"")
        assert destination.size(INVENTORY) == 0
        assert destination.read(INVENTORY) == b""
        assert b"".join(destination.read_pieces(INVENTORY)) == b""

    def test_absent(self, destination: Destination) -> None:
        assert destination.size(INVENTORY) is None
        with pytest.raises(FileNotFoundError):
            destination.read(INVENTORY)
        with pytest.raises(FileNotFoundError):
            list(destination.read_pieces(PACK_NAME))

    def test_put_never_overwrites(self, destination: Destination) -> None:
        destination.put(INVENTORY, b"first")
        destination.put(INVENTORY, b"first")
        for other in (b"other", b"firs", b"first!", b""):
            with pytest.raises(FileExistsError):
                destination.put(INVENTORY, other)
            with pytest.raises(FileExistsError):
                destination.put(INVENTORY, iter([other]))
        destination.put(INVENTORY, iter([b"fi", b"rst"]))
        assert destination.read(INVENTORY) == b"first"

    def test_replace(self, destination: Destination) -> None:
        destination.replace(CHECKPOINT, b"one")
        destination.replace(CHECKPOINT, b"two, longer")
        destination.replace(CHECKPOINT, iter([b"3"]))
        assert destination.read(CHECKPOINT) == b"3"

    def test_content_that_fails_leaves_nothing(self, destination: Destination) -> None:
        with pytest.raises(_ReadError):
            destination.put(PACK_NAME, _broken())
        assert destination.size(PACK_NAME) is None
        assert PACK_NAME not in dict(destination.list())
        destination.put(PACK_NAME, PACK)
        with pytest.raises(_ReadError):
            destination.replace(PACK_NAME, _broken())
        assert destination.read(PACK_NAME) == PACK

    def test_a_source_that_can_not_be_read_is_told_apart(self, destination: Destination) -> None:
        with pytest.raises(FileNotFoundError, match="the source is gone"):
            destination.put(PACK_NAME, _unreadable())
        assert destination.size(PACK_NAME) is None

    def test_list(self, destination: Destination) -> None:
        assert list(destination.list()) == []
        names = {INVENTORY: b"1", "inventory/10": b"22", PACK_NAME: PACK, TILE: b"4444", "FORMAT": b"5"}
        for name, data in names.items():
            destination.put(name, data)
        assert dict(destination.list()) == {name: len(data) for name, data in names.items()}
        assert dict(destination.list("inventory/")) == {INVENTORY: 1, "inventory/10": 2}
        assert dict(destination.list("tlog/tile/")) == {TILE: 4}
        assert dict(destination.list("keyring/")) == {}

    @pytest.mark.parametrize("name", STRANGE)
    def test_strange_names_are_refused(self, destination: Destination, name: str) -> None:
        for act in (
            lambda: destination.read(name),
            lambda: list(destination.read_pieces(name)),
            lambda: destination.size(name),
            lambda: destination.read_range(name, 0, 1),
            lambda: destination.put(name, b"x"),
            lambda: destination.replace(name, b"x"),
        ):
            with pytest.raises(ValueError, match="no object of a copy"):
                act()
        assert list(destination.list()) == []

    def test_an_overlong_object_is_cut_where_no_check_can_pass(self, destination: Destination) -> None:
        destination.replace(CHECKPOINT, b"x" * (LIMIT_BYTES["checkpoint"] + 1000))
        assert len(destination.read(CHECKPOINT)) == LIMIT_BYTES["checkpoint"] + 1

    def test_one_writer(self, destination: Destination) -> None:
        with destination.writing():
            destination.put(INVENTORY, b"x")
            with pytest.raises(ReplicaBusyError), destination.writing():
                pass
        with destination.writing():
            destination.replace(INVENTORY, b"y")

    def test_threads_read_side_by_side(self, destination: Destination) -> None:
        destination.put(PACK_NAME, PACK)
        digests: list[str] = []

        def read() -> None:
            running = hashlib.sha256()
            for piece in destination.read_pieces(PACK_NAME, 10_000):
                running.update(piece)
            digests.append(running.hexdigest())

        crew = [threading.Thread(target=read) for _ in range(4)]
        for each in crew:
            each.start()
        for each in crew:
            each.join()
        assert digests == [PACK_NAME[-64:]] * 4
