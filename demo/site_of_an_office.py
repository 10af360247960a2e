"""A small organisation's web site on loopback, in English, Arabic and French. Everything in it is an example.

    python demo/site_of_an_office.py [--port 8099] [--version 1|2]

Pages, pictures, a PDF, a style sheet with a font and backgrounds, `srcset`, a redirect, a sitemap. In version 2 one
page has changed. Only the standard library; the same arguments give the same bytes.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import random
import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote, unquote, urlsplit

LANGUAGES = {
    "en": ("ltr", "Example Office", "News", "Report", "read more"),
    "ar": ("rtl", "مكتب المثال", "أخبار", "تقرير", "اقرأ المزيد"),
    "fr": ("ltr", "Bureau d’exemple", "Actualités", "Rapport", "lire la suite"),
}
WORD_LISTS = {
    "en": "court record village school road water report market clinic archive law press example office",
    "ar": "محكمة سجل قرية مدرسة طريق ماء تقرير سوق عيادة أرشيف قانون صحافة مثال مكتب",
    "fr": "tribunal dossier village école route eau rapport marché clinique archives loi presse exemple bureau",
}
WORDS = {language: words.split() for language, words in WORD_LISTS.items()}
ARTICLES = 7
MAIN_CSS = """@import url("print.css") print;
@font-face { font-family: Org; src: url("../fonts/org.ttf") format("truetype"); }
body { font-family: Org, sans-serif; background: url("../img/paper.png"); margin: 2rem auto; max-width: 44rem; }
header { background-image: url(/img/head.png); padding: 1rem; color: #fff; }
"""


def png(seed: str, width: int = 64, height: int = 40) -> bytes:
    """A picture of stripes."""
    rnd = random.Random(seed)
    colours = [bytes(rnd.randrange(256) for _ in range(3)) for _ in range(4)]
    rows = b"".join(b"\0" + colours[row // 10 % 4] * width for row in range(height))

    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", zlib.compress(rows, 9)) + part(b"IEND", b"")


def pdf(text: str) -> bytes:
    """A PDF of one line."""
    body = b"BT /F1 18 Tf 40 700 Td (" + text.encode("ascii") + b") Tj ET"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1<</Type/Font"
        b"/Subtype/Type1/BaseFont/Helvetica>>>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(body), body),
    ]
    out, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj%s endobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return (
        out
        + b"xref\n0 5\n0000000000 65535 f \n"
        + table
        + b"trailer<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(out)
    )


class Site:
    """Every answer by its path, percent-decoded."""

    def __init__(self, version: int = 1) -> None:
        """Make all of it."""
        self.version = version
        self.answers: dict[str, tuple[str, bytes]] = {}
        self.redirects = {"/news": "/en/"}
        self._files()
        for language in LANGUAGES:
            self._pages(language)
        links = "".join(f'<li><a href="/{each}/">{LANGUAGES[each][1]}</a></li>' for each in LANGUAGES)
        self._page("/", "en", "Example Office", f"<ul>{links}</ul>")
        urls = "".join(
            f"<url><loc>@ORIGIN@{quote(path)}</loc></url>" for path, (kind, _) in self.answers.items() if "html" in kind
        )
        self.answers["/sitemap.xml"] = (
            "application/xml",
            f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'.encode(),
        )
        self.answers["/robots.txt"] = (
            "text/plain",
            b"User-agent: *\nDisallow: /private/\nSitemap: @ORIGIN@/sitemap.xml\n",
        )

    def _files(self) -> None:
        for name in ("paper", "head", "logo", "wide"):
            self.answers[f"/img/{name}.png"] = ("image/png", png(name))
        self.answers["/img/logo@2x.png"] = ("image/png", png("logo2", 128, 80))
        self.answers["/favicon.ico"] = ("image/x-icon", png("icon", 16, 16))
        self.answers["/css/main.css"] = ("text/css; charset=utf-8", MAIN_CSS.encode())
        self.answers["/css/print.css"] = ("text/css; charset=utf-8", b"body { background: none }\n")
        self.answers["/fonts/org.ttf"] = ("font/ttf", base64.b64decode(FONT))
        self.answers["/files/تقرير-example.pdf"] = ("application/pdf", pdf("An example report"))

    def _pages(self, language: str) -> None:
        _, name, news, report, more = LANGUAGES[language]
        folder = quote(news.lower())
        rows = []
        for number in range(ARTICLES):
            rnd = random.Random(f"{language} {number}")
            text = " ".join(rnd.choices(WORDS[language], k=90))
            if self.version == 2 and number == 3:
                text = f"2031-05-04. {text}"
            picture = f"/img/{language}-{number}.png"
            self.answers[picture] = ("image/png", png(picture))
            path = f"/{language}/{news.lower()}/{number}"
            self._page(path, language, f"{report} {number}", f'<img src="{picture}" alt=""><p>{text}</p>')
            rows.append(f'<li><a href="{folder}/{number}">{report} {number}</a></li>')
        body = (
            f'<ul>{"".join(rows)}</ul><p><a href="/files/{quote("تقرير-example.pdf")}">PDF</a> '
            f'<a href="/news">{more}</a>'
            f'<img src="/img/logo.png" srcset="/img/logo.png 1x, /img/logo@2x.png 2x" alt="{name}"></p>'
            f"<div style=\"background: url('/img/wide.png'); height: 3rem\"></div>"
        )
        self._page(f"/{language}/", language, name, body)

    def _page(self, path: str, language: str, title: str, body: str) -> None:
        direction = LANGUAGES[language][0]
        nav = " ".join(f'<a href="/{each}/" hreflang="{each}">{each}</a>' for each in LANGUAGES)
        self.answers[path] = (
            "text/html; charset=utf-8",
            f'<!DOCTYPE html>\n<html lang="{language}" dir="{direction}"><head><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width"><title>{title}</title>'
            f'<link rel="stylesheet" href="/css/main.css"><link rel="icon" href="/favicon.ico">'
            f'<link rel="canonical" href="@ORIGIN@{quote(path)}"></head>'
            f"<body><header><h1>{title}</h1></header><nav>{nav}</nav><main>{body}</main></body></html>\n".encode(),
        )


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer from the site."""
        self.server.requests += 1
        path = unquote(urlsplit(self.path).path)
        site = self.server.site
        if path in site.redirects:
            self._answer(302, "text/html", b"", {"Location": site.redirects[path]})
            return
        if path not in site.answers:
            self._answer(404, "text/html; charset=utf-8", b"<h1>404</h1>", {})
            return
        kind, body = site.answers[path]
        body = body.replace(b"@ORIGIN@", self.server.origin.encode())
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if self.headers.get("If-None-Match") == tag:
            self.server.unchanged += 1
            self._answer(304, kind, b"", {"ETag": tag})
        else:
            self._answer(200, kind, body, {"ETag": tag})

    def _answer(self, status: int, kind: str, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Type": kind, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """The site on loopback, with counts of what it was asked."""

    daemon_threads = True

    def __init__(self, port: int, version: int) -> None:
        """Port 0: any that is free."""
        super().__init__(("127.0.0.1", port), _Handler)
        self.site = Site(version)
        self.requests = self.unchanged = 0

    @property
    def origin(self) -> str:
        """Its address without a slash."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def turn_to(self, version: int) -> None:
        """Serve another version from now on."""
        self.site = Site(version)


@contextmanager
def serve(port: int = 0, version: int = 1) -> Iterator[Server]:
    """Serve the site while the block runs."""
    server = Server(port, version)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8099)
    parser.add_argument("--version", type=int, choices=(1, 2), default=1)
    asked = parser.parse_args()
    with serve(asked.port, asked.version) as server:
        print(f"{server.origin}/ version {asked.version}; Ctrl-C ends it")
        threading.Event().wait()


# A TrueType font of one glyph, made for this site: enough for a browser to ask for it and to take it.
FONT = (
    "AAEAAAAKAIAAAwAgT1MvMkUkRQEAAAEoAAAAYGNtYXAADACYAAABkAAAADRnbHlm99FWagAAAcwAAAAaaGVhZGFuQ5wAAACsAAAANmhoZWEFeg"
    "H2AAAA5AAAACRobXR4ArwAAAAAAYgAAAAGbG9jYQANAAAAAAHEAAAABm1heHAABAAGAAABCAAAACBuYW1l3wsgkAAAAegAAABUcG9zdAAsAAAA"
    "AAI8AAAAJgABAAAAAQAAmbyYm18PPPUAAwPoAAAAAAAAAAAAAAAAAAAAAABkAAAB9AK8AAAAAwACAAAAAAAAAAEAAAMg/zgAAAJYAGQAZAH0AA"
    "EAAAAAAAAAAAAAAAAAAAABAAEAAAACAAQAAQAAAAAAAgAAAAAAAAAAAAAAAAAAAAAAAwJYAZAABQAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    "AAAAAAAAAAAAAAABAAAAAAAAAAAAAAAAPz8/PwAAAEUARQMgAAAAAAMgAMgAAAAAAAAAAAAAAAAAAAAgAAACWAAAAGQAAAAAAAIAAAADAAAAFA"
    "ADAAEAAAAUAAQAIAAAAAQABAABAAAARf//AAAARf///7wAAQAAAAAAAAAAAA0AAAABAGQAAAH0ArwAAwAAMxEhEWQBkAK8/UQAAAAAAAAEADYA"
    "AQAAAAAAAQADAAAAAQAAAAAAAgAHAAMAAwABBAkAAQAGAAoAAwABBAkAAgAOABBPcmdSZWd1bGFyAE8AcgBnAFIAZQBnAHUAbABhAHIAAgAAAA"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAACAAAAKAAA"
)

if __name__ == "__main__":
    main()
