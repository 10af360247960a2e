"""What belongs to a site: which pages are followed, and which addresses may be asked at all."""

from __future__ import annotations

import fnmatch
import ipaddress
from urllib.parse import urlsplit

from standfast.capture.origin import WebOrigin
from standfast.capture.web.addresses import host_of, site_of

QUERIES_LIMIT = 300
"""Distinct queries of one path; a calendar or a session id in the address has no end."""
REPEATS_LIMIT = 4
"""How often one part may stand in a path: `/a/b/a/b/a/b` is a loop of relative links."""


class Scope:
    """The bounds of one capture."""

    def __init__(self, origin: WebOrigin, start: str) -> None:
        """`start`: the first page's address, normal."""
        self._exclude = origin.exclude
        self._site, self._also = site_of(start), {host.lower() for host in origin.also}
        path = urlsplit(start).path
        self._prefix = path[: path.rfind("/") + 1]
        self._queries: dict[str, int] = {}

    def is_page(self, url: str) -> bool:
        """Whether a page may be followed: on the site's host and path, or on a host that belongs to it."""
        if self._left_out(url):
            return False
        if host_of(url) in self._also:
            return True
        return site_of(url) == self._site and urlsplit(url).path.startswith(self._prefix)

    def is_needed(self, url: str) -> bool:
        """Whether something that a page loads may be fetched, from wherever it comes."""
        return not self._left_out(url)

    def is_own(self, url: str) -> bool:
        """On the site's own host."""
        return site_of(url) == self._site or host_of(url) in self._also

    def count_query(self, url: str) -> bool:
        """Count one more query of a path; False when there are too many."""
        parts = urlsplit(url)
        if not parts.query:
            return True
        path = f"{parts.netloc}{parts.path}"
        self._queries[path] = self._queries.get(path, 0) + 1
        return self._queries[path] <= QUERIES_LIMIT

    def _left_out(self, url: str) -> bool:
        parts = [part for part in urlsplit(url).path.split("/") if part]
        if len(parts) > 8 and any(parts.count(part) > REPEATS_LIMIT for part in set(parts)):
            return True
        return any(fnmatch.fnmatchcase(url, pattern) for pattern in self._exclude)


def is_private(ip: str) -> bool:
    """An address that is not of the public internet: this machine, its network, or one that can't be routed."""
    try:
        address = ipaddress.ip_address(ip.split("%")[0])
    except ValueError:
        return True
    mapped = getattr(address, "ipv4_mapped", None)
    return not (mapped or address).is_global
