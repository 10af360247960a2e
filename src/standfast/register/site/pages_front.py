"""The first page, the map, and the lists that lead into the register."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from standfast.register import cells, codebook, dates, designations, membership
from standfast.register.site.stock import CODES, Page, Stock, has_drafts
from standfast.register.view import Entry

NEWEST = 7
TARGETS = 200
"""Targets on one page of their list."""
KEY = [(CODES[word], word) for word in codebook.CELL_WORDS]
MAP_SMALL = 1200


def front_pages(stock: Stock) -> Iterator[Page]:
    """First page, map, search, and the lists of targets and authorities."""
    table = _table(stock)
    yield _index(stock, table)
    yield _map(stock, table)
    yield _search(stock, table)
    yield from _targets(stock)
    yield _authorities(stock)


def _table(stock: Stock) -> list[dict[str, Any]]:
    """Rows of the States that are parties, or whose membership is disputed, on the day; by group, by name."""
    rows: dict[str, list[dict[str, Any]]] = {}
    members = {each.iso3: each for each in membership.on_day(stock.view, stock.shared.day)}
    for iso3 in stock.sorted_states(key for key, each in members.items() if each.state != membership.NOT_PARTY):
        found = cells.cells_of(stock.view, iso3, stock.shared.day)
        group = membership.group_of(stock.view, iso3)
        rows.setdefault(group, []).append(
            {
                "iso3": iso3,
                "name": stock.words.name(stock.subject(iso3)),
                "disputed": members[iso3].state == membership.DISPUTED,
                "cells": [
                    {
                        "code": CODES[each.word],
                        "measure": each.measure,
                        "word": each.word,
                        "words": stock.cell_words(each.word, each.form, each.stage),
                    }
                    for each in found
                ],
            }
        )
    return [{"name": name, "rows": rows[name]} for name in codebook.GROUPS if name in rows]


def _index(stock: Stock, table: list[dict[str, Any]]) -> Page:
    view, day = stock.view, stock.shared.day
    members = membership.on_day(view, day)
    former = [each.iso3 for each in members if each.state == membership.NOT_PARTY]
    return Page(
        path="index.html",
        template="index.html",
        kind="index",
        title=stock.words("site"),
        about=stock.words("tagline"),
        data="data/index.json",
        drafts=has_drafts(view.current()),
        context={
            "groups": table,
            "events": newest_events(stock, NEWEST),
            "measures": codebook.MEASURES,
            "key": KEY,
            "parties": sum(each.state == membership.PARTY for each in members),
            "disputed": sum(each.state == membership.DISPUTED for each in members),
            "source_count": len(view.data.sources),
            "blank": stock.words("w." + codebook.NO_INFORMATION),
            "former": [
                {"iso3": each, "name": stock.words.name(stock.subject(each))} for each in stock.sorted_states(former)
            ],
        },
    )


def newest_events(stock: Stock, count: int) -> list[dict[str, Any]]:
    """The newest dated acts, incidents and designations; many of one day and word are told as one line."""
    told = [each for each in stock.view.current() if _is_event(each)]
    told.sort(key=lambda each: (dates.sort_key(each.claim.when), each.id), reverse=True)
    out: list[dict[str, Any]] = []
    seen: set[tuple[str, str, str]] = set()
    for each in told:
        key = (each.claim.when.at, each.claim.value.word, each.claim.summary or each.claim.value.authority)
        if key in seen:
            continue
        seen.add(key)
        alike = [
            other
            for other in told
            if (other.claim.when.at, other.claim.value.word, other.claim.summary or other.claim.value.authority) == key
        ]
        card = stock.card(each)
        if card["summary"] and each.claim.predicate != "incident":
            card["headline"] = ""  # the sentence says it better than the codebook's words
        if len(alike) > 1 and each.claim.value.authority:
            names = stock.comma
            card["subject_name"] = ""
            subjects = names.join(stock.words.plain_name(stock.subject(other.claim.subject)) for other in alike)
            card["headline"] = f"{card['authority_name']}: {card['headline']}"
            card["summary"] = f"({subjects})"
        out.append(card)
        if len(out) == count:
            break
    return out


def _is_event(entry: Entry) -> bool:
    claim = entry.claim
    return (
        bool(claim.when.at)
        and claim.predicate in ("designation", "incident", "act on a measure", "other act")
        and (claim.value.measure not in ("4c", "4d"))
    )


@cache
def drawing() -> dict[str, Any]:
    """The map as `tools/register_map.py` made it."""
    loaded: dict[str, Any] = json.loads(Path(__file__).with_name("map.json").read_text(encoding="utf-8"))
    return loaded


def svg(parts: list[tuple[str, str, str]], label: str, other: str, *, standalone: bool = False) -> str:
    """The map as SVG: for each State its ISO code, class and title."""
    drawn = drawing()
    ringed = "".join(
        f'<circle class="{escape(code)}" cx="{drawn["rings"][iso3][0]}" cy="{drawn["rings"][iso3][1]}" r="13"/>'
        for iso3, code, _ in parts
        if iso3 in drawn["rings"]
    )
    shapes = "".join(
        f'<path class="{escape(code)}" d="{drawn["states"][iso3]}">{_title(title)}</path>'
        for iso3, code, title in parts
        if iso3 in drawn["states"]
    )
    rest = "".join(each for iso3, each in drawn["states"].items() if iso3 not in {part[0] for part in parts})
    space = ' xmlns="http://www.w3.org/2000/svg"' if standalone else f' role="img" aria-label="{escape(label)}"'
    return (
        f'<svg class="world" viewBox="0 0 {drawn["width"]} {drawn["height"]}"{space}>{other}'
        f'<path class="x" d="{rest}{drawn["other"]}"/>{shapes}{ringed}</svg>'
    )


def _title(text: str) -> str:
    return f"<title>{escape(text)}</title>" if text else ""


def _map(stock: Stock, table: list[dict[str, Any]]) -> Page:
    rows = [row for group in table for row in group["rows"]]
    order = {iso3: at for at, iso3 in enumerate(stock.sorted_states(row["iso3"] for row in rows))}
    rows.sort(key=lambda row: order[row["iso3"]])
    parts = [
        (
            row["iso3"],
            " ".join(["p", *(f"{cell['code']}{cell['measure']}" for cell in row["cells"] if cell["code"] != "n")]),
            stock.words.plain_name(stock.subject(row["iso3"])),
        )
        for row in rows
    ]
    lists = []
    for at, measure in enumerate(codebook.MEASURES):
        found = [
            {"code": code, "word": word, "rows": [row for row in rows if row["cells"][at]["word"] == word]}
            for code, word in KEY
        ]
        lists.append({"measure": measure, "parts": [each for each in found if each["rows"]]})
    return Page(
        path="map.html",
        template="map.html",
        kind="map",
        title=stock.words("map.title"),
        data="data/index.json",
        drafts=has_drafts(stock.view.current()),
        context={
            "svg": Markup(svg(parts, stock.words("map.alt"), "")),
            "measures": codebook.MEASURES,
            "lists": lists,
            "key": KEY,
            "comma": stock.comma.strip(),
        },
    )


def _search(stock: Stock, table: list[dict[str, Any]]) -> Page:
    keys = stock.sorted_states(row["iso3"] for group in table for row in group["rows"])
    states = [{"iso3": key, "name": stock.words.name(stock.subject(key))} for key in keys]
    return Page(
        path="search.html",
        template="search.html",
        kind="search",
        title=stock.words("search.title"),
        context={"states": states},
    )


def _targets(stock: Stock) -> Iterator[Page]:
    """The list of targets, on as many pages as it takes; each page keeps its headings."""
    rows = []
    names = {each: stock.words.plain_name(stock.subject(each)).casefold() for each in stock.shared.targets}
    for title, kinds in (("targets.persons", ("person",)), ("targets.organisations", ("organisation", "body"))):
        keys = [each for each in stock.shared.targets if stock.subject(each).kind in kinds]
        rows += [(title, key) for key in sorted(keys, key=lambda each: (names[each], each))]
    count = max(1, -(-len(rows) // TARGETS))
    for number in range(1, count + 1):
        part = rows[(number - 1) * TARGETS : number * TARGETS]
        parts = [
            {"title": stock.words(title), "lines": [_target(stock, key) for _, key in found]}
            for title, found in itertools.groupby(part, key=lambda row: row[0])
        ]
        of = f": {stock.words('list.page', n=number, of=count)}" if count > 1 else ""
        yield Page(
            path=_targets_path(number),
            template="list.html",
            kind="targets",
            title=stock.words("targets.title") + of,
            drafts=True,
            context={
                "lead": stock.words("targets.lead", date=stock.words.day(stock.shared.day)),
                "parts": parts,
                "pages": {
                    "n": number,
                    "of": count,
                    "previous": _targets_path(number - 1) if number > 1 else "",
                    "next": _targets_path(number + 1) if number < count else "",
                },
            },
        )


def _targets_path(number: int) -> str:
    return "targets.html" if number == 1 else f"targets-{number}.html"


def _target(stock: Stock, key: str) -> dict[str, Any]:
    found = designations.states_of(stock.view, key, stock.shared.day)
    known = dict.fromkeys(each.state for each in found if each.state != designations.NONE)
    return {
        "url": stock.address(key),
        "name": stock.words.name(stock.subject(key)),
        "code": "c" if any(each != "delisted" for each in known) else "n",
        "word": stock.comma.join(stock.words("e." + each) for each in known) or stock.words("targets.none"),
        "more": _roles(stock, key),
    }


def _roles(stock: Stock, key: str) -> Markup:
    roles = dict.fromkeys(each.claim.value.role for each in stock.view.by_subject.get(key, ()) if each.claim.value.role)
    return stock.words.text(next(iter(roles))) if roles else Markup("")


def _authorities(stock: Stock) -> Page:
    acting: dict[str, int] = {}
    for each in stock.view.current():
        if each.claim.value.authority:
            acting[each.claim.value.authority] = acting.get(each.claim.value.authority, 0) + 1
    reacting = sorted(
        {
            each.claim.subject
            for each in stock.view.current()
            if stock.subject(each.claim.subject).kind in ("body", "organisation")
            and each.claim.subject not in stock.shared.targets
        },
        key=lambda each: stock.words.plain_name(stock.subject(each)).casefold(),
    )
    ordered = sorted(acting, key=lambda each: stock.words.plain_name(stock.subject(each)).casefold())
    parts = [
        {
            "title": "",
            "lines": [
                {
                    "url": stock.address(key),
                    "name": stock.words.name(stock.subject(key)),
                    "more": stock.words("list.claims", n=acting[key]),
                }
                for key in ordered
            ],
        },
        {
            "title": stock.words("reactors.title"),
            "lines": [{"url": stock.address(key), "name": stock.words.name(stock.subject(key))} for key in reacting],
        },
    ]
    return Page(
        path="authorities.html",
        template="list.html",
        kind="authorities",
        title=stock.words("authorities.title"),
        drafts=True,
        context={"lead": stock.words("authorities.lead"), "parts": parts},
    )
