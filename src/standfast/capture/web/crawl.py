"""Captures one site: follows its pages, takes what they need, keeps every exchange.

The crawl runs in the generator that `WebCapture.run` returns: between two events nothing runs, so that what is asked of
the seen state is asked in one thread, and a generator that is closed leaves nothing behind.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin

from protego import Protego

from standfast import __version__
from standfast.capture.landing import Failure, Finished, Landed, LandingEvent, Progress, Seen, Unchanged
from standfast.capture.origin import WebOrigin
from standfast.capture.web.addresses import host_of, normal
from standfast.capture.web.fetch import Fetched, Fetcher, FetchError
from standfast.capture.web.links import Links, find_links
from standfast.capture.web.memo import Memo, read_memo, write_memo
from standfast.capture.web.pace import Pace, retry_after_s
from standfast.capture.web.recorder import write_records
from standfast.capture.web.scope import Scope, is_private
from standfast.capture.web.text import document_text
from standfast.capture.web.verdict import login_wall, suspension
from standfast.clock import Clock, machine_clock
from standfast.errors.capture import BadAddressError, RobotsBarredError, SiteSuspendedError, SiteUnreachableError
from standfast.holdings.http_answer import Answer, AnswerError
from standfast.holdings.item import WebFacts

AGENT = "standfast"
USER_AGENT = f"Mozilla/5.0 (compatible; {AGENT}/{__version__})"
WORKERS = 8
TRIES = 4
BACK_OFF_S = 0.5
AGAIN_STATUS = (429, 500, 502, 503, 504)
GONE_STATUS = (404, 410)
MEDIA_TYPE = "application/warc"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An address to ask for."""

    url: str
    depth: int
    page: bool
    hops: int = 0


class WebCapture:
    """One run over a site."""

    def __init__(self, origin: WebOrigin, *, tool: str, clock: Clock = machine_clock) -> None:
        """Nothing is asked yet.

        Raises:
            BadAddressError: the origin's address is none.
        """
        start = normal(origin.url)
        if start is None:
            raise BadAddressError(origin.url, "it is no address of a web site")
        self.tool = f"{tool}, robots.txt not obeyed (own site)" if origin.mine else tool
        self._origin, self._start, self._clock = origin, start, clock

    def run(self, seen: Seen) -> Iterator[LandingEvent]:
        """Yield every exchange that is new or changed.

        Raises:
            SiteUnreachableError: the first page did not come.
            SiteSuspendedError: something else stands in its place.
            RobotsBarredError: the site asks not to be fetched at all.
        """
        loop = asyncio.new_event_loop()
        crawl = _Crawl(self._origin, self._start, self._clock, seen)
        work = loop.create_task(crawl.go())
        try:
            while True:
                event = loop.run_until_complete(crawl.next_event(work))
                if event is None:
                    break
                yield event
            loop.run_until_complete(work)
        finally:
            loop.run_until_complete(_stop_all())
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()


class _Crawl:
    """The frontier, and the workers that empty it."""

    def __init__(self, origin: WebOrigin, start: str, clock: Clock, seen: Seen) -> None:
        self._origin, self._start, self._clock, self._seen = origin, start, clock, seen
        self._scope = Scope(origin, start)
        self._pace = Pace(origin.rate)
        self._pages: asyncio.Queue[Wanted] = asyncio.Queue()
        self._events: asyncio.Queue[LandingEvent] = asyncio.Queue(maxsize=32)
        self._known: set[str] = set()
        self._robots: Protego | None = None
        self._fetcher: Fetcher | None = None
        self._done = self._bytes = 0
        self._complete = True
        self._cut: set[str] = set()

    async def next_event(self, work: asyncio.Task[None]) -> LandingEvent | None:
        """The next event; None when the crawl has ended, well or not."""
        if not self._events.empty():
            return self._events.get_nowait()
        getting = asyncio.ensure_future(self._events.get())
        await asyncio.wait({getting, work}, return_when=asyncio.FIRST_COMPLETED)
        if getting.done():
            return getting.result()
        getting.cancel()
        return None if self._events.empty() else self._events.get_nowait()

    async def go(self) -> None:
        self._fetcher = await self._make_fetcher()
        await self._read_robots()
        await self._begin()
        ends_at = asyncio.get_running_loop().time() + self._origin.max_duration_s
        workers = [asyncio.create_task(self._serve(ends_at)) for _ in range(WORKERS)]
        emptied = asyncio.create_task(self._pages.join())
        try:
            done, _ = await asyncio.wait({*workers, emptied}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (*workers, emptied):
                task.cancel()
            await asyncio.gather(*workers, emptied, return_exceptions=True)
        await self._events.put(Finished(complete=self._complete))

    async def _make_fetcher(self) -> Fetcher:
        plain = Fetcher(
            self._clock, answer_limit=self._origin.max_answer_bytes, private_allowed=True, user_agent=USER_AGENT
        )
        try:
            private = any(is_private(ip) for ip in await plain.resolve(self._start))
        except FetchError as why:
            raise SiteUnreachableError(self._start, str(why)) from why
        return Fetcher(
            self._clock, answer_limit=self._origin.max_answer_bytes, private_allowed=private, user_agent=USER_AGENT
        )

    async def _read_robots(self) -> None:
        url = urljoin(self._start, "/robots.txt")
        self._know(url)
        wanted = Wanted(url=url, depth=0, page=False)
        # Asked for whole each time: its rules are needed, and nothing here keeps them.
        fetched = await self._ask(wanted, fresh=True)
        text = ""
        if fetched and fetched.answer.status == 200:
            kept = await self._keep(fetched, wanted, self._memo(url))
            text = kept[1].decode("utf-8", "replace") if kept else ""
        elif fetched is None:
            await self._fail(url, "no answer")
        self._robots = Protego.parse(text)
        for sitemap in list(self._robots.sitemaps)[:100]:
            self._want_page(normal(sitemap), 0)
        self._want_page(urljoin(self._start, "/sitemap.xml"), 0)

    async def _begin(self) -> None:
        """The first page decides whether there is a site at all."""
        if not self._allowed(self._start):
            raise RobotsBarredError(self._start)
        wanted = Wanted(url=self._start, depth=0, page=True)
        self._know(self._start)
        landed = self._start
        for _ in range(20):
            failures: list[str] = []
            fetched = await self._ask(wanted, failures)
            if fetched is None:
                raise SiteUnreachableError(self._start, failures[0] if failures else "no answer")
            status = fetched.answer.status
            if status >= 400:
                raise SiteUnreachableError(self._start, f"it answers with status {status}")
            memo = self._memo(wanted.url)
            why = login_wall(self._start, wanted.url) or self._suspended(fetched)
            if why:
                raise SiteSuspendedError(self._start, why)
            await self._take(fetched, wanted, memo)
            target = normal(_location(fetched)) if 300 <= status < 400 and status != 304 else None
            if target is None or target == landed:
                return
            landed = target
            self._know(target)
            wanted = Wanted(url=target, depth=0, page=True, hops=wanted.hops + 1)
        raise SiteUnreachableError(self._start, "it leads on without end")

    async def _serve(self, ends_at: float) -> None:
        while True:
            wanted = await self._pages.get()
            try:
                if asyncio.get_running_loop().time() > ends_at:
                    await self._cut_off("max_duration_s", wanted.url)
                elif self._bytes > self._origin.max_bytes:
                    await self._cut_off("max_bytes", wanted.url)
                elif self._done >= self._origin.max_pages:
                    await self._cut_off("max_pages", wanted.url)
                else:
                    await self._visit(wanted)
            finally:
                self._pages.task_done()

    async def _visit(self, wanted: Wanted) -> None:
        failures: list[str] = []
        fetched = await self._ask(wanted, failures)
        if fetched is None:
            await self._fail(wanted.url, failures[-1] if failures else "no answer")
            return
        if fetched.answer.status in AGAIN_STATUS or fetched.answer.status in (401, 403):
            await self._fail(wanted.url, f"it answers with status {fetched.answer.status}")
            return
        why = self._suspended(fetched)
        if why:
            await self._fail(wanted.url, why)
            return
        await self._take(fetched, wanted, self._memo(wanted.url))
        await self._events.put(
            Progress(done_count=self._done, total_count=self._done + self._pages.qsize(), bytes_seen=self._bytes)
        )

    async def _ask(self, wanted: Wanted, failures: list[str] | None = None, *, fresh: bool = False) -> Fetched | None:
        """Ask, and again where that may help. None, and why in `failures`, when it did not."""
        assert self._fetcher is not None
        memo = None if fresh else self._memo(wanted.url)
        host = host_of(wanted.url)
        for attempt in range(TRIES):
            await self._pace.wait(host)
            try:
                fetched = await self._fetcher.fetch(wanted.url, memo.validators if memo else ())
            except FetchError as why:
                if failures is not None:
                    failures.append(str(why))
                if not why.again or attempt == TRIES - 1:
                    return None
                await asyncio.sleep(BACK_OFF_S * 2**attempt)
                continue
            if fetched.answer.status not in AGAIN_STATUS or attempt == TRIES - 1:
                return fetched
            asked = retry_after_s(fetched.answer.header("retry-after"), self._clock())
            self._pace.pause(host, asked if asked is not None else BACK_OFF_S * 2**attempt)
        return None

    async def _take(self, fetched: Fetched, wanted: Wanted, memo: Memo | None) -> None:
        """Keep an answer, or know that it is held; then want what it leads to."""
        self._done += 1
        self._bytes += len(fetched.exchange.response)
        answer = fetched.answer
        if answer.status == 304 and memo:
            await self._unchanged(wanted, memo)
            self._want(memo.links, wanted, memo.location)
            return
        if answer.status in GONE_STATUS:
            return  # not landed: what was held under this address is gone from the site
        if answer.status >= 400:
            await self._fail(wanted.url, f"it answers with status {answer.status}")
            return
        kept = await self._keep(fetched, wanted, memo)
        if kept:
            self._want(kept[0], wanted, _location(fetched))

    async def _keep(self, fetched: Fetched, wanted: Wanted, memo: Memo | None) -> tuple[Links, bytes] | None:
        answer = fetched.answer
        quality = "complete"
        try:
            payload = answer.payload(self._origin.max_answer_bytes)
        except AnswerError as why:
            if "larger" in str(why):
                await self._fail(wanted.url, str(why))
                return None
            payload, quality = answer.body, f"kept as it came: {why}"
        links = find_links(wanted.url, answer.media_type, payload, document_text(payload, answer))
        now = _memo_of(answer, payload, links)
        if memo and memo.same_as(now):
            await self._unchanged(wanted, now)
            return links, payload
        facts = WebFacts(
            url=wanted.url,
            status=answer.status,
            payload_type=answer.media_type,
            payload_sha256=now.payload_sha256,
            payload_bytes=len(payload),
            ip=fetched.exchange.ip,
        )
        url = wanted.url.encode()
        await self._events.put(
            Landed(
                key=url,
                mark=f"{now.status} {now.payload_sha256} {now.location}".encode(),
                memo=write_memo(now),
                untrusted_name=url,
                media_type=MEDIA_TYPE,
                captured_at=fetched.exchange.started_at,
                quality=quality,
                facts=facts,
                content=write_records(fetched.exchange),
            )
        )
        return links, payload

    async def _unchanged(self, wanted: Wanted, memo: Memo) -> None:
        await self._events.put(Unchanged(keys=(wanted.url.encode(),), size_bytes=memo.payload_bytes))

    async def _fail(self, url: str, why: str) -> None:
        self._complete = False
        await self._events.put(Failure(key=url.encode(), what=url, why=why))

    async def _cut_off(self, bound: str, url: str) -> None:
        """Say once what a bound of the settings cut; nothing beyond it is taken for gone."""
        self._complete = False
        if bound not in self._cut:
            self._cut.add(bound)
            why = f"the capture reached {bound} of its settings; this address and those after it were not asked for"
            await self._events.put(Failure(key=b"", what=url, why=why))

    def _want(self, links: Links, wanted: Wanted, location: str) -> None:
        if location:
            self._want_redirect(normal(location), wanted)
        for url in links.needed:
            if self._scope.is_needed(url) and self._know(url):
                self._put(Wanted(url=url, depth=wanted.depth, page=False))
        if wanted.page:
            for url in links.pages:
                self._want_page(url, wanted.depth + 1)

    def _want_redirect(self, url: str | None, wanted: Wanted) -> None:
        if not url or wanted.hops >= 20 or (wanted.page and not self._scope.is_page(url)):
            return
        if self._know(url):
            self._put(Wanted(url=url, depth=wanted.depth, page=wanted.page, hops=wanted.hops + 1))

    def _want_page(self, url: str | None, depth: int) -> None:
        if not url or depth > self._origin.max_depth or not self._scope.is_page(url):
            return
        if self._know(url):
            self._put(Wanted(url=url, depth=depth, page=True))

    def _put(self, wanted: Wanted) -> None:
        if self._allowed(wanted.url) and self._scope.count_query(wanted.url):
            self._pages.put_nowait(wanted)

    def _know(self, url: str) -> bool:
        """True at the first sight of an address."""
        if url in self._known:
            return False
        self._known.add(url)
        return True

    def _allowed(self, url: str) -> bool:
        if self._origin.mine or self._robots is None or not self._scope.is_own(url):
            return True
        return bool(self._robots.can_fetch(url, AGENT))

    def _memo(self, url: str) -> Memo | None:
        return read_memo(self._seen.recall(url.encode()))

    @staticmethod
    def _suspended(fetched: Fetched) -> str:
        target = _location(fetched)
        if target and suspension(target, ""):
            return suspension(target, "")
        if fetched.answer.media_type != "text/html":
            return ""
        return suspension(fetched.exchange.url, document_text(fetched.answer.body[:20_000], fetched.answer))


async def _stop_all() -> None:
    """Cancel every other task, and wait until each is gone."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _location(fetched: Fetched) -> str:
    """Where an answer leads on to, as an absolute address; empty where it doesn't."""
    target = fetched.answer.header("location")
    if not target or not 300 <= fetched.answer.status < 400:
        return ""
    try:
        # Headers are bytes; servers write paths in UTF-8 there.
        return urljoin(fetched.exchange.url, target.encode("latin-1").decode("utf-8", "replace"))
    except ValueError:
        return ""


def _memo_of(answer: Answer, payload: bytes, links: Links) -> Memo:
    return Memo(
        status=answer.status,
        etag=answer.header("etag"),
        last_modified=answer.header("last-modified"),
        payload_sha256=hashlib.sha256(payload).hexdigest(),
        payload_bytes=len(payload),
        location=answer.header("location"),
        pages=tuple(links.pages),
        needed=tuple(links.needed),
    )
