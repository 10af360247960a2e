"""Where each address goes: a relative path that any file system and web server takes. No disk.

- the site's own host is the root, other hosts lie under `_other/`
- a page ends in `.html`, and `…/` becomes `…/index.html`; anything else keeps an ending that fits its type, but data
  that scripts ask for keeps its name
- a query becomes eight letters of its digest; so do names that differ only in case, are too long, or can't be
"""

from __future__ import annotations

import hashlib
import mimetypes
import posixpath
import re
import unicodedata
from urllib.parse import quote, unquote, urlsplit

PAGE_TYPES = ("text/html", "application/xhtml+xml")
SEGMENT_LIMIT = 120
PATH_LIMIT = 900
OTHER_HOSTS = "_other"
TYPES = mimetypes.MimeTypes(filenames=())
PREFERRED = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/css": ".css",
    "text/javascript": ".js",
    "application/javascript": ".js",
    "application/json": ".json",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/svg+xml": ".svg",
    "image/x-icon": ".ico",
    "image/vnd.microsoft.icon": ".ico",
    "font/woff2": ".woff2",
    "font/woff": ".woff",
    "application/pdf": ".pdf",
    "application/xml": ".xml",
    "text/xml": ".xml",
    "application/rss+xml": ".xml",
    "application/atom+xml": ".xml",
    "text/plain": ".txt",
}
_BARRED = re.compile(r'[\x00-\x1f\x7f<>:"\\|?*]')
_ESCAPED_SLASH = re.compile("%2f", re.I)
_WINDOWS = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.I)


class Places:
    """Gives each address one place, and never the same to two. Ask in the same order for the same answers."""

    def __init__(self, hosts: tuple[str, ...]) -> None:
        """`hosts`: `host:port` of the site itself, as `urlsplit(...).netloc` gives it, the first one its main one."""
        self._hosts = hosts
        self._place: dict[str, str] = {}
        self._taken: set[str] = set()

    def put(self, url: str, media_type: str) -> str:
        """The place of an address, made now."""
        url = plain_address(url)
        if url in self._place:
            return self._place[url]
        wanted = self._beside_files(self._wanted(url, media_type))
        place = wanted
        count = 0
        # Folders count too: a file may not take the name that another's folder has.
        while self._is_taken(place):
            count += 1
            stem, dot, ending = wanted.rpartition(".")
            mark = _mark(f"{url}{count if count > 1 else ''}")
            place = f"{stem}~{mark}{dot}{ending}" if dot and "/" not in ending else f"{wanted}~{mark}"
        self._take(place)
        self._place[url] = place
        return place

    def find(self, url: str) -> str | None:
        """The place of an address that was put, or None."""
        return self._place.get(plain_address(url))

    def alias(self, url: str, place: str) -> None:
        """Let an address lead straight to a place: a redirect that was followed."""
        self._place[plain_address(url)] = place

    def _wanted(self, url: str, media_type: str) -> str:
        parts = urlsplit(url)
        segments = [_segment(piece) for piece in parts.path.split("/")[1:]] or [""]
        is_page = media_type in PAGE_TYPES
        if segments[-1] == "":
            segments[-1] = "index.html" if is_page else "index"
        last = segments[-1]
        if parts.query:
            stem, dot, ending = last.rpartition(".")
            last = f"{stem}~{_mark(parts.query)}{dot}{ending}" if dot else f"{last}~{_mark(parts.query)}"
        segments[-1] = _with_ending(last, media_type)
        if parts.netloc not in self._hosts:
            segments = [OTHER_HOSTS, _segment(parts.netloc.replace(":", "_")), *segments]
        path = "/".join(segment or "_" for segment in segments)
        if len(path.encode()) > PATH_LIMIT:
            ending = posixpath.splitext(path)[1][:10]
            path = f"{OTHER_HOSTS}/long/{_mark(url)}{ending}"
        return path

    def _beside_files(self, place: str) -> str:
        """The place with another name for each folder whose name a file has already."""
        parts = place.split("/")
        for count in range(1, len(parts)):
            while _folded("/".join(parts[:count])) in self._taken:
                parts[count - 1] += f"~{_mark('/'.join(parts[:count]))}"
        return "/".join(parts)

    def _is_taken(self, place: str) -> bool:
        folded = _folded(place)
        if folded in self._taken or folded + "/" in self._taken:
            return True
        parts = folded.split("/")
        return any("/".join(parts[:count]) in self._taken for count in range(1, len(parts)))

    def _take(self, place: str) -> None:
        folded = _folded(place)
        self._taken.add(folded)
        parts = folded.split("/")
        self._taken.update("/".join(parts[:count]) + "/" for count in range(1, len(parts)))


def plain_address(url: str) -> str:
    """One spelling of an address: no fragment, percent-encoding in one form, lower-case scheme and host.

    Example:
        >>> plain_address("HTTP://Example.org/a%7eb/أ?x#top")
        'http://example.org/a~b/%D8%A3?x'
    """
    parts = urlsplit(url)
    # A slash that is escaped divides nothing: `/a%2Fb` is another address than `/a/b`.
    path = "%2F".join(_respelled(piece) for piece in _ESCAPED_SLASH.split(parts.path)) or "/"
    query = quote(parts.query, safe="/?:@!$&'()*+,;=~%[]")
    return f"{parts.scheme.lower()}://{parts.netloc.lower()}{path}{'?' + query if query else ''}"


def relative_link(source: str, target: str) -> str:
    """From one place to another, percent-encoded, so that it works from a server and from a disk.

    Example:
        >>> relative_link("en/news/index.html", "img/a b.png")
        '../../img/a%20b.png'
    """
    link = posixpath.relpath(target, posixpath.dirname(source) or ".")
    return quote(link, safe="/~!$&'()*+,;=@")


def _respelled(path: str) -> str:
    return quote(unquote(path, errors="surrogateescape"), safe="/:@!$&'()*+,;=~", errors="surrogateescape")


def _segment(piece: str) -> str:
    text = unicodedata.normalize("NFC", unquote(piece, errors="replace"))
    clean = _BARRED.sub("_", text).replace("/", "_").strip(" ")
    if clean in (".", ".."):
        clean = "_"
    if clean.endswith(".") or clean.startswith("~") or _WINDOWS.fullmatch(clean):
        clean = f"_{clean.rstrip('.')}"
    raw = clean.encode()
    if len(raw) > SEGMENT_LIMIT:
        stem, ending = posixpath.splitext(clean)
        ending = ending if len(ending) < 10 else ""
        clean = f"{stem.encode()[: SEGMENT_LIMIT - 30].decode(errors='ignore')}~{_mark(piece)}{ending}"
    return clean


def _with_ending(name: str, media_type: str) -> str:
    wanted = PREFERRED.get(media_type) or TYPES.guess_extension(media_type) or ""
    guessed = TYPES.guess_type("x" + posixpath.splitext(name)[1].lower())[0]
    if media_type in PAGE_TYPES:
        return name if name.lower().endswith((".html", ".htm")) else name + ".html"
    if not wanted or guessed == media_type:
        return name
    if media_type == "application/json" and not posixpath.splitext(name)[1]:
        return name  # scripts ask for it by this very name, and take it as whatever type
    if (
        posixpath.splitext(name)[1]
        and guessed
        and guessed not in PAGE_TYPES
        and media_type == "application/octet-stream"
    ):
        return name
    return name if name.lower().endswith(wanted) else name + wanted


def _folded(place: str) -> str:
    return unicodedata.normalize("NFC", place).casefold()


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:8]
