"""The readable page of a bundle: what the records say, in the recipient's language. It runs nothing, asks for nothing.

What came from outside is escaped, kept apart from the text's direction, and shows what would hide (`shown`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from standfast.tlog.checkpoint import parse_checkpoint
from standfast.tlog.cosign_request import parse_request
from standfast.tlog.note import parse_note
from standfast.tlog.proof_text import parse_proof
from standfast.verify.layout import REPORT_FIELDS
from standfast.verify.report_text import shown

if TYPE_CHECKING:
    from standfast.disclosure.bundle import BundleParts, ItemParts

HERE = Path(__file__).parent
FACT_CHARS = 2_000
"""Of one fact that is shown; a long list is cut, and the record holds it whole."""


@cache
def words(language: str) -> Mapping[str, Any]:
    """The report's words in a language."""
    loaded: Mapping[str, Any] = json.loads((HERE / "words" / f"{language}.json").read_text(encoding="utf-8"))
    return loaded


def report_html(parts: BundleParts) -> bytes:
    """The page."""
    import jinja2
    from markupsafe import Markup

    t = dict(words(parts.language), comma="،" if parts.language == "ar" else ",")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    about = {
        "recipient": parts.recipient,
        "purpose": parts.purpose,
        "made_at": parts.made_at,
        "made_by": parts.made_by,
        "log": parts.origin,
    }
    page = environment.get_template("report.html").render(
        t=t,
        language=parts.language,
        style=Markup((HERE / "templates/report.css").read_text(encoding="utf-8")),
        about=[(t[name], shown(value)) for name, value in about.items()],
        items=[_item(t, n, item) for n, item in enumerate(parts.items, 1)],
    )
    return page.encode()


def _item(t: Mapping[str, Any], n: int, item: ItemParts) -> dict[str, Any]:
    proof = parse_proof(item.proof)
    checkpoint = parse_checkpoint(parse_note(proof.untrusted_checkpoint).untrusted_text)
    return {
        "n": n,
        "fields": [(field, t[field], shown(str(getattr(item.record, field)))) for field in REPORT_FIELDS],
        "facts": list(_facts(msgspec.to_builtins(item.record.facts))),
        "index": proof.untrusted_index,
        "size": checkpoint.size,
        "earlier": parse_request(item.consistency).old_size if item.consistency is not None else None,
        "custody": [{"at": each.at, "event": each.event, "detail": shown(each.detail)} for each in item.custody.events],
    }


def _facts(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in facts.items():
        if value in ("", (), [], {}):
            continue
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if isinstance(value, list | tuple) and all(isinstance(each, str) for each in value):
            text = ", ".join(value)
        cut = shown(text[:FACT_CHARS])
        yield name.replace("_", " "), cut if len(text) <= FACT_CHARS else f"{cut}…"
