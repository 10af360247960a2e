"""How fast a host is asked: a rate, and pauses that it asks for."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

RETRY_AFTER_LIMIT_S = 120.0
CRAWL_DELAY_LIMIT_S = 10.0


class Pace:
    """One rate for each host."""

    def __init__(self, rate: float) -> None:
        """`rate`: requests a second to one host."""
        self._interval = 1.0 / rate
        self._slower: dict[str, float] = {}
        self._next: dict[str, float] = defaultdict(float)

    async def wait(self, host: str) -> None:
        """Wait for this host's next turn, and take it."""
        now = asyncio.get_running_loop().time()
        turn = max(now, self._next[host])
        self._next[host] = turn + max(self._interval, self._slower.get(host, 0.0))
        if turn > now:
            await asyncio.sleep(turn - now)

    def slow(self, host: str, seconds: float) -> None:
        """Leave at least so much time between two requests: what its robots.txt asks for, within reason."""
        self._slower[host] = min(seconds, CRAWL_DELAY_LIMIT_S)

    def pause(self, host: str, seconds: float) -> None:
        """Ask this host nothing for a while."""
        now = asyncio.get_running_loop().time()
        self._next[host] = max(self._next[host], now + min(seconds, RETRY_AFTER_LIMIT_S))


def retry_after_s(value: str, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for; None where it is none."""
    if value.strip().isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds())
