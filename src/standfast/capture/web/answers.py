"""What follows from an answer: where it leads on to, what the browser is given of it, what is remembered."""

from __future__ import annotations

import hashlib
from urllib.parse import urljoin

from standfast.capture.web.browser import Reply
from standfast.capture.web.fetch import Fetched
from standfast.capture.web.links import Links
from standfast.capture.web.memo import Memo
from standfast.holdings.http_answer import Answer, AnswerError


def location_of(fetched: Fetched) -> str:
    """Where an answer leads on to, as an absolute address; empty where it doesn't."""
    target = fetched.answer.header("location")
    if not target or not 300 <= fetched.answer.status < 400:
        return ""
    try:
        # Headers are bytes; servers write paths in UTF-8 there.
        return urljoin(fetched.exchange.url, target.encode("latin-1").decode("utf-8", "replace"))
    except ValueError:
        return ""


def reply_of(fetched: Fetched, limit: int) -> Reply | None:
    """What the browser is given; None where it can't be decoded within `limit` bytes."""
    answer = fetched.answer
    try:
        return Reply(status=answer.status, headers=answer.headers, payload=answer.payload(limit))
    except AnswerError:
        return None


def memo_of(answer: Answer, payload: bytes, links: Links, views: tuple[str, ...] = (), *, looked: bool = True) -> Memo:
    """What is remembered of an answer: its validators, and what it leads to."""
    return Memo(
        status=answer.status,
        etag=answer.header("etag"),
        last_modified=answer.header("last-modified"),
        payload_sha256=hashlib.sha256(payload).hexdigest(),
        payload_bytes=len(payload),
        location=answer.header("location"),
        pages=tuple(links.pages),
        needed=tuple(links.needed),
        views=views,
        looked=looked,
    )
