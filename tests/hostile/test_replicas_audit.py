"""A copy in hostile hands: whatever is changed in it, the audit names it, with nothing but the log's public keys."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from memory_copy import MemoryCopy
from replicas_fixture import ExampleVault, canonical, contents_of, sha256
from standfast.errors.replicas import NotAReplicaError, ReplicaUnreachableError
from standfast.errors.tlog import MalformedNoteError, TlogError
from standfast.errors.vault import NewerFormatError
from standfast.replicas.audit import audit
from standfast.replicas.copy import copy_to
from standfast.replicas.findings import FINDINGS_LIMIT, AuditResult
from standfast.replicas.local_disk import LocalDisk
from standfast.tlog.tiles import tile_paths


class Scene:
    """A vault, its copy after each accession, and the newest one."""

    def __init__(self, folder: Path) -> None:
        self.vault = ExampleVault(folder)
        copy = MemoryCopy()
        self.states: list[dict[str, bytes]] = []
        steps = (
            self.vault.add_accession,
            lambda: self.vault.add_accession(items=300),
            self.vault.add_keyring,
            self.vault.add_accession,
            lambda: self.vault.add_accession(pack_bytes=(1, 2, 2_500_000)),
        )
        for step in steps:
            step()
            copy_to(MemoryCopy.of(folder), copy, self.vault.vkeys, known_size=None)
            self.states.append(dict(copy.objects))
        self.good = self.states[-1]

    def note(self, state: int) -> bytes:
        return self.states[state]["tlog/checkpoint"]

    def look(self, objects: dict[str, bytes], **known: bytes) -> AuditResult:
        return audit(MemoryCopy(objects), self.vault.vkeys, **known)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return Scene(tmp_path_factory.mktemp("vault"))


def named(result: AuditResult) -> set[str]:
    assert result.ok == (not result.faults)
    return {fault.object for fault in result.faults}


def test_a_good_copy_has_no_fault_at_any_age(scene: Scene) -> None:
    for objects in scene.states:
        found = scene.look(objects)
        assert found.ok, found.faults
        assert (found.notes, found.not_checked, found.freshness) == ((), (), "not checked")
        assert found.objects == len(objects)
        assert found.bytes == sum(map(len, objects.values()))
    assert found.entries == scene.vault.log.size
    assert found.checkpoint == scene.vault.log.checkpoint
    assert found.checkpoint_note == scene.note(-1)


def test_300_random_bytes(scene: Scene) -> None:
    """Each is named by its object's path, and nothing else is."""
    chance = random.Random(20_310_504)
    for _ in range(300):
        name = chance.choice(sorted(scene.good))
        data = bytearray(scene.good[name])
        place = chance.randrange(len(data))
        data[place] ^= chance.randrange(1, 256)
        assert named(scene.look({**scene.good, name: bytes(data)})) == {name}, (name, place)


def test_every_object_in_its_every_corner(scene: Scene) -> None:
    """Removed, emptied, cut, grown, and its first and last bits turned over."""
    needed = {f"tlog/{path}" for path in tile_paths(scene.vault.log.size)}
    for name, data in scene.good.items():
        changes = [b"", data[: len(data) // 2], data[:-1], data + b"\n", bytes([data[0] ^ 1]) + data[1:]]
        changes.append(data[:-1] + bytes([data[-1] ^ 128]))
        for changed in changes:
            if changed != data:
                assert named(scene.look({**scene.good, name: changed})) == {name}, (name, len(changed))
        rest = {key: value for key, value in scene.good.items() if key != name}
        found = named(scene.look(rest))
        if name.startswith("tlog/tile/") and name not in needed:
            assert found == set()  # a partial tile of an older size may go; what is there must be right
        elif name == "inventory/4":  # the log shows that something is withheld, and can't show of which kind
            assert found == {name, "keyring/2"}
        else:
            assert found == {name}


def test_swapped_objects(scene: Scene) -> None:
    chance = random.Random(7)
    names = sorted(set(scene.good) - {"tlog/checkpoint"})
    for _ in range(150):
        one, two = chance.sample(names, 2)
        objects = {**scene.good, one: scene.good[two], two: scene.good[one]}
        found = named(scene.look(objects))
        assert {one, two} <= found or (one, two) == ("FORMAT", "keyring/0")


def test_a_swapped_checkpoint_hides_nothing_from_who_knows_a_newer_one(scene: Scene) -> None:
    for name in sorted(set(scene.good) - {"tlog/checkpoint"}):
        objects = {**scene.good, name: scene.note(-1), "tlog/checkpoint": scene.good[name]}
        assert named(scene.look(objects, newest=scene.note(-1))) == {name, "tlog/checkpoint"}
        assert "tlog/checkpoint" in named(scene.look(objects))


def test_an_object_under_another_name(scene: Scene) -> None:
    places = ("inventory/5", "inventory/9", "keyring/2", "keyring/7", "packs/aa/" + "a" * 64, "notes.txt", "packs/x")
    for data in scene.good.values():
        for place in places:
            assert named(scene.look({**scene.good, place: data})) == {place}
        above = scene.look({**scene.good, "tlog/tile/0/010": data})
        assert above.ok
        assert [note.object for note in above.notes] == ["tlog/tile/0/010"]


def test_an_object_rolled_back(scene: Scene) -> None:
    """What an older state held under the same name; only the checkpoint has such."""
    changed = 0
    for older in scene.states[:-1]:
        for name, data in older.items():
            if scene.good[name] != data:
                changed += 1
                found = scene.look({**scene.good, name: data}, last_seen=scene.note(-1))
                assert named(found) == {"tlog/checkpoint"}
                assert found.freshness == "failed"
    assert changed == 4


def test_the_whole_copy_rolled_back(scene: Scene) -> None:
    older = scene.states[1]
    blind = scene.look(older)
    assert blind.ok
    assert blind.freshness == "not checked"
    for known in ({"newest": scene.note(-1)}, {"last_seen": scene.note(-1)}):
        found = scene.look(older, **known)
        assert [(fault.object, fault.kind) for fault in found.faults] == [("tlog/checkpoint", "rolled back")]
        assert found.freshness == "failed"
    for known in ({"newest": scene.note(1)}, {"last_seen": scene.note(0), "newest": scene.note(1)}):
        found = scene.look(older, **known)
        assert found.ok
        assert found.freshness == "passed"


def test_a_second_history_signed_with_the_logs_own_keys(scene: Scene, tmp_path: Path) -> None:
    fork = ExampleVault(tmp_path / "fork")
    for _ in range(4):
        fork.add_accession(items=300)
    found = audit(MemoryCopy.of(fork.holdings), scene.vault.vkeys, last_seen=scene.note(0))
    assert [(fault.object, fault.kind) for fault in found.faults] == [("tlog/checkpoint", "forked")]
    assert found.freshness == "failed"


def test_freshness_that_can_not_be_computed_is_not_checked(scene: Scene) -> None:
    objects = dict(scene.good)
    for name in scene.good:
        if name.startswith(("tlog/tile/0/", "tlog/tile/entries/")):
            del objects[name]
    found = scene.look(objects, last_seen=scene.note(0))
    assert not found.ok
    assert found.freshness == "not checked"
    assert any("freshness" in said for said in found.not_checked)


def test_a_damaged_checkpoint_hides_little(scene: Scene) -> None:
    """Packs go by their names, the rest by one another; what could not be checked is said."""
    pack = next(name for name in scene.good if name.startswith("packs/"))
    objects = {
        **scene.good,
        "tlog/checkpoint": b"x",
        pack: b"y",
        "FORMAT": b"z",
        "inventory/2": scene.good["inventory/1"],
    }
    found = scene.look(objects)
    assert named(found) == {"tlog/checkpoint", pack, "FORMAT", "inventory/2"}
    assert found.entries == 0
    assert found.checkpoint is None
    assert found.checkpoint_note == b""
    assert any("no signed checkpoint" in said for said in found.not_checked)


def test_other_keys(scene: Scene, tmp_path: Path) -> None:
    other = ExampleVault(tmp_path, seed=9)
    found = audit(MemoryCopy(scene.good), other.vkeys)
    assert [(fault.object, fault.kind) for fault in found.faults] == [("tlog/checkpoint", "unsigned")]
    with pytest.raises(MalformedNoteError):
        audit(MemoryCopy(scene.good), [])
    with pytest.raises(MalformedNoteError):
        audit(MemoryCopy(scene.good), ["no key"])
    with pytest.raises(TlogError):
        audit(MemoryCopy(scene.good), scene.vault.vkeys, newest=b"not a note")
    assert audit(MemoryCopy(scene.good), scene.vault.vkeys[:1]).ok


def test_who_knows_one_key_still_sees_that_the_other_did_not_sign(scene: Scene) -> None:
    lines = scene.note(-1).split(b"\n")
    for kept, key in ((4, 0), (5, 1)):
        note = b"\n".join([*lines[:4], lines[kept], b""])
        found = audit(MemoryCopy({**scene.good, "tlog/checkpoint": note}), [scene.vault.vkeys[key]])
        assert [(fault.object, fault.kind) for fault in found.faults] == [("tlog/checkpoint", "unsigned")]


def test_a_newer_format_is_told_from_a_damaged_one(scene: Scene) -> None:
    found = scene.look({**scene.good, "FORMAT": b"standfast vault 9\n"})
    assert named(found) == {"FORMAT"}
    with pytest.raises(NewerFormatError):
        scene.look({"FORMAT": b"standfast vault 9\n", "keyring/0": b"a form that this program does not know"})


def test_no_replica(scene: Scene) -> None:
    for objects in ({}, {"letter.txt": b"example"}):
        with pytest.raises(NotAReplicaError):
            scene.look(objects)


def test_an_inventory_forged_by_who_has_no_log_key(scene: Scene) -> None:
    """It follows the chain and names a pack that is there; no leaf commits to it."""
    pack = b"forged"
    body = {
        "closed_at": "2031-05-04T13:00:00.000000Z",
        "format": "standfast/inventory/v1",
        "keyring": 1,
        "leaf": {"count": 16, "index": 0, "salt": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},
        "manifest": [sha256(pack)],
        "number": 5,
        "packs": [{"bytes": len(pack), "sha256": sha256(pack)}],
        "previous": sha256(scene.good["inventory/4"]),
        "replaced": [],
    }
    name = f"packs/{sha256(pack)[:2]}/{sha256(pack)}"
    found = scene.look({**scene.good, "inventory/5": canonical(body), name: pack})
    assert named(found) == {"inventory/5"}
    assert [note.object for note in found.notes] == [name]
    body["leaf"] = {**body["leaf"], "index": scene.vault.log.size}  # type: ignore[dict-item]
    found = scene.look({**scene.good, "inventory/5": canonical(body), name: pack})
    assert found.ok  # it looks like a copy that was cut off, and is worth as much: it is named, and counts for nothing
    assert {note.object for note in found.notes} == {"inventory/5", name}


def test_an_unlisted_object_is_withheld_or_read_anyway(scene: Scene) -> None:
    for name in scene.good:
        liar = MemoryCopy(scene.good)
        liar.hidden = {name}
        found = named(audit(liar, scene.vault.vkeys))
        listed = name.startswith(("inventory/", "keyring/"))
        assert (name in found) if listed else (found == set())


def test_endless_and_countless_things_are_bounded(scene: Scene) -> None:
    liar = MemoryCopy({**scene.good, "tlog/tile/0/000": bytes(50_000_000), "inventory/1": bytes(9_000_000)})
    liar.objects.update({f"strange/{n}": b"" for n in range(FINDINGS_LIMIT + 50)})
    liar.objects.update({f"inventory/{10**14 + n}": b"" for n in range(100)})
    found = audit(liar, scene.vault.vkeys)
    assert len(found.faults) == FINDINGS_LIMIT
    assert found.faults_left_off > 100
    pack = next(name for name in scene.good if name.startswith("packs/"))
    grown = MemoryCopy({**scene.good, pack: scene.good[pack] + bytes(40_000_000)})
    assert named(audit(grown, scene.vault.vkeys)) == {pack}


def test_a_copy_that_is_unplugged_while_it_is_read(scene: Scene) -> None:
    for act in ("list", "read", "read_pieces"):
        copy = MemoryCopy(scene.good)
        left = 5 if act == "read" else 1

        def before(now: str, name: str, act: str = act, copy: MemoryCopy = copy) -> None:
            nonlocal left
            left -= now == act
            if left == 0:
                copy.unplug()
                copy.before(now, name)

        copy.before = before
        with pytest.raises(ReplicaUnreachableError):
            audit(copy, scene.vault.vkeys)


def test_unreadable_objects_hide_no_others(scene: Scene) -> None:
    pack = next(name for name in scene.good if name.startswith("packs/"))
    copy = MemoryCopy({**scene.good, "HOW-TO-OPEN.txt": b"x"})
    bad = {pack, "inventory/2", "keyring/0", "tlog/tile/entries/001"}

    def before(act: str, name: str) -> None:
        if act.startswith("read") and name in bad:
            raise OSError(5, "Input/output error")

    copy.before = before
    found = audit(copy, scene.vault.vkeys)
    assert {fault.object for fault in found.faults if fault.kind == "unreadable"} == bad
    assert named(found) == bad | {"HOW-TO-OPEN.txt"}


def test_links_and_strangers_on_a_disk(scene: Scene, tmp_path: Path) -> None:
    for name, data in scene.good.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    outside = tmp_path.parent / "outside"
    outside.write_bytes(scene.good["inventory/1"])
    (tmp_path / "inventory/1").unlink()
    (tmp_path / "inventory/1").symlink_to(outside)  # the right bytes, but not in this copy's hands
    (tmp_path / "packs/.DS_Store").write_bytes(b"")
    (tmp_path / "inventory/2.unfinished").write_bytes(b"half")
    with LocalDisk(tmp_path) as disk:
        found = audit(disk, scene.vault.vkeys)
    assert named(found) == {"inventory/1", "packs/.DS_Store"}
    assert [note.object for note in found.notes if note.kind == "unfinished"] == ["inventory/2.unfinished"]


def test_the_vaults_own_holdings_with_the_debris_of_a_crash(tmp_path: Path) -> None:
    vault = ExampleVault(tmp_path)
    vault.add_accession()
    vault.add_accession(log=False)
    before = contents_of(tmp_path)
    with LocalDisk(tmp_path) as disk:
        found = audit(disk, vault.vkeys)
    assert found.ok, found.faults
    assert {note.kind for note in found.notes} == {"debris"}
    assert len(found.notes) == 3
    assert contents_of(tmp_path) == before


def test_progress(scene: Scene) -> None:
    told: list[tuple[int, int]] = []
    audit(MemoryCopy(scene.good), scene.vault.vkeys, threads=3, progress=lambda done, total: told.append((done, total)))
    total = sum(len(data) for name, data in scene.good.items() if name.startswith("packs/"))
    assert told[-1] == (total, total)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
