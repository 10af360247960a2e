"""Copying: in order, only what is missing, never over a history that is not ours, never damage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from memory_copy import MemoryCopy
from replicas_fixture import ExampleVault, contents_of
from standfast import durable
from standfast.errors.replicas import (
    NotAReplicaError,
    ReplicaAheadError,
    ReplicaBusyError,
    ReplicaForkedError,
    ReplicaFullError,
    ReplicaUnreachableError,
)
from standfast.errors.tlog import TileError
from standfast.errors.vault import MalformedObjectError, NewerFormatError, PackDamagedError, PackMissingError
from standfast.replicas.audit import audit
from standfast.replicas.copy import CopyResult, copy_to
from standfast.replicas.destination import Destination
from standfast.replicas.local_disk import LocalDisk
from standfast.replicas.names import kind_of


@pytest.fixture
def vault(tmp_path: Path) -> ExampleVault:
    return ExampleVault(tmp_path / "vault")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[LocalDisk]:
    (tmp_path / "stick").mkdir()
    with LocalDisk(tmp_path / "stick") as disk:
        yield disk


def send(vault: ExampleVault, destination: Destination, known_size: int | None = None) -> CopyResult:
    with LocalDisk(vault.holdings) as source:
        return copy_to(source, destination, vault.vkeys, known_size=known_size)


def test_a_copy_is_bit_identical(vault: ExampleVault, disk: LocalDisk, tmp_path: Path) -> None:
    vault.add_accession()
    vault.add_keyring()
    vault.add_accession(items=300)
    sent = send(vault, disk)
    held = contents_of(vault.holdings)
    needed = {name: data for name, data in held.items() if ".p/" not in name or name in contents_of(tmp_path / "stick")}
    assert contents_of(tmp_path / "stick") == needed
    assert sent.size_before == 0
    assert sent.size == vault.log.size
    assert sent.objects_sent == len(needed)
    assert sent.bytes_sent == sum(map(len, needed.values()))
    assert audit(disk, vault.vkeys).ok


def test_the_order_of_writing(vault: ExampleVault) -> None:
    vault.add_accession()
    vault.add_accession()
    copy = MemoryCopy()
    send(vault, copy)
    kinds = [kind_of(name) for act, name in copy.calls if act in ("put", "replace")]
    order = ["document", "keyring", "pack", "inventory", "tile", "checkpoint"]
    assert list(dict.fromkeys(kinds)) == order
    assert kinds == sorted(kinds, key=lambda kind: order.index(str(kind)))
    assert kinds.count("checkpoint") == 1


def test_it_costs_the_addition_and_lists_nothing(vault: ExampleVault) -> None:
    copy = MemoryCopy()
    costs = []
    for number in range(30):
        vault.add_accession()
        copy.calls.clear()
        sent = send(vault, copy, known_size=copy_size(copy))
        assert not [act for act, _ in copy.calls if act == "list"]
        costs.append((len(copy.calls), sent.objects_sent))
        assert sent.objects_sent <= (12 if number == 0 else 7)
    # Two packs, an inventory, its log: a third more where a tile fills up, and no more at the end than at the start.
    assert max(calls for calls, _ in costs[1:]) < 22
    assert costs[-1] == costs[2]


def copy_size(copy: MemoryCopy) -> int:
    return int(copy.objects["tlog/checkpoint"].split(b"\n")[1]) if "tlog/checkpoint" in copy.objects else 0


def test_nothing_new_costs_two_reads(vault: ExampleVault) -> None:
    vault.add_accession()
    copy = MemoryCopy()
    send(vault, copy)
    copy.calls.clear()
    assert send(vault, copy).objects_sent == 0
    assert copy.calls == [("read", "FORMAT"), ("read", "tlog/checkpoint")]


def test_debris_of_the_vault_stays_at_home(vault: ExampleVault) -> None:
    vault.add_accession()
    vault.add_accession(log=False)
    copy = MemoryCopy()
    send(vault, copy)
    assert "inventory/2" not in copy.objects
    assert sum(name.startswith("packs/") for name in copy.objects) == 2
    assert audit(copy, vault.vkeys).ok


def test_a_replica_ahead_of_us(vault: ExampleVault, tmp_path: Path) -> None:
    vault.add_accession()
    older = contents_of(vault.holdings)
    vault.add_accession()
    copy = MemoryCopy()
    send(vault, copy)
    before = dict(copy.objects)
    with pytest.raises(ReplicaAheadError, match="48 leaves, this folder one of 32") as caught:
        copy_to(MemoryCopy(older), copy, vault.vkeys, known_size=None)
    assert "old copy" in caught.value.for_person()
    assert "other hands" in caught.value.for_person()
    assert copy.objects == before


@pytest.mark.parametrize("lead", [0, 1])
def test_a_replica_of_another_history(tmp_path: Path, lead: int) -> None:
    """The same keys signed both; equal sizes and an older one on the other side."""
    one, two = ExampleVault(tmp_path / "one"), ExampleVault(tmp_path / "two")
    one.random.random()
    one.add_accession()
    two.add_accession()
    copy = MemoryCopy()
    send(two, copy)
    for _ in range(lead):
        one.add_accession()
    before = dict(copy.objects)
    with pytest.raises(ReplicaForkedError) as caught:
        send(one, copy)
    assert "old copy" in caught.value.for_person()
    assert "other hands" in caught.value.for_person()
    assert copy.objects == before


def test_another_vaults_replica(tmp_path: Path, vault: ExampleVault) -> None:
    other = ExampleVault(tmp_path / "other", seed=2, origin="example.standfast/other")
    copy = MemoryCopy()
    send(other, copy)
    before = dict(copy.objects)
    with pytest.raises(NotAReplicaError):
        send(vault, copy)
    assert copy.objects == before


def test_a_damaged_checkpoint_is_not_written_over(vault: ExampleVault) -> None:
    copy = MemoryCopy()
    send(vault, copy)
    vault.add_accession()
    copy.objects["tlog/checkpoint"] = copy.objects["tlog/checkpoint"].replace(b"16", b"17")
    before = dict(copy.objects)
    with pytest.raises(NotAReplicaError, match="not signed by this log"):
        send(vault, copy)
    assert copy.objects == before


def test_a_newer_copy(vault: ExampleVault) -> None:
    copy = MemoryCopy({"FORMAT": b"standfast vault 2\n"})
    with pytest.raises(NewerFormatError):
        send(vault, copy)
    assert list(copy.objects) == ["FORMAT"]


@pytest.mark.parametrize("gone", [["FORMAT"], ["tlog/checkpoint"], None])
def test_a_known_copy_that_is_not_there_is_not_begun_anew(vault: ExampleVault, gone: list[str] | None) -> None:
    """An empty folder where the disk should be mounted: the whole vault must not be poured into it."""
    copy = MemoryCopy()
    send(vault, copy)
    for name in gone or list(copy.objects):
        del copy.objects[name]
    before = dict(copy.objects)
    with pytest.raises(ReplicaUnreachableError, match="not mounted"):
        send(vault, copy, known_size=16)
    assert copy.objects == before


def test_damage_at_home_is_not_carried(vault: ExampleVault) -> None:
    vault.add_accession()
    copy = MemoryCopy()
    send(vault, copy)
    name = vault.add_accession()
    held = contents_of(vault.holdings)
    fresh = [each for each in held if each not in copy.objects and not each.endswith(".p/16")]
    assert name in fresh
    assert len(fresh) == 5
    for each in fresh:
        for changed in (held[each][:-1] + bytes([held[each][-1] ^ 1]), held[each][:-1], None):
            home = MemoryCopy(held)
            if changed is None:
                del home.objects[each]
            else:
                home.objects[each] = changed
            mine = MemoryCopy(copy.objects)
            expected = (MalformedObjectError, TileError, PackDamagedError, PackMissingError)
            with pytest.raises(expected):
                copy_to(home, mine, vault.vkeys, known_size=None)
            assert mine.objects.get(each) is None
            assert audit(mine, vault.vkeys).ok
            assert audit(mine, vault.vkeys).entries == 32


def test_a_missing_inventory_at_home_shows_in_the_copy(vault: ExampleVault) -> None:
    vault.add_accession()
    home, copy = MemoryCopy.of(vault.holdings), MemoryCopy()
    del home.objects["inventory/1"]
    with pytest.raises(MalformedObjectError, match="from leaf 16"):
        copy_to(home, copy, vault.vkeys, known_size=None)
    assert "tlog/checkpoint" not in copy.objects


def test_debris_in_the_copy_is_used_or_overwritten(vault: ExampleVault) -> None:
    copy = MemoryCopy()
    send(vault, copy)
    vault.add_accession()
    whole, torn = (name for name in vault.names() if name.startswith("packs/"))
    held = contents_of(vault.holdings)
    copy.objects[whole] = held[whole]
    copy.objects[torn] = held[torn][:100]
    copy.objects["inventory/1"] = b"torn"
    copy.objects["tlog/tile/0/000.p/32"] = held["tlog/tile/0/000.p/32"]
    copy.calls.clear()
    sent = send(vault, copy)
    writes = [call for call in copy.calls if call[0] in ("put", "replace")]
    assert writes == [
        ("replace", torn),
        ("replace", "inventory/1"),
        ("put", "tlog/tile/entries/000.p/32"),
        ("replace", "tlog/checkpoint"),
    ]
    assert sent.objects_sent == 4
    assert audit(copy, vault.vkeys).ok


def test_a_copy_that_fills_up_keeps_its_state(vault: ExampleVault) -> None:
    vault.add_accession()
    copy = MemoryCopy()
    send(vault, copy)
    vault.add_accession()
    copy.capacity_bytes = sum(map(len, copy.objects.values())) + 50_000
    with pytest.raises(ReplicaFullError):
        send(vault, copy)
    found = audit(copy, vault.vkeys)
    assert found.ok
    assert found.entries == 32
    copy.capacity_bytes = 10**9
    send(vault, copy)
    assert audit(copy, vault.vkeys).entries == 48


def test_two_writers(vault: ExampleVault, disk: LocalDisk, tmp_path: Path) -> None:
    with LocalDisk(tmp_path / "stick").writing(), pytest.raises(ReplicaBusyError):
        send(vault, disk)
    assert not list((tmp_path / "stick").iterdir())
    send(vault, disk)


def test_progress_counts_every_byte_of_packs_once(vault: ExampleVault) -> None:
    vault.add_accession(pack_bytes=(10, 3_000_000))
    told: list[tuple[int, int]] = []
    with LocalDisk(vault.holdings) as source:
        progress = lambda done, total: told.append((done, total))  # noqa: E731
        copy_to(source, MemoryCopy(), vault.vkeys, known_size=None, progress=progress)
    assert told[-1] == (3_000_010, 3_000_010)
    assert len(told) >= 4
    assert told == sorted(told)


class _CutError(BaseException):
    """The power goes: nothing after it runs."""


def test_cut_at_every_write_and_taken_up_again(
    vault: ExampleVault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each call into `durable`, cut before it, and in a write, in its middle."""
    vault.add_accession()
    base = MemoryCopy()
    send(vault, base)
    vault.add_keyring()
    vault.add_accession()
    left, write_all = 0, durable.write_all

    def cutting(real: object) -> object:
        def act(*arguments: object, **named: object) -> object:
            nonlocal left
            left -= 1
            if left == 0:
                if real is write_all:
                    handle, data = arguments
                    real(handle, memoryview(data)[: len(data) // 2])  # type: ignore[operator, arg-type]
                raise _CutError
            return real(*arguments, **named)  # type: ignore[operator]

        return act

    cuts, done = 0, False
    while not done:
        place = tmp_path / f"stick-{cuts}"
        for name, data in base.objects.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(data)
        cuts += 1
        left = cuts
        with LocalDisk(place) as disk:
            with monkeypatch.context() as patched:
                for name in ("write_all", "write_through", "move_into_place", "force_folder", "make_folder"):
                    patched.setattr(durable, name, cutting(getattr(durable, name)))
                try:
                    send(vault, disk, known_size=32)
                    done = True
                except _CutError:
                    pass
            cut = audit(disk, vault.vkeys)
            assert cut.ok, cut.faults
            assert cut.entries in ((64,) if done else (32, 64))
            send(vault, disk, known_size=32)
            found = audit(disk, vault.vkeys)
            assert found.ok, found.faults
            assert found.entries == 64
            assert not found.not_checked
            assert not found.notes, found.notes
    assert cuts > 25
