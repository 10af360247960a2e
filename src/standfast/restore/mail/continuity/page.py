"""The continuity page: one file, no script, nothing fetched, in one of four languages."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from standfast.restore.mail.continuity.gather import Continuity

LANGUAGES = ("en", "ar", "fr", "es")
HERE = Path(__file__).parent
NAME_LIMIT = 200
SHOWN = 500
"""Of each table; the vCard has all correspondents."""
_JOINERS = "\u200c\u200d"


@cache
def table(language: str) -> Mapping[str, Any]:
    """The words of a language.

    Raises:
        ValueError: not one of `LANGUAGES`.
    """
    if language not in LANGUAGES:
        raise ValueError(f"no page is written in {language!r}")
    loaded: Mapping[str, Any] = json.loads((HERE / "words" / f"{language}.json").read_text(encoding="utf-8"))
    return loaded


def page_html(found: Continuity, origin: str, language: str, at: datetime) -> bytes:
    """The page. Everything in it that came with mail is shown as text, and leads nowhere."""
    words = table(language)
    page = _template().render(
        t=words,
        lang=language,
        origin=outside(origin),
        own=[outside(each) for each in sorted(found.own)],
        made=day(at),
        people=[
            {
                "name": outside(each.name),
                "address": address(each.address),
                "written_to": each.written_to,
                "heard_from": each.heard_from,
                "last": day(each.last),
            }
            for each in found.people[:SHOWN]
        ],
        services=[
            {
                "domain": address(each.domain),
                "kinds": words["comma"].join(words[f"kind.{kind}"] for kind in each.kinds),
                "last": day(each.last),
                "example": outside(each.example),
            }
            for each in found.services[:SHOWN]
        ],
        lists=[
            {
                "name": outside(each.name or each.identity),
                "identity": address(each.identity),
                "last": day(each.last),
                "leave": address(each.leave),
            }
            for each in found.lists[:SHOWN]
        ],
        left_off=max(0, len(found.people) - SHOWN),
    )
    return page.encode("utf-8", "replace")


def outside(untrusted_text: str) -> Markup:
    """Text from mail: apart from the direction of what is around it, and nothing in it acts or hides."""
    return Markup("<bdi>{}</bdi>").format(_harmless(untrusted_text))


def address(untrusted_text: str) -> Markup:
    """As `outside`, for what is read from left to right in every language."""
    return Markup('<bdi dir="ltr" class="code">{}</bdi>').format(_harmless(untrusted_text))


def day(moment: datetime | None) -> Markup:
    """A day, in one form in every language."""
    return Markup('<time dir="ltr">{}</time>').format(f"{moment:%Y-%m-%d}") if moment else Markup("—")


def _harmless(text: str) -> str:
    cut = text if len(text) <= NAME_LIMIT else text[: NAME_LIMIT - 1] + "…"
    hiding = ("Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp")
    return "".join(
        char if char in _JOINERS or unicodedata.category(char) not in hiding else f"<U+{ord(char):04X}>" for char in cut
    )


@cache
def _template() -> jinja2.Template:
    loader = jinja2.FileSystemLoader(HERE / "templates")
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("continuity.html")
