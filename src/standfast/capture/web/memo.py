"""What a capture remembers of an address, to ask for it only if it changed."""

from __future__ import annotations

import msgspec

from standfast.capture.web.links import Links

MEMO_LIMIT = 1024 * 1024


class Memo(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Of one address, as it was captured last."""

    status: int
    etag: str = ""
    last_modified: str = ""
    payload_sha256: str = ""
    payload_bytes: int = 0
    location: str = ""
    pages: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    """Parts of its view that are held."""
    looked: bool = False
    """It was decided whether to look at it with a browser, and its links are whole."""

    @property
    def validators(self) -> list[tuple[str, str]]:
        """Headers that ask for an answer only if it changed."""
        asked = [("If-None-Match", self.etag)] if self.etag else []
        return asked + ([("If-Modified-Since", self.last_modified)] if self.last_modified else [])

    @property
    def links(self) -> Links:
        """What the document led to."""
        return Links(dict.fromkeys(self.pages), dict.fromkeys(self.needed))

    def same_as(self, other: Memo) -> bool:
        """The same answer, whatever its validators say."""
        mine = (self.status, self.payload_sha256, self.location)
        return mine == (other.status, other.payload_sha256, other.location)


def write_memo(memo: Memo) -> bytes:
    """For the seen state. Where the links are too many to be remembered, the page is asked for whole each time.

    Its digest stays, so that what did not change is not taken in again.
    """
    raw = msgspec.msgpack.encode(memo)
    if len(raw) <= MEMO_LIMIT:
        return raw
    short = msgspec.structs.replace(memo, etag="", last_modified="", pages=(), needed=(), looked=False)
    raw = msgspec.msgpack.encode(short)
    return raw if len(raw) <= MEMO_LIMIT else b""


def read_memo(raw: bytes | None) -> Memo | None:
    """What was remembered, or None."""
    if not raw:
        return None
    try:
        return msgspec.msgpack.decode(raw, type=Memo)
    except msgspec.MsgspecError:
        return None
