"""An item's record: what the log commits to. It never changes and names no chunk, no pack, no key."""

from __future__ import annotations

from typing import Literal

import msgspec

FileType = Literal["file", "folder", "symlink", "hardlink"]


class FileFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="file"):
    """What a file system said of a file, a folder or a link. Times are decimal text: nanoseconds exceed 2^53."""

    type: FileType
    mode: int
    """Permission bits only, 0 to 0o7777."""
    uid: int
    gid: int
    owner: str = ""
    group: str = ""
    mtime_ns: str
    xattrs: dict[str, str] = {}
    """Extended attributes: name as `escape_name` writes it, value in base64."""
    link_to: str = ""
    """For a hard link, the name of the item in the same origin that holds the bytes (escaped)."""
    sparse: bool = False


class WebFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="web"):
    """One exchange with a web server. The item's content is its WARC records, request and response, uncompressed."""

    url: str
    status: int
    payload_type: str = ""
    """Media type of the answer, lower case, without parameters."""
    payload_sha256: str = ""
    """Of the body as decoded from its transfer and content codings."""
    payload_bytes: int = 0
    ip: str = ""


class ViewFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="view"):
    """A page as a browser showed it after its scripts had run: one part of what was kept of that."""

    url: str
    title: str = ""
    part: str
    """`picture`, `text` or `document`."""


class NoteFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="note"):
    """Something that Standfast itself wrote in: a drill's result, a custody event."""

    about: str


class Attachment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of a message that people would call a file."""

    name: str = ""
    media_type: str
    sha256: str
    """Of the part's bytes as decoded from its transfer encoding."""
    size_bytes: int


class SignatureFound(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was found about one signature in a message: DKIM and ARC checked at capture, others noted only."""

    system: Literal["dkim", "arc", "s/mime", "openpgp"]
    outcome: Literal["passed", "failed", "not checked"]
    detail: str = ""
    """Who signed, and why it failed or could not be checked."""
    key: str = ""
    """The key's text as DNS gave it then (DKIM and ARC)."""


class MailFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="mail"):
    """One message. The item's content is its bytes as received. What is said here was read from them, with bounds."""

    message_id: str = ""
    subject: str = ""
    date: str = ""
    """The Date header as it was written."""
    received: str = ""
    """INTERNALDATE as the server gave it, with its zone."""
    sender: tuple[str, ...] = ()
    """From, as `Name <address>`; so all of these."""
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    """Where it stood when it was captured (`escape_name`d); later moves stand in the folders' own items."""
    attachments: tuple[Attachment, ...] = ()
    signatures: tuple[SignatureFound, ...] = ()
    unread: str = ""
    """What could not be read of it, in a few words. It is held all the same."""


class MailboxFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="mailbox"):
    """A folder of mail as it stood. The item's content is the list that docs/formats/mailbox.md describes."""

    folder: str
    """Its name, decoded, through `escape_name`."""
    messages: int
    use: str = ""
    """Special use (RFC 6154) such as `\\Sent`."""


class CardFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="card"):
    """A contact or a calendar entry. The item's content is the vCard or iCalendar object as received."""

    collection: str
    """The address book's or calendar's name."""
    uid: str = ""


Facts = FileFacts | WebFacts | ViewFacts | NoteFacts | MailFacts | MailboxFacts | CardFacts


class Relation(msgspec.Struct, frozen=True, kw_only=True):
    """How this item stands to another: `replaces` (a later capture of the same thing)."""

    relation: Literal["replaces"]
    item: str


class Record(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="format", tag="standfast/record/v1"
):
    """The canonical description of one item. Its canonical bytes are what a leaf of the log binds."""

    id: str
    origin: str
    name: str
    """As it was at its origin, through `escape_name`: a path relative to the origin with `/`, or an address."""
    sha256: str
    blake3: str
    size_bytes: int
    media_type: str
    captured_at: str
    """As `clock.to_text` writes it. Precision: microseconds by this machine's clock, which proves nothing."""
    clock: str = "machine"
    tool: str
    """Program, version and room that captured it."""
    quality: str = "complete"
    """`complete`, or in a few words what is known to be wanting, such as `changed while read`."""
    facts: Facts
    relations: tuple[Relation, ...] = ()
