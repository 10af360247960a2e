"""The contract of destinations, over every implementation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from destination_contract import DestinationContract

from memory_copy import MemoryCopy
from standfast.replicas.local_disk import LocalDisk


class TestLocalDisk(DestinationContract):
    @pytest.fixture
    def destination(self, tmp_path: Path) -> Iterator[LocalDisk]:
        with LocalDisk(tmp_path) as disk:
            yield disk


class TestLocalDiskBehindALink(DestinationContract):
    """A person may name the place through a link of their own; only below it no link is followed."""

    @pytest.fixture
    def destination(self, tmp_path: Path) -> Iterator[LocalDisk]:
        (tmp_path / "disk").mkdir()
        (tmp_path / "link").symlink_to("disk")
        with LocalDisk(tmp_path / "link") as disk:
            yield disk


class TestMemory(DestinationContract):
    """The liar that other tests use keeps the contract while it is not told to lie."""

    @pytest.fixture
    def destination(self) -> MemoryCopy:
        return MemoryCopy()
