"""The contract of destinations, over every implementation."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from destination_contract import DestinationContract

from memory_copy import MemoryCopy
from seaweed_fixture import BUCKET, KEY_ID, SECRET, Weed, seaweed
from sshd_fixture import Sshd, sshd
from standfast.replicas.local_disk import LocalDisk
from standfast.replicas.s3 import S3
from standfast.replicas.s3_store import S3Access
from standfast.replicas.sftp import Sftp


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


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Weed]:
    with seaweed(tmp_path_factory.mktemp("weed")) as weed:
        yield weed


class TestS3(DestinationContract):
    """On a store that knows conditional writes."""

    @pytest.fixture
    def destination(self, store: Weed, request: pytest.FixtureRequest) -> S3:
        place = hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:16]
        return S3(
            S3Access(location=f"s3://{BUCKET}/{place}", endpoint=store.endpoint, key_id=KEY_ID, secret=SECRET),
            conditional=self.conditional,
        )

    conditional = True


class TestS3WithoutConditions(TestS3):
    """On a store that knows none, such as Swift: one writer, and names that are digests."""

    conditional = False


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with sshd(tmp_path_factory.mktemp("sshd")) as running:
        yield running


class TestSftp(DestinationContract):
    @pytest.fixture
    def destination(self, server: Sshd, tmp_path: Path) -> Iterator[Sftp]:
        with Sftp(server.access(tmp_path)) as folder:
            yield folder
