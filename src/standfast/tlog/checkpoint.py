"""Checkpoints: the log's size and root, signed in two families. Sources: c2sp.org/tlog-checkpoint, tlog-cosignature.

Verification, in this order; each step raises its own error:

 1. the bytes are a signed note, within limits                     MalformedNoteError
 2. the text is a checkpoint: origin, size, root, nothing else     MalformedNoteError
 3. every line by a key that was given verifies                    SignatureError
 4. every key that was given has signed                            MissingSignatureError
 5. the origin is the log's name                                   WrongLogError
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from standfast.errors.tlog import MalformedNoteError, MissingSignatureError, SignatureError, WrongLogError
from standfast.seal.sign import (
    ED25519_PUBLIC_BYTES,
    ML_DSA_44_PUBLIC_BYTES,
    Ed25519Key,
    MlDsa44Key,
    verify_ed25519,
    verify_ml_dsa_44,
)
from standfast.tlog.note import (
    MAX_NAME_BYTES,
    Note,
    SignatureLine,
    VerifierKey,
    from_base64,
    from_decimal,
    parse_note,
    parse_vkey,
    require_name,
    to_base64,
    write_note,
)
from standfast.tlog.tree import EMPTY_ROOT, HASH_BYTES, MAX_SIZE

ED25519, ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE = 0x01, 0x04, 0x06
"""Signature types of c2sp.org/signed-note that are known here."""

_PUBLIC_BYTES = {
    ED25519: ED25519_PUBLIC_BYTES,
    ED25519_COSIGNATURE: ED25519_PUBLIC_BYTES,
    ML_DSA_44_COSIGNATURE: ML_DSA_44_PUBLIC_BYTES,
}
_TIME_BYTES = 8
_MAX_TIME = 253_402_300_799
"""Seconds since 1970: the last second of the year 9999, the last that a datetime holds."""
_WHAT = "checkpoint"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself. Its signatures were verified where `open_checkpoint` made it."""

    origin: str
    size: int
    """Leaves."""
    root: bytes
    """32 bytes."""

    def text(self) -> str:
        """The note's text: three lines."""
        return f"{self.origin}\n{self.size}\n{to_base64(self.root)}\n"


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A signature that verified, and the moment its signer gives."""

    key: VerifierKey
    at: datetime | None
    """UTC, by the signer's clock, to the second. None for a signature that carries no time."""


class LogSigner:
    """Signs checkpoints of one log with both of its keys. Who holds it could sign a second history."""

    def __init__(self, origin: str, ed25519_seed: bytes, ml_dsa_seed: bytes) -> None:
        """Make the keys from seeds of 32 bytes each.

        Args:
            origin: the log's name for ever; ASCII, no scheme, also the name of both keys.
            ed25519_seed: 32 bytes.
            ml_dsa_seed: 32 bytes.

        Raises:
            MalformedNoteError: the origin can't be one.
        """
        require_name(origin, "log origin")
        if not origin.isascii():
            raise MalformedNoteError("log origin", "it must be ASCII")
        self.origin = origin
        self._ed25519, self._ml_dsa = Ed25519Key(ed25519_seed), MlDsa44Key(ml_dsa_seed)
        self._keys = (
            VerifierKey(origin, ED25519, self._ed25519.public),
            VerifierKey(origin, ML_DSA_44_COSIGNATURE, self._ml_dsa.public),
        )

    @property
    def vkeys(self) -> tuple[str, str]:
        """What others verify with: Ed25519 first, then ML-DSA-44."""
        return self._keys[0].text(), self._keys[1].text()

    def sign(self, size: int, root: bytes, at: datetime) -> bytes:
        """A whole signed note. Sign only what is durable.

        Args:
            size: leaves.
            root: 32 bytes.
            at: the moment that the ML-DSA-44 cosignature states, aware; cut to the second.

        Raises:
            ValueError: no size, no root, or no such moment.
        """
        checkpoint = Checkpoint(self.origin, size, root)
        if not 0 <= size <= MAX_SIZE or len(root) != HASH_BYTES or (size == 0) != (root == EMPTY_ROOT):
            raise ValueError(f"no checkpoint has size {size} and root {root.hex()}")
        if at.tzinfo is None:
            raise ValueError("a moment without a zone has no meaning here")
        time_s = int(at.timestamp())
        if not 0 <= time_s <= _MAX_TIME:
            raise ValueError(f"{at} is before 1970")
        classic, hybrid = self._keys
        text = checkpoint.text()
        message = subtree_message(hybrid.name, checkpoint, time_s)
        timed = time_s.to_bytes(_TIME_BYTES, "big") + self._ml_dsa.sign(message)
        return write_note(
            text,
            (
                SignatureLine(classic.name, classic.key_id, self._ed25519.sign(text.encode())),
                SignatureLine(hybrid.name, hybrid.key_id, timed),
            ),
        )


def open_checkpoint(raw: bytes, vkeys: Sequence[str]) -> Checkpoint:
    """The checkpoint in a signed note, when every one of these keys has signed it.

    Lines by other keys are ignored. A line by one of these keys that fails rejects the whole note, even when another
    line by the same key verifies. It says nothing about whether this is the newest checkpoint.

    Args:
        raw: the note, as it was received.
        vkeys: at least one. All that the reader trusts for this log; each must have signed.

    Raises:
        MalformedNoteError: no checkpoint, or no vkey.
        SignatureError: a signature by one of the keys fails.
        MissingSignatureError: one of the keys has not signed.
        WrongLogError: the origin is not the name of the Ed25519 log key.
    """
    keys = [parse_vkey(each) for each in vkeys]
    note = parse_note(raw, _WHAT)
    checkpoint = parse_checkpoint(note.untrusted_text)
    verify_signatures(note, keys)
    for key in keys:
        if key.kind == ED25519 and key.name != checkpoint.origin:
            raise WrongLogError(key.name, checkpoint.origin)
    return checkpoint


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint in a note's text. Nothing is verified: who calls this must, or must treat it as untrusted.

    Extension lines are refused: an ML-DSA-44 cosignature does not cover them.

    Raises:
        MalformedNoteError: a rule of the form is broken.
    """
    lines = text.split("\n")
    if len(lines) != 4 or lines[3]:
        raise MalformedNoteError(_WHAT, "its text must be three lines: origin, size, root")
    origin, size_text, root_text, _ = lines
    # An origin may hold spaces (go.sum database tree); a key name may not.
    if not 0 < len(origin.encode()) <= MAX_NAME_BYTES:
        raise MalformedNoteError(_WHAT, f"an origin must have 1 to {MAX_NAME_BYTES} bytes")
    size, root = from_decimal(size_text, MAX_SIZE, _WHAT), from_base64(root_text, _WHAT)
    if len(root) != HASH_BYTES:
        raise MalformedNoteError(_WHAT, f"a root has {HASH_BYTES} bytes")
    if (size == 0) != (root == EMPTY_ROOT):
        raise MalformedNoteError(_WHAT, "the empty root belongs to size 0, and to no other")
    return Checkpoint(origin, size, root)


def verify_signatures(note: Note, keys: Sequence[VerifierKey]) -> tuple[Cosignature, ...]:
    """Require that every key has signed the note, and that none of its lines fails.

    Returns:
        One for each line by one of the keys, in the order of the lines.

    Raises:
        MalformedNoteError: no key was given, or one is of a kind not known here.
        SignatureError: a signature by one of the keys fails.
        MissingSignatureError: one of the keys has not signed.
    """
    if not keys:
        raise MalformedNoteError("list of verifier keys", "it is empty, and nothing can be verified by no key")
    for key in keys:
        if _PUBLIC_BYTES.get(key.kind) != len(key.public):
            raise MalformedNoteError("verifier key", f"type {key.kind:#04x} with {len(key.public)} bytes is not known")
    known = {(key.name, key.key_id): key for key in keys}
    if len(known) < len(set(keys)):
        raise MalformedNoteError("list of verifier keys", "two of them have one name and key ID")
    found = [
        _verify_line(note.untrusted_text, line, known[line.name, line.key_id])
        for line in note.lines
        if (line.name, line.key_id) in known
    ]
    missing = set(known.values()) - {each.key for each in found}
    if missing:
        raise MissingSignatureError(", ".join(sorted(key.label() for key in missing)))
    return tuple(found)


def _verify_line(text: str, line: SignatureLine, key: VerifierKey) -> Cosignature:
    if key.kind == ED25519:
        verify_ed25519(key.public, text.encode(), line.blob, signer=key.label())
        return Cosignature(key, None)
    time_s = int.from_bytes(line.blob[:_TIME_BYTES], "big")
    if len(line.blob) <= _TIME_BYTES or time_s > _MAX_TIME:
        raise SignatureError(key.label())
    signature = line.blob[_TIME_BYTES:]
    if key.kind == ED25519_COSIGNATURE:
        verify_ed25519(key.public, cosignature_message(text, time_s), signature, signer=key.label())
    else:
        message = subtree_message(key.name, parse_checkpoint(text), time_s)
        verify_ml_dsa_44(key.public, message, signature, signer=key.label())
    return Cosignature(key, datetime.fromtimestamp(time_s, UTC) if time_s else None)


def cosignature_message(text: str, time_s: int) -> bytes:
    """What an Ed25519 cosignature/v1 (0x04) signs: the time in seconds since 1970, and the note's whole text."""
    return f"cosignature/v1\ntime {time_s}\n{text}".encode()


def subtree_message(cosigner: str, checkpoint: Checkpoint, time_s: int) -> bytes:
    """What an ML-DSA-44 cosignature (0x06) of a whole tree signs; the subtree is 0 to size.

    Args:
        cosigner: its key's name, at most 255 bytes.
        checkpoint: what is cosigned; an origin of at most 255 bytes.
        time_s: seconds since 1970; 0 means that no time is stated.
    """
    name, origin = cosigner.encode(), checkpoint.origin.encode()
    return b"".join(
        (
            b"subtree/v1\n\0",
            bytes((len(name),)) + name,
            time_s.to_bytes(8, "big"),
            bytes((len(origin),)) + origin,
            bytes(8),
            checkpoint.size.to_bytes(8, "big"),
            checkpoint.root,
        )
    )
