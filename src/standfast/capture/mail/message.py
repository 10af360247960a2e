"""A message as an item: its record's facts, and where its bytes may be cut, from its bytes alone.

The item is the message, byte for byte. What is said of it here is read with bounds from bytes that anybody could have
sent; it never raises, and never decides whether a message is held. Format: docs/formats/mail.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from standfast.capture.landing import Landed
from standfast.capture.mail.fields import decode_text, read_addresses, read_fields, read_value, tidy
from standfast.capture.mail.parts import Part, Structure, digest_part, part_name, scan
from standfast.holdings.item import Attachment, MailFacts, SignatureFound

MEDIA_TYPE = "message/rfc822"
CUT_FROM_BYTES = 16 * 1024
"""A part of this size, as it stands in the message, becomes chunks of its own, so that it is held once."""
CUTS_LIMIT = 4_096
ATTACHMENTS_LIMIT = 1_000
SIGNATURES_LIMIT = 10
FOLDERS_LIMIT = 100
UNREAD_LIMIT = 400

SignatureCheck = Callable[[bytes], tuple[SignatureFound, ...]]
"""What DKIM and ARC say of a message: seal/mail_signatures.py over a resolver. It never raises."""

_WANTED = frozenset(
    (
        *(b"from", b"to", b"cc", b"date", b"subject", b"message-id"),
        *(b"content-type", b"content-transfer-encoding", b"content-disposition"),
        *(b"dkim-signature", b"arc-seal"),
    )
)
_REPEATED = frozenset((b"to", b"cc"))
_READ_AS_TEXT = frozenset(("text/plain", "text/html", "text/enriched", "text/x-amp-html", "text/watch-html"))
_SMIME = frozenset(("application/pkcs7-signature", "application/x-pkcs7-signature"))
_SMIME_WHOLE = frozenset(("application/pkcs7-mime", "application/x-pkcs7-mime"))
_INLINE_PGP = b"-----BEGIN PGP SIGNED MESSAGE-----"
_ENCRYPTED_PGP = b"-----BEGIN PGP MESSAGE-----"


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """What a message's bytes say."""

    facts: MailFacts
    cuts: tuple[int, ...]
    """Offsets where a part of some size begins or ends, rising, none at either end."""


def message_key(raw: bytes) -> bytes:
    """What identifies a message at its origin, in whatever folders it stands."""
    return b"message " + hashlib.sha256(raw).digest()


def message_name(sha256: str) -> str:
    """What a message's record calls it: messages have no names of their own that are unique."""
    return f"{sha256}.eml"


def land_message(
    raw: bytes,
    *,
    captured_at: datetime,
    received: str = "",
    folders: Sequence[str] = (),
    check: SignatureCheck | None = None,
    quality: str = "complete",
    sha256: bytes = b"",
) -> Landed:
    """A message ready for intake: the same from a server and from an export, but for when and where it was met.

    Args:
        raw: all of its bytes as received.
        captured_at: now, UTC.
        received: INTERNALDATE as the server gave it, or as the export kept it.
        folders: where it stands, each through `escape_name`.
        check: verifies DKIM and ARC; without it signatures are noted as not checked.
        quality: as in `Landed`.
        sha256: of `raw`, where the caller has it already.
    """
    digest = sha256 or hashlib.sha256(raw).digest()
    read = read_message(raw, received=received, folders=folders, check=check)
    return Landed(
        key=b"message " + digest,
        mark=digest,
        untrusted_name=message_name(digest.hex()).encode("ascii"),
        media_type=MEDIA_TYPE,
        captured_at=captured_at,
        quality=quality,
        facts=read.facts,
        content=raw,
        cuts=read.cuts,
    )


def read_message(
    raw: bytes, *, received: str = "", folders: Sequence[str] = (), check: SignatureCheck | None = None
) -> ReadMessage:
    """Read a message's facts and cuts. Bounded in time and memory by its size; never raises."""
    found = scan(raw, _WANTED, _REPEATED)
    fields = found.fields
    charset = _charset(found)
    unread = found.unread
    if not found.body or not fields:
        unread.append("it has no header that can be read")
    attachments, cuts = _parts(raw, found, charset)
    facts = MailFacts(
        message_id=tidy(fields.get(b"message-id", b"").decode("utf-8", "replace"), 1_000),
        subject=decode_text(fields.get(b"subject", b""), charset),
        date=tidy(fields.get(b"date", b"").decode("utf-8", "replace"), 200),
        received=tidy(received, 100),
        sender=read_addresses(fields.get(b"from", b""), charset),
        to=read_addresses(fields.get(b"to", b""), charset),
        cc=read_addresses(fields.get(b"cc", b""), charset),
        folders=tuple(folders[:FOLDERS_LIMIT]),
        attachments=attachments,
        signatures=_signatures(raw, found, check),
        unread="; ".join(unread)[:UNREAD_LIMIT] if unread else "",
    )
    return ReadMessage(facts, cuts)


def _charset(found: Structure) -> str:
    """The charset of the first text, for header bytes that are neither ASCII nor UTF-8."""
    for part in found.parts[:2]:
        if "charset" in part.params:
            return part.params["charset"].decode("ascii", "replace").strip().lower()
    return ""


def _parts(raw: bytes, found: Structure, charset: str) -> tuple[tuple[Attachment, ...], tuple[int, ...]]:
    attachments: list[Attachment] = []
    cuts: set[int] = set()
    for part in found.parts:
        if part.end - part.body >= CUT_FROM_BYTES and len(cuts) < CUTS_LIMIT - 1:
            cuts.update((part.body, part.end))
        name = part_name(part, charset) if part.params or b"content-disposition" in part.fields else ""
        if not _is_file(part, name):
            continue
        if len(attachments) >= ATTACHMENTS_LIMIT:
            _note(found, "it has more than 1,000 attachments")
            continue
        if not name and part.kind == MEDIA_TYPE:
            name = _subject_within(raw, part, charset)
        sha256, size, wrong = digest_part(raw, part)
        if wrong:
            _note(found, wrong)
        attachments.append(Attachment(name=name, media_type=tidy(part.kind, 127), sha256=sha256, size_bytes=size))
    cuts -= {0, len(raw)}
    return tuple(attachments), tuple(sorted(cuts))


def _is_file(part: Part, name: str) -> bool:
    """Whether people would call it a file, and not the message's text."""
    if part.kind.startswith("multipart/"):
        return False  # one whose boundary is missing or stands around it already
    if name or part.kind not in _READ_AS_TEXT:
        return True
    said = part.fields.get(b"content-disposition", b"")
    return bool(said) and read_value(said)[0] == "attachment"


def _subject_within(raw: bytes, part: Part, charset: str) -> str:
    """A message within the message is called by its subject."""
    head = raw[part.body : min(part.end, part.body + 16 * 1024)]
    subject = read_fields(head.partition(b"\r\n\r\n")[0], (b"subject",)).get(b"subject", b"")
    return decode_text(subject, charset, 255)


def _signatures(raw: bytes, found: Structure, check: SignatureCheck | None) -> tuple[SignatureFound, ...]:
    out: list[SignatureFound] = []
    fields = found.fields
    signed = b"dkim-signature" in fields or b"arc-seal" in fields
    if signed:
        out += check(raw)[:SIGNATURES_LIMIT] if check else _not_checked(found)
    for kind, params in found.containers:
        protocol = params.get("protocol", b"").decode("ascii", "replace").strip().lower()
        if kind == "multipart/signed" and protocol in _SMIME:
            out.append(SignatureFound(system="s/mime", outcome="not checked", detail="a part of its own"))
        elif kind == "multipart/signed" and "pgp" in protocol:
            out.append(SignatureFound(system="openpgp", outcome="not checked", detail="a part of its own"))
        elif kind == "multipart/encrypted":
            _note(found, "it is encrypted" + (" (OpenPGP)" if "pgp" in protocol else ""))
    for part in found.parts:
        if part.kind in _SMIME_WHOLE:
            if part.params.get("smime-type", b"").lower() == b"signed-data":
                out.append(SignatureFound(system="s/mime", outcome="not checked", detail="around the message"))
            else:
                _note(found, "it is encrypted (S/MIME)")
        elif part.kind == "text/plain" and part.end > part.body:
            if raw.find(_INLINE_PGP, part.body, part.end) >= 0:
                out.append(SignatureFound(system="openpgp", outcome="not checked", detail="in the text"))
            elif raw.find(_ENCRYPTED_PGP, part.body, part.end) >= 0:
                _note(found, "its text is encrypted (OpenPGP)")
    return tuple(dict.fromkeys(out))[: 2 * SIGNATURES_LIMIT]


def _not_checked(found: Structure) -> list[SignatureFound]:
    out = []
    if b"dkim-signature" in found.fields:
        out.append(SignatureFound(system="dkim", outcome="not checked", detail=_signer(found, b"dkim-signature")))
    if b"arc-seal" in found.fields:
        out.append(SignatureFound(system="arc", outcome="not checked", detail=_signer(found, b"arc-seal")))
    return out


def _signer(found: Structure, name: bytes) -> str:
    params = read_value(b";" + found.fields[name])[1]
    return tidy(params.get("d", b"").decode("utf-8", "replace"), 255)


def _note(found: Structure, what: str) -> None:
    if what not in found.unread:
        found.unread.append(what)
