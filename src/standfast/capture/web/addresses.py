"""Addresses of the web, in one spelling each. Nothing here asks the network."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, quote, urljoin, urlsplit, urlunsplit

ADDRESS_LIMIT = 8 * 1024
PORTS = {"http": 80, "https": 443}
_KEPT = "/:@!$&'()*+,;=~-._%[]"
_BLANKS = re.compile(r"[\t\r\n]")
_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def absolute(base: str, untrusted_reference: str) -> str | None:
    """A reference as it stands in a document, as an absolute address; None where it leads to no web server.

    Example:
        >>> absolute("http://a.example/b/c", " ../صورة 1.png#x ")
        'http://a.example/%D8%B5%D9%88%D8%B1%D8%A9%201.png'
        >>> absolute("http://a.example/", "mailto:x@a.example") is None
        True
    """
    reference = _BLANKS.sub("", untrusted_reference).strip(" \0\x0c")
    if len(reference) > ADDRESS_LIMIT:
        return None
    try:
        return normal(urljoin(base, reference.replace("\\", "/") if "?" not in reference else reference))
    except ValueError:
        return None


def normal(untrusted_url: str) -> str | None:
    """The one spelling of an http or https address: ASCII, lower-case host, no default port, no fragment, no user.

    None where it is no such address.

    Example:
        >>> normal("HTTP://EXAMPLE.org:80/a b?q=é#f"), normal("https://مثال.example/")
        ('http://example.org/a%20b?q=%C3%A9', 'https://xn--mgbh0fb.example/')
    """
    try:
        parts = urlsplit(untrusted_url)
        port = parts.port
        host = _host(parts.hostname or "")
    except (ValueError, UnicodeError):
        return None
    scheme = parts.scheme.lower()
    if scheme not in PORTS or not host:
        return None
    where = f"[{host}]" if ":" in host else host
    if port and port != PORTS[scheme]:
        where += f":{port}"
    path = _without_dots(quote(_PERCENT.sub("%25", parts.path), safe=_KEPT)) or "/"
    query = quote(_PERCENT.sub("%25", parts.query), safe=_KEPT + "?|")
    url = urlunsplit(SplitResult(scheme, where, path, query, ""))
    return url if len(url) <= ADDRESS_LIMIT else None


def host_of(url: str) -> str:
    """Host of a normal address, without its port."""
    return urlsplit(url).hostname or ""


def site_of(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of a normal address."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or PORTS[parts.scheme]


def target_of(url: str) -> str:
    """What a request asks for: path and query."""
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _host(host: str) -> str:
    host = host.rstrip(".").lower()
    if not host.isascii():
        host = host.encode("idna").decode("ascii")
    return host if re.fullmatch(r"[a-z0-9._:-]{1,253}", host) else ""


def _without_dots(path: str) -> str:
    if "/." not in path:
        return path
    out: list[str] = []
    parts = path.split("/")[1:]
    for part in parts:
        if part == "..":
            out[-1:] = []
        elif part != ".":
            out.append(part)
    ends = parts[-1] in (".", "..") and bool(out)
    return "/" + "/".join(out) + ("/" if ends else "")
