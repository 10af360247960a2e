"""The register as files for others: CSV, JSON with every version, and FollowTheMoney entities.

Each file says that it is not a screening list, and nothing carries a topic that screening tools look for: a list of
the people under attack that a bank loads into its filters would spread the harm. So a designation is an *Event* that
involves its target, never a Sanction of it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from standfast import durable
from standfast.register import cells, membership
from standfast.register.evidence import EvidenceStore, digests_of
from standfast.register.view import WITHDRAWN, Entry, View

NOTICE = (
    "This is not a screening list. Drafts have not been checked by a second person. "
    "No entry means no information, never no."
)
LICENCE = "CC BY 4.0; see docs/register/licence.md"
_KINDS = {
    "state": "PublicBody",
    "person": "Person",
    "organisation": "Organization",
    "authority": "PublicBody",
    "body": "Organization",
}
_COMPANIES = ("google", "microsoft", "banks", "card-issuers", "not-attributed")


def write_exports(view: View, store: EvidenceStore, day: date, to: Path) -> list[str]:
    """Write every file into a folder, and return their names. The same register and day give the same bytes."""
    durable.make_folder(to)
    files = {
        "claims.csv": claims_csv(view),
        "cells.csv": cells_csv(view, day),
        "register.json": register_json(view, day),
        "followthemoney.jsonl": b"".join(msgspec.json.encode(each) + b"\n" for each in entities(view, store)),
        "README.txt": f"{NOTICE}\nLicence: {LICENCE}\nAs of {day}.\n".encode(),
    }
    for name, data in files.items():
        durable.write_atomically(to / name, data)
    return list(files)


def shown(entry: Entry) -> bool:
    """Whether what a claim says may leave the register: not once it was withdrawn for safety."""
    return WITHDRAWN not in (entry.correction, entry.claim.correction)


def claims_csv(view: View) -> bytes:
    """Every version of every claim, one a row."""
    rows = [_row(view, each) for each in view.entries.values()]
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, _COLUMNS, restval="")
    writer.writeheader()
    writer.writerows({name: _inert(str(cell)) for name, cell in row.items()} for row in rows)
    return out.getvalue().encode("utf-8")


_COLUMNS = tuple(
    [
        "id",
        "series",
        "step",
        "subject",
        "subject_name",
        "predicate",
        "word",
        "measure",
        "form",
        "stage",
        "authority",
        "basis",
        "role",
        "about",
        "date",
        "precision",
        "until",
        "listed",
        "effective",
        "summary",
        "note",
        "sources_for",
        "sources_against",
        "confidence",
        "status",
        "corrects",
        "correction",
        "successor",
        "recorded_at",
        "author",
        "reviewers",
        "notice",
    ]
)


def _row(view: View, entry: Entry) -> dict[str, object]:
    """A claim's cells by the name of their column; of what was withdrawn, only that it was."""
    claim, value, when = entry.claim, entry.claim.value, entry.claim.when
    told: dict[str, object] = {
        "id": entry.id,
        "series": claim.series,
        "status": entry.status,
        "corrects": claim.corrects,
        "correction": claim.correction or entry.correction,
        "successor": entry.successor,
        "notice": NOTICE,
    }
    if not shown(entry):
        return told
    same = ("step", "subject", "predicate", "summary", "note", "recorded_at", "author", "correction")
    of_value = ("word", "measure", "form", "stage", "authority", "basis", "role", "about")
    subject = view.data.subjects.get(claim.subject)
    for side, column in (("supports", "sources_for"), ("contradicts", "sources_against")):
        told[column] = ";".join(dict.fromkeys(link.source for link in claim.evidence if link.stance == side))
    return {
        **told,
        **{name: getattr(claim, name) for name in same},
        **{name: getattr(value, name) for name in of_value},
        **{name: getattr(when, name) for name in ("precision", "until", "listed", "effective")},
        "subject_name": subject.name.en if subject else "",
        "date": when.at,
        "confidence": entry.confidence,
        "reviewers": ";".join(entry.reviewers),
    }


def _inert(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def cells_csv(view: View, day: date) -> bytes:
    """The table of States Parties and measures on a day, one cell a row."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["date", "iso3", "state", "membership", "measure", "value", "form", "stage", "claims", "notice"])
    for state in membership.on_day(view, day):
        if state.state == membership.NOT_PARTY:
            continue
        name = view.data.subjects[state.iso3].name.en
        for each in cells.cells_of(view, state.iso3, day):
            writer.writerow(
                [
                    day,
                    state.iso3,
                    name,
                    state.state,
                    each.measure,
                    each.word,
                    each.form,
                    each.stage,
                    ";".join(each.claims),
                    NOTICE,
                ]
            )
    return out.getvalue().encode("utf-8")


def register_json(view: View, day: date) -> bytes:
    """Everything with all versions, as one document."""
    document = {
        "notice": NOTICE,
        "licence": LICENCE,
        "date": day.isoformat(),
        "subjects": list(view.data.subjects.values()),
        "sources": list(view.data.sources.values()),
        "claims": [claim_json(each) for each in view.entries.values()],
        "acts": list(view.data.acts),
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def claim_json(entry: Entry) -> dict[str, Any]:
    """A claim with what became of it."""
    return {
        "id": entry.id,
        "status": entry.status,
        "confidence": entry.confidence,
        "reviewers": entry.reviewers,
        "successor": entry.successor or None,
        "correction": entry.correction or None,
        "claim": entry.claim if shown(entry) else None,
    }


def entities(view: View, store: EvidenceStore) -> Iterator[dict[str, Any]]:
    """FollowTheMoney entities: subjects, sources as documents, current claims as events.

    Sources: followthemoney 4, schemata Person, Organization, PublicBody, HyperText, Event; `contentHash` is SHA-1.
    """
    for subject in view.data.subjects.values():
        schema = "Organization" if subject.id in _COMPANIES else _KINDS[subject.kind]
        properties = {"name": [subject.name.en], "alias": _aliases(subject.name), "notes": [NOTICE]}
        country = view.data.subjects[subject.country].iso2 if subject.country in view.data.subjects else subject.iso2
        if country:
            properties["country"] = [country.lower()]
        yield _entity(subject.id, schema, properties)
    captures = {link.source: link.capture for each in view.current() for link in each.claim.evidence if link.capture}
    for source in view.data.sources.values():
        properties = {
            "title": [source.title],
            "publisher": [source.publisher],
            "sourceUrl": [source.url],
            "publishedAt": [source.published_on],
            "notes": [NOTICE],
        }
        capture = captures.get(source.id, "")
        if capture and store.find(capture) is not None:
            properties["contentHash"] = [digests_of(store, capture)[1]]
        yield _entity(source.id, "HyperText", properties)
    for each in view.current():
        yield _event(view, each)


def _event(view: View, entry: Entry) -> dict[str, Any]:
    claim = entry.claim
    words = f"{claim.value.word}, measure {claim.value.measure}" if claim.value.measure else claim.value.word
    properties = {
        "name": [f"{view.data.subjects[claim.subject].name.en}: {words}"],
        "date": [claim.when.at],
        "endDate": [claim.when.until],
        "summary": [claim.summary],
        "involved": [_key(each) for each in (claim.subject, claim.value.about) if each],
        "organizer": [_key(claim.value.authority)] if claim.value.authority else [],
        "program": [claim.value.basis],
        "recordId": [entry.id],
        "proof": [_key(each) for each in dict.fromkeys(link.source for link in claim.evidence)],
        "notes": [NOTICE, f"status: {entry.status}; confidence: {entry.confidence}"],
    }
    return _entity(f"claim-{entry.id}", "Event", properties)


def _aliases(name: Any) -> list[str]:
    return [each for each in dict.fromkeys((name.ar, name.fr, name.es)) if each and each != name.en]


def _key(name: str) -> str:
    return f"standfast-register-{name}"


def _entity(name: str, schema: str, properties: dict[str, list[str]]) -> dict[str, Any]:
    kept = {key: [each for each in values if each] for key, values in properties.items()}
    return {"id": _key(name), "schema": schema, "properties": {key: values for key, values in kept.items() if values}}
