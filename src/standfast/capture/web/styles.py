"""Finds the addresses in a style sheet: pictures, fonts, further sheets."""

from __future__ import annotations

from standfast.capture.web.addresses import absolute
from standfast.holdings.web_text import style_references

STYLE_BYTES_LIMIT = 8 * 1024 * 1024
"""Longer ones are kept, and not searched."""


def find_style_links(base: str, text: str, *, inline: bool = False) -> list[str]:
    """Every absolute address that a style sheet, or the value of a style attribute, names."""
    if len(text) > STYLE_BYTES_LIMIT or not any(sign in text.lower() for sign in ("url(", "@import", "image-set(")):
        return []
    found = (absolute(base, reference.text) for reference in style_references(text))
    return list(dict.fromkeys(each for each in found if each))
