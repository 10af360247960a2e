"""What a log asks a cosigner: the body of C2SP tlog-witness `add-checkpoint`, also as a file for who has no server.

old 20852014                                    leaves of the last checkpoint that this cosigner cosigned; 0: none
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=    consistency proof from there, at most 63 hashes
…
                                                an empty line
example.com/log                                 the signed checkpoint
…
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from standfast.errors.tlog import MalformedNoteError
from standfast.tlog.note import from_base64, from_decimal, to_base64
from standfast.tlog.tree import HASH_BYTES, MAX_SIZE

REQUEST_LIMIT_BYTES = 256 * 1024
"""63 hashes, and a checkpoint with 60 signature lines of ML-DSA-44, stay below."""
MAX_PROOF_HASHES = 63
SIZE_TYPE = "text/x.tlog.size"
_WHAT = "cosigning request"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddCheckpoint:
    """A request taken apart; nothing in it is verified."""

    old_size: int
    proof: tuple[bytes, ...]
    """Hashes of 32 bytes each."""
    note: bytes
    """The signed checkpoint, as it was sent."""


def write_request(old_size: int, proof: Sequence[bytes], note: bytes) -> bytes:
    """The request's bytes."""
    lines = [f"old {old_size}\n", *(to_base64(each) + "\n" for each in proof), "\n"]
    return "".join(lines).encode() + note


def parse_request(raw: bytes) -> AddCheckpoint:
    """A request taken apart.

    Raises:
        MalformedNoteError: a rule of the form is broken. The note itself is not looked at.
    """
    if len(raw) > REQUEST_LIMIT_BYTES:
        raise MalformedNoteError(_WHAT, f"it is longer than {REQUEST_LIMIT_BYTES} bytes")
    head, empty_line, note = raw.partition(b"\n\n")
    if not empty_line or not note:
        raise MalformedNoteError(_WHAT, "it must be an old size, a proof, an empty line and a checkpoint")
    try:
        first, *rest = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise MalformedNoteError(_WHAT, "size and proof must be ASCII") from None
    if not first.startswith("old "):
        raise MalformedNoteError(_WHAT, "its first line must be `old` and a size")
    if len(rest) > MAX_PROOF_HASHES:
        raise MalformedNoteError(_WHAT, f"a proof has at most {MAX_PROOF_HASHES} hashes")
    proof = tuple(from_base64(line, _WHAT) for line in rest)
    if any(len(each) != HASH_BYTES for each in proof):
        raise MalformedNoteError(_WHAT, f"a hash of the proof has not {HASH_BYTES} bytes")
    return AddCheckpoint(old_size=from_decimal(first[4:], MAX_SIZE, _WHAT), proof=proof, note=note)


def parse_size(raw: bytes) -> int:
    """The size that a cosigner answers when it has seen another than the request says.

    Raises:
        MalformedNoteError: it is none.
    """
    if len(raw) > 32 or not raw.endswith(b"\n") or not raw[:-1].isdigit():
        raise MalformedNoteError("size", "it must be a decimal number and a newline")
    return from_decimal(raw[:-1].decode(), MAX_SIZE, "size")
