"""What a claim must meet, who may do what, and how corrections, withdrawals and releases run."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from register_fixture import DIGEST, add, claim_json, evidence, make_register, moment, read, write_raw
from standfast.errors.register import (
    BadClaimError,
    MalformedRegisterError,
    NoRegisterError,
    NotPublishableError,
    OwnReviewError,
    UnknownEntryError,
)
from standfast.register import adding, release, store
from standfast.register.check import check_register
from standfast.register.diff import diff_document
from standfast.register.entry import Act, claim_id
from standfast.register.evidence import FolderEvidence, SeveralStores
from standfast.register.export import claims_csv, register_json
from standfast.register.store import read_register, shipped_folder
from standfast.register.view import view_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_register(tmp_path / "register")


def kinds(folder: Path) -> list[str]:
    return [each.kind for each in check_register(read(folder), evidence(folder))]


def publish(folder: Path, *claims: str, day: int = 3) -> str:
    adding.review(read(folder), claims, by="reviewer-2", at=moment(day))
    key, _, _ = release.publish(view_of(read(folder)), claims, by="editor", at=moment(day, 13), log=None)
    return key


def test_the_shipped_register_has_no_fault() -> None:
    data = read_register(shipped_folder())
    assert check_register(data, FolderEvidence(data.folder / "evidence")) == []
    assert len(data.lines) == 908


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"when": {"at": "2026-11", "precision": "day"}}, "date"),
        ({"when": {"at": "2026-11-30", "precision": "month"}}, "date"),
        ({"when": {"at": "2026-02-30", "precision": "day"}}, "date"),
        ({"when": {"at": "2027-01-01", "precision": "day"}}, "date"),
        ({"when": {"at": "2026-11-30", "precision": "day", "until": "2026-11-01"}}, "date"),
        ({"value": {"word": "refused", "measure": "2", "form": "individual"}}, "codebook"),
        ({"value": {"word": "act sourced", "measure": "7", "form": "individual"}}, "codebook"),
        ({"value": {"word": "act sourced", "measure": "2"}}, "codebook"),
        ({"predicate": "opinion"}, "codebook"),
        ({"subject": "prost"}, "codebook"),
        ({"subject": "XXX"}, "dangling subject"),
        ({"series": ""}, "dangling series"),
        ({"evidence": []}, "without a source"),
        (
            {"value": {"word": "act to the contrary sourced", "measure": "2", "form": "individual"}, "evidence": []},
            "negative without a source",
        ),
        ({"evidence": [{"source": "S999", "stance": "supports"}]}, "dangling source"),
        (
            {"evidence": [{"source": "S140", "stance": "supports"}, {"source": "S141", "stance": "contradicts"}]},
            "one side only",
        ),
        ({"evidence": [{"source": "S140", "stance": "supports", "quote": "x" * 201}]}, "too long"),
        ({"evidence": [{"source": "S140", "stance": "supports", "capture": "a" * 64}]}, "missing bytes"),
    ],
)
def test_each_rule_names_what_breaks_it(folder: Path, changes: dict[str, Any], kind: str) -> None:
    write_raw(folder, **changes)
    assert kind in kinds(folder)
    if kind != "missing bytes":
        (folder / "claims.jsonl").write_bytes(b"")
        with pytest.raises(BadClaimError, match=kind):
            add(folder, **changes)
        assert read(folder).lines == ()


def test_a_claim_that_someone_edits_is_noticed(folder: Path) -> None:
    line = add(folder)
    text = (folder / "claims.jsonl").read_text()
    (folder / "claims.jsonl").write_text(text.replace("called on", "urged"))
    problems = check_register(read(folder), evidence(folder))
    assert [(each.kind, each.claim) for each in problems] == [("changed claim", line.id)]


def test_one_flipped_bit_of_a_held_source_is_named_with_claim_and_source(folder: Path) -> None:
    line = add(folder)
    held = folder / "evidence" / DIGEST
    raw = bytearray(held.read_bytes())
    raw[10] ^= 1
    held.write_bytes(raw)
    problems = check_register(read(folder), evidence(folder))
    assert [(each.kind, each.claim, each.source) for each in problems] == [("changed digest", line.id, "S140")]


def test_a_state_can_t_stand_twice(folder: Path) -> None:
    value = {"word": "act sourced", "measure": "2", "form": "joint"}
    write_raw(folder, series="JOINT-EXAMPLE", value=value)
    write_raw(folder, series="JOINT-EXAMPLE", value=value, note="Again.")
    assert kinds(folder) == ["counted twice"]


def test_two_subjects_can_t_be_one_state(folder: Path) -> None:
    with (folder / "subjects.jsonl").open("a") as handle:
        handle.write('{"id":"FRANCE","kind":"state","name":{"en":"France"},"iso2":"FR","iso3":"FRA"}\n')
    assert kinds(folder) == ["counted twice"]


def test_an_author_can_t_review_and_a_file_that_says_so_fails(folder: Path) -> None:
    line = add(folder)
    with pytest.raises(OwnReviewError):
        adding.review(read(folder), (line.id,), by="author-1", at=moment(2))
    store.add_acts(folder, [Act(claim=line.id, act="reviewed", by="author-1", at="2026-12-02T00:00:00.000000Z")])
    assert kinds(folder) == ["own review"]


def test_a_claim_without_held_bytes_is_neither_reviewed_nor_let_pass(folder: Path) -> None:
    line = add(folder, evidence=[{"source": "S140", "stance": "supports"}])
    with pytest.raises(NotPublishableError, match="no bytes are held"):
        adding.review(read(folder), (line.id,), by="reviewer-2", at=moment(2))
    store.add_acts(folder, [Act(claim=line.id, act="reviewed", by="reviewer-2", at="2026-12-02T00:00:00.000000Z")])
    assert kinds(folder) == ["missing bytes"]


def test_a_claim_that_rests_on_a_rewrite_can_t_be_published(folder: Path) -> None:
    line = add(folder, evidence=[{"source": "S141", "stance": "supports", "capture": DIGEST}])
    with pytest.raises(NotPublishableError, match="rewrites"):
        publish(folder, line.id)
    assert release.publishable(view_of(read(folder))) == []
    assert not (folder / "releases").exists()


def test_a_draft_can_t_be_published(folder: Path) -> None:
    line = add(folder)
    with pytest.raises(NotPublishableError, match="no other person"):
        release.publish(view_of(read(folder)), [line.id], by="editor", at=moment(3), log=None)
    with pytest.raises(UnknownEntryError):
        release.publish(view_of(read(folder)), ["0" * 32], by="editor", at=moment(3), log=None)


def test_a_claim_goes_from_draft_to_superseded_and_both_clocks_tell(folder: Path) -> None:
    first = add(folder)
    key = publish(folder, first.id, day=3)
    second = add(folder, day=4, corrects=first.id, correction="error", summary="Example: asked a State to withdraw.")
    said = {day: view_of(read(folder), said_on=date(2026, 12, day)) for day in (1, 3, 4)}
    assert [said[day].entries[first.id].status for day in (1, 3, 4)] == ["draft", "published", "published"]
    assert not said[3].entries.get(second.id)
    publish(folder, second.id, day=5)
    now = view_of(read(folder))
    assert now.entries[first.id].status == "superseded"
    assert (now.entries[first.id].successor, now.entries[first.id].correction) == (second.id, "error")
    assert [each.id for each in now.by_subject["FRA"]] == [second.id]
    assert [each.id for each in view_of(read(folder), said_on=date(2026, 12, 4)).by_subject["FRA"]] == [
        first.id,
        second.id,
    ]
    assert kinds(folder) == []
    assert list(release.check_releases(read(folder))) == []
    found = diff_document(read(folder), key, "2")
    assert found["corrected"] == [{"old": first.id, "new": second.id, "kind": "error"}]
    assert found["published"] == [second.id]
    assert diff_document(read(folder), "2026-12-01", "2026-12-02")["added"] == []


def test_what_is_withdrawn_for_safety_is_told_nowhere_any_more(folder: Path) -> None:
    first = add(folder)
    publish(folder, first.id)
    notice = adding.withdraw(read(folder), first.id, author="author-1", at=moment(6))
    view = view_of(read(folder))
    assert view.entries[first.id].status == "withdrawn"
    assert "FRA" not in view.by_subject
    for raw in (claims_csv(view), register_json(view, date(2026, 12, 7))):
        assert b"called on" not in raw
        assert first.id.encode() in raw
    assert kinds(folder) == []
    publish(folder, notice.id, day=7)
    assert release.read_releases(folder)[-1][1].withdrawn == (first.id,)
    with pytest.raises(UnknownEntryError):
        adding.withdraw(read(folder), "0" * 32, author="author-1", at=moment(8))


def test_history_that_was_rewritten_after_a_release_is_noticed(folder: Path) -> None:
    first = add(folder)
    publish(folder, first.id)
    add(folder, day=4, series="ACT-OTHER", subject="BEL")
    assert list(release.check_releases(read(folder))) == []
    lines = (folder / "claims.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "claims.jsonl").write_bytes(lines[1] + lines[0])
    assert [each.kind for each in release.check_releases(read(folder))] == ["changed history"]


def test_a_release_cut_off_before_its_acts_is_noticed(folder: Path) -> None:
    first = add(folder)
    publish(folder, first.id)
    acts = (folder / "acts.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "acts.jsonl").write_bytes(acts[0])
    assert [each.kind for each in release.check_releases(read(folder))] == ["broken release"]


def test_a_correction_stays_in_its_series(folder: Path) -> None:
    first = add(folder)
    with pytest.raises(UnknownEntryError):
        add(folder, day=2, corrects="0" * 32, correction="error")
    add(folder, day=2, corrects=first.id, correction="error", series="ACT-OTHER")
    assert kinds(folder) == ["dangling series"]


def test_a_source_that_comes_with_a_claim_gets_the_digest_of_its_capture(folder: Path) -> None:
    url = "https://www.example.org/statement"
    source = {
        "id": "S900",
        "title": "Example",
        "publisher": "Example",
        "url": url,
        "read_how": "capture",
        "tier": "primary",
    }
    raw = claim_json(evidence=[{"source": "S900", "stance": "supports"}], sources=[source])
    new = adding.parse_new_claim(msgspec.json.encode(raw))
    with pytest.raises(BadClaimError, match="no source has the captured address"):
        adding.add(read(folder), new, author="a", at=moment(1), captures={"https://other.example.org/": DIGEST})
    line = adding.add(read(folder), new, author="author-1", at=moment(1), captures={url: DIGEST})
    assert line.claim.evidence[0].capture == DIGEST
    assert read(folder).sources["S900"].url == url
    assert view_of(read(folder)).entries[line.id].confidence == "primary"
    assert kinds(folder) == []


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b"\xff", b'{"extra": 1}', b" " * (adding.INPUT_LIMIT_BYTES + 1)])
def test_what_is_no_claim_is_refused(raw: bytes) -> None:
    with pytest.raises(BadClaimError):
        adding.parse_new_claim(raw)


@pytest.mark.parametrize("raw", [b"{}\n", b"{", b'{"id":"x"}', b"x" * (store.LINE_LIMIT_BYTES + 2) + b"\n"])
def test_a_line_that_is_none_is_named_by_its_number(folder: Path, raw: bytes) -> None:
    add(folder)
    with (folder / "claims.jsonl").open("ab") as handle:
        handle.write(raw)
    with pytest.raises(MalformedRegisterError, match="line 2"):
        read(folder)


def test_a_folder_without_claims_is_no_register(tmp_path: Path) -> None:
    with pytest.raises(NoRegisterError):
        read_register(tmp_path)


def test_an_id_is_the_same_however_a_claim_came_to_be(folder: Path) -> None:
    line = add(folder)
    assert (
        claim_id(read(folder).lines[0].claim)
        == line.id
        == claim_id(msgspec.json.decode(msgspec.json.encode(line.claim), type=type(line.claim)))
    )


def test_several_stores_answer_in_their_order(folder: Path, tmp_path: Path) -> None:
    both = SeveralStores([FolderEvidence(tmp_path / "none"), evidence(folder)])
    found = both.find(DIGEST)
    assert found is not None
    assert (found.log_index, b"".join(both.pieces(DIGEST))[:9]) == (7, b"<!doctype")
    assert both.find("0" * 64) is None
    with pytest.raises(FileNotFoundError):
        both.pieces("0" * 64)
    with pytest.raises(FileNotFoundError):
        list(FolderEvidence(folder).pieces("../claims.jsonl"))
