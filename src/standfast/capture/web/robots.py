"""What robots.txt of a host asks for."""

from __future__ import annotations

from protego import Protego

ROBOTS_BYTES_LIMIT = 512 * 1024
"""RFC 9309 asks for at least 500 KiB."""
AGENT = "standfast"


class Robots:
    """The rules of one host. Trusted for nothing: they can only make us ask for less, and more slowly."""

    def __init__(self, untrusted_text: str) -> None:
        """Empty text allows everything."""
        self._rules = Protego.parse(untrusted_text[:ROBOTS_BYTES_LIMIT])

    def allows(self, url: str) -> bool:
        """May this be fetched?"""
        return bool(self._rules.can_fetch(url, AGENT))

    @property
    def delay_s(self) -> float:
        """Seconds between requests that it asks for; 0 where it names none."""
        return float(self._rules.crawl_delay(AGENT) or 0.0)

    @property
    def sitemaps(self) -> list[str]:
        """As they stand there."""
        return [str(each) for each in self._rules.sitemaps]


def robots_of(status: int, body: bytes) -> Robots:
    """RFC 9309: what is not there (4xx) allows everything; a server in trouble (5xx) allows nothing."""
    if status >= 500:
        return Robots("User-agent: *\nDisallow: /")
    return Robots(body[:ROBOTS_BYTES_LIMIT].decode("utf-8", "replace") if 200 <= status < 300 else "")
