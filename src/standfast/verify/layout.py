"""The names in a disclosure bundle, and the small documents that are ours. Format: docs/formats/bundle.md."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

Language = Literal["en", "ar", "fr", "es"]
LANGUAGES: tuple[Language, ...] = ("en", "ar", "fr", "es")

DESCRIPTION = "data/bundle.json"
REPORT = "data/report.html"
POLICIES = ("data/policy/classic", "data/policy/pq")
HOW_TO, SCRIPT, PAGE = "HOW-TO-CHECK.txt", "verify.sh", "verify.html"
BAGIT, BAG_INFO = "bagit.txt", "bag-info.txt"
ALGORITHMS = ("sha256", "sha512")
MANIFESTS = tuple(f"manifest-{each}.txt" for each in ALGORITHMS)
TAG_MANIFESTS = tuple(f"tagmanifest-{each}.txt" for each in ALGORITHMS)

FOLDER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
"""What the one folder at the top is called."""
REPORT_FIELDS = (
    "id",
    "name",
    "origin",
    "sha256",
    "blake3",
    "size_bytes",
    "media_type",
    "captured_at",
    "tool",
    "quality",
)
"""What a report repeats from a record, each once an item."""


def item_path(n: int, part: str) -> str:
    """Where a part of the n-th item stands: `content/<name>`, `record.json`, `salt`, `leaf` and so on."""
    return f"data/items/{n}/{part}"


def checkpoint_path(size: int) -> str:
    """Where the signed note of the log at that size stands."""
    return f"data/log/{size}/checkpoint"


def stamps_path(size: int) -> str:
    """The folder of the stamps over that note, with its `/`."""
    return f"data/log/{size}/stamps/"


class ItemEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One item that the bundle holds."""

    content: str
    """The path of its bytes."""
    id: str
    n: int


class Description(msgspec.Struct, frozen=True, kw_only=True, tag_field="format", tag="standfast/bundle/v1"):
    """What a bundle says it is. Nothing in it proves anything."""

    items: tuple[ItemEntry, ...]
    language: Language
    made_at: str
    made_by: str
    origin: str
    """The log's name."""
    purpose: str
    recipient: str


class CustodyLine(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to an item."""

    at: str
    detail: str
    event: str


class Custody(msgspec.Struct, frozen=True, kw_only=True, tag_field="format", tag="standfast/custody/v1"):
    """What the vault says happened to one item, oldest first."""

    events: tuple[CustodyLine, ...]
    item: str
