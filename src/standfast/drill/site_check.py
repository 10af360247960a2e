"""Looks at a restored site: its files against the records, its redirects, and every page in a browser.

Pages and style sheets are rewritten on their way back, since their links move: they must say what was recorded, and a
page must load in a browser with all that it asks for. Everything else must be there to the last byte. Answers without
content, as those with status 404, belong to no site and are not expected.
"""

from __future__ import annotations

import hashlib
import html
import os
import posixpath
import re
import stat
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urljoin

from standfast.drill.page_check import page_differs, sheet_digest
from standfast.drill.result import Check, CheckName, Example, check_all, check_none, not_checked
from standfast.errors.base import StandfastError
from standfast.errors.restore import BrowserMissingError
from standfast.holdings.item import WebFacts
from standfast.restore.plan import HoldingsReader
from standfast.restore.site.browser import PageVerdict, load_pages
from standfast.restore.site.exchange import read_exchange
from standfast.restore.site.page import page_text
from standfast.restore.site.places import PAGE_TYPES, plain_address
from standfast.restore.site.restore import RestoredSite
from standfast.vault.manifests import HeldItem

Tell = Callable[[int, int], None]
LoadPages = Callable[..., list[PageVerdict]]
SHEET_TYPE = "text/css"
REWRITTEN = (*PAGE_TYPES, SHEET_TYPE)
STUB_LIMIT = 64 * 1024
CHAIN_LIMIT = 20
_LEADS_TO = re.compile(r'<meta http-equiv="refresh" content="0;url=([^"]*)">')


@dataclass(slots=True, kw_only=True)
class SiteFindings:
    """What the second look counted."""

    expected: list[HeldItem]
    """Answers with content, and redirects."""
    restored: set[str] = field(default_factory=set)
    """Ids of those that are there."""
    faithful: set[str] = field(default_factory=set)
    """Ids of pages and style sheets that were written anew and say what was recorded."""
    identical: set[str] = field(default_factory=set)
    """Ids of those that are there as recorded; of pages, those that are faithful and that a browser showed whole."""
    checks: list[Check] = field(default_factory=list)

    def newest_at(self) -> str:
        """When the newest of the identical ones was captured; empty when there is none."""
        moments = (item.record.captured_at for item in self.expected if item.record.id in self.identical)
        return max(moments, default="")


def check_site(
    folder: Path,
    held: Sequence[HeldItem],
    site: RestoredSite,
    reader: HoldingsReader,
    *,
    tell: Tell | None = None,
    load: LoadPages = load_pages,
) -> SiteFindings:
    """Compare a restored site with the records of its origin.

    Args:
        folder: the restored site.
        held: all items of the origin.
        site: what the restore says that it wrote, and where.
        reader: for the addresses that redirects led to.
        tell: pages looked at, pages in all.
        load: opens pages in a browser.

    Raises:
        OSError: the folder can't be read to its end; nothing was concluded.
    """
    answers = [item for item in held if 200 <= _facts(item).status < 300]
    answered = {plain_address(_facts(item).url) for item in answers}
    # An address that also answered with a page, as to another visitor, is restored as that page.
    redirects = [
        item for item in held if 300 <= _facts(item).status < 400 and plain_address(_facts(item).url) not in answered
    ]
    digests, places = _digests(folder)
    steps = {plain_address(_facts(item).url): end for item in redirects if (end := _location(reader, item))}
    redirects = [item for item in redirects if _end(plain_address(_facts(item).url), steps)]
    findings = SiteFindings(expected=[*answers, *redirects])
    pages = {plain_address(page.url): page.place for page in site.pages}
    _check_content(findings, answers, digests)
    targets = _Targets(folder, places, pages, answers, digests)
    _check_redirects(findings, redirects, steps, site, targets)
    _check_text(findings, targets, reader)
    _check_pages(findings, answers, pages, places, lambda wanted: load(folder, wanted, tell=tell))
    return findings


def _facts(item: HeldItem) -> WebFacts:
    facts = item.record.facts
    assert isinstance(facts, WebFacts)  # the scenario gives no other
    return facts


def _digests(folder: Path) -> tuple[dict[str, set[str]], set[str]]:
    """Where each content stands, by its SHA-256, and every place there is. No link is followed."""
    digests: dict[str, set[str]] = {}
    places: set[str] = set()
    for at, _, names in os.walk(folder, onerror=_raise):
        for name in names:
            path = os.path.join(at, name)
            if not stat.S_ISREG(os.lstat(path).st_mode):
                continue
            with open(path, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            place = os.path.relpath(path, folder)
            digests.setdefault(digest, set()).add(place)
            places.add(place)
    return digests, places


def _raise(why: OSError) -> None:
    raise why


def _check_content(findings: SiteFindings, answers: Iterable[HeldItem], digests: dict[str, set[str]]) -> None:
    found, expected, examples = 0, 0, []
    for item in answers:
        if _facts(item).payload_type in REWRITTEN:
            continue
        expected += 1
        if _facts(item).payload_sha256 in digests:
            found += 1
            findings.restored.add(item.record.id)
            findings.identical.add(item.record.id)
        else:
            examples.append(_example(item, "no file of the restored site has its content"))
    findings.checks.append(check_all("content", found, expected, examples))


@dataclass(frozen=True, slots=True)
class _Targets:
    """Where a link may lead, for each address that is held."""

    folder: Path
    places: set[str]
    pages: dict[str, str]
    answers: list[HeldItem]
    digests: dict[str, set[str]]

    def of(self, address: str) -> set[str]:
        """Places that hold what this address answered; empty when it is not held."""
        if address in self.pages:
            return {self.pages[address]}
        found: set[str] = set()
        for item in self.answers:
            if plain_address(_facts(item).url) == address:
                rewritten = _facts(item).payload_type in REWRITTEN
                found |= self.places if rewritten else self.digests.get(_facts(item).payload_sha256, set())
        return found

    def holds(self, address: str) -> bool:
        """Whether an address, as a page names it, answered with something that is held."""
        try:
            return bool(self.of(plain_address(address)))
        except ValueError:
            return False


def _check_text(findings: SiteFindings, targets: _Targets, reader: HoldingsReader) -> None:
    """What was written anew says what was recorded. A style sheet counts as identical then; a page must load, too."""
    written = [item for item in targets.answers if _facts(item).payload_type in REWRITTEN]
    if not written:
        return
    sheets = {sheet_digest(_written(targets, place)) for place in targets.places if place.lower().endswith(".css")}
    examples = []
    for item in written:
        try:
            why = _says_otherwise(item, targets, sheets, reader)
        except (StandfastError, ValueError) as error:
            why = str(error)
        if why:
            examples.append(_example(item, why))
            continue
        findings.faithful.add(item.record.id)
        if _facts(item).payload_type == SHEET_TYPE:
            findings.restored.add(item.record.id)
            findings.identical.add(item.record.id)
    findings.checks.append(check_all("text", len(findings.faithful), len(written), examples))


def _says_otherwise(item: HeldItem, targets: _Targets, sheets: set[str], reader: HoldingsReader) -> str:
    exchange = read_exchange(item.record.id, _facts(item), reader.read(item))
    recorded = page_text(exchange.payload, exchange.charset)
    if _facts(item).payload_type == SHEET_TYPE:
        return "" if sheet_digest(recorded) in sheets else "no style sheet of the restored site says what it says"
    place = targets.pages.get(plain_address(exchange.url), "")
    if place not in targets.places:
        return "there is no page in its place"
    return page_differs(recorded, _written(targets, place), targets.holds)


def _written(targets: _Targets, place: str) -> str:
    """Whatever is restored is written in UTF-8."""
    return (targets.folder / place).read_bytes().decode("utf-8", "replace")


def _check_redirects(
    findings: SiteFindings, redirects: Sequence[HeldItem], steps: dict[str, str], site: RestoredSite, targets: _Targets
) -> None:
    if not redirects:
        return
    stubs = {plain_address(each.url): each.place for each in site.redirects}
    found, examples = 0, []
    for item in redirects:
        address = plain_address(_facts(item).url)
        why = _leads_wrong(stubs.get(address, ""), _end(address, steps), targets)
        if stubs.get(address, "") in targets.places:
            findings.restored.add(item.record.id)
        if why:
            examples.append(_example(item, why))
        else:
            found += 1
            findings.identical.add(item.record.id)
    findings.checks.append(check_all("redirects", found, len(redirects), examples))


def _location(reader: HoldingsReader, item: HeldItem) -> str:
    """The address that a redirect names; empty where it names none, and then it leads nowhere at its origin either."""
    try:
        exchange = read_exchange(item.record.id, _facts(item), reader.read(item, STUB_LIMIT * 16))
    except (StandfastError, ValueError):
        return "unreadable:"
    return plain_address(urljoin(exchange.url, exchange.location)) if exchange.location else ""


def _end(address: str, steps: dict[str, str]) -> str:
    """Where redirects lead from an address; empty where they lead nowhere, or in a circle as at their origin."""
    end = steps.get(address, "")
    for _ in range(CHAIN_LIMIT):
        if end not in steps:
            return end
        end = steps[end]
    return ""


def _leads_wrong(place: str, end: str, targets: _Targets) -> str:
    """Why the small page at `place` does not lead to the address `end`; empty when it does."""
    if place not in targets.places:
        return "there is no page in its place"
    with open(targets.folder / place, "rb") as file:
        led = _LEADS_TO.search(file.read(STUB_LIMIT).decode("utf-8", "replace"))
    if led is None:
        return "the page in its place leads nowhere"
    link, wanted = html.unescape(led[1]), targets.of(end)
    if not wanted:
        return "" if link == end else f"it leads to {link}, and not to {end}"
    there = posixpath.normpath(posixpath.join(posixpath.dirname(place), unquote(link)))
    return "" if there in wanted else f"it leads to {there}"


def _check_pages(
    findings: SiteFindings,
    answers: Sequence[HeldItem],
    pages: dict[str, str],
    places: set[str],
    load: Callable[[list[str]], list[PageVerdict]],
) -> None:
    held = [item for item in answers if _facts(item).payload_type in PAGE_TYPES]
    if not held:
        return
    wanted = {item.record.id: pages.get(plain_address(_facts(item).url), "") for item in held}
    there = sorted({place for place in wanted.values() if place in places})
    findings.restored |= {item for item, place in wanted.items() if place in places}
    try:
        verdicts = {verdict.place: verdict for verdict in load(there)}
    except BrowserMissingError as why:
        said = f"{why}: {why.step()}"
        findings.checks.append(not_checked("pages loaded", len(held), said, public=True))
        findings.checks.append(not_checked("requests failed", 0, said, public=True))
        findings.checks.append(not_checked("requests elsewhere", 0, said, public=True))
        return
    loaded, examples = 0, []
    for item in held:
        verdict = verdicts.get(wanted[item.record.id])
        if verdict is None:
            examples.append(_example(item, "there is no page in its place"))
        elif not verdict.loaded:
            examples.append(_example(item, verdict.why or "it did not load"))
        else:
            loaded += 1
            if item.record.id in findings.faithful and not verdict.failed and not verdict.elsewhere:
                findings.identical.add(item.record.id)
    findings.checks.append(check_all("pages loaded", loaded, len(held), examples))
    by_place = {place: item for item, place in wanted.items()}
    for name, asked in _requests(verdicts.values()):
        few = (
            Example(item=by_place.get(verdict.place, ""), name=address, why=f"asked for by {verdict.place}")
            for verdict, addresses in asked
            for address in addresses
        )
        findings.checks.append(check_none(name, sum(len(addresses) for _, addresses in asked), few))


def _requests(verdicts: Iterable[PageVerdict]) -> list[tuple[CheckName, list[tuple[PageVerdict, list[str]]]]]:
    every = list(verdicts)
    return [
        ("requests failed", [(each, each.failed) for each in every]),
        ("requests elsewhere", [(each, each.elsewhere) for each in every]),
    ]


def _example(item: HeldItem, why: str) -> Example:
    return Example(item=item.record.id, name=item.record.name, why=why)
