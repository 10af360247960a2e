"""Which checkpoints prove an item: the tightest window that enough outside parties vouch for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from standfast.disclosure.evidence import Evidence, plain_policies
from standfast.stamping.shelf import RESPONSE, StampPlace, StampShelf
from standfast.tlog.checkpoint import Checkpoint, LogSigner
from standfast.tlog.cosign import Cosigner
from standfast.tlog.cosigned import CosignedFolder
from standfast.tlog.note import parse_note, parse_vkey, write_note
from standfast.tlog.policy import Policy, PolicyGroup, PolicyLog, PolicyWitness, parse_policy, write_policy
from standfast.tlog.reader import LogReader

NOON = datetime(2031, 5, 4, 12, tzinfo=UTC)
SIGNER = LogSigner("example.standfast/1", bytes(range(32)), bytes(range(32, 64)))
GUARDS = [Cosigner(f"ngo-{letter}.example/w", bytes([n]) * 32, bytes([n + 9]) * 32) for n, letter in enumerate("abcd")]


class KnownLog(LogReader):
    """A log whose root at each size is a digest of the size: nothing here opens a tile."""

    def __init__(self, size: int) -> None:
        super().__init__(lambda path: b"", Checkpoint(SIGNER.origin, size, root(size)))

    def root_at(self, size: int) -> bytes:
        return root(size)


def root(size: int) -> bytes:
    return bytes([size]) * 32


class Vault:
    """Cosigned checkpoints and stamps on a disk."""

    def __init__(self, folder: Path) -> None:
        self.cosigned = CosignedFolder(folder / "tlog")
        self.shelf = StampShelf(folder, lambda name: None)
        self.folder = folder

    def add(self, size: int, guards: int, *stamps: str, fork: bool = False) -> int:
        found = Checkpoint(SIGNER.origin, size, bytes(32) if fork else root(size))
        note = SIGNER.sign(size, found.root, NOON + timedelta(minutes=size))
        lines = [line for each in GUARDS[:guards] for line in each.cosign(found, NOON + timedelta(minutes=size + 1))]
        parsed = parse_note(note)
        number = self.cosigned.write(size, write_note(parsed.untrusted_text, [*parsed.lines, *lines]))
        for name in stamps:
            self.shelf.write(StampPlace(size, number, name), RESPONSE, name.encode())
        return number

    def evidence(self, quorum: int = 3, size: int = 100) -> Evidence:
        policies = plain_policies(SIGNER.vkeys)
        if quorum:
            made = []
            for family, plain in enumerate(policies):
                named = tuple(PolicyWitness(f"w{n}", each.keys[family]) for n, each in enumerate(GUARDS))
                group = PolicyGroup("g", quorum, tuple(each.name for each in named))
                logs = parse_policy(plain).logs
                made.append(write_policy(Policy(logs=logs, witnesses=named, groups=(group,), quorum="g")))
            policies = made[0], made[1]
        newest = SIGNER.sign(size, root(size), NOON)
        return Evidence(
            cosigned=self.cosigned, shelf=self.shelf, log=KnownLog(size), vkeys=SIGNER.vkeys, newest=newest,
            policies=policies,
        )  # fmt: skip


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path)


def test_the_smallest_that_is_cosigned_and_stamped_and_the_greatest_before(vault: Vault) -> None:
    vault.add(16, 3)
    vault.add(32, 3, "one")
    vault.add(48, 3)
    vault.add(64, 3, "one", "two")
    vault.add(80, 3, "one")
    ((holding, earlier),) = vault.evidence().choose([40])
    assert (holding.size, sorted(holding.stamps)) == (64, ["one/response.tsr", "two/response.tsr"])
    assert earlier is not None
    assert earlier.size == 32
    # An entry at the edge: the log of 32 entries holds entry 31, and not entry 32.
    assert [(one.size, two and two.size) for one, two in vault.evidence().choose([31, 32])] == [(32, 16), (64, 32)]


def test_without_a_stamp_the_smallest_that_is_cosigned(vault: Vault) -> None:
    vault.add(16, 3)
    vault.add(32, 2)
    vault.add(48, 3)
    ((holding, earlier),) = vault.evidence().choose([20])
    assert (holding.size, holding.stamps) == (48, {})
    assert earlier is not None
    assert earlier.size == 16


def test_an_office_that_had_no_cosigners_then_asks_for_none_in_its_bundle(vault: Vault) -> None:
    vault.add(16, 0, "one")
    vault.add(32, 0, "one", "two")
    evidence = vault.evidence()
    ((holding, earlier),) = evidence.choose([20])
    assert holding.size == 32
    assert earlier is not None
    assert earlier.size == 16
    assert all(parse_policy(each).quorum == "none" for each in evidence.policies)


def test_with_nothing_from_outside_the_newest_checkpoint(vault: Vault) -> None:
    evidence = vault.evidence(quorum=0)
    ((holding, earlier),) = evidence.choose([20])
    assert (holding.size, earlier) == (100, None)
    # Where cosigners are wanted and none has signed yet, likewise.
    ((holding, _),) = vault.evidence().choose([20])
    assert holding.size == 100


def test_a_checkpoint_of_another_history_or_another_log_proves_nothing(vault: Vault, tmp_path: Path) -> None:
    vault.add(16, 3, fork=True)
    vault.add(32, 3, "one", fork=True)
    vault.add(48, 3, "one")
    ((holding, earlier),) = vault.evidence().choose([20])
    assert (holding.size, earlier) == (48, None)
    (tmp_path / "tlog/cosigned/64").mkdir()
    (tmp_path / "tlog/cosigned/64/0").write_bytes(b"no note")
    assert vault.evidence().choose([50])[0][0].size == 100


def test_of_one_size_the_first_that_is_enough(vault: Vault) -> None:
    vault.add(32, 2, "one")
    assert vault.add(32, 3, "two") == 1
    ((holding, _),) = vault.evidence().choose([20])
    assert sorted(holding.stamps) == ["two/response.tsr"]


def test_a_plain_policy_names_the_log_in_each_family() -> None:
    classic, post_quantum = (parse_policy(each) for each in plain_policies(SIGNER.vkeys))
    assert classic.logs == (PolicyLog(parse_vkey(SIGNER.vkeys[0])),)
    assert post_quantum.logs == (PolicyLog(parse_vkey(SIGNER.vkeys[1])),)
