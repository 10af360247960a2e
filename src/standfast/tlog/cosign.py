"""Cosignatures: an outside party says that, of all it has seen of a log, this checkpoint only adds to the rest.

Made and verified here in two families, Ed25519 cosignature/v1 (0x04) and ML-DSA-44 (0x06), from bytes to bytes: no
disk, no network, no clock. What a cosigner may sign is decided in `cosigning`. Source: c2sp.org/tlog-cosignature
v1.1.0. A cosignature learns and tells nothing but a log's name, its size and its root.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from standfast.errors.tlog import MalformedNoteError
from standfast.seal.sign import Ed25519Key, MlDsa44Key
from standfast.tlog.checkpoint import (
    ED25519_COSIGNATURE,
    ML_DSA_44_COSIGNATURE,
    Checkpoint,
    Cosignature,
    cosignature_message,
    subtree_message,
    verify_signatures,
)
from standfast.tlog.note import Note, SignatureLine, VerifierKey, parse_note, require_name, write_note

COSIGNATURE_KINDS = (ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE)
_TIME_BYTES = 8


class Cosigner:
    """The two keys of one cosigner. Who has them could say in its name that a fork is none."""

    def __init__(self, name: str, ed25519_seed: bytes, ml_dsa_seed: bytes) -> None:
        """Make the keys from seeds of 32 bytes each.

        Args:
            name: the cosigner's name for ever, as `ngo.example/cosigner`; also the name of both keys.
            ed25519_seed: 32 bytes, used for nothing else: the signed text does not hold the name.
            ml_dsa_seed: 32 bytes.

        Raises:
            MalformedNoteError: the name can't be one.
        """
        require_name(name, "cosigner's name")
        self.name = name
        self._ed25519, self._ml_dsa = Ed25519Key(ed25519_seed), MlDsa44Key(ml_dsa_seed)
        self.keys = (
            VerifierKey(name, ED25519_COSIGNATURE, self._ed25519.public),
            VerifierKey(name, ML_DSA_44_COSIGNATURE, self._ml_dsa.public),
        )

    @property
    def vkeys(self) -> tuple[str, str]:
        """What others verify with: Ed25519 first, then ML-DSA-44."""
        return self.keys[0].text(), self.keys[1].text()

    def cosign(self, checkpoint: Checkpoint, at: datetime) -> tuple[SignatureLine, SignatureLine]:
        """A line by each key. Whether this checkpoint may be cosigned is the caller's to have decided.

        Args:
            checkpoint: its three lines are the whole text of the note that the lines belong to.
            at: the moment that they state, aware, after 1970; cut to the second.

        Raises:
            ValueError: no such moment.
        """
        if at.tzinfo is None or at.timestamp() < 1:
            raise ValueError(f"no cosignature states the moment {at}")
        time_s = int(at.timestamp())
        timed = time_s.to_bytes(_TIME_BYTES, "big")
        classic, hybrid = self.keys
        return (
            SignatureLine(
                classic.name,
                classic.key_id,
                timed + self._ed25519.sign(cosignature_message(checkpoint.text(), time_s)),
            ),
            SignatureLine(
                hybrid.name, hybrid.key_id, timed + self._ml_dsa.sign(subtree_message(hybrid.name, checkpoint, time_s))
            ),
        )


def find_cosignatures(note: Note, keys: Iterable[VerifierKey]) -> tuple[Cosignature, ...]:
    """The cosignatures by these keys on a note, each verified; a key that has not signed is passed over.

    A line by one of the keys that states no time is no cosignature of a whole tree, and is passed over too.

    Raises:
        SignatureError: a line by one of the keys fails: the whole note is to be rejected.
        MalformedNoteError: a key is of a kind not known here.
    """
    signed = {(line.name, line.key_id) for line in note.lines}
    there = [key for key in keys if (key.name, key.key_id) in signed]
    return tuple(each for each in verify_signatures(note, there) if each.at is not None) if there else ()


def parse_lines(raw: bytes, what: str = "cosigner's answer") -> tuple[SignatureLine, ...]:
    """Signature lines without a text, as a cosigner answers them. Nothing is verified.

    Raises:
        MalformedNoteError: they are none.
    """
    return parse_note(b"answer\n\n" + raw, what).lines


def add_lines(raw: bytes, fresh: Sequence[SignatureLine], keep: Iterable[VerifierKey]) -> bytes:
    """A note with more lines: of each key of `keep` its freshest, all others as they stand, in their order.

    Args:
        raw: a signed note.
        fresh: verified lines for its text, by keys of `keep`.
        keep: cosigners' keys.
    """
    note = parse_note(raw)
    timed = {(key.name, key.key_id) for key in keep}
    lines = [line for line in note.lines if (line.name, line.key_id) not in timed]
    newest: dict[tuple[str, bytes], SignatureLine] = {}
    for line in (*note.lines, *fresh):
        name = (line.name, line.key_id)
        if name in timed and (name not in newest or line_time_s(line) > line_time_s(newest[name])):
            newest[name] = line
    return write_note(note.untrusted_text, (*lines, *newest.values()))


def line_time_s(line: SignatureLine) -> int:
    """The moment that a cosignature's line states, in seconds since 1970; it is only what the line says.

    Raises:
        MalformedNoteError: too short to state one.
    """
    if len(line.blob) <= _TIME_BYTES:
        raise MalformedNoteError("cosignature", "it is too short to state a time")
    return int.from_bytes(line.blob[:_TIME_BYTES], "big")
