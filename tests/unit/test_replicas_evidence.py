"""Cosigned checkpoints, stamps and policies in copies: carried, audited byte by byte, healed, held to the log."""

from __future__ import annotations

from pathlib import Path

import pytest

from authorities_fixture import Authority
from memory_copy import MemoryCopy
from replicas_fixture import ExampleVault
from standfast.replicas.audit import audit
from standfast.replicas.copy import copy_to
from standfast.replicas.heal import heal
from standfast.replicas.names import kind_of
from standfast.tlog.checkpoint import Checkpoint
from standfast.tlog.cosign import Cosigner, add_lines
from standfast.tlog.tree import EMPTY_ROOT

COSIGNER = Cosigner("ngo-a.example/w", bytes(32), bytes(32))


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority") / "one", "One")


class Scene:
    """A vault whose second accession commits to what the first one's checkpoint was given, and more that is new."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        self.vault, self.authority = ExampleVault(folder), authority
        self.vault.add_accession()
        self.old = self.give()
        self.policy(2)
        self.vault.add_accession(evidence=(*self.old, "tlog/policy/classic"))
        self.new = self.give()

    def give(self, number: int = 0) -> tuple[str, ...]:
        """A cosigned checkpoint at the log's size, and a stamp over it; their names."""
        log, signer = self.vault.log, self.vault.signer
        checkpoint = Checkpoint(signer.origin, log.size, log.root)
        note = (self.vault.holdings / "tlog/checkpoint").read_bytes()
        cosigned = add_lines(note, COSIGNER.cosign(checkpoint, self.vault.at), COSIGNER.keys)
        place = f"tlog/stamps/{log.size}/{number}/one"
        files = {
            f"tlog/cosigned/{log.size}/{number}": cosigned,
            f"{place}/response.tsr": self.authority.stamp(cosigned),
            f"{place}/chain.pem": self.authority.chain_pem,
            f"{place}/revocation/one.crl": b"a list",
        }
        for name, data in files.items():
            self.vault.write(name, data)
        return tuple(files)

    def policy(self, k: int) -> None:
        lines = [f"witness {n} {Cosigner(f'{n}.example', n.encode() * 32, bytes(32)).vkeys[0]}" for n in "abc"]
        self.vault.write("tlog/policy/classic", "\n".join([*lines, f"group g {k} a b c", "quorum g", ""]).encode())

    def copied(self) -> MemoryCopy:
        copy = MemoryCopy()
        copy_to(MemoryCopy.of(self.vault.holdings), copy, self.vault.vkeys, known_size=None)
        return copy

    def faults(self, copy: MemoryCopy) -> dict[str, str]:
        return {each.object: each.kind for each in audit(copy, self.vault.vkeys).faults}


def given(copy: MemoryCopy) -> dict[str, bytes]:
    """What outside parties gave, of all that a copy holds."""
    found = {name: data for name, data in copy.objects.items() if kind_of(name) in ("cosigned", "stamp", "policy")}
    assert len(found) >= 9
    return found


@pytest.fixture
def scene(tmp_path, authority):
    return Scene(tmp_path / "holdings", authority)


def test_names():
    for name, kind in {
        "tlog/cosigned/16/0": "cosigned",
        "tlog/policy/classic": "policy",
        "tlog/policy/pq": "policy",
        "tlog/stamps/16/0/one/response.tsr": "stamp",
        "tlog/stamps/16/0/one/revocation/a.crl": "stamp",
        "tlog/stamps/016/0/one/response.tsr": None,
        "tlog/stamps/16/0/one": None,
        "tlog/stamps/16/0/one/a/b/c": None,
        "tlog/stamps/16/0/one/..": None,
        "tlog/stamps/16/0/one/chain.pem.unfinished": None,
        "tlog/policy/other": None,
        "tlog/cosigned/16/0/x": None,
        "tlog/cosigned/16/x": None,
    }.items():
        assert kind_of(name) == kind, name


def test_a_copy_holds_all_of_it_and_its_audit_is_clean(scene):
    copy = scene.copied()
    assert given(copy) == given(MemoryCopy.of(scene.vault.holdings))
    result = audit(copy, scene.vault.vkeys)
    assert result.ok
    assert not result.notes
    assert result.not_checked == ("2 file(s) of stamps or policy that no accession commits to yet",)


def test_what_comes_in_late_is_carried_without_a_new_checkpoint(scene):
    copy = scene.copied()
    late = scene.give(number=1)
    scene.policy(3)
    done = copy_to(MemoryCopy.of(scene.vault.holdings), copy, scene.vault.vkeys, known_size=scene.vault.log.size)
    assert done.objects_sent == len(late) + 1
    assert given(copy) == given(MemoryCopy.of(scene.vault.holdings))
    assert copy_to(MemoryCopy.of(scene.vault.holdings), copy, scene.vault.vkeys, known_size=None).objects_sent == 0


def test_each_byte_that_the_log_commits_to_is_missed(scene):
    good = scene.copied()
    for name in scene.old:
        gone = MemoryCopy({each: data for each, data in good.objects.items() if each != name})
        assert scene.faults(gone)[name] == "missing"
        data = good.objects[name]
        for at in {0, len(data) // 2, len(data) - 1}:
            turned = bytearray(data)
            turned[at] ^= 1
            assert scene.faults(MemoryCopy({**good.objects, name: bytes(turned)})) == {name: "damaged"}


def test_what_no_accession_commits_to_yet_is_held_to_the_log(scene):
    good = scene.copied()
    cosigned, response = scene.new[0], scene.new[1]
    size = scene.vault.log.size
    assert scene.vault.log.root != EMPTY_ROOT
    for raw in (
        b"",
        good.objects["tlog/checkpoint"][:-200],
        scene.vault.signer.sign(size, b"x" * 32, scene.vault.at),
        good.objects[scene.old[0]],
        b"x" * 70_000,
    ):
        found = scene.faults(MemoryCopy({**good.objects, cosigned: raw}))
        assert found[cosigned] == "damaged"
        assert found.get(response) == "damaged", "the stamp is over other bytes now"
    for raw in (b"", b"nonsense", good.objects[scene.old[1]], scene.authority.stamp(b"something else")):
        assert scene.faults(MemoryCopy({**good.objects, response: raw})) == {response: "damaged"}
    two = audit(
        MemoryCopy({**good.objects, cosigned: scene.vault.signer.sign(size, b"x" * 32, scene.vault.at)}),
        scene.vault.vkeys,
    )
    assert "two histories" in next(each.detail for each in two.faults if each.object == cosigned)


def test_a_policy_that_was_changed_since_is_said_and_nonsense_is_a_fault(scene):
    copy = scene.copied()
    scene.policy(1)
    copy.objects["tlog/policy/classic"] = (scene.vault.holdings / "tlog/policy/classic").read_bytes()
    result = audit(copy, scene.vault.vkeys)
    assert result.ok
    assert result.not_checked == ("3 file(s) of stamps or policy that no accession commits to yet",)
    copy.objects["tlog/policy/classic"] = b"quorum of nobody\n"
    assert scene.faults(copy) == {"tlog/policy/classic": "damaged"}


def test_above_the_checkpoint_it_is_debris(scene):
    copy = scene.copied()
    note = copy.objects["tlog/checkpoint"]
    copy.objects["tlog/cosigned/999999/0"] = note
    result = audit(copy, scene.vault.vkeys)
    assert result.ok
    assert [(each.object, each.kind) for each in result.notes] == [("tlog/cosigned/999999/0", "debris")]


def test_healing_brings_back_what_is_lost_or_wrong_from_whoever_has_it(scene):
    good = scene.copied()
    first, second = MemoryCopy(dict(good.objects), "first"), MemoryCopy(dict(good.objects), "second")
    del first.objects[scene.old[0]]
    first.objects[scene.old[2]] = b"turned"
    first.objects[scene.new[0]] = b"turned"
    del second.objects[scene.new[1]]
    second.objects[scene.old[1]] = b"turned"
    for damaged, other in ((first, second), (second, first)):
        assert heal(damaged, [other], scene.vault.vkeys).ok
    assert first.objects == second.objects == good.objects


def test_healing_says_what_is_lost_everywhere_and_takes_nothing_wrong(scene):
    good = scene.copied()
    first, second = MemoryCopy(dict(good.objects), "first"), MemoryCopy(dict(good.objects), "second")
    del first.objects[scene.old[0]]
    second.objects[scene.old[0]] = b"wrong"
    result = heal(first, [second], scene.vault.vkeys)
    assert [each.object for each in result.lost] == [scene.old[0]]
    assert scene.old[0] not in first.objects


def test_damage_at_home_is_not_carried(scene):
    scene.vault.write(scene.new[0], b"turned")
    scene.vault.write(scene.old[2], b"turned")
    copy = scene.copied()
    assert scene.new[0] not in copy.objects
    assert scene.new[1] not in copy.objects, "a stamp over a checkpoint that is not there says nothing"
    assert scene.old[2] not in copy.objects


def test_a_vault_without_any_costs_what_it_did(tmp_path):
    vault = ExampleVault(tmp_path / "holdings")
    vault.add_accession()
    copy = MemoryCopy()
    copy_to(MemoryCopy.of(vault.holdings), copy, vault.vkeys, known_size=None)
    assert "list" not in {act for act, _ in copy.calls}
