"""The next accession commits to what outside parties gave of the log: cosigned checkpoints, stamps, policies."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import pytest

from standfast import durable
from standfast.errors.vault import MalformedObjectError
from standfast.tlog.checkpoint import open_checkpoint
from standfast.tlog.leaf import leaf_of
from standfast.tlog.tiles import LogReader
from standfast.vault.evidence import PendingEvidence
from standfast.vault.folder import CHECKPOINT_NAME, inventory_name
from standfast.vault.inventory import (
    EvidenceFile,
    Inventory,
    control_statement,
    open_inventory,
    write_inventory,
)
from vault_builder import MemoryOrigin, SmallVault

OLD = Path(__file__).parents[1] / "vectors/vault/0.1.0/holdings/inventory"
ONE = EvidenceFile(name="tlog/cosigned/16/0", sha256="0" * 64)
TWO = EvidenceFile(name="tlog/stamps/16/0/one/response.tsr", sha256="1" * 64)


@pytest.fixture
def vault(tmp_path: Path) -> SmallVault:
    made = SmallVault(tmp_path / "vault")
    made.make()
    return made


def pending(vault: SmallVault) -> PendingEvidence:
    return PendingEvidence(vault.folder, lambda: 0)


def put(vault: SmallVault, name: str, content: bytes, *, noted: bool = True) -> None:
    if noted:
        pending(vault).note(name)
    durable.make_folder(vault.folder.held(name).parent)
    durable.write_atomically(vault.folder.held(name), content)


def inventory(vault: SmallVault, number: int) -> Inventory:
    return open_inventory(vault.folder.held(inventory_name(number)).read_bytes())


def test_old_inventories_keep_their_bytes() -> None:
    for number in (1, 2):
        raw = (OLD / str(number)).read_bytes()
        assert write_inventory(open_inventory(raw)) == raw
        assert b"evidence" not in raw
        assert open_inventory(raw).evidence_files() == ()


def test_the_next_accession_names_what_is_new_and_the_log_commits_to_it(vault: SmallVault) -> None:
    origin = MemoryOrigin(content={"a": b"1"})
    vault.protect(origin)
    assert b"evidence" not in vault.folder.held(inventory_name(1)).read_bytes()
    put(vault, "tlog/stamps/16/0/one/response.tsr", b"a stamp")
    put(vault, "tlog/cosigned/16/0", b"a note")
    origin.content["b"] = b"2"
    vault.protect(origin)
    second = inventory(vault, 2)
    assert [(each.name, each.sha256) for each in second.evidence_files()] == [
        ("tlog/cosigned/16/0", hashlib.sha256(b"a note").hexdigest()),
        ("tlog/stamps/16/0/one/response.tsr", hashlib.sha256(b"a stamp").hexdigest()),
    ]
    vkeys = vault.signer.vkeys
    checkpoint = open_checkpoint(vault.folder.held(CHECKPOINT_NAME).read_bytes(), vkeys)
    log = LogReader(lambda path: (vault.folder.tlog / path).read_bytes(), checkpoint)
    leaf = leaf_of(control_statement(second), second.leaf.salt_bytes())
    assert log.leaf(second.leaf.index) == leaf
    other = msgspec.structs.replace(second, evidence=(ONE,))
    assert leaf_of(control_statement(other), second.leaf.salt_bytes()) != leaf
    origin.content["c"] = b"3"
    vault.protect(origin)
    assert inventory(vault, 3).evidence_files() == (), "named once"


def test_a_policy_that_changed_is_named_again(vault: SmallVault) -> None:
    origin = MemoryOrigin(content={"a": b"1"})
    for number, text in enumerate((b"quorum none\n", b"quorum all\n"), 1):
        put(vault, "tlog/policy/classic", text)
        origin.content["a"] = text
        vault.protect(origin)
        assert inventory(vault, number).evidence_files()[0].sha256 == hashlib.sha256(text).hexdigest()


def test_lost_notes_are_made_again_from_what_is_there(vault: SmallVault) -> None:
    origin = MemoryOrigin(content={"a": b"1"})
    put(vault, "tlog/cosigned/16/0", b"committed already")
    vault.protect(origin)
    put(vault, "tlog/cosigned/16/1", b"not yet")
    (vault.folder.state / "evidence").unlink()
    origin.content["b"] = b"2"
    vault.protect(origin)
    assert [each.name for each in inventory(vault, 2).evidence_files()] == ["tlog/cosigned/16/1"]


def test_what_was_noted_and_never_written_is_not_named(vault: SmallVault) -> None:
    pending(vault).note("tlog/cosigned/16/0")
    vault.protect(MemoryOrigin(content={"a": b"1"}))
    assert inventory(vault, 1).evidence_files() == ()


def test_a_note_that_was_cut_off_spoils_no_other(vault: SmallVault) -> None:
    put(vault, "tlog/cosigned/16/0", b"a note")
    with (vault.folder.state / "evidence").open("a") as notes:
        notes.write("\ntlog/cosigned/1")
    put(vault, "tlog/cosigned/16/1", b"another")
    vault.protect(MemoryOrigin(content={"a": b"1"}))
    named = [each.name for each in inventory(vault, 1).evidence_files()]
    assert named == ["tlog/cosigned/16/0", "tlog/cosigned/16/1"]


@pytest.mark.parametrize(
    "name",
    ["tlog/checkpoint", "packs/aa/bb", "tlog/stamps/../checkpoint", "tlog/stamps/a\n", "tlog/stamps", "tlog/stamps/.x"],
)
def test_no_other_file_can_be_noted(vault: SmallVault, name: str) -> None:
    with pytest.raises(ValueError, match="no evidence"):
        pending(vault).note(name)


@pytest.mark.parametrize(
    "evidence",
    [
        (),
        (TWO, ONE),
        (ONE, ONE),
        (msgspec.structs.replace(ONE, name="tlog/checkpoint"),),
        (msgspec.structs.replace(ONE, name="tlog/stamps/a..b/c"),),
        (msgspec.structs.replace(ONE, name="tlog/cosigned/16/0\n"),),
        (msgspec.structs.replace(ONE, sha256="0" * 63),),
    ],
)
def test_an_inventory_that_names_it_otherwise_is_refused(evidence: tuple[EvidenceFile, ...]) -> None:
    good = open_inventory((OLD / "2").read_bytes())
    assert open_inventory(write_inventory(msgspec.structs.replace(good, evidence=(ONE, TWO)))).evidence == (ONE, TWO)
    with pytest.raises(MalformedObjectError):
        open_inventory(write_inventory(msgspec.structs.replace(good, evidence=evidence)))
