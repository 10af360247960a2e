"""Pages of the record itself: claims, sources, days, corrections, releases, and the four texts about it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markupsafe import Markup

from standfast import clock
from standfast.register.export import shown
from standfast.register.site.pages_subjects import LINES, further
from standfast.register.site.spells import Spell
from standfast.register.site.stock import LIST_ROWS, Page, Stock, has_drafts
from standfast.register.view import Entry

ABOUT = ("method", "licence", "corrections", "neutrality")
ABOUT_FOLDER = Path(__file__).with_name("about")
DAY_STATES = 200
"""States listed on a day's page; an organisation's register may have more, the page says how many."""


def claim_pages(stock: Stock) -> Iterator[Page]:
    """A permanent page for every claim, superseded ones too."""
    for entry in stock.view.entries.values():
        yield _claim(stock, entry)


def _claim(stock: Stock, entry: Entry) -> Page:
    claim, words = entry.claim, stock.words
    card = stock.card(entry)
    visible = shown(entry)
    old = stock.view.entries.get(claim.corrects)
    days = {name: words.day(text) if text and visible else "" for name, text in _days(entry)}
    about = stock.view.data.subjects.get(claim.value.about) if visible else None
    return Page(
        path=f"claim/{entry.id}.html",
        template="claim.html",
        kind="claim",
        title=stock.title(entry) if visible else words("claim"),
        data=f"data/claim/{entry.id}.json",
        drafts=entry.stage == "draft",
        context={
            "c": card,
            "withheld": not visible,
            "evidence": [_evidence(stock, each) for each in claim.evidence] if visible else [],
            "role": words.text(claim.value.role) if claim.value.role else "",
            "note": words.text(claim.note) if claim.note else "",
            "about_name": words.name(about) if about else "",
            "about_url": stock.address(about.id) if about else "",
            "recorded": words.day(clock.from_text(claim.recorded_at).date()),
            "author": claim.author,
            "series": claim.series,
            "reviewers": entry.reviewers,
            "successor": entry.successor,
            "why": entry.correction,
            "replaces": old.id if old else "",
            "replaces_why": claim.correction,
            **days,
        },
    )


def _days(entry: Entry) -> list[tuple[str, str]]:
    when = entry.claim.when
    return [("listed", when.listed), ("effective", when.effective), ("until", when.until)]


def _evidence(stock: Stock, link: Any) -> dict[str, Any]:
    source = stock.view.data.sources[link.source]
    return {
        **stock.link(link),
        "title": source.title,
        "tier": source.tier,
        "quote": link.quote,
        "outweighed": link.outweighed,
        "counts": link.counts_with,
        "held": stock.shared.held.get(link.capture),
    }


def source_pages(stock: Stock) -> Iterator[Page]:
    """A page for every source, and the list of them."""
    words, data = stock.words, stock.view.data
    lines = []
    for source in data.sources.values():
        entries = list(stock.view.by_source.get(source.id, ()))
        entries = [each for each in entries if shown(each)]
        captures = dict.fromkeys(
            link.capture for each in entries for link in each.claim.evidence if link.source == source.id
        )
        many = len(entries) > LIST_ROWS
        yield Page(
            path=f"source/{source.id}.html",
            template="source.html",
            kind="source",
            title=source.title,
            data=f"data/source/{source.id}.json",
            drafts=has_drafts(entries),
            context={
                "s": source,
                "held": [stock.shared.held[each] for each in captures if each in stock.shared.held],
                "cards": [stock.card(each) for each in entries[:LIST_ROWS]],
                "more": f"{source.id}-1.html" if many else "",
                "total": len(entries),
            },
        )
        if many:
            yield from further(stock, entries, folder="source", key=source.id, title=source.title)
        lines.append(
            {
                "url": f"source/{source.id}.html",
                "name": words.english(source.title),
                "word": words("t." + source.tier),
                "code": "n",
                "more": words.english(source.publisher),
            }
        )
    yield from _paged(stock, "sources", lines, words("sources.lead"))


def _paged(stock: Stock, name: str, lines: list[dict[str, Any]], lead: str, empty: str = "") -> Iterator[Page]:
    count = max(1, -(-len(lines) // LINES))
    for number in range(1, count + 1):
        part = lines[(number - 1) * LINES : number * LINES]
        path = f"{name}.html" if number == 1 else f"{name}-{number}.html"
        pages = {
            "n": number,
            "of": count,
            "previous": "" if number == 1 else (f"{name}.html" if number == 2 else f"{name}-{number - 1}.html"),
            "next": f"{name}-{number + 1}.html" if number < count else "",
        }
        title = stock.words(f"{name}.title")
        yield Page(
            path=path,
            template="list.html",
            kind=name,
            drafts=bool(lines) and name == "days",
            title=title if number == 1 else f"{title}: {stock.words('list.page', n=number, of=count)}",
            context={
                "lead": lead,
                "parts": [{"title": "", "lines": part}],
                "pages": pages,
                "empty": "" if lines else empty,
            },
        )


def day_pages(stock: Stock) -> Iterator[Page]:
    """A page for every day with an event, and for the day of the build: what was the case at its end."""
    words, days = stock.words, stock.shared.days
    on_day: dict[str, list[Entry]] = {}
    for each in stock.view.current():
        if each.claim.predicate != "regional group" and each.claim.value.measure not in ("4c", "4d"):
            on_day.setdefault(each.claim.when.at, []).append(each)
    names = {each: words.plain_name(stock.subject(each)).casefold() for each in stock.shared.targets}
    spells = sorted(stock.shared.spells, key=lambda each: (names[each.target], each.state.series, each.start))
    lines = []
    for at, day in enumerate(days):
        cards = stock.cards(on_day.get(day.isoformat(), []))
        held = [each for each in spells if each.holds(day) and each.state.state != "delisted"]
        parties, disputed = stock.shared.counts[day]
        yield Page(
            path=f"day/{day}.html",
            template="day.html",
            kind="day",
            title=words("day.title", date=words.day(day)),
            data=f"data/day/{day}.json",
            drafts=True,
            context={
                "cards": cards[:LIST_ROWS],
                "more": max(0, len(cards) - LIST_ROWS),
                "parties": parties,
                "disputed": disputed,
                "states": [_spell(stock, each) for each in held[:DAY_STATES]],
                "more_states": max(0, len(held) - DAY_STATES),
                "previous": days[at - 1].isoformat() if at else "",
                "next": days[at + 1].isoformat() if at + 1 < len(days) else "",
            },
        )
        first = f"{cards[0]['subject_name']}: {cards[0]['headline']}" if cards else ""
        more = f"{first} (+{len(cards) - 1})" if len(cards) > 1 else first
        lines.append({"url": f"day/{day}.html", "name": words.day(day), "more": Markup(more)})
    yield from _paged(stock, "days", lines[::-1], words("days.lead"))


def _spell(stock: Stock, spell: Spell) -> dict[str, Any]:
    return {
        "url": stock.address(spell.target),
        "name": stock.words.name(stock.subject(spell.target)),
        "word": stock.words("e." + spell.state.state),
        "authority": stock.words.name(stock.subject(spell.state.authority)),
    }


def history_pages(stock: Stock) -> Iterator[Page]:
    """Corrections and releases."""
    words = stock.words
    corrected = [each for each in stock.view.entries.values() if each.successor]
    lines = [
        {
            "url": f"claim/{each.id}.html",
            "name": stock.title(each) if shown(each) else words("claim"),
            "word": words("why." + each.correction),
            "code": "d",
            "more": Markup("→ {}").format(each.successor),
        }
        for each in corrected
    ]
    yield from _paged(stock, "corrections", lines, words("corrections.lead"), words("corrections.none"))
    rows = [
        {"url": f"release/{key}.html", "name": words("release.title", n=each.number), "more": f"{key} · {each.at[:10]}"}
        for key, each, _ in stock.shared.releases
    ]
    yield from _paged(stock, "releases", rows[::-1], words("releases.lead"), words("releases.none"))
    for key, each, logged in stock.shared.releases:
        found = [stock.view.entries[one] for one in each.published if one in stock.view.entries]
        yield Page(
            path=f"release/{key}.html",
            template="release.html",
            kind="release",
            title=words("release.title", n=each.number),
            data=f"data/release/{key}.json",
            context={
                "id": key,
                "r": each,
                "logged": logged,
                "cards": [stock.card(one) for one in found[:LINES]],
                "total": len(each.published),
            },
        )


def about_pages(stock: Stock) -> Iterator[Page]:
    """Method, licence, correction policy, neutrality policy; Markdown of our own, without raw HTML."""
    keys = {
        "method": "nav.method",
        "licence": "nav.licence",
        "corrections": "nav.corrections-policy",
        "neutrality": "nav.neutrality",
    }
    for name in ABOUT:
        text = (ABOUT_FOLDER / f"{name}.{stock.words.language}.md").read_text(encoding="utf-8")
        body = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
        yield Page(
            path=f"about/{name}.html",
            template="about.html",
            kind="about",
            title=stock.words(keys[name]),
            context={"body": Markup(body)},
        )
