"""One account at a server of contacts or calendars. Every address that a server names must be of that server itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urljoin, urlsplit

from standfast import http_client
from standfast.dav.multistatus import (
    COLLECTION,
    DAV,
    HOME,
    Kind,
    Resource,
    make_collection,
    multiget,
    names_in,
    propfind,
    read_multistatus,
)
from standfast.errors.dav import DavRefusedError, NoCollectionError, NotDavError

LISTING_LIMIT_BYTES = 128 * 1024 * 1024
CARD_LIMIT_BYTES = 16 * 1024 * 1024
ANSWER_LIMIT_BYTES = 64 * 1024 * 1024
TIMEOUT_S = 60.0
BATCH = 100
REDIRECTS_LIMIT = 5
_MOVED = (301, 302, 307, 308)
_ETAG = f"{{{DAV}}}getetag"
MEDIA_TYPES: dict[Kind, str] = {"contacts": "text/vcard", "calendar": "text/calendar"}
ENDINGS: dict[Kind, str] = {"contacts": ".vcf", "calendar": ".ics"}
WELL_KNOWN: dict[Kind, str] = {"contacts": "/.well-known/carddav", "calendar": "/.well-known/caldav"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DavAccess:
    """Where the server is, and how to be let in. Nothing is asked before it is used."""

    url: str
    authorization: Callable[[], str]
    """The value of the header, such as `Basic …`; asked for at each question, and kept nowhere."""
    ca: Path | None = None
    pinned_sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """An address book or a calendar."""

    url: str
    name: str
    """As people see it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One card, and the mark of its version."""

    url: str
    etag: str


class DavAccount:
    """Asks and puts; holds nothing open."""

    def __init__(self, access: DavAccess, kind: Kind) -> None:
        """`kind`: what of the account is meant."""
        self._access, self._kind = access, kind

    def collections(self) -> list[Collection]:
        """Every address book, or calendar, of the account; the one alone whose own address was given.

        Raises:
            DavRefusedError, NotDavError: the server, or what answers there.
            NoCollectionError: it has none.
            NetworkError: it can't be reached, or can't be trusted.
        """
        url, resources = self._discover()
        here = resources[0] if resources else None
        if here is not None and here.is_a(COLLECTION[self._kind]):
            return [self._collection(url, here)]
        home = self._home(url, here)
        found = [
            self._collection(home, each)
            for each in self._propfind(home, "1", f"{{{DAV}}}resourcetype", f"{{{DAV}}}displayname")[1]
            if each.is_a(COLLECTION[self._kind])
        ]
        if not found:
            raise NoCollectionError(self._access.url, "address book" if self._kind == "contacts" else "calendar")
        return found

    def listed(self, collection: Collection) -> list[Listed]:
        """Every card of a collection, without what it says. Errors as `collections`."""
        _, resources = self._propfind(collection.url, "1", _ETAG, f"{{{DAV}}}resourcetype")
        if any(each.status == 507 for each in resources):
            raise NotDavError(collection.url, "it lists a part of what it holds")
        cards = (each for each in resources if not each.is_a(f"{{{DAV}}}collection") and each.text(_ETAG))
        return [Listed(url=self._same_server(collection.url, each.href), etag=each.text(_ETAG)) for each in cards]

    def cards(self, collection: Collection, wanted: Sequence[Listed]) -> Iterator[tuple[Listed, bytes | None]]:
        """What these cards say, byte for byte; None of one that could not be had.

        They are asked for by the hundred. XML loses how lines end, and both formats say how; of each collection one
        card is fetched by itself, and where it is not what was made of the answer, all of them are.
        """
        exact: bool | None = None
        for at in range(0, len(wanted), BATCH):
            batch = wanted[at : at + BATCH]
            together = {} if exact is False else self._together(collection, batch)
            for each in batch:
                raw = together.get(urlsplit(each.url).path)
                if exact is None or raw is None:
                    alone = self._alone(each.url)
                    if exact is None and alone is not None:
                        exact = raw == alone
                        if not exact:
                            together = {}
                    raw = alone
                yield each, raw

    def put(self, collection: Collection, name: str, raw: bytes) -> bool:
        """Put a card where none is yet. False: one is there, or one with the same UID.

        Raises:
            DavRefusedError: the server does not take it.
        """
        url = urljoin(collection.url, quote(name, safe=""))
        headers = {"Content-Type": f"{MEDIA_TYPES[self._kind]}; charset=utf-8", "If-None-Match": "*"}
        answer = self._ask("PUT", url, headers, raw, ANSWER_LIMIT_BYTES)
        if answer.status in (409, 412) or (answer.status == 403 and b"no-uid-conflict" in answer.body):
            return False
        if answer.status not in (200, 201, 204):
            raise DavRefusedError(url, answer.status)
        return True

    def make(self, name: str, place: str) -> Collection:
        """A new collection beside those that are there. Errors as `collections`."""
        url, resources = self._discover()
        home = self._home(url, resources[0] if resources else None)
        new = urljoin(home if home.endswith("/") else home + "/", quote(place, safe="") + "/")
        body = make_collection(self._kind, name)
        answer = self._ask("MKCOL", new, {"Content-Type": "application/xml; charset=utf-8"}, body, ANSWER_LIMIT_BYTES)
        if answer.status not in (200, 201, 207):
            raise DavRefusedError(new, answer.status)
        return Collection(url=new, name=name)

    def _discover(self) -> tuple[str, list[Resource]]:
        url = self._access.url
        try:
            return self._propfind(url, "0", *names_in(self._kind))
        except (DavRefusedError, NotDavError) as why:
            if isinstance(why, DavRefusedError) and why.status in (401, 403):
                raise
            if urlsplit(url).path not in ("", "/"):
                raise
            return self._propfind(urljoin(url, WELL_KNOWN[self._kind]), "0", *names_in(self._kind))

    def _home(self, url: str, here: Resource | None) -> str:
        for _ in range(2):
            homes = here.hrefs(HOME[self._kind]) if here is not None else []
            if homes:
                return self._same_server(url, homes[0])
            principals = here.hrefs(f"{{{DAV}}}current-user-principal") if here is not None else []
            if not principals:
                break
            url, found = self._propfind(self._same_server(url, principals[0]), "0", *names_in(self._kind))
            here = found[0] if found else None
        return self._access.url

    def _collection(self, url: str, resource: Resource) -> Collection:
        place = self._same_server(url, resource.href)
        last = unquote(urlsplit(place).path.rstrip("/").rpartition("/")[2])
        return Collection(url=place, name=(resource.text(f"{{{DAV}}}displayname") or last)[:300])

    def _together(self, collection: Collection, batch: Sequence[Listed]) -> dict[str, bytes]:
        body = multiget(self._kind, [urlsplit(each.url).path for each in batch])
        answer = self._ask("REPORT", collection.url, _xml("1"), body, LISTING_LIMIT_BYTES)
        if answer.status != 207:
            return {}
        try:
            resources = read_multistatus(answer.body)
        except ValueError:
            return {}
        found = {}
        for each in resources:
            text = each.data(self._kind)
            if text:
                lines = text.replace("\r\n", "\n").replace("\n", "\r\n")
                found[urlsplit(self._same_server(collection.url, each.href)).path] = lines.encode("utf-8")
        return found

    def _alone(self, url: str) -> bytes | None:
        answer = self._ask("GET", url, {}, b"", CARD_LIMIT_BYTES)
        return answer.body if answer.status == 200 else None

    def _propfind(self, url: str, depth: str, *names: str) -> tuple[str, list[Resource]]:
        body = propfind(*names)
        for _ in range(REDIRECTS_LIMIT):
            answer = self._ask("PROPFIND", url, _xml(depth), body, LISTING_LIMIT_BYTES)
            if answer.status not in _MOVED:
                break
            url = self._same_server(url, answer.headers.get("location", ""))
        if answer.status != 207:
            raise DavRefusedError(url, answer.status)
        try:
            return url, read_multistatus(answer.body)
        except ValueError as why:
            raise NotDavError(url, str(why)) from why

    def _same_server(self, base: str, href: str) -> str:
        """An address that an answer names, made whole. The account's secret goes nowhere else."""
        try:
            url = urljoin(base, href)
            same = urlsplit(url)[:2] == urlsplit(base)[:2]
        except ValueError as why:
            raise NotDavError(base, f"it names {href[:200]!r}") from why
        if not same:
            raise NotDavError(base, f"it leads to another server: {href[:200]!r}")
        return url

    def _ask(self, method: str, url: str, headers: dict[str, str], body: bytes, limit: int) -> http_client.Answer:
        access = self._access
        return http_client.ask(
            method,
            url,
            headers={**headers, "Authorization": access.authorization(), "User-Agent": "standfast"},
            body=body,
            limit_bytes=limit,
            timeout_s=TIMEOUT_S,
            ca=access.ca,
            pinned_sha256=access.pinned_sha256,
        )


def _xml(depth: str) -> dict[str, str]:
    return {"Content-Type": "application/xml; charset=utf-8", "Depth": depth}
