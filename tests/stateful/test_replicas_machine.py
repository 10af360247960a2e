"""A state machine over copying, cutting, damaging, rolling back and healing two copies on disk.

What always holds: a copy that was only cut off audits clean at an acknowledged state; what was done to it is named, or
said to be out of reach; from two copies that are not both wrong in the same object, each is whole again.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from replicas_fixture import ExampleVault, contents_of, names_in
from standfast import durable
from standfast.errors.replicas import NotAReplicaError, ReplicaAheadError
from standfast.replicas.audit import audit
from standfast.replicas.copy import copy_to
from standfast.replicas.heal import heal
from standfast.replicas.local_disk import LocalDisk
from standfast.replicas.names import kind_of
from standfast.tlog.tiles import tile_paths

WRITES = ("write_all", "write_through", "move_into_place", "force_folder", "make_folder", "remove")


class _CutError(BaseException):
    """The power goes: no handler runs that a killed process would not run."""


class Power:
    """Lets some calls of one kind into `durable` pass, then goes: before the next, or in the middle of a write."""

    def __init__(self, cut: tuple[str, int]) -> None:
        self.kind, self.left = cut
        self.real: dict[str, Callable[..., Any]] = {name: getattr(durable, name) for name in WRITES}

    def __enter__(self) -> Power:
        for name in WRITES:
            setattr(durable, name, lambda *given, name=name, **named: self.act(name, given, named))
        return self

    def __exit__(self, *_: object) -> None:
        for name, real in self.real.items():
            setattr(durable, name, real)

    def act(self, name: str, given: tuple[Any, ...], named: dict[str, Any]) -> object:
        self.left -= name == self.kind
        if self.left >= 0:
            return self.real[name](*given, **named)
        if name == "write_all":
            self.real[name](given[0], memoryview(given[1])[: len(given[1]) // 2])
        raise _CutError


COPIES = st.sampled_from(["one", "two"])
CUT_KINDS = ["write_all", "move_into_place", "force_folder", "make_folder"]
CUTS = st.tuples(st.sampled_from(CUT_KINDS), st.integers(0, 8))


class Replication(RuleBasedStateMachine):
    """The vault is on one disk, its copies on two others."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="replication-"))
        self.vault = ExampleVault(self.folder / "vault")
        self.sizes = [self.vault.log.size]
        """Every size that was acknowledged."""
        self.reached = {"one": 0, "two": 0}
        """The size that a copy was last brought to whole; 0 before the first."""
        self.wrong: dict[str, set[str]] = {"one": set(), "two": set()}
        """Objects that a test damaged."""
        self.kept: dict[str, tuple[int, Path]] = {}
        for name in self.reached:
            (self.folder / name).mkdir()

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder)

    def disk(self, name: str) -> LocalDisk:
        return LocalDisk(self.folder / name)

    def copy(self, name: str) -> None:
        with self.disk("vault") as source, self.disk(name) as place:
            copy_to(source, place, self.vault.vkeys, known_size=self.reached[name])

    @rule(packs=st.lists(st.integers(20, 20_000), min_size=1, max_size=3), items=st.sampled_from([1, 15, 16, 200]))
    def accession(self, packs: list[int], items: int) -> None:
        self.vault.add_accession(tuple(packs), items)
        self.sizes.append(self.vault.log.size)

    @rule()
    def accession_that_a_crash_left_above_the_checkpoint(self) -> None:
        self.vault.add_accession((100,), log=False)

    @rule()
    def keyring(self) -> None:
        self.vault.add_keyring()
        self.sizes.append(self.vault.log.size)

    @precondition(lambda self: not any(self.wrong.values()))
    @rule(name=COPIES)
    def sync(self, name: str) -> None:
        self.copy(name)
        self.reached[name] = self.vault.log.size

    @precondition(lambda self: not any(self.wrong.values()))
    @rule(name=COPIES, cut=CUTS, new=st.booleans())
    def sync_that_is_cut_off(self, name: str, cut: tuple[str, int], new: bool) -> None:
        if new:
            self.accession([100, 3000], 5)
        try:
            with Power(cut):
                self.copy(name)
            self.reached[name] = self.vault.log.size
        except _CutError:
            pass
        self.settle(name)

    def settle(self, name: str) -> None:
        """The cut may have come right after the checkpoint was in its place."""
        checkpoint = self.folder / name / "tlog/checkpoint"
        if checkpoint.exists():
            self.reached[name] = int(checkpoint.read_bytes().split(b"\n")[1])

    @precondition(lambda self: min(self.reached.values()) > 0)
    @rule(name=COPIES)
    def keep_an_old_copy(self, name: str) -> None:
        if name not in self.kept and not self.wrong[name]:
            old = self.folder / f"{name}-old"
            shutil.copytree(self.folder / name, old)
            self.kept[name] = self.reached[name], old

    @rule(name=COPIES)
    def roll_back(self, name: str) -> None:
        if name in self.kept and not self.wrong[name]:
            newest = (self.folder / name / "tlog/checkpoint").read_bytes()
            before = self.reached[name]
            size, old = self.kept.pop(name)
            shutil.rmtree(self.folder / name)
            old.rename(self.folder / name)
            self.reached[name] = size
            with self.disk(name) as place:
                assert audit(place, self.vault.vkeys, last_seen=newest).freshness == (
                    "failed" if size < before else "passed"
                )

    @precondition(lambda self: min(self.reached.values()) > 0)
    @rule(name=COPIES, data=st.data())
    def damage(self, name: str, data: st.DataObject) -> None:
        """Something that the state needs and that the other copy has good: flipped, cut, or gone."""
        other = "two" if name == "one" else "one"
        needed = self.needed(min(self.reached.values())) - self.wrong[other] - self.wrong[name]
        if not needed:
            return
        victim = data.draw(st.sampled_from(sorted(needed)))
        path = self.folder / name / victim
        held = bytearray(path.read_bytes())
        how = data.draw(st.sampled_from(["flip", "cut", "gone"] if held else ["gone"]))
        if how == "flip":
            held[data.draw(st.integers(0, len(held) - 1))] ^= data.draw(st.integers(1, 255))
            path.write_bytes(held)
        elif how == "cut":
            path.write_bytes(held[: len(held) // 2])
        else:
            path.unlink()
        self.wrong[name].add(victim)

    @precondition(lambda self: min(self.reached.values()) > 0)
    @rule(name=COPIES, cut=st.none() | CUTS)
    def heal_from_the_other_and_the_vault(self, name: str, cut: tuple[str, int] | None) -> None:
        other = "two" if name == "one" else "one"
        with self.disk(name) as place, self.disk(other) as second, self.disk("vault") as home:
            if cut is not None:
                try:
                    with Power(cut):
                        heal(place, [second, home], self.vault.vkeys)
                except _CutError:
                    pass
                self.wrong[name] |= {"?"}
            result = heal(place, [second, home], self.vault.vkeys)
            assert result.ok, result.lost
            newest = (self.folder / "vault/tlog/checkpoint").read_bytes()
            found = audit(place, self.vault.vkeys, newest=newest)
            assert found.ok, found.faults
            assert found.freshness == "passed"
        self.wrong[name], self.reached[name] = set(), self.vault.log.size

    @precondition(lambda self: any(self.wrong.values()) and self.reached["one"] == self.reached["two"])
    @rule()
    def heal_each_from_the_other(self) -> None:
        with self.disk("one") as one, self.disk("two") as two:
            assert heal(one, [two], self.vault.vkeys).ok
            assert heal(two, [one], self.vault.vkeys).ok
        self.wrong = {"one": set(), "two": set()}

    @precondition(lambda self: len(self.sizes) > 1)
    @rule(name=COPIES)
    def an_old_vault_refuses_to_write(self, name: str) -> None:
        """The vault's folder put back from its own copy, one state earlier."""
        if not self.wrong[name] and self.reached[name] == self.vault.log.size and self.kept:
            size, old = next(iter(self.kept.values()))
            if size < self.reached[name]:
                before = contents_of(self.folder / name)
                with LocalDisk(old) as source, self.disk(name) as place:
                    try:
                        copy_to(source, place, self.vault.vkeys, known_size=None)
                        raise AssertionError("an old vault wrote over a newer copy")
                    except ReplicaAheadError:
                        pass
                assert contents_of(self.folder / name) == before

    def needed(self, size: int) -> set[str]:
        """Objects that a copy of this size must hold and that never change."""
        names = {f"tlog/{path}" for path in tile_paths(size)} if size == max(self.reached.values()) else set()
        return names | {"FORMAT", "HOW-TO-OPEN.txt", "keyring/0"} | self.packs_of_the_first_accession()

    def packs_of_the_first_accession(self) -> set[str]:
        both = set(names_in(self.folder / "one")) & set(names_in(self.folder / "two"))
        first = {"inventory/1"} & both
        return first if self.reached_first() else set()

    def reached_first(self) -> bool:
        return self.vault.accessions > 0 and min(self.reached.values()) > 16

    @invariant()
    def what_an_audit_says_is_so(self) -> None:
        if not hasattr(self, "vault"):
            return
        for name, reached in self.reached.items():
            with self.disk(name) as place:
                try:
                    found = audit(place, self.vault.vkeys)
                except NotAReplicaError:
                    assert reached == 0
                    continue
            if reached == 0:  # the first copy was cut off: it is not one yet, and nothing in it is wrong
                assert {fault.kind for fault in found.faults} == {"missing"}
                continue
            named = {fault.object for fault in found.faults}
            for victim in self.wrong[name] - named:
                assert any(said.startswith(f"{victim}: ") for said in found.not_checked), (victim, found)
            if not self.wrong[name]:
                assert found.ok, found.faults
                assert found.entries == reached
                assert reached in self.sizes
            assert all(kind_of(fault.object) for fault in found.faults), found.faults


Replication.TestCase.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
TestReplication = Replication.TestCase
