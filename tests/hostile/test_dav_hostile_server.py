"""A server of contacts that lies: nothing but its own address is asked, nothing it says is resolved, all is bounded."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from standfast.capture.landing import Failure, Finished, LandingEvent
from standfast.capture.mail.cards import AccountCapture
from standfast.clock import machine_clock
from standfast.dav.client import DavAccess, DavAccount
from standfast.dav.multistatus import read_multistatus
from standfast.errors.base import StandfastError
from standfast.errors.dav import DavRefusedError, NoCollectionError, NotDavError

Reply = Callable[[BaseHTTPRequestHandler], tuple[int, dict[str, str], bytes]]
HEAD = '<?xml version="1.0"?>'
BOOK = "<D:resourcetype><D:collection/><C:addressbook xmlns:C='urn:ietf:params:xml:ns:carddav'/></D:resourcetype>"


def multistatus(*responses: str) -> bytes:
    return f"{HEAD}<D:multistatus xmlns:D='DAV:'>{''.join(responses)}</D:multistatus>".encode()


def response(href: str, properties: str) -> str:
    found = f"<D:propstat><D:prop>{properties}</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>"
    return f"<D:response><D:href>{href}</D:href>{found}</D:response>"


@contextmanager
def answering(reply: Reply) -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            asked.append(f"{self.command} {self.path}")
            self.rfile.read(int(self.headers.get("content-length", 0)))
            status, headers, body = reply(self)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_PROPFIND = do_REPORT = do_GET = do_PUT = answer

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def account(url: str) -> DavAccount:
    return DavAccount(DavAccess(url=url + "/", authorization=lambda: "Basic c2VjcmV0"), "contacts")


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ((207, {}, b"not xml"), NotDavError),
        ((207, {}, multistatus()), NoCollectionError),
        ((207, {}, b"<a/>"), NotDavError),
        ((401, {}, b""), DavRefusedError),
        ((500, {}, b""), DavRefusedError),
        ((301, {"Location": "/"}, b""), DavRefusedError),
        ((301, {"Location": "http://127.0.0.2:9/"}, b""), NotDavError),
        ((207, {}, multistatus(response("http://127.0.0.2:9/x/", BOOK))), NotDavError),
        (
            (
                207,
                {},
                multistatus(
                    response(
                        "/",
                        "<C:addressbook-home-set xmlns:C='urn:ietf:params:xml:ns:carddav'>"
                        "<D:href>//127.0.0.2:9/home/</D:href></C:addressbook-home-set>",
                    )
                ),
            ),
            NotDavError,
        ),
    ],
)
def test_what_a_server_may_not_say(reply: tuple[int, dict[str, str], bytes], error: type[StandfastError]) -> None:
    with answering(lambda _: reply) as (url, _), pytest.raises(error):
        account(url).collections()


def test_no_entity_is_resolved_and_no_document_type_taken(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    entities = f"<!DOCTYPE a [<!ENTITY x SYSTEM 'file://{secret}'>]>"
    bomb = "<!DOCTYPE a [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>]>"
    for head in (entities, bomb):
        raw = multistatus(response("/&x;" if head is entities else "/&b;", "")).replace(HEAD.encode(), head.encode())
        with pytest.raises(ValueError, match=r"document type|XML"):
            read_multistatus(raw)
    with pytest.raises(ValueError, match="XML"):
        read_multistatus(b"<D:multistatus xmlns:D='DAV:'>" + b"<a>" * 100_000)


def test_a_listing_that_is_cut_short_is_not_believed() -> None:
    cut = "<D:response><D:href>/book/</D:href><D:status>HTTP/1.1 507 Insufficient Storage</D:status></D:response>"

    def reply(handler: BaseHTTPRequestHandler) -> tuple[int, dict[str, str], bytes]:
        if handler.headers["Depth"] == "1":
            return 207, {}, multistatus(cut)
        return 207, {}, multistatus(response("/book/", BOOK))

    with answering(reply) as (url, _):
        books = account(url)
        (book,) = books.collections()
        with pytest.raises(NotDavError):
            books.listed(book)


def test_a_card_that_is_listed_and_not_given_is_a_failure_and_takes_nothing_for_gone() -> None:
    card = response("/book/1.vcf", '<D:getetag>"1"</D:getetag>')

    def reply(handler: BaseHTTPRequestHandler) -> tuple[int, dict[str, str], bytes]:
        if handler.command != "PROPFIND":
            return 404, {}, b""
        return 207, {}, multistatus(response("/book/", BOOK), *([card] if handler.headers["Depth"] == "1" else []))

    class NoMail:
        tool = "standfast/test"

        def run(self, seen: object) -> Iterator[LandingEvent]:
            yield Finished(complete=True)

    class Forgetful:
        def unchanged(self, pairs: list[tuple[bytes, bytes]]) -> list[bool]:
            return [False for _ in pairs]

        def recall(self, key: bytes) -> None:
            return None

    with answering(reply) as (url, _):
        access = DavAccess(url=url + "/", authorization=lambda: "Basic c2VjcmV0")
        capture = AccountCapture(NoMail(), [("contacts", access)], clock=machine_clock)
        events = list(capture.run(Forgetful()))  # type: ignore[arg-type]
    assert [event.key for event in events if isinstance(event, Failure)] == [b"card /book/1.vcf"]
    assert events[-1] == Finished(complete=False)
