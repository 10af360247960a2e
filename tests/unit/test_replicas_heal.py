"""Healing: from any good copy, never over what is good, never from what is damaged."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from memory_copy import MemoryCopy
from replicas_fixture import ExampleVault, contents_of
from standfast.errors.replicas import NotAReplicaError, ReplicaForkedError, ReplicaFullError, ReplicaUnreachableError
from standfast.errors.tlog import MalformedNoteError
from standfast.errors.vault import NewerFormatError
from standfast.replicas.audit import audit
from standfast.replicas.copy import copy_to
from standfast.replicas.destination import ReadableCopy
from standfast.replicas.heal import FROM_THE_LOG, HealResult, heal
from standfast.replicas.local_disk import LocalDisk
from standfast.tlog.tiles import tile_paths


class Scene:
    def __init__(self, folder: Path) -> None:
        self.vault = ExampleVault(folder)
        copy = MemoryCopy()
        self.states: list[dict[str, bytes]] = []
        for step in (self.vault.add_accession, self.vault.add_keyring, lambda: self.vault.add_accession(items=300)):
            step()
            copy_to(MemoryCopy.of(folder), copy, self.vault.vkeys, known_size=None)
            self.states.append(dict(copy.objects))
        self.good = self.states[-1]

    def copy(self, location: str = "memory", **changes: bytes | None) -> MemoryCopy:
        return MemoryCopy(self.good, location)

    def heal(self, copy: MemoryCopy, *others: ReadableCopy, forward: bool = True) -> HealResult:
        return heal(copy, others, self.vault.vkeys, forward=forward)

    def packs(self) -> list[str]:
        return sorted(name for name in self.good if name.startswith("packs/"))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return Scene(tmp_path_factory.mktemp("vault"))


def damage(copy: MemoryCopy, names: Sequence[str], chance: random.Random) -> None:
    for name in names:
        data = bytearray(copy.objects[name])
        how = chance.randrange(3)
        if how == 0:
            del copy.objects[name]
        elif how == 1:
            copy.objects[name] = bytes(data[: len(data) // 2])
        else:
            data[chance.randrange(len(data))] ^= 1
            copy.objects[name] = bytes(data)


def test_a_good_copy_is_left_alone(scene: Scene) -> None:
    copy = scene.copy()
    result = scene.heal(copy, scene.copy("other"))
    assert result == HealResult(healed=(), lost=(), unexpected=(), unreachable=())
    assert not [call for call in copy.calls if call[0] in ("put", "replace")]


def test_each_object_alone(scene: Scene) -> None:
    chance = random.Random(1)
    for name in scene.good:
        for _ in range(3):
            copy = scene.copy()
            damage(copy, [name], chance)
            result = scene.heal(copy, scene.copy("other"))
            needed = name in copy.objects
            assert result.ok
            if needed:  # a partial tile of an older size that is gone needs nobody's healing
                assert [healed.object for healed in result.healed] == [name]
            assert audit(copy, scene.vault.vkeys).ok
            assert {**copy.objects, name: b""} == {**scene.good, name: b""} or not needed
            assert copy.objects.get(name, scene.good[name]) == scene.good[name]


def test_every_object_at_once_from_one_copy(scene: Scene) -> None:
    for seed in range(5):
        copy = scene.copy()
        damage(copy, list(scene.good), random.Random(seed))
        assert scene.heal(copy, scene.copy("other")).ok
        assert audit(copy, scene.vault.vkeys).ok


def test_two_copies_that_each_lost_something_heal_each_other(scene: Scene) -> None:
    names = sorted(scene.good)
    for seed in range(20):
        chance = random.Random(seed)
        chance.shuffle(names)
        half = len(names) // 2
        one, two = scene.copy("one"), scene.copy("two")
        damage(one, names[:half], chance)
        damage(two, names[half:], chance)
        assert scene.heal(one, two).ok, seed
        assert scene.heal(two, one).ok, seed
        for copy in (one, two):
            found = audit(copy, scene.vault.vkeys, newest=scene.good["tlog/checkpoint"])
            assert found.ok, (seed, found.faults)


def test_an_object_is_taken_from_whichever_copy_has_it_good(scene: Scene) -> None:
    names = sorted(scene.good)
    for seed in range(10):
        chance = random.Random(seed)
        copy, others = scene.copy("mine"), [scene.copy(str(number)) for number in range(4)]
        damage(copy, chance.sample(names, 12), chance)
        for name in names:
            damage_in = chance.sample(others, 3)
            for other in damage_in:
                damage(other, [name], chance)
        result = scene.heal(copy, *others)
        assert result.ok, (seed, result.lost)
        assert audit(copy, scene.vault.vkeys).ok


def test_what_no_copy_has_is_lost_and_the_rest_is_healed(scene: Scene) -> None:
    pack, other_pack = scene.packs()[:2]
    one, two = scene.copy("one"), scene.copy("two")
    for copy in (one, two):
        copy.objects[pack] = b"damaged"
        del copy.objects["inventory/1"]
    one.objects[other_pack] = b"damaged"
    one.objects["HOW-TO-OPEN.txt"] = b"damaged"
    result = scene.heal(one, two)
    assert not result.ok
    assert "inventory/1" in {lost.object for lost in result.lost}
    assert {"HOW-TO-OPEN.txt"} <= {healed.object for healed in result.healed}
    assert one.objects[pack] == b"damaged"
    assert one.objects["HOW-TO-OPEN.txt"] == scene.good["HOW-TO-OPEN.txt"]


def test_a_lost_pack_is_named(scene: Scene) -> None:
    pack = scene.packs()[0]
    one, two = scene.copy("one"), scene.copy("two")
    one.objects[pack] = two.objects[pack] = b"damaged"
    result = scene.heal(one, two)
    assert [(lost.object, lost.why) for lost in result.lost] == [(pack, "it is whole in no copy")]
    assert one.objects[pack] == b"damaged"


def test_a_copy_that_was_rolled_back_is_brought_forward(scene: Scene) -> None:
    for older in scene.states[:-1]:
        copy = MemoryCopy(older)
        result = scene.heal(copy, scene.copy("other"))
        assert result.ok
        assert result.healed[-1].object == "tlog/checkpoint"
        found = audit(copy, scene.vault.vkeys, newest=scene.good["tlog/checkpoint"])
        assert found.ok
        assert found.freshness == "passed"


def test_not_forward(scene: Scene) -> None:
    copy = MemoryCopy(scene.states[0])
    copy.objects["inventory/1"] = b"damaged"
    result = scene.heal(copy, scene.copy("other"), forward=False)
    assert [healed.object for healed in result.healed] == ["inventory/1"]
    assert copy.objects == scene.states[0]


def test_from_a_copy_that_is_older(scene: Scene) -> None:
    copy = scene.copy()
    pack = scene.packs()
    old = MemoryCopy(scene.states[0], "old")
    shared = next(name for name in pack if name in old.objects)
    damage(copy, [shared, "inventory/1", "keyring/0", "FORMAT"], random.Random(3))
    assert scene.heal(copy, old).ok
    assert audit(copy, scene.vault.vkeys).ok


def test_a_checkpoint_that_is_damaged_everywhere_but_in_an_old_copy(scene: Scene) -> None:
    """The old state can be shown; the newer one can't. Nothing of it is removed."""
    copy = scene.copy()
    copy.objects["tlog/checkpoint"] = b"damaged"
    result = scene.heal(copy, MemoryCopy(scene.states[1], "old"))
    assert result.ok
    assert set(scene.good) <= set(copy.objects)
    found = audit(copy, scene.vault.vkeys)
    assert found.ok, found.faults
    assert found.entries == 48


def test_no_checkpoint_anywhere(scene: Scene) -> None:
    one, two = scene.copy("one"), scene.copy("two")
    del one.objects["tlog/checkpoint"]
    two.objects["tlog/checkpoint"] = b"x"
    with pytest.raises(NotAReplicaError):
        scene.heal(one, two)
    with pytest.raises(MalformedNoteError):
        heal(scene.copy(), [], [])


def test_an_empty_place_is_filled(scene: Scene) -> None:
    copy = MemoryCopy()
    assert scene.heal(copy, scene.copy("other")).ok
    assert set(copy.objects) == {name for name in scene.good if "tile" not in name} | {
        f"tlog/{path}" for path in tile_paths(scene.vault.log.size)
    }
    assert audit(copy, scene.vault.vkeys).ok


def test_two_histories_are_left_as_they_are(scene: Scene, tmp_path: Path) -> None:
    fork = ExampleVault(tmp_path)
    fork.random.random()
    for _ in range(8):
        fork.add_accession(items=300)
    theirs = MemoryCopy.of(fork.holdings, "fork")
    for one, two in ((scene.copy("mine"), theirs), (theirs, scene.copy("mine"))):
        one.objects["HOW-TO-OPEN.txt"] = b"damaged"
        before = dict(one.objects)
        with pytest.raises(ReplicaForkedError) as caught:
            scene.heal(one, two)
        assert "other hands" in caught.value.for_person()
        assert one.objects == before
        one.objects["HOW-TO-OPEN.txt"] = scene.good["HOW-TO-OPEN.txt"]


def test_a_stranger_is_named_and_left(scene: Scene) -> None:
    copy, other = scene.copy(), scene.copy("other")
    copy.objects["letter.txt"] = b"example"
    other.objects["another.txt"] = b"example"
    result = scene.heal(copy, other)
    assert result.unexpected == ("letter.txt",)
    assert result.ok
    assert copy.objects == {**scene.good, "letter.txt": b"example"}


def test_a_superseded_tile_is_made_again_from_its_full_tile(scene: Scene) -> None:
    needed = {f"tlog/{path}" for path in tile_paths(scene.vault.log.size)}
    superseded = [name for name in scene.good if name.startswith("tlog/tile/") and name not in needed]
    assert superseded
    copy, other = scene.copy(), scene.copy("other")
    for name in superseded:
        copy.objects[name] = b"damaged"
        del other.objects[name]
    result = scene.heal(copy, other)
    assert {(healed.object, healed.source) for healed in result.healed} == {(name, FROM_THE_LOG) for name in superseded}
    assert result.ok
    assert copy.objects == scene.good


def test_a_copy_that_gives_other_bytes_the_second_time(scene: Scene) -> None:
    """It shows good objects while they are checked, and damaged ones when they are fetched."""
    copy, liar = scene.copy(), scene.copy("liar")
    names = ["inventory/1", "tlog/tile/entries/000", scene.packs()[0]]
    for name in names:
        del copy.objects[name]
    reads: dict[str, int] = {}

    def before(act: str, name: str) -> None:
        if name in names and act.startswith("read"):
            reads[name] = reads.get(name, 0) + 1
            liar.lies = {name: b"another"} if reads[name] >= 3 or name in scene.packs() else {}

    liar.before = before
    result = scene.heal(copy, liar)
    assert {lost.object for lost in result.lost} <= set(names)
    assert scene.packs()[0] in {lost.object for lost in result.lost}
    for name, data in copy.objects.items():
        assert data == scene.good[name]


def test_others_that_can_not_be_asked(scene: Scene) -> None:
    copy, gone = scene.copy(), scene.copy("gone")
    del copy.objects["keyring/1"]
    gone.unplug()
    result = scene.heal(copy, gone, scene.copy("there"))
    assert result.unreachable == ("gone",)
    assert [(healed.object, healed.source) for healed in result.healed] == [("keyring/1", "there")]
    copy.unplug()
    with pytest.raises(ReplicaUnreachableError):
        scene.heal(copy, scene.copy("there"))


def test_a_place_that_is_full(scene: Scene) -> None:
    copy = scene.copy()
    pack = max(scene.packs(), key=lambda name: len(scene.good[name]))
    copy.objects[pack] = b""
    copy.capacity_bytes = sum(map(len, copy.objects.values())) + 10
    with pytest.raises(ReplicaFullError):
        scene.heal(copy, scene.copy("other"))
    copy.capacity_bytes = 10**9
    assert scene.heal(copy, scene.copy("other")).ok


def test_a_newer_copy_is_not_touched(scene: Scene) -> None:
    copy = MemoryCopy({"FORMAT": b"standfast vault 2\n"})
    with pytest.raises(NewerFormatError):
        scene.heal(copy, scene.copy("other"))


def test_on_disks_with_what_can_stand_in_the_way(scene: Scene, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for place in (one, two):
        for name, data in scene.good.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(data)
    pack = scene.packs()[0]
    (one / "inventory/1").unlink()
    (one / "inventory/1").mkdir()  # a folder is not removed for anyone
    (one / pack).unlink()
    (one / pack).symlink_to(two / pack)
    (one / "tlog/tile/entries/000").write_bytes(b"")
    with LocalDisk(one) as mine, LocalDisk(two) as theirs:
        result = heal(mine, [theirs], scene.vault.vkeys)
        assert [lost.object for lost in result.lost] == ["inventory/1"]
        assert {healed.object for healed in result.healed} == {pack, "tlog/tile/entries/000"}
        (one / "inventory/1").rmdir()
        assert heal(mine, [theirs], scene.vault.vkeys).ok
        assert audit(mine, scene.vault.vkeys).ok
    assert contents_of(one) == contents_of(two)
    assert not (one / pack).is_symlink()


def test_the_vaults_own_holdings(scene: Scene, tmp_path: Path) -> None:
    """With a partial tile of older sizes and the debris of a crash, which stay."""
    vault = ExampleVault(tmp_path)
    vault.add_accession()
    copy = MemoryCopy()
    copy_to(MemoryCopy.of(tmp_path), copy, vault.vkeys, known_size=None)
    vault.add_accession(log=False)
    before = contents_of(tmp_path)
    for name in ("inventory/1", "keyring/0", "tlog/tile/0/000.p/32", "tlog/checkpoint"):
        (tmp_path / name).write_bytes(b"damaged")
    with LocalDisk(tmp_path) as disk:
        assert heal(disk, [copy], vault.vkeys).ok
    assert contents_of(tmp_path) == before
