"""Signed notes: text, an empty line, signature lines. Source: c2sp.org/signed-note v1.0.0. Format: docs/formats/log.md.

    vault.example/log                        the text, UTF-8, ends in a newline
    8
    Xcna…Qyg=
                                             the last empty line
    — vault.example/log 1j1dzNrs…            U+2014, space, key name, space, base64 of key ID (4 bytes) and signature

This module knows the form only; what a signature means stands in `checkpoint`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from standfast.errors.tlog import MalformedNoteError

MAX_NOTE_BYTES = 1_000_000
"""100 signature lines of ML-DSA-44 with long names stay well below."""
MAX_SIGNATURES = 100
MAX_NAME_BYTES = 255
MAX_VKEY_CHARS = 4096
KEY_ID_BYTES = 4

_EM_DASH = "\u2014 "
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f]")
_DECIMAL = re.compile("0|[1-9][0-9]*")
_BASE64 = re.compile("[A-Za-z0-9+/]*={0,2}")
_KEY_ID = re.compile("[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """One line below a note's text, not verified."""

    name: str
    key_id: bytes
    """4 bytes."""
    blob: bytes
    """What follows the key ID: a signature, for cosignatures with its time before it."""

    def text(self) -> str:
        """The line with its newline."""
        return f"{_EM_DASH}{self.name} {to_base64(self.key_id + self.blob)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A note taken apart, its signatures not verified."""

    untrusted_text: str
    """Ends in a newline."""
    lines: tuple[SignatureLine, ...]


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with the name of who signs with it. Its text form is C2SP's *vkey*, `name+keyid+base64`."""

    name: str
    kind: int
    """Signature type: 0x01 Ed25519, 0x04 Ed25519 cosignature/v1, 0x06 ML-DSA-44 cosignature."""
    public: bytes

    @property
    def key_id(self) -> bytes:
        """The first 4 bytes of SHA-256 over name, newline, type and public key: a hint, not an identity."""
        hashed = hashlib.sha256(self.name.encode() + b"\n" + bytes((self.kind,)) + self.public)
        return hashed.digest()[:KEY_ID_BYTES]

    def text(self) -> str:
        """The vkey."""
        return f"{self.name}+{self.key_id.hex()}+{to_base64(bytes((self.kind,)) + self.public)}"

    def label(self) -> str:
        """Name and key ID, for a message to a person."""
        return f"{self.name}+{self.key_id.hex()}"


def parse_vkey(text: str) -> VerifierKey:
    """A vkey taken apart. Its key ID must be the one that its name and key give.

    Raises:
        MalformedNoteError: a rule of the form is broken.
    """
    what = "verifier key"
    if len(text) > MAX_VKEY_CHARS or text.count("+") < 2:
        raise MalformedNoteError(what, "it must be name+keyid+base64")
    name, key_id, encoded = text.split("+", 2)
    require_name(name, what)
    decoded = from_base64(encoded, what)
    if len(decoded) < 2:
        raise MalformedNoteError(what, "there is no key in it")
    key = VerifierKey(name, decoded[0], decoded[1:])
    if not _KEY_ID.fullmatch(key_id) or key.key_id.hex() != key_id:
        raise MalformedNoteError(what, f"its key ID is {key.key_id.hex()}, it says {key_id[:8]!r}")
    return key


def parse_note(raw: bytes, what: str = "signed note") -> Note:
    """A note taken apart. Signatures are not verified.

    Args:
        raw: at most `MAX_NOTE_BYTES`.
        what: what to call it in an error.

    Raises:
        MalformedNoteError: a rule of the form is broken.
    """
    if len(raw) > MAX_NOTE_BYTES:
        raise MalformedNoteError(what, f"it is longer than {MAX_NOTE_BYTES} bytes")
    try:
        whole = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedNoteError(what, "it is not UTF-8") from None
    if _CONTROL.search(whole):
        raise MalformedNoteError(what, "it holds a control character")
    text, empty_line, signatures = whole.rpartition("\n\n")
    if not empty_line or not signatures.endswith("\n"):
        raise MalformedNoteError(what, "it must be text, an empty line and signature lines, each ended by a newline")
    lines = signatures[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise MalformedNoteError(what, f"it has more than {MAX_SIGNATURES} signature lines")
    return Note(text + "\n", tuple(_parse_line(line, what) for line in lines))


def write_note(text: str, lines: Sequence[SignatureLine]) -> bytes:
    """The note's bytes. `text` ends in a newline."""
    return (text + "\n" + "".join(line.text() for line in lines)).encode()


def _parse_line(line: str, what: str) -> SignatureLine:
    name, space, encoded = line.removeprefix(_EM_DASH).partition(" ")
    if not line.startswith(_EM_DASH) or not space:
        raise MalformedNoteError(what, "a signature line must be an em dash, a key name and a signature")
    require_name(name, what)
    decoded = from_base64(encoded, what)
    if len(decoded) <= KEY_ID_BYTES:
        raise MalformedNoteError(what, "a signature line holds no signature")
    return SignatureLine(name, decoded[:KEY_ID_BYTES], decoded[KEY_ID_BYTES:])


def require_name(name: str, what: str) -> None:
    """Require a key name or an origin: not empty, no Unicode space, no control character, no `+`, at most 255 bytes.

    Raises:
        MalformedNoteError: it is none.
    """
    try:
        length = len(name.encode())
    except UnicodeEncodeError:
        raise MalformedNoteError(what, "a name is not UTF-8") from None
    if not 0 < length <= MAX_NAME_BYTES:
        raise MalformedNoteError(what, f"a name must have 1 to {MAX_NAME_BYTES} bytes")
    if "+" in name or _CONTROL.search(name) or any(character.isspace() for character in name):
        raise MalformedNoteError(what, "a name must have no space, no control character and no plus sign")


def to_base64(data: bytes) -> str:
    """Standard base64 with padding."""
    return base64.b64encode(data).decode("ascii")


def from_base64(text: str, what: str) -> bytes:
    """The bytes of a standard base64 text, in its only canonical spelling.

    Raises:
        MalformedNoteError: another alphabet, a wrong padding, or bits set that mean nothing.
    """
    if not _BASE64.fullmatch(text):
        raise MalformedNoteError(what, "a part is not base64")
    try:
        decoded = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise MalformedNoteError(what, "a part is not base64") from None
    if to_base64(decoded) != text:
        raise MalformedNoteError(what, "a part is base64 in a spelling that is not the canonical one")
    return decoded


def from_decimal(text: str, limit: int, what: str) -> int:
    """A number of ASCII digits without leading zeros, at most `limit`.

    Raises:
        MalformedNoteError: another spelling, or greater.
    """
    # The length is checked first: int() of a very long text is refused by Python with an error of its own.
    if len(text) > len(str(limit)) or not _DECIMAL.fullmatch(text) or int(text) > limit:
        raise MalformedNoteError(what, "a number must be decimal digits without leading zeros, and in range")
    return int(text)
