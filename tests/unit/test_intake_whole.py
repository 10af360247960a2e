"""What a capture remembers of an origin as a whole: kept after a complete run, void as soon as anything is landed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from standfast.capture.landing import Finished, Landed, LandingEvent, Seen, Unchanged
from standfast.holdings.item import FileFacts
from standfast.intake.seen import SeenState
from vault_builder import SmallVault, TickingClock


@dataclass
class Told:
    """A capture that yields what the test says, and keeps what it could recall."""

    events: list[LandingEvent]
    clock: TickingClock = field(default_factory=TickingClock)
    recalled: bytes | None = None
    tool: str = "standfast/test told"

    def run(self, seen: Seen) -> Iterator[LandingEvent]:
        self.recalled = seen.recall(b"")
        yield from self.events


def landed(name: str, content: bytes = b"example", memo: bytes = b"") -> Landed:
    return Landed(
        key=name.encode(),
        mark=content,
        memo=memo,
        untrusted_name=name.encode(),
        media_type="text/plain",
        captured_at=TickingClock()(),
        facts=FileFacts(type="file", mode=0o644, uid=0, gid=0, mtime_ns="0"),
        content=content,
    )


@pytest.fixture
def vault(tmp_path: Path) -> SmallVault:
    made = SmallVault(tmp_path / "vault")
    made.make()
    return made


def run(vault: SmallVault, *events: LandingEvent) -> tuple[Told, object]:
    told = Told(list(events))
    return told, vault.protect(told)  # type: ignore[arg-type]


def test_it_is_recalled_after_a_complete_run(vault):
    assert run(vault, landed("a"), Finished(complete=True, memo=b"first"))[0].recalled is None
    told, result = run(vault, Unchanged(keys=(), size_bytes=7, count=1), Finished(complete=True, all_still_there=True))
    assert told.recalled == b"first"
    assert (result.items_seen, result.items_gone, result.ok, result.accessions) == (1, 0, True, [])
    assert sorted(vault.held()) == ["a"]
    assert run(vault, Finished(complete=True, all_still_there=True))[0].recalled == b"first"


def test_a_memo_alone_is_kept_without_an_accession(vault):
    run(vault, landed("a"), Finished(complete=True, memo=b"first"))
    _, result = run(vault, Finished(complete=True, all_still_there=True, memo=b"second"))
    assert result.accessions == []
    assert run(vault, Finished(complete=True, all_still_there=True))[0].recalled == b"second"


def test_it_is_void_once_an_incomplete_run_landed_something(vault):
    run(vault, landed("a"), Finished(complete=True, memo=b"first"))
    run(vault, landed("b"), Finished(complete=False, memo=b"never"))
    assert run(vault, Finished(complete=False))[0].recalled is None


def test_what_is_not_met_is_gone_unless_the_capture_knows_better(vault):
    run(vault, landed("a"), landed("b"), Finished(complete=True, memo=b"first"))
    _, result = run(vault, landed("c"), Finished(complete=True, all_still_there=True, memo=b"second"))
    assert result.items_gone == 0
    _, result = run(vault, Unchanged(keys=(b"a", b"c"), size_bytes=2), Finished(complete=True, memo=b"third"))
    assert result.items_gone == 1
    assert sorted(vault.held()) == ["a", "c"]


def test_a_first_run_is_never_told_that_all_is_still_there(vault):
    run(vault, landed("a"), Finished(complete=False))
    run(vault, landed("b"), Finished(complete=True, all_still_there=True))
    # The memory began with the first run, so what the second did not meet is gone by the end line's rule.
    _, result = run(vault, landed("c"), Finished(complete=True))
    assert result.items_gone >= 1


def test_one_thing_landed_twice_in_a_run_is_a_new_version_of_itself(vault, monkeypatch):
    """As a mailbox is that is written down on the way, an accession between the two."""
    monkeypatch.setattr("standfast.intake.run.ACCESSION_ITEMS", 2)
    many = [landed(f"m{n}") for n in range(5)]
    events = [landed("box", b"some", memo=b"x"), *many, landed("box", b"all", memo=b"y")]
    _, result = run(vault, *events, Finished(complete=True))
    assert len(result.accessions) > 1
    assert vault.held()["box"] == b"all"
    replaced = [held.record.relations for held in vault.reader().items("docs") if held.record.name == "box"]
    assert len(replaced[0]) == 1


def test_a_memo_may_have_many_mebibytes(vault):
    run(vault, landed("a", memo=bytes(5_000_000)), Finished(complete=True))
    assert vault.held() == {"a": b"example"}


def test_a_run_that_asks_for_many_rows_reads_them_at_once(vault, monkeypatch):
    monkeypatch.setattr("standfast.intake.seen.ASKED_SINGLY", 5)
    many = [landed(f"m{n}") for n in range(20)]
    run(vault, *many, Finished(complete=True))
    keys = [f"m{n}".encode() for n in range(19)]

    class Asking(Told):
        def run(self, seen: Seen) -> Iterator[LandingEvent]:
            assert seen.unchanged([(key, b"example") for key in keys]) == [True] * 19
            assert seen.unchanged([(b"m19", b"other"), (b"none", b"example")]) == [False, False]
            yield Finished(complete=True)

    result = vault.protect(Asking([]))  # type: ignore[arg-type]
    assert result.items_gone == 1


@pytest.mark.parametrize("taken", [True, False], ids=["the log took it", "the log did not take it"])
def test_a_cut_right_after_the_log_takes_nothing_in_twice(vault, monkeypatch, taken):
    """Between the log and the memory of what it took there is a moment."""

    class Cut(BaseException):
        pass

    def cut(*_):
        raise Cut

    monkeypatch.setattr(SeenState, "keep", cut)
    if not taken:
        monkeypatch.setattr("standfast.tlog.append.LogWriter.append", cut)
    with pytest.raises(Cut):
        run(vault, landed("a"), landed("b"), Finished(complete=True))
    monkeypatch.undo()
    _, result = run(vault, landed("a"), landed("b"), landed("c"), Finished(complete=True))
    assert result.items_new == (1 if taken else 3)
    assert sorted(held.record.name for held in vault.reader().every_item()) == ["a", "b", "c"]
