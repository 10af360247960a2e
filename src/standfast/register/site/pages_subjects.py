"""Pages of States, targets, authorities and bodies, and the further pages of those with many claims."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from standfast.register import cells, designations, membership
from standfast.register.entry import LANGUAGES, Subject
from standfast.register.site.stock import CODES, LIST_ROWS, Page, Stock, has_drafts
from standfast.register.view import Entry

PER_MEASURE = 8
LINES = 200
"""Lines of a further page: short ones, without sources."""


def subject_pages(stock: Stock) -> Iterator[Page]:
    """A page for everyone that the register names."""
    by_authority: dict[str, list[Entry]] = {}
    for each in stock.view.current():
        if each.claim.value.authority:
            by_authority.setdefault(each.claim.value.authority, []).append(each)
    for subject in stock.view.data.subjects.values():
        if subject.kind == "state":
            yield from _state(stock, subject)
        else:
            yield from _other(stock, subject, by_authority.get(subject.id, []))


def _state(stock: Stock, subject: Subject) -> Iterator[Page]:
    view, day = stock.view, stock.shared.day
    own = [each for each in view.by_subject.get(subject.id, ()) if each.claim.subject == subject.id]
    about = [each for each in view.by_subject.get(subject.id, ()) if each.claim.subject != subject.id]
    member = membership.party_state(view, subject.id, day)
    listed = member.claims != () or member.state != membership.NOT_PARTY
    found = []
    for cell in cells.cells_of(view, subject.id, day) if listed else []:
        acts = [
            each
            for each in own
            if each.claim.predicate == "act on a measure" and each.claim.value.measure == cell.measure
        ]
        found.append(
            {
                "measure": cell.measure,
                "code": CODES[cell.word],
                "words": stock.cell_words(cell.word, cell.form, cell.stage),
                "cards": stock.cards(acts)[:PER_MEASURE],
            }
        )
    events = [each for each in own if each.claim.predicate in ("membership", "regional group")]
    events.sort(key=lambda each: (each.claim.predicate, each.claim.step, each.claim.when.at))
    others = [each for each in own if each.claim.predicate == "other act"] + about
    if not listed:
        others += [each for each in own if each.claim.predicate == "act on a measure"]
    many = len(own) > LIST_ROWS + len(events)
    yield Page(
        path=f"state/{subject.id}.html",
        template="state.html",
        kind="state",
        title=stock.words.plain_name(subject),
        data=f"data/state/{subject.id}.json",
        drafts=has_drafts(own),
        context={
            "name": stock.words.name(subject),
            "member": member,
            "group": membership.group_of(view, subject.id),
            "cells": found,
            "others": stock.cards(others)[:PER_MEASURE],
            "events": [stock.card(each) for each in events],
            "note": subject.note,
            "name_sources": subject.sources,
            "all_names": {each: getattr(subject.name, each) for each in LANGUAGES},
            "more": f"{subject.id}-1.html" if many else "",
            "total": len(own),
        },
    )
    if many:
        yield from further(stock, own, folder="state", key=subject.id, title=stock.words.plain_name(subject))


def _other(stock: Stock, subject: Subject, by: list[Entry]) -> Iterator[Page]:
    view = stock.view
    own = list(view.by_subject.get(subject.id, ()))
    incidents = [each for each in own if each.claim.predicate == "incident"]
    acts = [each for each in own if each.claim.predicate in ("act on a measure", "other act")]
    path = stock.address(subject.id)
    folder = path.split("/")[0]
    every = own + by
    many = len(every) > LIST_ROWS
    country = view.data.subjects.get(subject.country)
    yield Page(
        path=path,
        template="subject.html",
        kind=folder,
        title=stock.words.plain_name(subject),
        data=f"data/{folder}/{subject.id}.json",
        drafts=has_drafts(every),
        context={
            "name": stock.words.name(subject),
            "subject_kind": subject.kind,
            "english_name": subject.name.en,
            "country": {"id": country.id, "name": stock.words.name(country)} if country else None,
            "roles": list(dict.fromkeys(each.claim.value.role for each in own if each.claim.value.role)),
            "series": [_series(stock, each) for each in designations.states_of(view, subject.id, stock.shared.day)][
                :LIST_ROWS
            ],
            "incidents": stock.cards(incidents)[:LIST_ROWS],
            "by": stock.cards(by)[:LIST_ROWS],
            "acts": stock.cards(acts)[:LIST_ROWS],
            "subjects": False,
            "all_names": {each: getattr(subject.name, each) for each in LANGUAGES},
            "more": f"{subject.id}-1.html" if many else "",
            "total": len(every),
        },
    )
    if many:
        yield from further(stock, every, folder=folder, key=subject.id, title=stock.words.plain_name(subject))


def _series(stock: Stock, state: designations.SeriesState) -> dict[str, Any]:
    events = stock.view.by_series[state.series]
    return {
        "id": state.series,
        "state": state.state,
        "since": state.since,
        "undated": bool(state.undated),
        "authority": stock.words.name(stock.subject(events[0].claim.value.authority)),
        "events": [stock.card(each) for each in events],
    }


def further(stock: Stock, entries: Sequence[Entry], *, folder: str, key: str, title: str) -> Iterator[Page]:
    """Every claim of someone or something with many, in short lines, newest first, on as many pages as it takes."""
    ordered = sorted(entries, key=lambda each: (each.claim.when.at, each.id), reverse=True)
    count = -(-len(ordered) // LINES)
    for number in range(1, count + 1):
        part = ordered[(number - 1) * LINES : number * LINES]
        lines = [
            {"url": f"../claim/{each.id}.html", "name": stock.title(each), "more": stock.words.when(each.claim.when)}
            for each in part
        ]
        pages = {
            "n": number,
            "of": count,
            "previous": f"{key}-{number - 1}.html" if number > 1 else "",
            "next": f"{key}-{number + 1}.html" if number < count else "",
        }
        yield Page(
            path=f"{folder}/{key}-{number}.html",
            template="list.html",
            kind="further",
            drafts=has_drafts(part),
            title=f"{title}: {stock.words('list.page', n=number, of=count)}",
            context={
                "crumb": title,
                "crumb_url": f"{key}.html",
                "parts": [{"title": "", "lines": lines}],
                "pages": pages,
            },
        )
