"""Captures one site: follows its pages, takes what they need, keeps every exchange.

The crawl runs in the generator that `WebCapture.run` returns: between two events nothing runs, so that what is asked of
the seen state is asked in one thread, and a generator that is closed leaves nothing behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from urllib.parse import urljoin

from protego import Protego

from standfast import __version__
from standfast.capture.landing import Failure, Finished, Landed, LandingEvent, Progress, Seen, Unchanged
from standfast.capture.origin import WebOrigin
from standfast.capture.web.addresses import host_of, normal, site_of
from standfast.capture.web.answers import location_of, memo_of, reply_of
from standfast.capture.web.asking import AGAIN_STATUS, Asker
from standfast.capture.web.browser import Reply
from standfast.capture.web.fetch import Fetched, Fetcher, FetchError
from standfast.capture.web.frontier import AGENT, REDIRECTS_LIMIT, Frontier, Wanted
from standfast.capture.web.links import PAGE_TYPES, Links, find_links
from standfast.capture.web.looking import Looking, landed_view, view_keys
from standfast.capture.web.memo import Memo, read_memo, write_memo
from standfast.capture.web.pace import Pace
from standfast.capture.web.recorder import write_records
from standfast.capture.web.scope import Scope, is_private
from standfast.capture.web.text import document_text
from standfast.capture.web.verdict import login_wall, suspension
from standfast.clock import Clock, machine_clock
from standfast.errors.capture import (
    BadAddressError,
    RobotsBarredError,
    SiteMovedError,
    SiteSuspendedError,
    SiteUnreachableError,
)
from standfast.holdings.http_answer import Answer, AnswerError
from standfast.holdings.item import WebFacts

USER_AGENT = f"Mozilla/5.0 (compatible; {AGENT}/{__version__})"
WORKERS = 8
GONE_STATUS = (404, 410)
MEDIA_TYPE = "application/warc"
EVENTS_AHEAD = 8
ROBOTS_BYTES = 512 * 1024
"""Of a robots.txt no more than this is obeyed (RFC 9309 asks for 500 KiB at least)."""
ROBOTS_HOPS = 5
SITEMAPS_LIMIT = 100
NOTICE_BYTES = 16 * 1024
"""A longer page is no notice of suspension, however it is coded."""


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
        SiteMovedError: it leads to another site.
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
    """The workers that empty the frontier."""

    def __init__(self, origin: WebOrigin, start: str, clock: Clock, seen: Seen) -> None:
        self._origin, self._start, self._clock, self._seen = origin, start, clock, seen
        self._scope = Scope(origin, start)
        self._frontier = Frontier(origin, self._scope, lambda url: self._memo(url) is not None)
        self._pace = Pace(origin.rate)
        self._fetcher = Fetcher(
            clock, answer_limit=origin.max_answer_bytes, total_limit=origin.max_bytes, user_agent=USER_AGENT
        )
        self._asker = Asker(self._fetcher, self._pace, clock)
        self._looking = Looking(origin, self._obtain)
        self._events: asyncio.Queue[LandingEvent] = asyncio.Queue(maxsize=EVENTS_AHEAD)
        self._done = 0
        self._complete = True

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
        try:
            await self._go()
        finally:
            await self._looking.close()

    async def _go(self) -> None:
        ends_at = asyncio.get_running_loop().time() + self._origin.max_duration_s
        await self._find_private()
        for site in (self._start, *(f"{site_of(self._start)[0]}://{host}/" for host in self._origin.also)):
            await self._read_robots(site)
        await self._begin()
        workers = [asyncio.create_task(self._serve(ends_at)) for _ in range(WORKERS)]
        emptied = asyncio.create_task(self._frontier.emptied())
        try:
            done, _ = await asyncio.wait({*workers, emptied}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (*workers, emptied):
                task.cancel()
            await asyncio.gather(*workers, emptied, return_exceptions=True)
        await self._say_cuts()
        passed_over = (
            ("page(s) with scripts that were not run: no browser is on this machine", self._looking.not_looked_at),
        )
        await self._events.put(Finished(complete=self._complete, passed_over=passed_over if passed_over[0][1] else ()))

    async def _find_private(self) -> None:
        """Private addresses may be asked only where the origin itself lies on them."""
        try:
            found = await self._fetcher.resolve(self._start)
        except FetchError as why:
            raise SiteUnreachableError(self._start, str(why)) from why
        self._fetcher.private_allowed = {ip for ip in found if is_private(ip)}

    async def _read_robots(self, site: str) -> None:
        url = urljoin(site, "/robots.txt")
        text = ""
        for hops in range(ROBOTS_HOPS + 1):
            self._frontier.know(url)
            wanted = Wanted(url=url, depth=0, page=False, needed=True, hops=hops)
            # Asked for whole each time: its rules are needed, and nothing here keeps them.
            fetched = await self._ask(wanted, fresh=True)
            if fetched is None or fetched.answer.status in AGAIN_STATUS:
                await self._fail(url, "no robots.txt came; the site was captured as if it had none")
                break
            if fetched.answer.status >= 400:
                break
            kept = await self._keep(fetched, wanted, self._memo(url))
            target = normal(location_of(fetched))
            if not target:
                text = kept[1][:ROBOTS_BYTES].decode("utf-8", "replace") if kept else ""
                break
            url = target
        robots = Protego.parse(text)
        self._frontier.obey(site, robots)
        delay = robots.crawl_delay(AGENT)
        if delay and not self._origin.mine:
            self._pace.slow(host_of(site), float(delay))
        for sitemap in list(robots.sitemaps)[:SITEMAPS_LIMIT]:
            self._frontier.want_sitemap(normal(sitemap))
        self._frontier.want_sitemap(urljoin(site, "/sitemap.xml"))

    async def _begin(self) -> None:
        """The first page decides whether there is a site at all."""
        if not self._frontier.allowed(self._start):
            raise RobotsBarredError(self._start)
        url = self._start
        self._frontier.know(url)
        for hops in range(REDIRECTS_LIMIT):
            wanted = Wanted(url=url, depth=0, page=True, hops=hops)
            failures: list[str] = []
            fetched = await self._ask(wanted, failures)
            if fetched is None:
                raise SiteUnreachableError(self._start, failures[-1] if failures else "no answer")
            status, target = fetched.answer.status, normal(location_of(fetched))
            if status >= 400:
                raise SiteUnreachableError(self._start, f"it answers with status {status}")
            why = login_wall(self._start, url) or self._suspended(fetched)
            if why:
                raise SiteSuspendedError(self._start, why)
            if target and not self._scope.adopt(target):
                raise SiteMovedError(self._start, target)
            first_sight = target is not None and self._frontier.know(target)
            await self._take(fetched, wanted, self._memo(url))
            if target is None or not first_sight:
                return
            url = target
        raise SiteUnreachableError(self._start, "it leads on without end")

    async def _serve(self, ends_at: float) -> None:
        while True:
            wanted = await self._frontier.get()
            try:
                if self._fetcher.received_bytes >= self._origin.max_bytes:
                    self._frontier.cut_setting("max_bytes", wanted.url)
                elif self._frontier.admit(wanted):
                    async with asyncio.timeout_at(ends_at):
                        await self._visit(wanted)
            except TimeoutError:
                self._frontier.cut_setting("max_duration_s", wanted.url)
            finally:
                self._frontier.done()

    async def _visit(self, wanted: Wanted) -> None:
        failures: list[str] = []
        fetched = await self._ask(wanted, failures)
        if fetched is None:
            await self._fail(wanted.url, failures[-1] if failures else "no answer")
            return
        why = self._suspended(fetched)
        if why:
            await self._fail(wanted.url, why)
            return
        await self._take(fetched, wanted, self._memo(wanted.url))
        await self._say_cuts()
        await self._events.put(
            Progress(
                done_count=self._done,
                total_count=self._done + self._frontier.waiting_count,
                bytes_seen=self._fetcher.received_bytes,
            )
        )

    async def _say_cuts(self) -> None:
        for failure in self._frontier.take_failures():
            self._complete = False
            await self._events.put(failure)

    async def _ask(self, wanted: Wanted, failures: list[str] | None = None, *, fresh: bool = False) -> Fetched | None:
        """Ask, for what changed alone unless `fresh`. None, and why in `failures`, when nothing came."""
        memo = None if fresh else self._memo(wanted.url)
        if memo and wanted.page and not memo.looked and not self._looking.is_off:
            memo = None  # held from a time when pages were not looked at: its bytes are needed once more
        return await self._asker.ask(wanted.url, memo, failures if failures is not None else [])

    async def _take(self, fetched: Fetched, wanted: Wanted, memo: Memo | None) -> None:
        """Keep an answer, or know that it is held; then want what it leads to."""
        self._done += 1
        answer = fetched.answer
        if answer.status == 304 and memo:
            await self._unchanged(wanted, memo)
            location = normal(urljoin(wanted.url, memo.location)) or "" if memo.location else ""
            self._frontier.want(memo.links, wanted, location)
            return
        if answer.status in GONE_STATUS:
            return  # not landed: what was held under this address is gone from the site
        if answer.status >= 400 or answer.status == 304:
            await self._fail(wanted.url, f"it answers with status {answer.status}")
            return
        kept = await self._keep(fetched, wanted, memo)
        if kept:
            self._frontier.want(kept[0], wanted, location_of(fetched))

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
        if links.cut:
            await self._fail(
                wanted.url, "it is held, but what it links to was not looked for to its end: it is too large"
            )
        reply = Reply(status=answer.status, headers=answer.headers, payload=payload)
        self._looking.remember(wanted.url, reply)
        now = memo_of(answer, payload, links)
        if memo and memo.same_as(now) and (memo.looked or self._looking.is_off or not wanted.page):
            links.add(memo.links)
            await self._unchanged(wanted, memo_of(answer, payload, links, memo.views))
            return links, payload
        views: tuple[str, ...] = ()
        if wanted.page and not wanted.framed and answer.status == 200 and answer.media_type in PAGE_TYPES:
            views = await self._look(wanted.url, reply, answer, links)
        now = memo_of(answer, payload, links, views, looked=not self._looking.is_off)
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

    async def _look(self, url: str, reply: Reply, answer: Answer, links: Links) -> tuple[str, ...]:
        view = await self._looking.look(url, reply, document_text(reply.payload, answer), links)
        if view is None:
            return ()
        if view.why:
            await self._fail(url, f"it is held as it was answered; in the browser: {view.why}")
        parts = []
        for part, landed in landed_view(view, self._clock()):
            parts.append(part)
            await self._events.put(landed)
        return tuple(parts)

    async def _obtain(self, url: str) -> Reply | None:
        """What the browser asks for: by the same rules as everything else, and kept like it."""
        place = normal(url)
        for _ in range(REDIRECTS_LIMIT):
            if place is None or self._scope.is_left_out(place) or not self._frontier.allowed(place):
                return None
            wanted = Wanted(url=place, depth=0, page=self._scope.is_page(place), needed=True, framed=True)
            first = self._frontier.know(place)
            if first and not self._frontier.admit(wanted):
                return None
            if first:
                self._looking.met_first.add(place)
            fetched = await self._ask(wanted, fresh=True)
            if fetched is None:
                return None
            if first:
                await self._take(fetched, wanted, self._memo(place))
            place = normal(location_of(fetched))
            if place is None:
                return reply_of(fetched, self._origin.max_answer_bytes)
        return None

    async def _unchanged(self, wanted: Wanted, memo: Memo) -> None:
        keys = (wanted.url.encode(), *view_keys(wanted.url, memo.views))
        await self._events.put(Unchanged(keys=keys, size_bytes=memo.payload_bytes))

    async def _fail(self, url: str, why: str) -> None:
        self._complete = False
        await self._events.put(Failure(key=url.encode(), what=url, why=why))

    def _memo(self, url: str) -> Memo | None:
        return read_memo(self._seen.recall(url.encode()))

    @staticmethod
    def _suspended(fetched: Fetched) -> str:
        target = location_of(fetched)
        if target and suspension(target, ""):
            return suspension(target, "")
        answer = fetched.answer
        if answer.media_type != "text/html" or len(answer.body) > NOTICE_BYTES:
            return ""
        try:
            payload = answer.payload(NOTICE_BYTES)
        except AnswerError:
            return ""
        return suspension(fetched.exchange.url, document_text(payload, answer))


async def _stop_all() -> None:
    """Cancel every other task, and wait until each is gone."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
