"""A bundle's parts, and the zip that they make. Format: docs/formats/bundle.md. No vault, no clock, no key."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from standfast.disclosure.bag_writer import BagWriter
from standfast.holdings.canonical import canonical_bytes
from standfast.holdings.item import Record
from standfast.verify.layout import (
    DESCRIPTION,
    FOLDER_NAME,
    HOW_TO,
    PAGE,
    POLICIES,
    REPORT,
    SCRIPT,
    Custody,
    Description,
    ItemEntry,
    Language,
    checkpoint_path,
    item_path,
    stamps_path,
)

NAME_CHARS = 100
"""Of a content's file name; what is longer loses its beginning."""
_ENDINGS = {"application/warc": ".warc", "message/rfc822": ".eml", "text/vcard": ".vcf", "text/calendar": ".ics"}
_NO_FILE = re.compile(r"(?i:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemParts:
    """One item with its proofs."""

    record: Record
    pieces: Callable[[], Iterable[bytes | memoryview]]
    """Its bytes, `record.size_bytes` of them; asked for once."""
    salt: bytes
    leaf: bytes
    proof: bytes
    """tlog-proof under one of the bundle's checkpoints."""
    consistency: bytes | None
    """From one of the bundle's checkpoints that does not hold the item, where there is one."""
    custody: Custody


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointParts:
    """A signed note of the log, and what was stamped over its exact bytes."""

    size: int
    note: bytes
    stamps: Mapping[str, bytes] = field(default_factory=dict)
    """By path below the folder of stamps: `<authority>/response.tsr` and so on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleParts:
    """All that a bundle is made of but the texts that follow from it."""

    items: Sequence[ItemParts]
    checkpoints: Sequence[CheckpointParts]
    policies: tuple[bytes, bytes]
    """Classic, post-quantum."""
    origin: str
    """The log's name."""
    recipient: str
    purpose: str
    language: Language
    made_at: str
    made_by: str


def write_bundle(parts: BundleParts, file: BinaryIO, folder: str, *, page: bytes | None = None) -> None:
    """Write the whole zip: deterministic, items streamed, nothing else in memory but their proofs.

    Args:
        parts: what to write.
        file: open for writing at its start, seekable; left open, not forced to the disk.
        folder: what the one folder at the top is called; see `folder_name`.
        page: verify.html; the program's own where none is given.

    Raises:
        OSError: what is written so far is no bundle.
        whatever the items' pieces raise: likewise.
    """
    from standfast.disclosure.texts import how_to_check, verify_page, verify_script

    description = describe(parts)
    bag = BagWriter(file, folder)
    bag.add(HOW_TO, how_to_check(parts.language))
    bag.add(SCRIPT, verify_script(), mode=0o755)
    bag.add(PAGE, verify_page() if page is None else page)
    bag.add(DESCRIPTION, canonical_bytes(description))
    write_report_and_log(parts, bag)
    for entry, item in zip(description.items, parts.items, strict=True):
        bag.add_pieces(entry.content, item.pieces(), item.record.size_bytes)
        bag.add(item_path(entry.n, "record.json"), canonical_bytes(item.record))
        bag.add(item_path(entry.n, "salt"), item.salt)
        bag.add(item_path(entry.n, "leaf"), item.leaf)
        bag.add(item_path(entry.n, "proof.tlog-proof"), item.proof)
        if item.consistency is not None:
            bag.add(item_path(entry.n, "consistency"), item.consistency)
        bag.add(item_path(entry.n, "custody.json"), canonical_bytes(item.custody))
    bag.finish(
        (
            ("Source-Organization", parts.origin),
            ("Bagging-Date", parts.made_at[:10]),
            ("Bag-Software-Agent", parts.made_by),
            ("External-Identifier", " ".join(each.id for each in description.items)),
            ("External-Description", f"Disclosure for {parts.recipient}: {parts.purpose}"),
        )
    )


def write_report_and_log(parts: BundleParts, bag: BagWriter) -> None:
    """The parts that all items share."""
    from standfast.disclosure.report import report_html

    bag.add(REPORT, report_html(parts))
    for path, policy in zip(POLICIES, parts.policies, strict=True):
        bag.add(path, policy)
    for each in sorted(parts.checkpoints, key=lambda one: -one.size):
        bag.add(checkpoint_path(each.size), each.note)
        for path, data in sorted(each.stamps.items()):
            bag.add(stamps_path(each.size) + path, data)


def describe(parts: BundleParts) -> Description:
    """What bundle.json says."""
    return Description(
        items=tuple(
            ItemEntry(content=item_path(n, f"content/{content_name(item.record)}"), id=item.record.id, n=n)
            for n, item in enumerate(parts.items, 1)
        ),
        language=parts.language,
        made_at=parts.made_at,
        made_by=parts.made_by,
        origin=parts.origin,
        purpose=parts.purpose,
        recipient=parts.recipient,
    )


def content_name(record: Record) -> str:
    r"""A file name for an item that is safe wherever a zip is opened, and still reads like the item's own.

    Letters of every script stay. What could act somewhere (a path, a control, a device of Windows) does not.

    Example:
        >>> [content_name(_example(name)) for name in ("letters/تقرير نهائي.pdf", "a/..", "CON")]
        ['تقرير_نهائي.pdf', 'content', '_CON']
    """
    name = (
        record.name.partition("?")[0].partition("#")[0]
        if record.facts.__class__.__name__ == "WebFacts"
        else record.name
    )
    last = unicodedata.normalize("NFC", name.rstrip("/").rpartition("/")[2])
    safe = re.sub(r"[^\w.-]+", "_", last)[-NAME_CHARS:].lstrip(".-").rstrip(".") or "content"
    ending = _ENDINGS.get(record.media_type.partition(";")[0], "")
    if ending and not safe.lower().endswith(ending):
        safe += ending
    return f"_{safe}" if _NO_FILE.match(safe) else safe


def folder_name(file: Path) -> str:
    """What to call the folder in a zip of this name.

    Example:
        >>> folder_name(Path("/tmp/case-7.zip")), folder_name(Path("تقرير.zip"))
        ('case-7', 'proof')
    """
    return file.stem if FOLDER_NAME.fullmatch(file.stem) else "proof"


def _example(name: str) -> Record:
    from standfast.holdings.item import NoteFacts

    return Record(
        id="iabcdefghijklmnop",
        origin="example",
        name=name,
        sha256="",
        blake3="",
        size_bytes=0,
        media_type="",
        captured_at="",
        tool="",
        facts=NoteFacts(about=""),
    )
