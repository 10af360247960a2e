#!/usr/bin/env python3
"""A hostile but realistic organisation web site on loopback, with its ground truth.

  python site.py serve --port 8100 [--pages 60] [--seed 7] [--version 1|2] [--large 2000000]
                       [--suspend-after N] [--slow 2.0] [--log FILE]
  python site.py truth --port 8100 [same options]      # JSON: what a full capture must hold
  python site.py score --truth T.json --held H.json    # H: [[url, sha256], ...]  -> score by class

The site is http://127.0.0.1:PORT; its "CDN" is http://localhost:PORT+1 (same process).  Same options,
same bytes.  Logins: demo / demo.  --suspend-after N: from request N on, every URL answers 302 to a
"suspended" page, as shared hosts do; a capture must not take that page for the site.
Version 2 changes articles i%10==3, removes i%10==7, adds five, re-dates (same body) i%10==5.
Only the standard library.
"""

import argparse
import contextlib
import gzip
import hashlib
import json
import random
import re
import struct
import sys
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote

WORDS = {
    "en": [
        "court",
        "record",
        "village",
        "school",
        "family",
        "road",
        "water",
        "report",
        "witness",
        "market",
        "clinic",
        "archive",
        "law",
        "press",
    ],
    "fr": [
        "tribunal",
        "dossier",
        "village",
        "école",
        "famille",
        "route",
        "eau",
        "rapport",
        "témoin",
        "marché",
        "clinique",
        "archives",
        "loi",
        "presse",
    ],
    "ar": [
        "محكمة",
        "سجل",
        "قرية",
        "مدرسة",
        "عائلة",
        "طريق",
        "ماء",
        "تقرير",
        "شاهد",
        "سوق",
        "عيادة",
        "أرشيف",
        "قانون",
        "صحافة",
    ],
}
NEWS = {"en": "/en/news/", "fr": "/fr/actualités/", "ar": "/ar/أخبار/"}
DAY1, DAY2 = "Mon, 06 Jan 2025 10:00:00 GMT", "Tue, 04 Mar 2025 09:30:00 GMT"


def png(color, w=48, h=32):
    """A picture of one colour."""
    raw = b"".join(b"\0" + bytes(color) * w for _ in range(h))

    def part(t, d):
        return struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d))

    return (
        b"\x89PNG\r\n\x1a\n"
        + part(b"IHDR", struct.pack(">IIBBBBB", w, h, 8, 2, 0, 0, 0))
        + part(b"IDAT", zlib.compress(raw, 9))
        + part(b"IEND", b"")
    )


def brotli_stored(data):
    """A valid brotli stream of uncompressed blocks: br without a compressor."""
    out, first = bytearray(), True
    for at in range(0, len(data), 65536):
        block = data[at : at + 65536]
        bits = (len(block) - 1) << 3 | 1 << 19  # ISLAST=0, MNIBBLES=4, MLEN-1, ISUNCOMPRESSED
        out += (bits << 1 if first else bits).to_bytes(3, "little") + block
        first = False
    return bytes(out) + (b"\x06" if first else b"\x03")


def pdf(text):
    """A PDF of one line."""
    body = b"BT /F1 18 Tf 40 700 Td (" + text.encode("ascii") + b") Tj ET"
    objs = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
        b"/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(body), body),
    ]
    out, at = b"%PDF-1.4\n", []
    for n, o in enumerate(objs, 1):
        at.append(len(out))
        out += b"%d 0 obj%s endobj\n" % (n, o)
    xref = len(out)
    out += b"xref\n0 5\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % a for a in at)
    return out + b"trailer<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % xref


class Site:
    """Every resource by its request target (percent-encoded path?query)."""

    def __init__(self, port=8100, pages=60, seed=7, version=1, large=2_000_000):
        """Make all of it."""
        self.o, self.cdn = f"http://127.0.0.1:{port}", f"http://localhost:{port + 1}"
        self.seed, self.version, self.pages, self.large = seed, version, pages, large
        self.res, self.redirects, self.views, self.sm = {}, [], [], []
        self.build()

    def rng(self, *key):
        """Chance that is the same for the same key."""
        return random.Random(f"{self.seed}:{key}")

    def add(self, url, body, kind, ctype="text/html; charset=utf-8", status=200, **opt):
        """One answer."""
        if isinstance(body, str):
            body = body.encode(opt.pop("encode", "utf-8"))
        self.res[quote(url, safe="/?&=%:+,;~@!$'()*")] = dict(body=body, kind=kind, ctype=ctype, status=status, **opt)
        return url

    def img(self, name, kind, host=""):
        """A picture, at its address."""
        r = self.rng("img", name)
        self.add(
            name,
            png([r.randrange(256) for _ in range(3)], 40 + r.randrange(40)),
            kind,
            "image/png",
            cdn=bool(host),
            etag=True,
        )
        return host + name

    def text(self, lang, key, n=60):
        """Words of a language."""
        r = self.rng("text", lang, key)
        return " ".join(r.choice(WORDS[lang]) for _ in range(n))

    def page(self, url, lang, title, body, kind, head="", see=(), rendered=(), images=0, **opt):
        """A page, and what a reader must see on it."""
        d = "rtl" if lang == "ar" else "ltr"
        html = f"""<!DOCTYPE html>
<html lang="{lang}" dir="{d}"><head>{"" if opt.pop("nometa", 0) else '<meta charset="utf-8">'}<title>{title}</title>
<link rel="stylesheet" href="/css/main.css?v=3"><link rel="icon" href="/favicon.ico">
<link rel="alternate" type="application/rss+xml" href="/feed.xml">{head}</head><body>
<nav><a href="{self.o}/">Home</a> <a href="/en/">EN</a> <a href="/ar/">AR</a> <a href="/fr/">FR</a></nav>
<h1>{title}</h1>{body}<footer><img src="/img/Logo.png" alt=""><img src="/img/logo.png" alt=""></footer>
<script src="/js/app.js"></script></body></html>"""
        self.add(url, html, kind, **opt)
        self.views.append(dict(url=url, lang=lang, see=list(see), rendered=list(rendered), images=images + 2))
        return url

    def build(self):
        """All parts."""
        self.assets()
        self.articles()
        self.gallery()
        self.scripted()
        self.odd()
        self.indexes()

    def assets(self):
        """Icons, sheets, fonts, the script."""
        for name in ("/img/Logo.png", "/img/logo.png"):
            self.img(name, "case-pair")
        self.add("/favicon.ico", png((9, 9, 9), 16, 16), "icon", "image/x-icon")
        self.img("/img/bg.png", "css-url")
        self.img("/img/hero@2x.png", "css-image-set")
        self.img("/img/print.png", "css-import-url")
        self.add(
            "/css/main.css?v=3",
            '@charset "utf-8";\n@import url("print.css") print;\n@import "deep/theme.css";\n'
            '@font-face{font-family:Org;src:url("../fonts/org.woff2") format("woff2"),url(../fonts/org.woff)}\n'
            'body{font-family:Org,sans-serif;background:url( "../img/bg.png" )}\n'
            'h1{background-image:image-set("/img/hero@2x.png" 2x)}\nimg{min-width:8px}\n.tall{height:1800px}',
            "css",
            "text/css",
            gz=True,
            etag=True,
        )
        self.add("/css/print.css", "body{background:url(/img/print.png)}", "css-import", "text/css")
        self.add(
            "/css/deep/theme.css",
            f".t{{background:url({self.img('/img/theme.png', 'css-import-url')})}}"
            f".c{{background:url({self.img('/cdn/tile.png', 'cdn-css-url', self.cdn)})}}",
            "css-import",
            "text/css",
        )
        for f in ("woff2", "woff"):
            self.add(f"/fonts/org.{f}", b"wOF2" + self.rng(f).randbytes(3000), "font", f"font/{f}")
        self.add(
            "/js/app.js", APP_JS.replace("@CDN@", self.cdn), "js", "text/javascript; charset=utf-8", gz=True, etag=True
        )

    def articles(self):
        """News in three languages, lists, the old pages by number."""
        self.live = {lang: [] for lang in NEWS}
        for i in range(self.pages + (5 if self.version == 2 else 0)):
            if self.version == 2 and i % 10 == 7:
                continue
            changed = self.version == 2 and i % 10 == 3
            for lang in NEWS:
                r = self.rng("art", i, lang)
                slug = f"{r.choice(WORDS[lang])}-{r.choice(WORDS[lang])}-{i:04d}"
                mark = f"MARK-{lang}-{i:04d}-{r.randrange(16**6):06x}"
                say = " ".join(r.choice(WORDS[lang]) for _ in range(4)) + f" {i}"
                pic = self.img(
                    f"/media/{lang}/صورة {i % 20}.png" if lang == "ar" else f"/media/{lang}/p{i % 20}.png",
                    "img-nonascii" if lang == "ar" else "img-src",
                )
                att = (
                    self.add(f"/files/{lang}-{i}.pdf", pdf(mark), "pdf", "application/pdf", etag=True)
                    if i % 6 == 0
                    else ""
                )
                body = (
                    f'<p class="m">{mark}</p><p>{say}</p><img src="{pic.replace(" ", "%20")}" alt="">'
                    + (f'<p><a href="{att}">PDF</a></p>' if att else "")
                    + ("<p>UPDATED v2</p>" if changed else "")
                    + f"<p>{self.text(lang, i, 250)}</p>"
                )
                "".join(
                    f'<link rel="alternate" hreflang="{x}" href="{self.o}{NEWS[x]}?id={i}">' for x in NEWS if x != lang
                )
                url = self.page(
                    NEWS[lang] + slug,
                    lang,
                    f"{say}",
                    body,
                    "article-" + lang,
                    see=[mark, say],
                    images=1,
                    head=f'<link rel="canonical" href="{self.o}{NEWS[lang]}{slug}">',
                    gz=i % 5 == 0,
                    br=i % 5 == 1,
                    chunked=i % 3 == 1,
                    etag=i % 2 == 0,
                    date=(DAY2 if changed or (self.version == 2 and i % 10 == 5) else DAY1) if i % 3 == 0 else None,
                )
                self.live[lang].append((i, url, say))
        per = 12
        for lang, arts in self.live.items():
            last = -(-len(arts) // per)
            for k in range(1, last + 1):
                url = f"/{lang}/list?page={k}&lang={lang}"
                items = "".join(f'<li><a href="{u}">{t}</a></li>' for _, u, t in arts[(k - 1) * per : k * per])
                nxt = f'<a rel="next" href="?page={k + 1}&amp;lang={lang}">&gt;</a>' if k < last else ""
                self.page(
                    url, lang, f"{lang} list {k}", f"<ul>{items}</ul>{nxt}", "query-page", see=[f"{lang} list {k}"]
                )
        for n in (12, 13, 14):  # the old CMS: pages told apart by their query alone
            for lang in NEWS:
                mark = f"CMS-{n}-{lang}-{self.text(lang, ('cms', n), 3)}"
                self.page(f"/index.php?p={n}&lang={lang}", lang, f"p{n}", f"<p>{mark}</p>", "query-page", see=[mark])

    def gallery(self):
        """Every way to show a picture."""
        i, c = self.img, self.cdn
        i("/img/bare-1.png", "srcset"), i("/img/bare-2.png", "srcset")
        svg = (
            '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="60" height="40">'
            f'<image xlink:href="{i("/img/in-svg.png", "svg-href")}" width="30" height="30"/></svg>'
        )
        sprite = '<svg xmlns="http://www.w3.org/2000/svg"><symbol id="a"><circle cx="9" cy="9" r="8"/></symbol></svg>'
        vid = self.rng("vid").randbytes(300_000)
        self.add("/media/clip.mp4", b"\0\0\0\x18ftypmp42" + vid, "video", "video/mp4", ranges=True, etag=True)
        self.add("/media/clip.webm", b"\x1aE\xdf\xa3" + vid[:90_000], "video", "video/webm", ranges=True)
        self.add("/media/say.mp3", b"ID3" + vid[:40_000], "audio", "audio/mpeg", ranges=True)
        self.add("/media/ترجمة.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\nشهادة", "track", "text/vtt")
        self.add("/img/sprite.svg", sprite, "svg-use", "image/svg+xml")
        self.add("/img/file.svg", svg, "svg", "image/svg+xml")
        self.add(
            "/manifest.webmanifest",
            json.dumps({"name": "Org", "icons": [{"src": i("/img/icon-192.png", "manifest-icon")}]}),
            "manifest",
            "application/manifest+json",
        )
        self.page("/en/framed", "en", "Framed", "<p>FRAME-INNER</p>", "iframe", see=["FRAME-INNER"])
        self.add("/en/embed.html", "<!DOCTYPE html><meta charset=utf-8><p>EMBED</p>", "object", "text/html")
        lazy = "".join(
            f'<div class="tall"></div><img class="lazy" data-src="{i(f"/img/lazy-{n}.png", "lazy")}" alt="">'
            for n in range(4)
        )
        self.page(
            "/en/gallery",
            "en",
            "Gallery",
            f"""
<img src="{i("/img/s1.png", "img-src")}" srcset="{i("/img/s2,b.png", "srcset")} 2x, \
/img/bare-1.png 3x,/img/bare-2.png 4x" alt="">
<picture><source media="(max-width:1px)" srcset="{i("/img/pic-small.png", "picture")}"><source type="image/none"
 srcset="{i("/img/pic-alt.png", "picture")}"><img src="{i("/img/pic.png", "picture")}" alt=""></picture>
<div style="background:url('{i("/img/inline.png", "inline-style")}');height:9px"></div>
<style>.x{{background:url({i("/img/style-tag.png", "style-tag")})}}</style><p class=x>x</p>
{svg}<svg><use href="/img/sprite.svg#a"/></svg><img src="/img/file.svg" alt="">\
<img src="{i("/cdn/far.png", "cdn-img", c)}" alt="">
<video poster="{i("/img/poster.png", "poster")}" controls><source src="/media/clip.webm">\
<source src="/media/clip.mp4"><track src="/media/ترجمة.vtt"></video>
<audio src="/media/say.mp3" controls></audio><iframe src="/en/framed"></iframe><object data="/en/embed.html"></object>
<table background="{i("/img/td.png", "legacy-attr")}"><tr><td>t</td></tr></table>\
<input type="image" src="{i("/img/btn.png", "legacy-attr")}" alt="">
<noscript><img src="{i("/img/noscript.png", "noscript")}" alt=""></noscript>{lazy}""",
            "page",
            head='<link rel="manifest" href="/manifest.webmanifest">'
            f'<meta property="og:image" content="{self.o}{i("/img/og.png", "og-image")}">'
            f'<link rel="preload" as="image" href="{i("/img/preload.png", "preload")}">',
            see=["Gallery"],
            rendered=["EMBED" if 0 else "Gallery"],
            images=12,
        )

    def scripted(self):
        """What only a script brings."""
        people = [
            dict(name=self.text("ar", ("p", k), 2), role=f"ROLE-{k}", pic=self.img(f"/img/team-{k}.png", "js-img"))
            for k in range(5)
        ]
        self.add(
            "/api/team.json",
            json.dumps(people, ensure_ascii=False),
            "js-fetch",
            "application/json; charset=utf-8",
            etag=True,
        )
        self.page(
            "/en/team",
            "en",
            "Team",
            '<div id="team" data-api="/api/team.json"></div>',
            "page",
            see=["Team"],
            rendered=[p["name"] for p in people] + [p["role"] for p in people],
            images=5,
        )
        for start in range(0, 30, 10):
            items = [dict(href=f"/en/archive/item-{k}", text=f"ITEM-{k}") for k in range(start, start + 10)]
            self.add(
                f"/api/archive?offset={start}",
                json.dumps(dict(items=items, more=start < 20)),
                "js-scroll",
                "application/json",
            )
            for it in items:
                self.page(
                    it["href"],
                    "en",
                    it["text"],
                    f"<p>ARCHIVE-{it['text']}</p>",
                    "js-only-page",
                    see=[f"ARCHIVE-{it['text']}"],
                )
        self.page(
            "/en/archive",
            "en",
            "Archive",
            '<ul id="scroll" data-api="/api/archive?offset="></ul><div id="end">.</div>',
            "page",
            see=["Archive"],
            rendered=["ITEM-0", "ITEM-29"],
        )
        for start in (0, 5):
            self.add(
                f"/api/more?from={start}",
                json.dumps([f"MORE-{k} {WORDS['ar'][k]}" for k in range(start, start + 5)], ensure_ascii=False),
                "js-click",
                "application/json; charset=utf-8",
            )
        self.page(
            "/ar/more",
            "ar",
            "المزيد",
            '<ul id="more" data-api="/api/more?from="></ul><button id="load">المزيد</button>',
            "page",
            see=["المزيد"],
            rendered=[f"MORE-{k} {WORDS['ar'][k]}" for k in range(10)],
        )
        self.page("/en/hidden/k1", "en", "Hidden", "<p>HIDDEN-K1</p>", "js-only-page", see=["HIDDEN-K1"])
        self.add("/js/mod-ar.js", "export default 'MODULE-وحدة'", "js-module", "text/javascript; charset=utf-8")
        self.page(
            "/en/app",
            "en",
            "App",
            '<p id="mod" data-lang="ar"></p><button onclick="location.href=\'/en/hid\'+\'den/k\'+1">go</button>'
            '<p id="post" data-api="/api/search"></p>',
            "page",
            see=["App"],
            rendered=["MODULE-وحدة", "POSTED-نتيجة"],
        )
        self.page("/en/landing-js", "en", "Landed by JS", "<p>LAND-JS</p>", "js-location", see=["LAND-JS"])
        self.page("/en/landing-meta", "en", "Landed by meta", "<p>LAND-META</p>", "meta-refresh", see=["LAND-META"])
        self.add("/old/js-go", '<!DOCTYPE html><script>location.replace("/en/land"+"ing-js")</script>', "page")
        self.add(
            "/old/meta-go", '<!DOCTYPE html><meta http-equiv="refresh" content="0; URL=\'/en/landing-meta\'">', "page"
        )

    def odd(self):
        """Redirects, charsets, faults, walls."""
        for frm, to, code in (
            ("/old/about.asp", "/en/about", 301),
            ("/old/two", "/old/one", 302),
            ("/old/one", "/en/contact", 302),
            ("/ar/قديم", "/ar/", 308),
            *tuple((f"{NEWS[tongue]}?id={i}", u, 302) for tongue in NEWS for i, u, _ in self.live[tongue][:3]),
        ):
            self.add(frm, b"", "redirect", status=code, location=quote(to, safe="/?&=%"))
        self.page(
            "/en/about",
            "en",
            "About",
            '<p>ABOUT-FILE</p><a href="/en/about/team">t</a>',
            "file-dir",
            see=["ABOUT-FILE"],
        )
        self.page("/en/about/", "en", "About dir", "<p>ABOUT-DIR</p>", "file-dir", see=["ABOUT-DIR"])
        self.page("/en/about/team", "en", "About team", "<p>ABOUT-TEAM</p>", "file-dir", see=["ABOUT-TEAM"])
        self.page(
            "/en/contact",
            "en",
            "Contact",
            '<form method="post" action="/contact"><input name="q"><button>go</button></form>CONTACT-FORM',
            "form",
            see=["CONTACT-FORM"],
        )
        ar = self.text("ar", "1256", 12)
        for url, ct in (("/ar/cp1256-header", "text/html; charset=windows-1256"), ("/ar/cp1256-none", "text/html")):
            self.add(
                url,
                f"<html dir=rtl><title>{ar[:9]}</title><p>{ar} {self.text('ar', url, 120)}</p></html>",
                "charset-1256",
                ct,
                encode="cp1256",
            )
            self.views.append(dict(url=url, lang="ar", see=[ar], rendered=[], images=0))
        self.page(
            "/ar/utf8-header-only", "ar", "رأس", "<p>ترويسة فقط</p>", "charset-header", nometa=1, see=["ترويسة فقط"]
        )
        self.page(
            "/en/based/x/page",
            "en",
            "Based",
            '<a href="rel">r</a><img src="rel.png" alt="">',
            "page",
            head='<base href="/en/deep/">',
            see=["Based"],
            images=1,
        )
        self.page("/en/deep/rel", "en", "Deep", "<p>BASE-REL</p>", "base-href", see=["BASE-REL"])
        self.img("/en/deep/rel.png", "base-href")
        long = "/q?" + "&".join(f"filter{k}=value-{k:03d}" for k in range(24))
        self.page(long, "en", "Long query", "<p>LONG-QUERY</p>", "long-url", see=["LONG-QUERY"])
        self.add(
            "/download.php?id=7",
            self.rng("d").randbytes(20_000),
            "download",
            "application/octet-stream",
            disposition="attachment; filename*=UTF-8''" + quote("تقرير سنوي.docx"),
        )
        self.add("/files/كتاب.pdf", pdf("BOOK"), "pdf", "application/pdf")
        self.add(
            "/files/large.bin",
            random.Random(self.seed).randbytes(self.large),
            "large",
            "application/octet-stream",
            ranges=True,
            etag=True,
        )
        self.page("/en/flaky", "en", "Flaky", "<p>FLAKY-OK</p>", "flaky-500", see=["FLAKY-OK"], flaky=500)
        self.page("/en/busy", "en", "Busy", "<p>BUSY-OK</p>", "busy-503", see=["BUSY-OK"], flaky=503)
        self.page("/en/cut", "en", "Cut", "<p>CUT-OK</p>", "cut-body", see=["CUT-OK"], flaky="cut")
        self.page("/en/slow", "en", "Slow", "<p>SLOW-OK</p>", "slow", see=["SLOW-OK"], slow=True)
        self.page("/en/inside", "en", "Inside", "<p>COOKIE-OK</p>", "cookie", see=["COOKIE-OK"], need="seen")
        self.page(
            "/members/",
            "en",
            "Members",
            "<p>MEMBERS-OK</p><a href='/members/file'>f</a>",
            "login",
            see=["MEMBERS-OK"],
            need="auth",
        )
        self.page("/members/file", "en", "Member file", "<p>MEMBER-FILE</p>", "login", see=["MEMBER-FILE"], need="auth")
        self.add(
            "/login",
            '<!DOCTYPE html><form method="post" action="/login"><input name="user">'
            '<input name="pass" type="password"><button>in</button></form>',
            "page",
        )
        self.page("/en/unlisted", "en", "Unlisted", "<p>SITEMAP-ONLY</p>", "sitemap-only", see=["SITEMAP-ONLY"])
        self.page("/en/feed-only", "en", "Feed only", "<p>FEED-ONLY</p>", "feed-only", see=["FEED-ONLY"])
        self.page("/en/alt-only", "en", "Alternate only", "<p>ALT-ONLY</p>", "link-rel-only", see=["ALT-ONLY"])
        self.page("/private/notes", "en", "Robots-barred", "<p>BARRED</p>", "robots-barred", see=["BARRED"])
        self.add("/gone", "<h1>404</h1>", "404", status=404)
        self.add("/soft", "<h1>Page not found</h1>", "soft-404")

    def indexes(self):
        """Home pages, sitemaps, robots, feed."""
        links = [
            "/en/gallery",
            "/en/team",
            "/en/archive",
            "/ar/more",
            "/en/app",
            "/old/js-go",
            "/old/meta-go",
            "/old/about.asp",
            "/old/two",
            "/ar/قديم",
            "/en/about/",
            "/ar/cp1256-header",
            "/ar/cp1256-none",
            "/ar/utf8-header-only",
            "/en/based/x/page",
            next(u for u in self.res if u.startswith("/q?")).replace("&", "&amp;"),
            "/download.php?id=7",
            "/files/كتاب.pdf",
            "/files/large.bin",
            "/en/flaky",
            "/en/busy",
            "/en/cut",
            "/en/slow",
            "/en/inside",
            "/members/",
            "/login",
            "/gone",
            "/soft",
            "/private/notes",
            "/calendar?month=1",
            "/shop?sid=0",
        ] + [f"/index.php?p={n}&amp;lang={tongue}" for n in (12, 13, 14) for tongue in NEWS]
        for lang in NEWS:
            more = "".join(f'<li><a href="{u}">{t}</a></li>' for _, u, t in self.live[lang][:3])
            alt = "".join(f'<li><a href="{NEWS[lang]}?id={i}">r{i}</a></li>' for i, _, _ in self.live[lang][:3])
            self.page(
                f"/{lang}/",
                lang,
                f"Home {lang} {WORDS[lang][0]}",
                f'<a href="list?page=1&amp;lang={lang}">all</a><ul>{more}{alt}</ul>',
                "home",
                see=[WORDS[lang][0]],
                head='<link rel="alternate" hreflang="x-default" href="/en/alt-only">' if lang == "fr" else "",
            )
        self.page(
            "/",
            "en",
            "Organisation",
            "<ul>" + "".join(f'<li><a href="{u}">{u}</a></li>' for u in links) + "</ul>",
            "home",
            see=["Organisation"],
        )

        def loc(us):
            return "".join(f"<url><loc>{self.o}{quote(u, safe='/?&=%').replace('&', '&amp;')}</loc></url>" for u in us)

        ns = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
        self.add(
            "/sitemap-a.xml.gz",
            gzip.compress(f"<urlset {ns}>{loc(['/en/unlisted', '/', '/en/'])}</urlset>".encode(), mtime=0),
            "sitemap",
            "application/gzip",
        )
        self.add(
            "/sitemap-b.xml",
            f"<urlset {ns}>{loc(u for _, u, _ in self.live['ar'])}</urlset>",
            "sitemap",
            "application/xml",
        )
        self.add(
            "/sitemap.xml",
            f"<sitemapindex {ns}><sitemap><loc>{self.o}/sitemap-a.xml.gz</loc></sitemap>"
            f"<sitemap><loc>{self.o}/sitemap-b.xml</loc></sitemap></sitemapindex>",
            "sitemap",
            "application/xml",
        )
        self.add(
            "/robots.txt",
            f"User-agent: *\nDisallow: /private/\nSitemap: {self.o}/sitemap.xml\n",
            "robots",
            "text/plain",
        )
        self.add(
            "/feed.xml",
            f'<rss version="2.0"><channel><title>Org</title><link>{self.o}/</link><item><title>f</title>'
            f"<link>{self.o}/en/feed-only</link></item></channel></rss>",
            "feed",
            "application/rss+xml",
        )

    def truth(self):
        """What a full capture must hold."""

        def base(r):
            return self.cdn if r.get("cdn") else self.o

        urls = [
            dict(
                url=base(r) + u,
                kind=r["kind"],
                status=r["status"],
                type=r["ctype"],
                bytes=len(r["body"]),
                sha256=hashlib.sha256(r["body"]).hexdigest(),
            )
            for u, r in sorted(self.res.items())
            if r["kind"] != "redirect"
        ]

        def enc(u):
            return self.o + quote(u, safe="/?&=%")

        return dict(
            origin=self.o,
            cdn=self.cdn,
            seed=self.seed,
            version=self.version,
            urls=urls,
            redirects=[
                dict(url=self.o + u, to=self.o + r["location"], status=r["status"])
                for u, r in sorted(self.res.items())
                if r["kind"] == "redirect"
            ],
            pages=[dict(v, url=enc(v["url"])) for v in self.views],
            needs={"login": "demo/demo", "robots-barred": "owner's own site: robots not obeyed", "post": "/api/search"},
            traps=[dict(re=r"/calendar\?month=", max=40), dict(re=r"/shop\?sid=", max=10)],
        )


APP_JS = """// what a real theme does: lazy images, a section by fetch, endless scroll, load-more, \
dynamic import, a POST
const $ = s => document.querySelector(s), api = u => fetch(u).then(r => r.json());
const io = new IntersectionObserver(es => es.forEach(e => { if (e.isIntersecting && e.target.dataset.src) {
  e.target.src = e.target.dataset.src; io.unobserve(e.target); } }));
document.querySelectorAll('img.lazy').forEach(i => io.observe(i));
const team = $('#team'); if (team) api(team.dataset.api).then(ps => ps.forEach(p => team.insertAdjacentHTML('beforeend',
  `<p><img src="${p.pic}" alt=""> ${p.name} ${p.role}</p>`)));
const ul = $('#scroll'); if (ul) { let at = 0, busy = false, more = true; new IntersectionObserver(async es => {
  while (es.some(e => e.isIntersecting) && more && !busy) { busy = true; \
const j = await api(ul.dataset.api + at); at += 10; more = j.more;
    j.items.forEach(i => { const li = document.createElement('li'); li.style.height = '120px'; \
const a = document.createElement('a');
      a.href = i.href; a.textContent = i.text; li.append(a); ul.append(li); }); busy = false; break; }
}).observe($('#end')); }
const ml = $('#more'); if (ml) { let from = 0; const go = () => api(ml.dataset.api + from).then(xs => { from += 5;
  xs.forEach(x => { const li = document.createElement('li'); li.textContent = x; ml.append(li); }); \
if (from >= 10) $('#load').remove(); });
  go(); $('#load').onclick = go; }
const mod = $('#mod'); if (mod) import(`/js/mod-${mod.dataset.lang}.js`).then(m => mod.textContent = m.default);
const post = $('#post'); if (post) fetch(post.dataset.api, {method: 'POST', \
headers: {'content-type': 'application/json'},
  body: JSON.stringify({q: 'x'})}).then(r => r.json()).then(j => post.textContent = j.text);
if (location.pathname === '/en/framed') new Image().src = '@CDN@/cdn/far.png';
"""


class Handler(BaseHTTPRequestHandler):
    """Answers as a real, somewhat broken, server does."""

    protocol_version, server_version, wbufsize, disable_nagle_algorithm = "HTTP/1.1", "Org/1", 65536, True

    def log_message(self, *a):
        """Say nothing."""

    def reply(self, status, body=b"", ctype="text/html; charset=utf-8", **head):
        """A whole answer."""
        self.send_response(status)
        for k, v in head.items():
            self.send_header(k.replace("_", "-"), v)
        if status != 304:
            self.send_header("Content-Type", ctype)
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and status != 304:
            self.wfile.write(body)

    def do_HEAD(self):
        """As GET, without a body."""
        self.do_GET()

    def do_POST(self):
        """The search, and the log-in."""
        got = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("utf-8", "replace")
        if self.path == "/api/search":
            return self.reply(
                200,
                json.dumps({"text": "POSTED-نتيجة"}, ensure_ascii=False).encode(),
                "application/json; charset=utf-8",
            )
        if self.path == "/login":
            ok = parse_qs(got).get("pass") == ["demo"]
            return self.reply(
                302,
                Location="/members/" if ok else "/login",
                **({"Set_Cookie": "auth=1; Path=/; HttpOnly"} if ok else {}),
            )
        self.reply(200, "<p>شكرا</p>".encode())

    def do_GET(self):
        """Everything else."""
        sv, site = self.server, self.server.site
        with sv.lock:
            sv.hits += 1
            n = sv.hits
            tries = sv.tries[self.path] = sv.tries.get(self.path, 0) + 1
        if sv.log:
            sv.log.write(f"{self.command} {self.path}\n")
        if sv.suspend and n > sv.suspend:
            if self.path == "/cgi-sys/suspendedpage.cgi":
                return self.reply(
                    200, b"<title>Account Suspended</title><h1>This Account has been suspended.</h1>", "text/html"
                )
            return self.reply(302, Location="/cgi-sys/suspendedpage.cgi")
        path = quote(unquote(self.path), safe="/?&=%:+,;~@!$'()*")
        r = site.res.get(path)
        if r is None and path.startswith("/calendar?"):
            m = int(re.sub(r"\D", "", path) or 0)
            return self.reply(
                200,
                f'<p>Month {m}</p><a href="/calendar?month={m + 1}">next</a> '
                f'<a href="/calendar?month={m - 1}">prev</a>'.encode(),
            )
        if r is None and path.startswith("/shop?"):
            return self.reply(
                200,
                f'<p>Shop</p><a href="/shop?sid={n:08x}">again</a> '
                f'<a href="/shop?sid={n * 7919:08x}&amp;v=2">all</a>'.encode(),
            )
        if r is None:
            return self.reply(404, b"<h1>404 Not Found</h1>")
        if "location" in r:
            return self.reply(r["status"], Location=r["location"])
        need = r.get("need")
        if need and f"{need}=1" not in (self.headers.get("Cookie") or ""):
            if need == "seen":
                return self.reply(302, Location=path, Set_Cookie="seen=1; Path=/")
            return self.reply(302, Location="/login")
        flaky, body, head = r.get("flaky"), r["body"], {}
        if flaky and tries == 1:
            if flaky == "cut":
                self.reply(200, body + b" " * 500) if 0 else None
                (
                    self.send_response(200),
                    self.send_header("Content-Type", r["ctype"]),
                    self.send_header("Content-Length", str(len(body))),
                )
                self.end_headers(), self.wfile.write(body[: len(body) // 2]), self.wfile.flush()
                self.close_connection = True
                return
            return self.reply(flaky, b"<h1>Try again</h1>", **({"Retry_After": "1"} if flaky == 503 else {}))
        if r.get("etag"):
            head["ETag"] = '"' + hashlib.sha1(body).hexdigest()[:16] + '"'
        if r.get("date"):
            head["Last_Modified"] = r["date"]
        inm, ims = self.headers.get("If-None-Match"), self.headers.get("If-Modified-Since")
        if (inm and inm == head.get("ETag")) or (not inm and ims and ims == head.get("Last_Modified")):
            return self.reply(304, **head)
        if r.get("disposition"):
            head["Content_Disposition"] = r["disposition"]
        rng = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        if r.get("ranges"):
            head["Accept_Ranges"] = "bytes"
            if rng and int(rng[1]) < len(body):
                a, b = int(rng[1]), min(int(rng[2] or len(body) - 1), len(body) - 1)
                return self.reply(206, body[a : b + 1], r["ctype"], Content_Range=f"bytes {a}-{b}/{len(body)}", **head)
        takes = self.headers.get("Accept-Encoding") or ""
        if r.get("br") and "br" in takes:
            body, head["Content_Encoding"] = brotli_stored(body), "br"
        elif (r.get("gz") or r.get("br")) and "gzip" in takes:
            body, head["Content_Encoding"] = gzip.compress(body, mtime=0), "gzip"
        if not (r.get("chunked") or r.get("slow")):
            return self.reply(r["status"], body, r["ctype"], **head)
        self.send_response(200)
        for k, v in dict(head, Content_Type=r["ctype"], Transfer_Encoding="chunked").items():
            self.send_header(k.replace("_", "-"), v)
        self.end_headers()
        if self.command == "HEAD":
            return
        for at in range(0, len(body), 400):
            part = body[at : at + 400]
            self.wfile.write(b"%x;n=1\r\n%s\r\n" % (len(part), part))
            if r.get("slow"):
                self.wfile.flush(), time.sleep(sv.slow / max(1, len(body) / 400))
        self.wfile.write(b"0\r\nX-Trailer: 1\r\n\r\n")


class Log:
    """A line a request."""

    def __init__(self, path):
        """Empty it."""
        self.path = Path(path)
        self.path.write_text("")

    def write(self, line):
        """Add one."""
        with self.path.open("a") as out:
            out.write(line)


class Server(ThreadingHTTPServer):
    """Takes many callers at once."""

    daemon_threads, request_queue_size = True, 128

    def handle_error(self, request, client_address):
        """Only what is no hang-up."""
        if not isinstance(sys.exc_info()[1], ConnectionError):  # a client that hangs up is no news
            super().handle_error(request, client_address)


def serve(a, site):
    """Both hosts, until stopped."""
    servers = []
    for host, port in (("127.0.0.1", a.port), ("127.0.0.1", a.port + 1)):
        servers.append(Server((host, port), Handler))
    main = servers[0]
    shared = dict(
        site=site,
        lock=threading.Lock(),
        tries={},
        suspend=a.suspend_after,
        slow=a.slow,
        log=Log(a.log) if a.log else None,
        hits=0,
    )
    for s in servers:
        s.__dict__.update(shared)
    threading.Thread(target=servers[1].serve_forever, daemon=True).start()
    print(f"serving {site.o} and {site.cdn}: {len(site.res)} URLs", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        main.serve_forever()


def score(truth, held):
    """held: [[url, sha256 of the decoded body], ...]; a URL counts when its body is the true one."""
    have = {}
    for url, sha in held:
        have.setdefault(quote(unquote(url), safe="/?&=%:+,;~@!$'()*"), set()).add(sha)
    kinds, missed, got_b, all_b = {}, [], 0, 0
    for u in truth["urls"]:
        ok = u["sha256"] in have.get(quote(unquote(u["url"]), safe="/?&=%:+,;~@!$'()*"), ())
        k = kinds.setdefault(u["kind"], [0, 0])
        k[0], k[1] = k[0] + ok, k[1] + 1
        all_b, got_b = all_b + u["bytes"], got_b + ok * u["bytes"]
        ok or missed.append(u["url"])
    trap = {t["re"]: sum(bool(re.search(t["re"], h)) for h in have) for t in truth["traps"]}
    n = sum(k[0] for k in kinds.values())
    return dict(
        urls=[n, len(truth["urls"])],
        share=round(n / len(truth["urls"]), 4),
        bytes_share=round(got_b / all_b, 4),
        short={k: v for k, v in kinds.items() if v[0] < v[1]},
        traps=trap,
        missed=missed[:50],
    )


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("do", choices=("serve", "truth", "score"))
    p.add_argument("--port", type=int, default=8100)
    for name, d in (("pages", 60), ("seed", 7), ("version", 1), ("large", 2_000_000), ("suspend-after", 0)):
        p.add_argument("--" + name, type=int, default=d)
    p.add_argument("--slow", type=float, default=2.0)
    p.add_argument("--log"), p.add_argument("--truth"), p.add_argument("--held")
    a = p.parse_args()
    if a.do == "score":
        print(
            json.dumps(
                score(json.loads(Path(a.truth).read_text()), json.loads(Path(a.held).read_text())),
                ensure_ascii=False,
                indent=1,
            )
        )
        sys.exit()
    site = Site(a.port, a.pages, a.seed, a.version, a.large)
    serve(a, site) if a.do == "serve" else print(json.dumps(site.truth(), ensure_ascii=False))
