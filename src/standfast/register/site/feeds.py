"""What machines read: JSON beside each page, the Atom feed, and the index that the search page loads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from markupsafe import escape

from standfast.register import cells, dates, designations, membership
from standfast.register.export import LICENCE, NOTICE, claim_json, shown
from standfast.register.site.stock import Shared, Stock, address, fold
from standfast.register.view import Entry

FEED_ENTRIES = 50


def json_files(shared: Shared) -> Iterator[tuple[str, Any]]:
    """Path from the site's root and document, for every page that has one. They are the same for all languages."""
    view, day = shared.view, shared.day
    members = {each.iso3: each for each in membership.on_day(view, day)}
    yield (
        "data/index.json",
        _document(
            date=day.isoformat(),
            states=[
                {
                    "iso3": key,
                    "name": view.data.subjects[key].name,
                    "group": membership.group_of(view, key),
                    "state": each.state,
                    "cells": {cell.measure: cell.word for cell in cells.cells_of(view, key, day)},
                }
                for key, each in members.items()
            ],
        ),
    )
    by_authority: dict[str, list[Entry]] = {}
    for entry in view.current():
        if entry.claim.value.authority:
            by_authority.setdefault(entry.claim.value.authority, []).append(entry)
    for key, subject in view.data.subjects.items():
        own = [*view.by_subject.get(key, ()), *by_authority.get(key, ())]
        yield (
            f"data/{address(shared, key).removesuffix('.html')}.json",
            _document(
                subject=subject,
                membership=members[key].state if key in members else None,
                cells=[each for each in cells.cells_of(view, key, day)] if key in members else None,
                designations=designations.states_of(view, key, day),
                claims=[claim_json(each) for each in own],
            ),
        )
    for key, source in view.data.sources.items():
        entries = [each for each in view.by_source.get(key, ()) if shown(each)]
        captures = {link.capture for each in entries for link in each.claim.evidence if link.source == key}
        held = [shared.held[each] for each in sorted(captures) if each in shared.held]
        yield f"data/source/{key}.json", _document(source=source, held=held, claims=[each.id for each in entries])
    for key, entry in view.entries.items():
        yield f"data/claim/{key}.json", _document(**claim_json(entry))
    for key, manifest, logged in shared.releases:
        yield f"data/release/{key}.json", _document(id=key, manifest=manifest, logged=logged)
    yield from _days(shared)


def _days(shared: Shared) -> Iterator[tuple[str, Any]]:
    on_day: dict[str, list[str]] = {}
    for each in shared.view.current():
        if each.claim.when.at:
            on_day.setdefault(each.claim.when.at, []).append(each.id)
    for day in shared.days:
        states = [
            {
                "subject": each.target,
                "series": each.state.series,
                "state": each.state.state,
                "since": each.state.since or None,
                "claims": each.state.claims,
            }
            for each in shared.spells
            if each.holds(day)
        ]
        yield (
            f"data/day/{day}.json",
            _document(date=day.isoformat(), claims=on_day.get(day.isoformat(), []), states=states),
        )


def _document(**members: Any) -> dict[str, Any]:
    return {"notice": NOTICE, "licence": LICENCE, **members}


def feed(stock: Stock) -> bytes:
    """The newest claims as an Atom feed (RFC 4287). Addresses are relative to where the feed lies."""
    entries = [each for each in stock.view.entries.values() if shown(each) and each.claim.predicate != "regional group"]
    entries.sort(key=lambda each: (each.claim.recorded_at, dates.sort_key(each.claim.when), each.id), reverse=True)
    language = stock.words.language
    newest = entries[0].claim.recorded_at if entries else "1970-01-01T00:00:00Z"
    parts = [
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{language}">\n'
        f"<id>urn:standfast:register:{language}</id>\n<title>{escape(stock.words('site'))}</title>\n"
        f"<subtitle>{escape(stock.words('notice.long'))}</subtitle>\n<updated>{newest}</updated>\n"
        '<link rel="alternate" type="text/html" href="index.html"/>\n<author><name>Standfast</name></author>\n'
    ]
    for each in entries[:FEED_ENTRIES]:
        summary = stock.words.text(each.claim.summary).striptags() if each.claim.summary else stock.headline(each)
        status = stock.words("s." + each.status)
        parts.append(
            f"<entry>\n<id>urn:standfast:claim:{each.id}</id>\n<title>{escape(stock.title(each))}</title>\n"
            f"<updated>{each.claim.recorded_at}</updated>\n"
            f'<link rel="alternate" type="text/html" href="claim/{each.id}.html"/>\n'
            f"<summary>{escape(stock.words.when(each.claim.when))}. {escape(summary)} ({escape(status)})</summary>\n"
            "</entry>\n"
        )
    return ("".join(parts) + "</feed>\n").encode("utf-8")


def find_index(stock: Stock) -> bytes:
    """What the search page can find, as a script that sets one variable: a page from a disk may load nothing else."""
    rows: list[dict[str, str]] = []
    for key, subject in stock.view.data.subjects.items():
        name = stock.words.plain_name(subject)
        names = " ".join(
            dict.fromkeys((subject.name.en, subject.name.ar, subject.name.fr, subject.name.es, subject.iso3))
        )
        rows.append(
            {"t": name, "f": fold(f"{name} {names}"), "u": stock.address(key), "k": stock.words("kind." + subject.kind)}
        )
    for key, source in stock.view.data.sources.items():
        rows.append(
            {
                "t": source.title,
                "f": fold(f"{key} {source.title} {source.publisher}"),
                "u": f"source/{key}.html",
                "k": stock.words("nav.sources"),
            }
        )
    return b"var FIND=" + msgspec.json.encode(rows) + b";\n"
