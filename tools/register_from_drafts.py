"""Make register/*.jsonl from register/drafts/*.csv: the same bytes every time, so that a reviewer can redo it.

    python tools/register_from_drafts.py register/drafts register

Writes sources.jsonl, subjects.jsonl and claims.jsonl. It is run once for a register: afterwards people add claims
with `standfast register add`, and a rerun over a register that has grown is refused.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from register_conflicts import SIDES, Side
from register_labels import COUNTRY_OF, OTHER_STATES, SAME, SUBJECTS
from standfast.register.entry import Claim, ClaimLine, Evidence, Names, Source, Subject, Value, When, claim_id

Row = dict[str, str]
RECORDED_AT = "2026-11-24T00:00:00.000000Z"
"""The day on which the drafts were compiled, from their README."""
AUTHOR = "draft-compiler"
RULE_SOURCES = ("S012", "S038")
"""Where Article 126 and the first entry into force were read: what a derived date rests on."""


def read(folder: Path, name: str) -> list[Row]:
    """The rows of a CSV file; `NA` is Namibia."""
    with (folder / name).open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def ids(text: str) -> list[str]:
    """`S001;S002` as a list."""
    return [each for each in text.split(";") if each]


def evidence(row_key: str, sources: Iterable[str], confidence: str = "") -> tuple[Evidence, ...]:
    """Evidence of a draft row: its sources, with what they tell otherwise.

    A draft's `single` over several sources says that they go back to one: they then count together.
    """
    sides: dict[str, list[Side]] = {}
    for side in SIDES:
        if row_key in side.rows:
            sides.setdefault(side.source, []).append(side)
    listed = list(dict.fromkeys(sources))
    out: list[Evidence] = []
    together = listed[0] if confidence == "single" else ""
    for source in [*listed, *(each for each in sides if each not in listed)]:
        with_first = together if source != together else ""
        told = sides.get(source, [])
        if row_key == "I03" and source == "S200":  # this page tells both sides
            out.append(Evidence(source=source, stance="supports"))
        out.extend(
            Evidence(
                source=source,
                stance=side.stance,  # type: ignore[arg-type]
                on=side.on,
                says=side.says,
                outweighed=side.outweighed,
                counts_with=with_first if side.stance == "supports" else "",
            )
            for side in told
        )
        if not told:
            out.append(Evidence(source=source, stance="supports", counts_with=with_first))
    return tuple(out)


def claim(*, row: str, **fields: object) -> Claim:
    """A claim of the drafts."""
    return Claim(recorded_at=RECORDED_AT, author=AUTHOR, draft_row=row, **fields)  # type: ignore[arg-type]


def subjects(folder: Path) -> Iterator[Subject]:
    """States with their names, then everyone else."""
    names = {each["iso3"]: each for each in read(folder, "state_names.csv")}
    for row in read(folder, "states_parties.csv"):
        name = names[row["iso3"]]
        said = {each: name[f"override_{each}"] or name[f"name_{each}"] for each in ("ar", "fr", "es")}
        yield Subject(
            id=row["iso3"],
            kind="state",
            name=Names(en=row["name_en"], **said),
            iso2=row["iso2"],
            iso3=row["iso3"],
            sources=tuple(ids(name["source_ids"])),
            note=row["notes"],
        )
    for iso3, iso2, en, ar, fr, es in OTHER_STATES:
        yield Subject(id=iso3, kind="state", name=Names(en=en, ar=ar, fr=fr, es=es), iso2=iso2, iso3=iso3)
    for en, (key, kind, ar, fr, es) in SUBJECTS.items():
        country = COUNTRY_OF.get(key.split("-")[0], "") if kind == "authority" else ""
        yield Subject(id=key, kind=kind, name=Names(en=en, ar=ar, fr=fr, es=es), country=country)  # type: ignore[arg-type]


def membership(row: Row) -> Iterator[Claim]:
    """What a row of states_parties.csv says: group, signature, deposit, entry into force, withdrawal, and the APIC."""
    iso, series = row["iso3"], f"ROME-{row['iso3']}"
    every, treaty = ids(row["source_ids"]), ids(row["source_treaty"])
    rule = [each for each in RULE_SOURCES if each in every]
    read_in = [
        each
        for each in every
        if each not in (*ids(row["source_group"]), "S006", "S031", "S032", "S033", "S041", "S042")
    ]

    def event(step: int, word: str, at: str, sources: list[str], key: str, precision: str = "day") -> Claim:
        return claim(
            row=f"states_parties.csv {iso}",
            series=series,
            step=step,
            subject=iso,
            predicate="membership",
            value=Value(word=word),
            when=When(at=at, precision=precision),
            evidence=evidence(key, sources),
        )

    yield claim(
        row=f"states_parties.csv {iso}",
        series=f"GROUP-{iso}",
        subject=iso,
        predicate="regional group",
        value=Value(word=row["regional_group"]),
        when=When(precision="unknown"),
        evidence=evidence(f"{iso}-group", ids(row["source_group"])),
    )
    if row["signature_date"]:
        yield event(1, "signed", row["signature_date"], ["S001"], f"{iso}-signed")
    yield event(2, f"deposited: {row['instrument']}", row["deposit_date"], treaty, f"{iso}-deposit")
    if row["entry_into_force_date"]:
        derived = row["eif_basis"] == "derived"
        sources = [*treaty, *rule] if derived else read_in
        yield event(
            3, "in force", row["entry_into_force_date"], sources, f"{iso}-in-force", "inferred" if derived else "day"
        )
    if row["withdrawal_notified"]:
        notified, effective = WITHDRAWALS[iso]
        yield event(
            4, "withdrawal notified", row["withdrawal_notified"], notified[1], f"{iso}-withdrawal-notified", notified[0]
        )
        yield event(
            5,
            "withdrawal effective",
            row["withdrawal_effective"],
            effective[1],
            f"{iso}-withdrawal-effective",
            effective[0],
        )
    if row["apic_date"]:
        yield claim(
            row=f"states_parties.csv {iso}",
            series=f"APIC-{iso}",
            subject=iso,
            predicate="act on a measure",
            value=Value(word="act sourced", measure="4c", form="individual"),
            when=When(at=row["apic_date"], precision="day"),
            summary="Deposited its instrument for the Agreement on the Privileges and Immunities of the Court "
            f"({row['apic_instrument']}).",
            evidence=evidence(f"{iso}-apic", ["S011"] if iso == "PSE" else ["S006"]),
        )


WITHDRAWALS = {
    "BDI": (("inferred", ["S022"]), ("day", ["S023", "S022"])),
    "PHL": (("day", ["S024"]), ("inferred", ["S024"])),
    "HUN": (("day", ["S027", "S029"]), ("day", ["S028", "S027", "S029"])),
}
"""Precision and sources of the two dates of a withdrawal, from the notes of the drafts."""


def designation(row: Row) -> Claim:
    """A row of designations.csv."""
    target = SAME.get(row["target"], row["target"])
    note = row["notes"]
    if target != row["target"]:
        note = f"Designated as {row['target']}. {note}".strip()
    listed = "2025-11-28" if row["event_id"] == "RU-UND-HRW-1" else ""
    return claim(
        row=f"designations.csv {row['event_id']}",
        series=row["series_id"],
        step=int(row["event_id"].rsplit("-", 1)[1]),
        subject=SUBJECTS[target][0],
        predicate="designation",
        value=Value(
            word=row["event"], authority=SUBJECTS[row["authority"]][0], basis=row["legal_basis"], role=row["role"]
        ),
        when=When(at=row["act_date"], precision=row["date_precision"], listed=listed),  # type: ignore[arg-type]
        note=note,
        evidence=evidence(row["event_id"], ids(row["source_ids"]), row["confidence"]),
    )


def reaction(row: Row) -> Claim:
    """A row of reactions.csv. A joint act is one series, so that a State can't stand in it twice."""
    labelled = SUBJECTS.get(row["actor"])
    named_state = bool(row["iso3"]) and (labelled is None or labelled[1] == "authority")
    subject = row["iso3"] if named_state else SUBJECTS[row["actor"]][0]
    about = row["iso3"] if row["iso3"] and not named_state else ""
    series = f"ACT-{row['reaction_id']}"
    key = row["reaction_id"]
    if row["kind"] == "joint":
        series = f"JOINT-{row['date']}"
    if row["date"] == "2025-02-07" and row["kind"] == "joint":
        key = f"joint-2025-{row['iso3']}"
    coded = bool(row["stance"])
    stage = row["stance"] == "announced or called for" and row["measure"] == "5"
    return claim(
        row=f"reactions.csv {row['reaction_id']}",
        series=series,
        subject=subject,
        predicate="act on a measure" if coded else "other act",
        value=Value(
            word=row["stance"] or "act",
            measure=row["measure"],
            form=row["kind"],  # type: ignore[arg-type]
            stage="called for" if stage else "",
            about=about,
        ),
        when=When(at=row["date"], precision=row["date_precision"]),  # type: ignore[arg-type]
        summary=row["summary"],
        note=row["notes"],
        evidence=evidence(key, ids(row["source_ids"]), row["confidence"]),
    )


def incident(row: Row, step: int) -> Claim:
    """A row of incidents.csv."""
    target = SAME.get(row["target"], row["target"])
    note = row["notes"] if target == row["target"] else f"{row['target']}. {row['notes']}"
    return claim(
        row=f"incidents.csv {row['incident_id']}",
        series=row["series_id"],
        step=step,
        subject=SUBJECTS[target][0],
        predicate="incident",
        value=Value(word=row["incident_type"], authority=SUBJECTS[row["actor"]][0]),
        when=When(at=row["date"], precision=row["date_precision"]),  # type: ignore[arg-type]
        summary=row["summary"],
        note=note,
        evidence=evidence(row["incident_id"], ids(row["source_ids"]), row["confidence"]),
    )


def claims(folder: Path) -> Iterator[Claim]:
    """Every claim of the drafts, in the order of their files."""
    for row in read(folder, "states_parties.csv"):
        yield from membership(row)
    yield from map(designation, read(folder, "designations.csv"))
    yield from map(reaction, read(folder, "reactions.csv"))
    steps: dict[str, int] = {}
    for row in read(folder, "incidents.csv"):
        steps[row["series_id"]] = steps.get(row["series_id"], 0) + 1
        yield incident(row, steps[row["series_id"]])


def sources(folder: Path) -> Iterator[Source]:
    """Every source of the drafts."""
    for row in read(folder, "sources.csv"):
        yield Source(
            id=row["source_id"],
            title=row["title"],
            publisher=row["publisher"],
            url=row["url"],
            published_on=row["published_on"],
            read_how=row["read_how"],
            tier=row["tier"],  # type: ignore[arg-type]
            read_sha256=row["sha256"],
        )


def write(path: Path, lines: Iterable[object]) -> int:
    """One JSON document a line, keys in the order of the fields."""
    encoder = msgspec.json.Encoder()
    raw = [encoder.encode(each) + b"\n" for each in lines]
    path.write_bytes(b"".join(raw))
    return len(raw)


def main(drafts: Path, to: Path) -> None:
    """Convert, unless the register has grown since."""
    grown = to / "acts.jsonl"
    if grown.exists() and grown.stat().st_size:
        sys.exit(f"{grown} has lines: this register has grown beyond its drafts, nothing was changed")
    made = [ClaimLine(id=claim_id(each), claim=each) for each in claims(drafts)]
    if (to / "claims.jsonl").exists():
        known = {each.id for each in made}
        for raw in (to / "claims.jsonl").read_bytes().splitlines():
            line = msgspec.json.decode(raw, type=ClaimLine)
            if line.claim.author != AUTHOR and line.id not in known:
                sys.exit(f"claim {line.id} is not from the drafts: nothing was changed")
    print("sources", write(to / "sources.jsonl", sources(drafts)))
    print("subjects", write(to / "subjects.jsonl", subjects(drafts)))
    print("claims", write(to / "claims.jsonl", made))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
