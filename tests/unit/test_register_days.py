"""What the shipped register says of the days that its issue names, and every conflict of its drafts' README."""

from __future__ import annotations

import csv
import dataclasses
from collections import Counter
from datetime import date
from typing import Any

import msgspec
import pytest

from standfast.register import cells, codebook, designations, membership
from standfast.register.asof import asof_document
from standfast.register.entry import Evidence
from standfast.register.store import read_register, shipped_folder
from standfast.register.view import Entry, View, view_of

DATA = read_register(shipped_folder())
VIEW: View = view_of(DATA)
ROWS = {each.claim.draft_row: each for each in VIEW.entries.values() if not each.claim.draft_row.startswith("states_")}


def asof(day: str) -> dict[str, Any]:
    return asof_document(VIEW, date.fromisoformat(day))


def row(name: str) -> Entry:
    return next(each for key, each in ROWS.items() if key.endswith(f" {name}"))


def told(entry: Entry, source: str) -> Evidence:
    return next(each for each in entry.claim.evidence if each.source == source and each.says)


@pytest.mark.parametrize(
    ("day", "parties"),
    [
        ("2025-09-04", 125), ("2017-10-26", 124), ("2017-10-28", 123), ("2019-03-18", 122), ("2020-02-01", 123),
        ("2024-02-01", 124), ("2025-01-01", 125),
    ],
)  # fmt: skip
def test_the_parties_are_counted_on_a_day(day: str, parties: int) -> None:
    found = asof(day)
    assert (found["parties"], found["parties_disputed"]) == (parties, 0)
    assert len(found["cells"]) == parties * 9


def test_the_regional_groups_have_the_sizes_that_are_printed() -> None:
    groups = Counter(
        membership.group_of(VIEW, each.iso3)
        for each in membership.on_day(VIEW, date(2025, 9, 4))
        if each.state == membership.PARTY
    )
    assert groups == {"African": 33, "Asia-Pacific": 19, "Eastern European": 20, "GRULAC": 28, "WEOG": 25}


def test_hungary_after_its_withdrawal_is_disputed_and_both_sides_are_named() -> None:
    found = asof("2026-06-03")
    hungary = next(each for each in found["subjects"] if each["id"] == "HUN")
    assert hungary["state"] == "disputed"
    assert hungary["sources"] == {"supports": ["S028", "S027", "S029"], "contradicts": ["S030"]}
    assert (found["parties"], found["parties_disputed"]) == (124, 1)
    assert {each["iso3"] for each in found["cells"]} >= {"HUN"}
    assert next(each for each in asof("2026-06-01")["subjects"] if each["id"] == "HUN")["state"] == "party"


def test_albanese_has_three_states_on_three_days_and_undated_events_stay_undated() -> None:
    states = []
    for day in ("2026-04-01", "2026-05-14", "2026-11-24"):
        found = next(each for each in asof(day)["subjects"] if each["id"] == "albanese")
        series = next(each for each in found["series"] if each["id"] == "US14203-ALBANESE")
        states.append(series["state"])
        events = [VIEW.entries[each].claim for each in series["undated"]]
        assert [(each.value.word, each.when.at) for each in events] == [("delisted", ""), ("relisted", "")]
    assert states == ["designated", "enjoined", "relisted"]
    assert series["since"] is None


def test_an_undated_event_is_open_between_the_event_before_it_and_the_day_it_was_recorded() -> None:
    found = designations.state_on(VIEW.by_series["US14203-ALBANESE"], date(2026, 8, 1))
    assert found.state == "enjoined"
    assert len(found.open) == 2


def test_a_month_has_not_happened_before_its_last_day() -> None:
    events = VIEW.by_series["US-VISA-BENSOUDA"]
    assert designations.state_on(events, date(2019, 4, 29)).state == designations.NONE
    assert designations.state_on(events, date(2019, 4, 29)).open == (events[0].id,)
    assert designations.state_on(events, date(2019, 4, 30)).state == "entry barred"


def test_what_the_register_said_before_it_was_compiled_is_nothing() -> None:
    found = asof_document(view_of(DATA, said_on=date(2026, 11, 23)), date(2025, 9, 4))
    assert (found["parties"], found["subjects"], found["cells"]) == (0, [], [])


def test_nothing_is_published_yet() -> None:
    assert asof_document(view_of(DATA, published_only=True), date(2025, 9, 4))["parties"] == 0
    assert {each.status for each in VIEW.entries.values()} == {"draft"}


def test_confidence_by_rule_agrees_with_the_drafts_but_where_a_primary_source_is_among_several() -> None:
    stated = {}
    for name, key in (("designations", "event_id"), ("reactions", "reaction_id"), ("incidents", "incident_id")):
        with (DATA.folder / "drafts" / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
            stated.update({f"{name}.csv {each[key]}": each["confidence"] for each in csv.DictReader(handle)})
    assert set(stated) == set(ROWS)
    for key, entry in ROWS.items():
        if entry.confidence != stated[key]:
            assert stated[key] in ("two independent", "single")
            assert entry.confidence in ("primary", "republished primary")


def test_cells_say_words_and_silence_is_no_information() -> None:
    found = {(each["iso3"], each["measure"]): each for each in asof("2026-11-24")["cells"]}
    assert {each["value"] for each in found.values()} <= set(codebook.CELL_WORDS)
    assert all(bool(each["claims"]) == (each["value"] != "no information") for each in found.values())
    assert all(each["value"] == "no information" for (_, measure), each in found.items() if measure in ("3", "4b", "6"))
    assert found["BEL", "5"]["value"] == "announced or called for"
    assert found["HUN", "1"]["value"] == "act to the contrary sourced"
    assert (found["ALB", "1"]["value"], found["ALB", "1"]["form"]) == ("act sourced", "joint")
    assert (found["FRA", "1"]["form"], found["SVN", "1"]["form"]) == ("joint", "individual")


# ---- The conflicts of the drafts' README, in its order


def test_conflict_names_on_the_joint_statement() -> None:
    names = {each.claim.subject: each for each in VIEW.by_series["JOINT-2025-02-07"]}
    assert len(names) == 79
    for iso3, source in (("AUT", "S061"), ("GBR", "S061"), ("ATG", "S062")):
        link = told(names[iso3], source)
        assert (link.stance, link.on) == ("contradicts", "names")
        assert link.outweighed
        assert names[iso3].confidence != "disputed"


def test_conflict_number_of_officials() -> None:
    counted = {
        each.claim.subject
        for each in VIEW.current()
        if each.claim.predicate == "designation"
        and each.claim.value.basis.startswith("Executive Order 14203")
        and each.claim.value.word == "designated"
        and each.claim.value.role.endswith("ICC")
    }
    assert len(counted) == 11
    assert told(row("R199"), "S175").says.startswith("Ten officials")
    assert (
        told(row("R194"), "S171").says
        == told(row("R203"), "S178").says
        == "Eleven officials of the Court are sanctioned."
    )


def test_conflict_day_of_the_december_round() -> None:
    for name in ("US14203-LORDKIPANIDZE-1", "US14203-DAMDIN-1"):
        assert row(name).claim.when.at == "2025-12-18"
        assert told(row(name), "S082").on == "date"


def test_conflict_a_page_that_is_wrong_on_all_three() -> None:
    link = told(row("US14203-KHAN-1"), "S093")
    assert link.stance == "contradicts"
    assert link.outweighed
    assert row("US14203-KHAN-1").confidence == "single"


def test_conflict_lifting_in_2021() -> None:
    for name in ("US13928-BENSOUDA-2", "US13928-MOCHOCHOKO-2"):
        assert row(name).confidence == "disputed"
        assert "2 April 2021" in told(row(name), "S092").says


def test_conflict_listing_of_the_prosecutor() -> None:
    assert told(row("US14203-KHAN-1"), "S072").says != told(row("US14203-KHAN-1"), "S074").says
    assert row("US14203-KHAN-1").claim.when.listed == ""


def test_conflict_six_organisations_order_and_publication() -> None:
    found = [each for each in ROWS.values() if each.claim.series.startswith("IL2016-")]
    assert len(found) == 6
    assert all(each.claim.when.at == "2021-10-19" and "22 October" in told(each, "S100").says for each in found)


def test_conflict_military_order() -> None:
    found = [each for key, each in ROWS.items() if "IL1945-" in key and each.claim.when.at == "2021-11-03"]
    assert len(found) == 6
    assert all("7 November" in told(each, "S103").says for each in found)
    against = [each.claim.subject for each in found if told(each, "S104").stance == "contradicts"]
    assert against == ["bisan"]


def test_conflict_number_of_raided_offices() -> None:
    found = [each for each in ROWS.values() if each.claim.series == "RAID-2022"]
    said = [{told(each, source).says for source in ("S113", "S107", "S105")} for each in found]
    assert said == [{"Four offices.", "Six offices.", "Seven offices."}] * 7


def test_conflict_ministries_of_july_2022() -> None:
    assert len(VIEW.by_series["JOINT-2022-07"]) == 9
    assert "ten States" in told(row("R230"), "S108").says


def test_conflict_reason_for_removed_channels() -> None:
    assert row("I03").confidence == "disputed"
    assert {each.stance for each in row("I03").claim.evidence if each.source == "S200"} == {"supports", "contradicts"}


def test_conflict_lost_mailbox() -> None:
    assert row("I04").confidence == "disputed"
    assert [each.source for each in row("I04").claim.evidence if each.stance == "contradicts"] == ["S204", "S205"]


def test_conflict_eight_sitting_judges() -> None:
    assert row("RU-HOFMANSKI-2").claim.value.role == "former President, ICC"
    assert told(row("RU-HOFMANSKI-2"), "S120").on == "names"


def test_conflict_notice_of_the_philippines() -> None:
    notice = next(each for each in VIEW.by_series["ROME-PHL"] if each.claim.value.word == "withdrawal notified")
    assert notice.claim.when.at == "2018-03-17"
    assert ("15 March" in told(notice, "S025").says, "16 March" in told(notice, "S026").says) == (True, True)


def test_conflict_vote_of_venezuela() -> None:
    assert row("R228").claim.when.at == "2025-12-11"
    assert "12 December" in told(row("R228"), "S043").says


def test_conflict_signature_of_costa_rica() -> None:
    deposit = VIEW.by_series["APIC-CRI"][0]
    assert deposit.claim.when.at == "2011-04-28"
    assert "16 December 2002" in told(deposit, "S034").says


def test_conflict_kiribati() -> None:
    for each in VIEW.by_series["ROME-KIR"]:
        assert told(each, "S033").stance == "contradicts"
        assert told(each, "S033").outweighed
    assert membership.party_state(VIEW, "KIR", date(2020, 2, 1)).state == "party"


def test_a_cell_with_acts_both_ways_is_disputed() -> None:
    acts = [each for each in VIEW.by_subject["HUN"] if each.claim.value.measure == "1"]
    both = View(DATA, VIEW.entries, {"HUN": [*acts, *VIEW.by_subject["ALB"]]}, {}, {})
    assert cells.cell(both, "HUN", "1", date(2026, 1, 1)).word == "act to the contrary sourced"
    other = msgspec.structs.replace(
        acts[0].claim, value=msgspec.structs.replace(acts[0].claim.value, word="act sourced")
    )
    both = View(DATA, VIEW.entries, {"HUN": [*acts, _as(acts[0], other)]}, {}, {})
    assert cells.cell(both, "HUN", "1", date(2026, 1, 1)).word == "disputed"


def _as(entry: Entry, claim: Any) -> Entry:
    return dataclasses.replace(entry, claim=claim)
