"""Copies in a bucket and over SFTP, by the program: added, filled, audited, healed, drilled, rebuilt from."""

from __future__ import annotations

import getpass
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import obstore
import pytest
from test_main_loop import make_documents, picture

from program import Program
from seaweed_fixture import BUCKET, KEY_ID, SECRET, Weed, seaweed
from sshd_fixture import Sshd, sshd
from standfast.replicas.s3_store import S3Access, open_store


@dataclass
class Place:
    """Where a copy goes, and how a test meddles with it behind the program's back."""

    location: str
    reach: tuple[object, ...]
    """For `replicas add`, `audit` and `rebuild`."""
    folder: Path | None = None
    access: S3Access | None = None

    def flip_a_bit(self, name: str) -> None:
        """Of one object."""
        if self.access:
            store = open_store(self.access)
            raw = bytearray(obstore.get(store, name).bytes())
            raw[len(raw) // 2] ^= 1
            obstore.put(store, name, bytes(raw))
        else:
            assert self.folder
            raw = bytearray((self.folder / name).read_bytes())
            raw[len(raw) // 2] ^= 1
            (self.folder / name).write_bytes(raw)

    def remove(self, name: str) -> None:
        """One object."""
        if self.access:
            obstore.delete(open_store(self.access), name)
        else:
            assert self.folder
            (self.folder / name).unlink()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Weed]:
    with seaweed(tmp_path_factory.mktemp("weed")) as weed:
        yield weed


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with sshd(tmp_path_factory.mktemp("sshd")) as running:
        yield running


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


def bucket(store: Weed, room: Path) -> Place:
    """A place of its own in the bucket."""
    credentials = room / "credentials"
    credentials.write_text(f"[default]\naws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}\n")
    location = f"s3://{BUCKET}/{room.name}"
    return Place(
        location,
        ("--endpoint", store.endpoint, "--credentials", credentials),
        access=S3Access(location=location, endpoint=store.endpoint, key_id=KEY_ID, secret=SECRET),
    )


def account(server: Sshd, room: Path) -> Place:
    """A folder that is reached over SFTP."""
    access = server.access(room / "far")
    return Place(access.location, ("--key-file", server.key_file, "--host-key", server.host_key), folder=room / "far")


@pytest.fixture(params=["s3", "sftp"])
def place(request: pytest.FixtureRequest, store: Weed, server: Sshd, tmp_path: Path) -> Place:
    return bucket(store, tmp_path) if request.param == "s3" else account(server, tmp_path)


def test_a_far_copy_stands_in_for_the_vault(program: Program, place: Place, tmp_path: Path) -> None:
    documents = tmp_path / "documents"
    make_documents(documents)
    before = picture(documents)
    program.init()
    program("add", "files", documents, "--name", "docs")
    program("replicas", "add", "far", place.location, *place.reach)
    kept = program.vault / "keys/replicas/far"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert SECRET not in (program.vault / "standfast.toml").read_text()
    first = program.json("protect")["replicas"][0]
    assert first["ok"]
    assert first["objects_sent"] > 5
    assert program.json("replicas", "sync")["replicas"][0]["objects_sent"] == 0

    # A stranger audits it with the log's public keys alone.
    assert program.json("audit", place.location, *program.vkeys, *place.reach)["ok"]

    # What is damaged or gone is named, and healed from the vault.
    packs = sorted(path.relative_to(program.vault / "holdings") for path in program.vault.glob("holdings/packs/*/*"))
    place.flip_a_bit(str(packs[0]))
    place.remove("inventory/1")
    faults = program.json("audit", "far", status=70)["faults"]
    assert {fault["object"] for fault in faults} >= {str(packs[0]), "inventory/1"}
    assert {row["object"] for row in program.json("replicas", "heal", "far")["healed"]} == {
        str(packs[0]),
        "inventory/1",
    }
    assert program.json("audit", "far")["ok"]
    assert program.json("verify", "--replica", "far")["ok"]

    drilled = program.json("drill", "--from", "far")["drills"][0]
    assert drilled["ok"], drilled
    assert drilled["items_identical"] == len(before)

    shutil.rmtree(program.vault)
    shutil.rmtree(documents)
    shares = ("--share", "shares/share-3.txt", "--share", "shares/share-1.txt")
    assert program.json("rebuild", "--from", place.location, *place.reach, program.vault, *shares)["ok"]
    program("restore", "files", "docs", "--to", documents)
    assert picture(documents) == before


def test_a_host_that_nobody_vouched_for_is_sent_nothing(program: Program, server: Sshd, tmp_path: Path) -> None:
    place = account(server, tmp_path)
    program.init()
    key = ("--key-file", server.key_file)
    refused = program.json("replicas", "add", "far", place.location, *key, status=214)["error"]
    shown = refused["next_step"].split("--host-key ")[1].rstrip("`")
    assert not (tmp_path / "far").exists()
    program("replicas", "add", "far", place.location, *key, "--host-key", "SHA256:AAAA", status=214)
    program("replicas", "add", "far", place.location, *key, "--host-key", shown)
    settings = program.vault / "standfast.toml"
    other = tmp_path / "other"
    other.mkdir()
    with sshd(other) as stranger:
        settings.write_text(settings.read_text().replace(server.host_key, stranger.host_key))
        (outcome,) = program.json("replicas", "sync", status=60)["replicas"]
    assert "does not show the key that was pinned" in outcome["why"]
    assert not (tmp_path / "far/FORMAT").exists()


def test_a_place_that_is_not_fit_is_refused(program: Program, store: Weed, server: Sshd, tmp_path: Path) -> None:
    program.init()
    far = account(server, tmp_path)
    (tmp_path / "far").mkdir()
    (tmp_path / "far/holiday.jpg").touch()
    program("replicas", "add", "far", far.location, *far.reach, status=72)
    place = bucket(store, tmp_path)
    wrong = tmp_path / "wrong"
    wrong.write_text(f"aws_access_key_id = {KEY_ID}\naws_secret_access_key = another\n")
    endpoint = ("--endpoint", store.endpoint)
    program("replicas", "add", "store", place.location, *endpoint, "--credentials", wrong, status=77)
    program("replicas", "add", "store", place.location, *endpoint, status=72)
    program("replicas", "add", "store", "s3://", *place.reach, status=72)
    program("replicas", "add", "store", f"sftp://{getpass.getuser()}@127.0.0.1/", *far.reach, status=72)
    program("replicas", "add", "store", "https://example.org/", status=72)
    assert "replicas" not in (program.vault / "standfast.toml").read_text()
    assert not os.path.exists(program.vault / "keys/replicas")


def test_of_two_machines_that_write_one_is_told(store: Weed, tmp_path: Path) -> None:
    from standfast.errors.replicas import ReplicaBusyError
    from standfast.replicas.s3 import S3

    access = bucket(store, tmp_path).access
    assert access
    first, second = S3(access), S3(access)
    with first.writing():
        with second.writing():
            second.replace("tlog/checkpoint", b"theirs")
        with pytest.raises(ReplicaBusyError):
            first.replace("tlog/checkpoint", b"ours")
    assert first.read("tlog/checkpoint") == b"theirs"


def test_listing_goes_past_a_thousand_names(store: Weed, tmp_path: Path) -> None:
    from standfast.replicas.s3 import S3

    access = bucket(store, tmp_path).access
    assert access
    copy = S3(access)
    for number in range(1, 1_101):
        copy.put(f"inventory/{number}", b"x")
    assert len(list(copy.list("inventory/"))) == 1_100


def test_an_account_that_can_not_remove_takes_copies_all_the_same(program: Program, tmp_path: Path) -> None:
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "one").write_bytes(b"one")
    room = tmp_path / "server"
    room.mkdir()
    program.init()
    program("add", "files", documents, "--name", "docs")
    with sshd(room) as open_to_all:
        place = account(open_to_all, tmp_path)
        program("replicas", "add", "far", place.location, *place.reach)
        program("protect")
    strict = tmp_path / "strict"
    strict.mkdir()
    with sshd(strict, subsystem="internal-sftp -P remove,rmdir") as added_to_only:
        settings, moved = program.vault / "standfast.toml", account(added_to_only, tmp_path)
        settings.write_text(
            settings.read_text()
            .replace(place.location, moved.location)
            .replace(open_to_all.host_key, added_to_only.host_key)
        )
        shutil.copy(added_to_only.key_file, program.vault / "keys/replicas/far")
        for number in range(3):
            (documents / "one").write_bytes(b"two %d" % number)
            assert program.json("protect")["replicas"][0]["ok"]
        left = [path for path in (tmp_path / "far").rglob("*.unfinished")]
        assert left, "nothing could be removed, so the second links are still there"
        # They are the same files: had one been written into again, an object would be damaged.
        assert program.json("verify", "--replica", "far", status=0)["ok"]
        report = program.json("audit", "far")
        assert report["ok"], report["faults"][:3]
