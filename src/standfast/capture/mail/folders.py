"""What folders an account has: LIST, NAMESPACE and STATUS, read from untrusted answers. No I/O here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from standfast.capture.mail.state import FolderMark
from standfast.holdings.identifiers import escape_name
from standfast.imap.commands import Part, astring
from standfast.imap.names import decode_name
from standfast.imap.responses import Data, Value

FOLDERS_LIMIT = 100_000
NAME_LIMIT = 4_096
STATUS_ITEMS = ("MESSAGES", "UIDNEXT", "UIDVALIDITY")
USES = frozenset(("\\all", "\\archive", "\\drafts", "\\flagged", "\\important", "\\junk", "\\sent", "\\trash"))
NOT_SELECTABLE = frozenset(("\\noselect", "\\nonexistent"))
PASSING = frozenset(("\\marked", "\\unmarked"))
"""Whether somebody looked lately: nothing of the folder itself."""
MESSAGE_NAME = re.compile(rb"[0-9a-f]{64}\.eml")
"""Names of messages: a folder of that name would take a message's place in the catalogue."""

SELECT_NOTHING = "folders that hold no mail themselves"
EXCLUDED = "folders that are left out by a pattern"


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """One folder that holds mail."""

    raw: bytes
    """Its name as the server says it: what to ask for, and what identifies it."""
    name: bytes
    """Decoded, UTF-8; where it is no text, as it came."""
    delimiter: str = ""
    attributes: tuple[str, ...] = ()
    use: str = ""
    status: dict[str, int] = field(default_factory=dict)
    """What STATUS said; empty where it said nothing."""

    @property
    def key(self) -> bytes:
        """What identifies the folder for the next capture."""
        return b"folder " + self.raw

    @property
    def shown(self) -> str:
        """Its name, for people and records."""
        return escape_name(self.name)

    def mark(self) -> FolderMark:
        """What must be the same for nothing to have changed, by STATUS."""
        said = self.status.get
        return FolderMark(
            self.raw,
            self.attributes,
            said("UIDVALIDITY", 0),
            said("UIDNEXT", 0),
            said("MESSAGES", 0),
            said("HIGHESTMODSEQ", 0),
        )


@dataclass(slots=True)
class Listing:
    """All folders of an account."""

    folders: list[Folder] = field(default_factory=list)
    passed_over: dict[str, int] = field(default_factory=dict)
    failures: list[tuple[bytes, str, str]] = field(default_factory=list)
    """(key, what, why) of folders that can't be taken."""


def list_command(*, special_use: bool, status: Sequence[str], pattern: bytes = b"*") -> list[Part]:
    """LIST of everything, with what can come in the same answer."""
    returned = [b"SPECIAL-USE"] * special_use
    if status:
        returned.append(b"STATUS (" + " ".join(status).encode() + b")")
    tail = b" RETURN (" + b" ".join(returned) + b")" if returned else b""
    quoted = astring(pattern) if pattern != b"*" else b'"*"'
    return [b'LIST "" ', quoted, tail] if tail else [b'LIST "" ', quoted]


def other_namespaces(answers: Iterable[Data]) -> list[bytes]:
    """Prefixes of other users' and of shared folders, from NAMESPACE."""
    found: list[bytes] = []
    for data in answers:
        if data.kind == "NAMESPACE":
            for group in data.values[1:3]:
                if isinstance(group, list):
                    for each in group[:100]:
                        prefix = as_bytes(each[0]) if isinstance(each, list) and each else None
                        if prefix and len(prefix) <= NAME_LIMIT:
                            found.append(prefix)
    return found


def read_listing(answers: Iterable[Data], *, exclude: Sequence[str], utf8: bool = False) -> Listing:
    """Put LIST and STATUS answers together, in any order, each folder once."""
    listed: dict[bytes, Folder] = {}
    statuses: dict[bytes, dict[str, int]] = {}
    listing = Listing()
    barren: set[bytes] = set()
    for data in answers:
        if data.kind == "STATUS" and len(data.values) >= 2:
            name = as_bytes(data.values[0])
            if name is not None and len(statuses) < 2 * FOLDERS_LIMIT:
                statuses[canonical(name)] = _numbers(data.values[1])
        elif data.kind in ("LIST", "LSUB") and len(data.values) >= 3:
            folder = _folder(data.values, utf8)
            if folder is None:
                continue
            if NOT_SELECTABLE & {each.lower() for each in folder.attributes}:
                barren.add(folder.raw)
            elif len(listed) < FOLDERS_LIMIT:
                listed.setdefault(folder.raw, folder)
            else:
                listing.failures.append((b"", "folders", f"there are more than {FOLDERS_LIMIT:,}"))
                break
    if barren:
        listing.passed_over[SELECT_NOTHING] = len(barren)
    _choose(listing, listed.values(), statuses, exclude)
    return listing


def as_bytes(value: Value) -> bytes | None:
    """A name or string, as its bytes; None for what is none."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    return None


def canonical(raw: bytes) -> bytes:
    """INBOX is the one name whose case means nothing."""
    return b"INBOX" if raw.upper() == b"INBOX" else raw


def as_number(value: Value, greatest: int = 2**63 - 1) -> int:
    """A whole number that the server said; 0 for what is none, or beyond what it may be."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 20:
        number = int(value)
        return number if number <= greatest else 0
    return 0


def _choose(
    listing: Listing, found: Iterable[Folder], statuses: dict[bytes, dict[str, int]], exclude: Sequence[str]
) -> None:
    patterns = [_pattern(each) for each in exclude]
    names: dict[bytes, bytes] = {}
    for folder in found:
        text = folder.name.decode("utf-8", "surrogateescape")
        if any(pattern.fullmatch(text) for pattern in patterns):
            listing.passed_over[EXCLUDED] = listing.passed_over.get(EXCLUDED, 0) + 1
            continue
        if names.setdefault(folder.name, folder.raw) != folder.raw or MESSAGE_NAME.fullmatch(folder.name):
            listing.failures.append((folder.key, folder.shown, "another thing of this account has that name"))
            continue
        listing.folders.append(replace(folder, status=statuses.get(folder.raw, {})))


def _pattern(text: str) -> re.Pattern[str]:
    """`*` for any characters, and the folder's own levels below it."""
    return re.compile(".*".join(map(re.escape, text.split("*"))), re.DOTALL)


def _folder(values: list[Value], utf8: bool) -> Folder | None:
    attributes, delimiter, name = values[0], values[1], as_bytes(values[2])
    if not name or len(name) > NAME_LIMIT or not isinstance(attributes, list):
        return None
    raw = canonical(name)
    words = {each for each in attributes[:64] if isinstance(each, str) and each.isascii() and len(each) <= 64}
    said = sorted(each for each in words if each.lower() not in PASSING)
    use = next((each for each in said if each.lower() in USES), "")
    between = as_bytes(delimiter)
    return Folder(
        raw=raw,
        name=decode_name(raw, utf8=utf8).encode("utf-8", "surrogateescape"),
        delimiter=between.decode("ascii", "replace")[:1] if between else "",
        attributes=tuple(said),
        use=use,
    )


def _numbers(pairs: Value) -> dict[str, int]:
    if not isinstance(pairs, list):
        return {}
    return {
        name.upper(): as_number(value)
        for name, value in zip(pairs[::2], pairs[1::2], strict=False)
        if isinstance(name, str)
    }
