"""The process that reads hostile texts, from inside: `python -m standfast.assembly.text_child`.

It loads what it needs, shuts itself in (search/confine.py), and then reads one thing after the other from its standard
input. It holds no key, has no network and can open no file; what it answers is text, and is taken for nothing else.
"""

from __future__ import annotations

import io
import re
import sys

import msgspec
from selectolax.lexbor import LexborHTMLParser

from standfast.capture.mail.fields import decode_bytes, in_charset
from standfast.capture.mail.text import message_text
from standfast.holdings.http_answer import AnswerError, parse_answer
from standfast.search.child import SENT_LIMIT_BYTES, ReadText, ToRead, read_message, write_message
from standfast.search.confine import confine

TEXT_LIMIT = 1_000_000
MARKUP_LIMIT = 8_000_000
PAYLOAD_LIMIT_BYTES = 32 * 1024 * 1024
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_UNSHOWN = ["script", "style", "template", "noscript"]
_PAGES = ("text/html", "application/xhtml+xml")


def markup_text(markup: str) -> str:
    """What a page shows, its parts kept apart."""
    page = LexborHTMLParser(markup[:MARKUP_LIMIT])
    page.strip_tags(_UNSHOWN)
    return page.root.text(separator=" ", strip=True)[:TEXT_LIMIT] if page.root else ""


def read(wanted: ToRead) -> ReadText:
    """One thing."""
    if wanted.kind == "mail":
        found = message_text(wanted.raw, markup_text)
        return ReadText("", found.text, found.unread)
    if wanted.kind == "web":
        return _read_answer(wanted.raw)
    return ReadText("", decode_bytes(wanted.raw[: 4 * TEXT_LIMIT])[:TEXT_LIMIT], "")


def _read_answer(raw: bytes) -> ReadText:
    from warcio.archiveiterator import ArchiveIterator

    blocks = (
        record.raw_stream.read(len(raw))
        for record in ArchiveIterator(io.BytesIO(raw), no_record_parse=True)
        if record.rec_type == "response"
    )
    answer = parse_answer(next(blocks))
    if answer.media_type not in _PAGES and not answer.media_type.startswith("text/plain"):
        return ReadText("", "", "")
    try:
        payload = answer.payload(PAYLOAD_LIMIT_BYTES)
    except AnswerError as why:
        return ReadText("", "", str(why))
    said = _CHARSET.search(answer.header("content-type")) or _CHARSET.search(payload[:2048].decode("latin-1"))
    text = in_charset(payload, said[1].lower()) if said else decode_bytes(payload)
    if answer.media_type not in _PAGES:
        return ReadText("", text[:TEXT_LIMIT], "")
    title = LexborHTMLParser(text[:MARKUP_LIMIT]).css_first("title")
    return ReadText(title.text(strip=True)[:500] if title else "", markup_text(text), "")


def main() -> None:
    """Answer until nothing more is asked."""
    _warm()
    confine()
    decode, encode = msgspec.msgpack.Decoder(ToRead).decode, msgspec.msgpack.Encoder().encode
    while True:
        try:
            asked = read_message(sys.stdin.buffer, SENT_LIMIT_BYTES + 1024)
        except EOFError:
            return
        try:
            answer = read(decode(asked))
        except Exception as why:  # hostile input: whatever it does is said, and the next thing is read
            answer = ReadText("", "", f"it can't be read: {type(why).__name__}"[:200])
        said = encode(ReadText(_whole(answer.title), _whole(answer.text), _whole(answer.unread)))
        write_message(sys.stdout.buffer, said)


def _whole(text: str) -> str:
    """Without lone surrogates, which no UTF-8 has."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _warm() -> None:
    """Import what is imported late, and every charset that mail uses: no file can be opened later."""
    import encodings
    import pkgutil

    import warcio.archiveiterator  # noqa: F401

    for module in pkgutil.iter_modules(encodings.__path__):
        if module.name not in ("mbcs", "oem", "cp65001"):
            __import__(f"encodings.{module.name}")
    markup_text("<p>a</p>")


if __name__ == "__main__":
    main()
