"""Limits on what a landing may say of itself. All of it came from outside."""

from __future__ import annotations

import re
from functools import lru_cache

from standfast.capture.landing import Landed
from standfast.holdings.identifiers import escape_name

NAME_LIMIT = 64 * 1024
MEMO_LIMIT = 64 * 1024 * 1024
"""Of one thing: a folder of mail with a million messages is remembered in one."""
CONTENT_LIMIT = 1024 * 1024 * 1024
MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
UNKNOWN_TYPE = "application/octet-stream"
CHANGED = "changed while read"
"""Quality of a file that was altered meanwhile: held as it was read, and read again next time."""


def check_landed(landed: Landed) -> str:
    """Why this can't be taken in, in words; empty when it can."""
    if len(landed.untrusted_name) > NAME_LIMIT:
        return f"its name is longer than {NAME_LIMIT} bytes"
    if not landed.key:
        return "nothing identifies it at its origin"
    if len(landed.memo) > MEMO_LIMIT:
        return f"its capture notes are longer than {MEMO_LIMIT} bytes"
    if isinstance(landed.content, bytes) and len(landed.content) > CONTENT_LIMIT:
        return f"it is larger than {CONTENT_LIMIT} bytes"
    return ""


def screened_name(landed: Landed) -> str:
    """The name as records write it."""
    return escape_name(landed.untrusted_name)


def screened_type(landed: Landed) -> str:
    """The media type, or the unknown one where what was said is none."""
    return _screened(landed.media_type)


@lru_cache(maxsize=256)
def _screened(said: str) -> str:
    lower = said.lower()
    return lower if MEDIA_TYPE.fullmatch(lower) else UNKNOWN_TYPE
