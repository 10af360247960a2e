"""What belongs to a site: which pages are followed, and which addresses may be asked at all."""

from __future__ import annotations

import fnmatch
import ipaddress
import re
from collections.abc import Collection
from urllib.parse import urlsplit

from standfast.capture.origin import WebOrigin
from standfast.capture.web.addresses import PORTS, host_of, site_of

QUERIES_LIMIT = 300
"""Distinct queries of one path; a calendar in the address has no end."""
SESSIONS_LIMIT = 8
REPEATS_LIMIT = 4
"""How often one part may stand in a path: `/a/b/a/b/a/b` is a loop of relative links."""
_SESSION = re.compile(r"(?:^|[&;])(?:s|sid|sess|session|sessionid|phpsessid|jsessionid|aspsessionid\w*)=", re.I)


class Scope:
    """The bounds of one capture."""

    def __init__(self, origin: WebOrigin, start: str) -> None:
        """`start`: the first page's address, normal."""
        self._exclude = origin.exclude
        self._sites, self._also = {site_of(start)}, {host.lower() for host in origin.also}
        path = urlsplit(start).path
        self._prefix = path[: path.rfind("/") + 1]
        self._queries: dict[str, int] = {}

    def adopt(self, url: str) -> bool:
        """Where the first page leads is the site too: the same name, with or without `www.`. False: another site."""
        if self.is_own(url):
            return True
        if host_of(url).removeprefix("www.") not in {site[1].removeprefix("www.") for site in self._sites}:
            return False
        if not _has_default_port(site_of(url)):
            return False
        self._sites.add(site_of(url))
        return True

    def is_page(self, url: str) -> bool:
        """Whether a page may be followed: on the site's host and path, or on a host that belongs to it."""
        if self.is_left_out(url):
            return False
        if host_of(url) in self._also:
            return True
        return self.is_own(url) and urlsplit(url).path.startswith(self._prefix)

    def is_own(self, url: str) -> bool:
        """On the site's own host, over http or https."""
        site = site_of(url)
        if site in self._sites or site[1] in self._also:
            return True
        return _has_default_port(site) and any(site[1] == own[1] and _has_default_port(own) for own in self._sites)

    def count_query(self, url: str) -> bool:
        """Count one more query of a path; False when there are too many."""
        parts = urlsplit(url)
        if not parts.query:
            return True
        session = bool(_SESSION.search(parts.query))
        path = f"{parts.netloc}{parts.path}{'?session' if session else ''}"
        self._queries[path] = self._queries.get(path, 0) + 1
        return self._queries[path] <= (SESSIONS_LIMIT if session else QUERIES_LIMIT)

    def is_left_out(self, url: str) -> bool:
        """By the settings, whoever needs it."""
        return any(fnmatch.fnmatchcase(url, pattern) for pattern in self._exclude)


def repeats_itself(url: str) -> bool:
    """A path that goes round: relative links that lead ever deeper."""
    parts = [part for part in urlsplit(url).path.split("/") if part]
    return len(parts) > 8 and any(parts.count(part) > REPEATS_LIMIT for part in set(parts))


def is_ip(host: str) -> bool:
    """Whether a host is given by its number."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_private(ip: str) -> bool:
    """An address that is not of the public internet: this machine, its network, or one that can't be routed."""
    try:
        address = ipaddress.ip_address(ip.split("%")[0])
    except ValueError:
        return True
    inner = _inner(address)
    if inner is not None:
        return is_private(str(inner))
    return not address.is_global or address.is_multicast


def may_ask(ip: str, private_allowed: Collection[str]) -> bool:
    """Whether an IP address may be connected to: a public one, or one where the origin itself lies."""
    if not is_private(ip) or ip in private_allowed:
        return True
    try:
        loopback = ipaddress.ip_address(ip).is_loopback
    except ValueError:
        return False
    return loopback and any(ipaddress.ip_address(own.split("%")[0]).is_loopback for own in private_allowed)


def _inner(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 one leads to: mapped, 6to4, Teredo, or through a NAT64."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in ipaddress.ip_network("64:ff9b::/96"):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


def _has_default_port(site: tuple[str, str, int]) -> bool:
    return site[2] == PORTS[site[0]]
