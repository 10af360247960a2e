"""Inclusion proofs as a text file that is checked off line. Source: c2sp.org/tlog-proof. Format: docs/formats/log.md.

c2sp.org/tlog-proof@v1
extra <base64>                 may be left out; nothing authenticates it
index 5
<base64 of a hash>             the leaf's sibling first
                               an empty line
<the signed checkpoint, byte for byte>
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from standfast.errors.tlog import MalformedNoteError
from standfast.tlog.checkpoint import Checkpoint, open_checkpoint
from standfast.tlog.note import MAX_NOTE_BYTES, from_base64, from_decimal, to_base64
from standfast.tlog.proof import verify_inclusion
from standfast.tlog.tree import HASH_BYTES, MAX_SIZE, leaf_hash

EXTENSION = ".tlog-proof"
MAX_HASHES = 63
"""A log of 2^63 - 1 leaves takes no more."""
MAX_EXTRA_BYTES = 65_536
MAX_PROOF_BYTES = MAX_NOTE_BYTES + 100_000

_HEADER = "c2sp.org/tlog-proof@v1"
_WHAT = "log proof"


@dataclass(frozen=True, slots=True)
class TlogProof:
    """A proof file taken apart; nothing in it is verified."""

    untrusted_index: int
    untrusted_hashes: tuple[bytes, ...]
    """32 bytes each."""
    untrusted_checkpoint: bytes
    """The signed note."""
    untrusted_extra: bytes = b""
    """Stays untrusted for ever: no signature and no hash covers it."""


def write_proof(index: int, hashes: Sequence[bytes], checkpoint: bytes, extra: bytes = b"") -> bytes:
    """A proof file.

    Args:
        index: the leaf's place.
        hashes: from `LogReader.inclusion_proof`.
        checkpoint: the signed note that the proof leads to, as it is.
        extra: at most 65,536 bytes for the reader's use; nothing authenticates it.
    """
    head = [_HEADER, *([f"extra {to_base64(extra)}"] if extra else []), f"index {index}", *map(to_base64, hashes)]
    return "\n".join(head).encode() + b"\n\n" + checkpoint


def parse_proof(raw: bytes) -> TlogProof:
    """A proof file taken apart. Nothing is verified.

    Raises:
        MalformedNoteError: a rule of the form is broken.
    """
    if len(raw) > MAX_PROOF_BYTES:
        raise MalformedNoteError(_WHAT, f"it is longer than {MAX_PROOF_BYTES} bytes")
    head, empty_line, checkpoint = raw.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise MalformedNoteError(_WHAT, "its head is not ASCII") from None
    if lines.pop(0) != _HEADER:
        raise MalformedNoteError(_WHAT, f"its first line is not {_HEADER}")
    if not empty_line or not checkpoint:
        raise MalformedNoteError(_WHAT, "there is no checkpoint after an empty line")
    extra = b""
    if lines and lines[0].startswith("extra "):
        extra = from_base64(lines.pop(0).removeprefix("extra "), _WHAT)
    if len(extra) > MAX_EXTRA_BYTES:
        raise MalformedNoteError(_WHAT, f"its extra data is longer than {MAX_EXTRA_BYTES} bytes")
    if not lines or not lines[0].startswith("index "):
        raise MalformedNoteError(_WHAT, "it has no index")
    index = from_decimal(lines.pop(0).removeprefix("index "), MAX_SIZE - 1, _WHAT)
    if len(lines) > MAX_HASHES:
        raise MalformedNoteError(_WHAT, f"it has more than {MAX_HASHES} hashes")
    hashes = tuple(from_base64(line, _WHAT) for line in lines)
    if any(len(each) != HASH_BYTES for each in hashes):
        raise MalformedNoteError(_WHAT, f"a hash has not {HASH_BYTES} bytes")
    return TlogProof(index, hashes, checkpoint, extra)


def verify_proof(raw: bytes, entry: bytes, vkeys: Sequence[str]) -> tuple[int, Checkpoint]:
    """Require that a proof file proves `entry` to be in the log that these keys sign for.

    In this order: the form, the checkpoint's signatures, the path from the entry to the signed root.

    Args:
        raw: the file.
        entry: the leaf's 68 bytes, made again from record and salt by whoever checks.
        vkeys: each must have signed the checkpoint.

    Returns:
        The leaf's place, and the checkpoint that proves it. Not a time: that takes a cosignature or a stamp.

    Raises:
        MalformedNoteError: no proof file, no checkpoint, no vkey.
        SignatureError, MissingSignatureError, WrongLogError: as `open_checkpoint`.
        ProofError: the entry is not proved to be there.
    """
    proof = parse_proof(raw)
    checkpoint = open_checkpoint(proof.untrusted_checkpoint, vkeys)
    index = proof.untrusted_index
    verify_inclusion(leaf_hash(entry), index, checkpoint.size, checkpoint.root, proof.untrusted_hashes)
    return index, checkpoint
