"""Builds the whole site: into a new folder beside the target, then in its place.

The same register and day give the same bytes. The register is checked first: a site is never built over evidence that
is missing or changed.
"""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import jinja2
import msgspec

from standfast import durable
from standfast.errors.register import SiteTargetError
from standfast.register import export, membership, release
from standfast.register.check import Problem, check_register
from standfast.register.entry import LANGUAGES
from standfast.register.evidence import EvidenceStore, HeldEvidence
from standfast.register.site import feeds, pages_front, pages_record, pages_subjects
from standfast.register.site.spells import party_counts, spells_of
from standfast.register.site.stock import Page, Shared, Stock, event_days
from standfast.register.site.words import Words, table
from standfast.register.store import RegisterData
from standfast.register.view import View, view_of

MARKER = "standfast-register-site.txt"
"""Stands in every site we built: only a folder with it is ever replaced."""
HERE = Path(__file__).parent
SECTIONS = (
    ("table", "index.html"),
    ("map", "map.html"),
    ("targets", "targets.html"),
    ("authorities", "authorities.html"),
    ("sources", "sources.html"),
    ("days", "days.html"),
    ("search", "search.html"),
)
WORKERS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What a build gave."""

    pages: int
    languages: tuple[str, ...]
    release: str
    """Id of the newest release shown, or empty: then everything is a draft."""
    problems: tuple[Problem, ...]
    """Why nothing was built; empty when the site stands."""


def build_site(
    data: RegisterData,
    evidence: EvidenceStore,
    to: Path,
    *,
    day: date,
    published_only: bool = False,
    workers: int = WORKERS,
) -> Built:
    """Check the register and build its site.

    Args:
        data: the register.
        evidence: where the bytes of its sources are.
        to: the folder; new, empty, or a site of ours, which is replaced as a whole.
        day: the day that "today" means on the pages.
        published_only: leave drafts and reviewed claims out.
        workers: processes that draw; 1 draws in this one.

    Raises:
        SiteTargetError: the folder holds something else. Nothing was written.
    """
    _refuse_foreign(to)
    problems = [*check_register(data, evidence), *release.check_releases(data)]
    releases = release.read_releases(data.folder)
    newest = releases[-1][0] if releases else ""
    if problems:
        return Built(pages=0, languages=LANGUAGES, release=newest, problems=tuple(problems))
    view = view_of(data, published_only=published_only)
    targets, days = _targets(view), sorted({*event_days(view), day})
    shared = Shared(
        view=view,
        day=day,
        held=_held(view, evidence),
        releases=releases,
        targets=targets,
        days=days,
        counts=party_counts(view, days),
        spells=spells_of(view, sorted(targets)),
    )
    fresh = to.with_name(to.name + ".building")
    shutil.rmtree(fresh, ignore_errors=True)
    durable.make_folder(fresh)
    try:
        pages = _write_all(shared, fresh, workers)
        export.write_exports(view, evidence, day, fresh / "export")
        (fresh / MARKER).write_text(
            f"{export.NOTICE}\nBuilt by standfast register build, as of {day}.\n", encoding="utf-8"
        )
        _swap(fresh, to)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return Built(pages=pages, languages=LANGUAGES, release=newest, problems=())


def pages_of(stock: Stock) -> Iterator[Page]:
    """Every page of one language."""
    yield from pages_front.front_pages(stock)
    yield from pages_subjects.subject_pages(stock)
    yield from pages_record.source_pages(stock)
    yield from pages_record.day_pages(stock)
    yield from pages_record.history_pages(stock)
    yield from pages_record.about_pages(stock)
    yield from pages_record.claim_pages(stock)


def _write_all(shared: Shared, to: Path, workers: int) -> int:
    _write_assets(shared, to)
    jobs = [("data", shared, to), *((language, shared, to) for language in LANGUAGES)]
    if workers == 1:
        return sum(_job(each) for each in jobs)
    # Forked, so that the register is shared and not copied.
    with concurrent.futures.ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("fork"), initializer=_take, initargs=(shared, to)
    ) as pool:
        return sum(pool.map(_named_job, ["data", *LANGUAGES]))


_taken: list[tuple[Shared, Path]] = []


def _take(shared: Shared, to: Path) -> None:
    _taken[:] = [(shared, to)]


def _named_job(name: str) -> int:
    return _job((name, *_taken[0]))


def _job(job: tuple[str, Shared, Path]) -> int:
    name, shared, to = job
    if name == "data":
        for path, document in feeds.json_files(shared):
            _put(to / path, msgspec.json.encode(document) + b"\n")
        return 0
    return _write_language(shared, name, to)


def _write_language(shared: Shared, language: str, to: Path) -> int:
    stock = Stock(shared, Words(language, shared.view.data.translations))
    writer = _writer()
    newest = shared.releases[-1][0] if shared.releases else ""
    fixed = {
        "lang": language,
        "t": stock.words,
        "languages": LANGUAGES,
        "sections": SECTIONS,
        "day": shared.day.isoformat(),
        "names": {each: table(each)["name"] for each in LANGUAGES},
        "crumb": "",
        "lead": "",
        "empty": "",
        "pages": None,
        "release": newest or stock.words("current", date=stock.words.day(shared.day)),
    }
    templates: dict[str, jinja2.Template] = {}
    count = 0
    for page in pages_of(stock):
        template = templates.get(page.template) or templates.setdefault(
            page.template, writer.get_template(page.template)
        )
        up = "../" * page.path.count("/")
        text = template.render(
            {
                **fixed,
                "root": f"../{up}",
                "home": up,
                "path": page.path,
                "kind": page.kind,
                "title": page.title,
                "about": page.about,
                "data": page.data,
                "drafts": page.drafts,
                **page.context,
            }
        )
        _put(to / language / page.path, text.encode("utf-8"))
        count += 1
    _put(to / language / "feed.atom", feeds.feed(stock))
    _put(to / "assets" / f"find-{language}.js", feeds.find_index(stock))
    return count


def _writer() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        auto_reload=False,
    )


_made: set[Path] = set()


def _put(path: Path, data: bytes) -> None:
    # A site is a projection: it is not forced to the disk file by file, only put in place whole.
    if path.parent not in _made:
        path.parent.mkdir(parents=True, exist_ok=True)
        _made.add(path.parent)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    try:
        durable.write_all(handle, data)
    finally:
        os.close(handle)


def _write_assets(shared: Shared, to: Path) -> None:
    _made.clear()
    shutil.copytree(HERE / "static", to / "assets")
    parts = [(iso3, "p", "") for iso3 in sorted(_parties(shared))]
    style = (
        "<style>.x{fill:#dcd8cf}.p{fill:#0d4f5c}path{stroke:#f7f4ee;stroke-width:1.6}"
        "circle{fill:#0d4f5c;stroke:#f7f4ee;stroke-width:4}</style>"
    )
    _put(to / "assets" / "map.svg", pages_front.svg(parts, "", style, standalone=True).encode("utf-8"))
    choices = [
        {
            "language": each,
            "direction": table(each)["dir"],
            "site": table(each)["site"],
            "tagline": table(each)["tagline"],
        }
        for each in LANGUAGES
    ]
    text = _writer().get_template("choice.html").render({"choices": choices, "notice": export.NOTICE})
    _put(to / "index.html", text.encode("utf-8"))


def _parties(shared: Shared) -> list[str]:
    return [each.iso3 for each in membership.on_day(shared.view, shared.day) if each.state != membership.NOT_PARTY]


def _held(view: View, evidence: EvidenceStore) -> dict[str, HeldEvidence]:
    captures = {link.capture for each in view.entries.values() for link in each.claim.evidence if link.capture}
    return {each: held for each in sorted(captures) if (held := evidence.find(each)) is not None}


def _targets(view: View) -> frozenset[str]:
    return frozenset(
        each.claim.subject for each in view.current() if each.claim.predicate in ("designation", "incident")
    )


def _refuse_foreign(to: Path) -> None:
    if not to.exists():
        return
    if not to.is_dir() or to.is_symlink():
        raise SiteTargetError(to, "it is not a folder")
    if any(to.iterdir()) and not (to / MARKER).is_file():
        raise SiteTargetError(to, "it holds files that no build wrote")


def _swap(fresh: Path, to: Path) -> None:
    old = to.with_name(to.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if to.exists():
        os.rename(to, old)
    os.rename(fresh, to)
    durable.force_folder(to.parent)
    shutil.rmtree(old, ignore_errors=True)
