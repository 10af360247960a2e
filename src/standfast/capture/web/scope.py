"""Which addresses belong to the origin, and which are too many of one kind."""

from __future__ import annotations

import fnmatch
import re
from urllib.parse import parse_qsl, urlsplit

from standfast.capture.origin import WebOrigin
from standfast.capture.web.addresses import PORTS, host_of, normal
from standfast.errors.capture import BadAddressError

_DIGITS = re.compile(r"\d+")


class Scope:
    """The origin's rules for addresses. All addresses are normal ones."""

    def __init__(self, origin: WebOrigin) -> None:
        """Raises BadAddressError where the origin's own address is none."""
        start = normal(origin.url)
        if start is None:
            raise BadAddressError(origin.url, "it is no address of a web site")
        self.start = start
        self._exclude = origin.exclude
        self._authorities = {_authority(start)}
        own = host_of(start)
        # With and without www is one site, whichever of them was given.
        other = own.removeprefix("www.") if own.startswith("www.") else f"www.{own}"
        self._hosts = {other, *(host.lower() for host in origin.also if ":" not in host)}
        self._authorities |= {host.lower() for host in origin.also if ":" in host}

    def holds(self, url: str) -> bool:
        """Is this a page of the site?

        Another port of its host is another site; of hosts that were named without a port, any is meant.
        """
        parts = urlsplit(url)
        host = parts.hostname or ""
        plain = parts.port is None or (host in self._hosts and not _is_start_host(host, self.start))
        return _authority(url) in self._authorities or (plain and (host in self._hosts or host == host_of(self.start)))

    def leaves_out(self, url: str) -> bool:
        """Was it excluded by the settings?"""
        return any(fnmatch.fnmatchcase(url, pattern) for pattern in self._exclude)


class QueryCount:
    """Counts the addresses that differ in their query alone: calendars and session numbers have no end.

    Pages of one path, numbers in it taken as alike, and with the same names in their query count together.
    """

    def __init__(self, limit: int) -> None:
        """`limit`: of each kind."""
        self._limit = limit
        self._counts: dict[tuple[str, ...], int] = {}

    def take(self, url: str) -> bool:
        """Count one more; False where there were enough."""
        parts = urlsplit(url)
        if not parts.query:
            return True
        names = sorted({name for name, _ in parse_qsl(parts.query, keep_blank_values=True)})
        kind = (parts.netloc, _DIGITS.sub("0", parts.path), *names)
        count = self._counts.get(kind, 0)
        if count >= self._limit:
            return False
        self._counts[kind] = count + 1
        return True


def _authority(url: str) -> str:
    parts = urlsplit(url)
    port = parts.port or PORTS[parts.scheme]
    return f"{parts.hostname}:{port}"


def _is_start_host(host: str, start: str) -> bool:
    return host == host_of(start)
