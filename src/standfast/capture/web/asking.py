"""Asks for an address at the pace that its host allows, and again where that may help."""

from __future__ import annotations

import asyncio

from standfast.capture.web.addresses import host_of
from standfast.capture.web.fetch import Fetched, Fetcher, FetchError
from standfast.capture.web.memo import Memo
from standfast.capture.web.pace import Pace, retry_after_s
from standfast.clock import Clock

TRIES = 4
BACK_OFF_S = 0.5
AGAIN_STATUS = (429, 500, 502, 503, 504)
SILENT_LIMIT = 6
"""A host that gave no answer for so many addresses in a row, each tried several times, is not asked again."""


class Asker:
    """Of one crawl."""

    def __init__(self, fetcher: Fetcher, pace: Pace, clock: Clock) -> None:
        """Nothing is asked yet."""
        self._fetcher, self._pace, self._clock = fetcher, pace, clock
        self._silent: dict[str, int] = {}

    async def ask(self, url: str, memo: Memo | None, failures: list[str]) -> Fetched | None:
        """Ask; with what `memo` remembers, only for what changed. None, and why in `failures`, when nothing came."""
        host = host_of(url)
        if self._silent.get(host, 0) >= SILENT_LIMIT:
            failures.append(f"not asked for: its host did not answer {SILENT_LIMIT} times in a row")
            return None
        for attempt in range(TRIES):
            await self._pace.wait(host)
            try:
                fetched = await self._fetcher.fetch(url, memo.validators if memo else ())
            except FetchError as why:
                failures.append(str(why))
                if not why.again:
                    return None
                await asyncio.sleep(BACK_OFF_S * 2**attempt)
                continue
            self._silent[host] = 0
            if fetched.answer.status not in AGAIN_STATUS or attempt == TRIES - 1:
                return fetched
            asked = retry_after_s(fetched.answer.header("retry-after"), self._clock())
            self._pace.pause(host, asked if asked is not None else BACK_OFF_S * 2**attempt)
        self._silent[host] = self._silent.get(host, 0) + 1
        return None
