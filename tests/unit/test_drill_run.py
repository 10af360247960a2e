"""A drill over a small real vault: from a copy alone, measured, with nothing left behind."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from drill_fixture import DrilledVault, check_of, failing, under_drill, write_documents
from memory_copy import MemoryCopy
from standfast.clock import Clock
from standfast.drill.result import DrillResult, Rehearsal, drill_json
from standfast.drill.run import CopyUnderDrill, check_leaves, run_drill
from standfast.drill.scenario import SCENARIOS, Tell
from standfast.errors.drill import ScratchTooSmallError
from standfast.errors.replicas import NotAReplicaError, ReplicaUnreachableError
from standfast.errors.vault import NewerFormatError
from standfast.restore.plan import HoldingsReader
from standfast.seal.age import identity_from
from standfast.tlog.checkpoint import Checkpoint, LogSigner, open_checkpoint
from standfast.vault.manifests import HeldItem
from standfast.vault.source import FolderSource
from vault_builder import LOG_ORIGIN, START, TickingClock, noise


@pytest.fixture(scope="module")
def drilled(tmp_path_factory: pytest.TempPathFactory) -> DrilledVault:
    """Two accessions of one folder."""
    root = tmp_path_factory.mktemp("drilled")
    drilled = DrilledVault(root)
    (root / "documents").mkdir()
    write_documents(root / "documents")
    drilled.protect_folder(root / "documents")
    (root / "documents" / "later.bin").write_bytes(noise(9, 300_000))
    drilled.protect_folder(root / "documents")
    return drilled


@pytest.fixture
def copy(drilled: DrilledVault, tmp_path: Path) -> Path:
    return Path(shutil.copytree(drilled.vault.folder.holdings, tmp_path / "copy"))


@pytest.fixture
def drill(drilled: DrilledVault, copy: Path, tmp_path: Path) -> Callable[..., DrillResult]:
    """Runs a drill of `docs` over the copy, and requires that nothing stays in the scratch place."""

    def run(origins: dict[str, str] | None = None, **options: object) -> DrillResult:
        under = options.pop("under", None) or under_drill(copy)
        identities = options.pop("identities", drilled.identities)
        try:
            return run_drill(
                under, identities, drilled.vkeys, origins or {"docs": "files"}, tmp_path / "scratch", **options
            )  # type: ignore[arg-type]
        finally:
            if not options.get("keep"):
                assert os.listdir(tmp_path / "scratch") == []

    return run


def packs_of(copy: Path) -> list[Path]:
    return sorted((copy / "packs").glob("*/*"), key=lambda pack: pack.stat().st_size)


def flip(file: Path, at: int) -> None:
    raw = bytearray(file.read_bytes())
    raw[at] ^= 1
    file.write_bytes(raw)


def test_everything_comes_back_from_the_copy_alone(
    drilled: DrilledVault, drill: Callable[..., DrillResult], tmp_path: Path
) -> None:
    hidden = drilled.root / "hidden"
    drilled.vault.folder.root.rename(hidden)
    try:
        result = drill()
    finally:
        hidden.rename(drilled.vault.folder.root)
    (docs,) = result.drills
    assert docs.ok, failing(docs)
    assert result.failed == []
    assert docs.items_expected == docs.items_restored == docs.items_identical == 10
    assert check_of(docs, "content").expected == 6
    assert check_of(docs, "links").expected == 2
    assert result.log_origin == LOG_ORIGIN
    assert (result.copy, result.location) == ("usb", str(tmp_path / "copy"))


def test_json_is_what_the_contract_says(drill: Callable[..., DrillResult]) -> None:
    (docs,) = drill().drills
    said = json.loads(json.dumps(drill_json(docs)))
    assert said["origin"] == "docs"
    assert said["kind"] == "files"
    assert said["ok"] is True
    assert said["from"] == "usb"
    assert {"items_expected", "items_restored", "items_identical"} <= said.keys()
    assert 0 < said["recovery_time_s"] < 60
    assert 0 <= said["loss_s"] < 3600
    for check in said["checks"]:
        assert {"name", "ok", "found", "expected"} <= check.keys()
        assert check["ok"] is True
        assert check["result"] == "passed"


def test_recovery_time_and_loss_are_measured_not_guessed(tmp_path: Path) -> None:
    clock = TickingClock()
    drilled = DrilledVault(tmp_path, clock)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "example.txt").write_text("example")
    drilled.protect_folder(tmp_path / "a", "first")
    drilled.protect_folder(tmp_path / "a", "second")
    reader = drilled.vault.reader()
    newest = max(item.record.captured_at for item in reader.items("first"))
    asked: list[float] = []

    def stopwatch() -> float:
        asked.append(float(len(asked)))
        return asked[-1]

    began = START + timedelta(days=400)
    result = run_drill(
        under_drill(drilled.copy()),
        drilled.identities,
        drilled.vkeys,
        {"first": "files", "second": "files"},
        tmp_path / "scratch",
        clock=lambda: began,
        stopwatch=stopwatch,
    )
    first, second = result.drills
    assert first.newest_at == newest
    assert first.loss_s is not None
    assert abs(first.loss_s - (began.timestamp() - _moment(newest))) < 0.001
    # 0 begins, 1 the copy is open, 2 and 3 around the first, 4 and 5 around the second, 6 ends: each pays for the copy.
    assert (first.recovery_time_s, second.recovery_time_s, result.duration_s) == (2.0, 2.0, 6.0)


def _moment(text: str) -> float:
    from standfast.clock import from_text

    return from_text(text).timestamp()


def test_an_origin_of_which_nothing_is_held_is_not_ok(drill: Callable[..., DrillResult]) -> None:
    docs, site = drill({"docs": "files", "site": "web"}).drills
    assert docs.ok
    assert not site.ok
    assert failing(site) == {"something held"}
    assert (site.loss_s, site.items_expected) == (None, 0)


def test_a_kind_that_nobody_can_rehearse_is_not_checked(drill: Callable[..., DrillResult]) -> None:
    (docs,) = drill(scenarios={}).drills
    assert not docs.ok
    assert check_of(docs, "rehearsed to the end").outcome == "not checked"


def test_a_damaged_pack_shows_in_what_comes_back(copy: Path, drill: Callable[..., DrillResult]) -> None:
    flip(packs_of(copy)[-1], 400_000)
    (docs,) = drill().drills
    assert not docs.ok
    assert failing(docs) == {"failures in restoring", "items restored"}
    missing = check_of(docs, "items restored")
    assert (missing.found, missing.expected) == (9, 10)
    assert missing.examples[0].name == "letters/deep/big.bin"
    assert docs.items_identical == 9


def test_a_pack_that_is_missing_or_cut_is_named_before_anything_is_restored(
    copy: Path, drill: Callable[..., DrillResult]
) -> None:
    packs = packs_of(copy)
    packs[-1].write_bytes(packs[-1].read_bytes()[:-1])
    (docs,) = drill().drills
    assert (check_of(docs, "packs present").found, check_of(docs, "packs present").expected) == (1, 2)
    assert not docs.ok
    packs[-1].unlink()
    (docs,) = drill().drills
    assert check_of(docs, "packs present").examples[0].why == "it is not there"
    assert {"packs present", "manifests opened"} <= failing(docs)


def test_a_checkpoint_that_one_key_alone_signed_ends_the_drill(
    drilled: DrilledVault, copy: Path, drill: Callable[..., DrillResult]
) -> None:
    note = (copy / "tlog" / "checkpoint").read_bytes()
    text, _, lines = note.rpartition(b"\n\n")
    (copy / "tlog" / "checkpoint").write_bytes(text + b"\n\n" + lines.splitlines(keepends=True)[0])
    (docs,) = drill().drills
    assert not docs.ok
    signatures = check_of(docs, "signatures")
    assert (signatures.outcome, signatures.found, signatures.expected) == ("failed", 1, 2)
    assert {check.outcome for check in docs.checks[1:]} == {"not checked"}


def test_a_checkpoint_by_other_keys_is_worth_nothing(copy: Path, drill: Callable[..., DrillResult]) -> None:
    root = open_checkpoint_root(copy)
    other = LogSigner(LOG_ORIGIN, b"x" * 32, b"y" * 32)
    (copy / "tlog" / "checkpoint").write_bytes(other.sign(root.size, root.root, START))
    (docs,) = drill().drills
    assert check_of(docs, "signatures").found == 0
    assert not docs.ok


def open_checkpoint_root(copy: Path) -> Checkpoint:
    from standfast.tlog.checkpoint import parse_checkpoint

    text = (copy / "tlog" / "checkpoint").read_text().partition("\n\n")[0]
    return parse_checkpoint(text + "\n")


def test_a_copy_that_is_older_than_what_was_sent_there_is_rolled_back(
    drilled: DrilledVault, copy: Path, drill: Callable[..., DrillResult]
) -> None:
    known = open_checkpoint((copy / "tlog" / "checkpoint").read_bytes(), drilled.vkeys)
    (docs,) = drill(known=known).drills
    assert docs.ok
    assert check_of(docs, "not rolled back").ok
    (docs,) = drill(known=Checkpoint(known.origin, known.size + 16, bytes(32))).drills
    assert failing(docs) == {"not rolled back"}
    assert docs.items_identical == 10


def test_a_withheld_inventory_shows_as_a_fault_of_the_copy(copy: Path, drill: Callable[..., DrillResult]) -> None:
    (copy / "inventory" / "2").unlink()
    (docs,) = drill().drills
    assert "objects of the copy" in failing(docs)
    assert not docs.ok


def test_a_damaged_tile_fails_the_drill_though_all_comes_back(copy: Path, drill: Callable[..., DrillResult]) -> None:
    flip(next((copy / "tlog" / "tile" / "entries").rglob("*.p/*")), 40)
    (docs,) = drill().drills
    assert "objects of the copy" in failing(docs)
    assert "records in the log" in failing(docs)
    assert docs.items_identical == 10


def test_a_strange_file_hinders_no_recovery(copy: Path, drill: Callable[..., DrillResult]) -> None:
    (copy / "Thumbs.db").write_bytes(b"x")
    assert drill().drills[0].ok


def test_another_vaults_identity_opens_nothing(drill: Callable[..., DrillResult]) -> None:
    (docs,) = drill(identities=(identity_from(b"z" * 32),)).drills
    opened = check_of(docs, "manifests opened")
    assert (opened.outcome, opened.found, opened.expected) == ("failed", 0, 2)
    assert not docs.ok


class _Turncoat(FolderSource):
    """Serves another inventory when it is asked a second time."""

    def read(self, name: str) -> bytes:
        raw = super().read(name)
        return raw.replace(b'"replaced":[]', b'"replaced":["' + b"0" * 64 + b'"]') if name == "inventory/2" else raw


def test_a_copy_that_says_something_else_the_second_time_is_caught(
    copy: Path, drill: Callable[..., DrillResult]
) -> None:
    turncoat = CopyUnderDrill(name="usb", objects=under_drill(copy).objects, packs=_Turncoat(copy))
    (docs,) = drill(under=turncoat).drills
    assert check_of(docs, "manifests opened").outcome == "failed"


def test_a_record_that_the_log_does_not_hold_is_found(drilled: DrilledVault, copy: Path) -> None:
    from standfast.tlog.tiles import LogReader

    checkpoint = open_checkpoint((copy / "tlog" / "checkpoint").read_bytes(), drilled.vkeys)
    log = LogReader(lambda path: (copy / "tlog" / path).read_bytes(), checkpoint)
    held = list(drilled.vault.reader().items("docs"))
    assert check_leaves(log, held).ok
    forged = HeldItem(held[0].record, bytes(32), held[0].chunks, held[0].leaf, held[0].accession)
    beyond = HeldItem(held[1].record, held[1].salt, held[1].chunks, checkpoint.size, held[1].accession)
    check = check_leaves(log, [forged, beyond, *held[2:]])
    assert (check.found, check.expected) == (len(held) - 2, len(held))
    assert {each.item for each in check.examples} == {held[0].record.id, held[1].record.id}


class _Interrupted:
    """A scenario that restores something and is then cut off."""

    def __init__(self, why: BaseException) -> None:
        self.why = why
        self.wrote = False

    def room_bytes(self, held: Sequence[HeldItem]) -> int:
        return 0

    def rehearse(
        self, reader: HoldingsReader, origin: str, held: Sequence[HeldItem], to: Path, *, clock: Clock, tell: Tell
    ) -> Rehearsal:
        SCENARIOS["files"].rehearse(reader, origin, held, to, clock=clock, tell=tell)
        self.wrote = (to / "letters" / "example.txt").read_text() == "example"
        raise self.why


@pytest.mark.parametrize("why", [KeyboardInterrupt(), ZeroDivisionError()])
def test_nothing_stays_when_a_drill_is_cut_off(drill: Callable[..., DrillResult], why: BaseException) -> None:
    scenario = _Interrupted(why)
    with pytest.raises(type(why)):
        drill(scenarios={"files": scenario})
    assert scenario.wrote


def test_a_rehearsal_that_fails_is_a_result(drill: Callable[..., DrillResult]) -> None:
    (docs,) = drill(scenarios={"files": _Interrupted(OSError(28, "No space left on device"))}).drills
    ended = check_of(docs, "rehearsed to the end")
    assert (ended.outcome, ended.examples[0].why) == ("failed", "No space left on device")
    assert docs.items_expected == 10
    assert not docs.ok


class _Vast(_Interrupted):
    def room_bytes(self, held: Sequence[HeldItem]) -> int:
        return 1 << 60


def test_nothing_is_begun_where_it_does_not_fit(drill: Callable[..., DrillResult]) -> None:
    scenario = _Vast(ZeroDivisionError())
    with pytest.raises(ScratchTooSmallError) as said:
        drill(scenarios={"files": scenario})
    assert said.value.needed_bytes > 1 << 60
    assert not scenario.wrote


def test_what_is_to_be_kept_is_kept_and_survives_the_next_drill(
    drill: Callable[..., DrillResult], tmp_path: Path
) -> None:
    kept = drill(keep=True).kept
    assert kept is not None
    assert kept.stat().st_mode & 0o777 == 0o700
    assert (kept / "docs" / "letters" / "example.txt").read_text() == "example"
    drill(keep=True)
    assert (kept / "docs" / "letters" / "example.txt").exists()


def test_what_is_no_copy_is_refused_in_words(drilled: DrilledVault, copy: Path, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()

    def drill(folder: Path) -> None:
        run_drill(under_drill(folder), drilled.identities, drilled.vkeys, {"docs": "files"}, tmp_path / "scratch")

    with pytest.raises(NotAReplicaError):
        drill(tmp_path / "nothing")
    with pytest.raises(ReplicaUnreachableError):
        drill(tmp_path / "unplugged")
    (copy / "FORMAT").write_bytes(b"standfast vault 2\n")
    keyring = (copy / "keyring" / "0").read_bytes()
    (copy / "keyring" / "0").unlink()
    with pytest.raises(NewerFormatError):
        drill(copy)
    (copy / "keyring" / "0").write_bytes(keyring)
    assert os.listdir(tmp_path / "scratch") == []


def test_a_copy_that_is_unplugged_while_it_is_checked_ends_the_drill(
    drilled: DrilledVault, copy: Path, tmp_path: Path
) -> None:
    objects = MemoryCopy.of(copy)

    def unplug_later(act: str, name: str) -> None:
        if name.startswith("inventory/"):
            objects.unplug()
            objects.before(act, name)

    objects.before = unplug_later
    under = CopyUnderDrill(name="usb", objects=objects, packs=FolderSource(copy))
    with pytest.raises(ReplicaUnreachableError):
        run_drill(under, drilled.identities, drilled.vkeys, {"docs": "files"}, tmp_path / "scratch")
    assert os.listdir(tmp_path / "scratch") == []


def test_progress_names_each_step(drill: Callable[..., DrillResult]) -> None:
    said: list[tuple[str, str, int, int]] = []
    drill(tell=lambda *step: said.append(step))
    assert {(origin, step) for origin, step, _, _ in said} >= {
        ("", "copy"),
        ("", "manifests"),
        ("docs", "restore"),
        ("docs", "check"),
    }
    assert all(0 <= done <= total for _, _, done, total in said)


def test_an_item_known_to_be_incomplete_is_counted(tmp_path: Path) -> None:
    from standfast.capture.landing import Finished, Landed, LandingEvent, Seen
    from standfast.holdings.item import FileFacts

    class Changing:
        tool = "standfast/test files"

        def run(self, seen: Seen) -> Iterator[LandingEvent]:
            yield Landed(
                key=b"a",
                mark=b"1",
                untrusted_name=b"a",
                media_type="text/plain",
                captured_at=START,
                quality="cut at its limit",
                facts=FileFacts(type="file", mode=0o644, uid=0, gid=0, mtime_ns="0"),
                content=b"example",
            )
            yield Finished(complete=True)

    drilled = DrilledVault(tmp_path)
    drilled.bring_in(Changing(), "docs", "files", "memory")
    result = run_drill(
        under_drill(drilled.copy()), drilled.identities, drilled.vkeys, {"docs": "files"}, tmp_path / "scratch"
    )
    assert result.drills[0].ok
    assert result.drills[0].items_incomplete == 1
