"""Whether a checkpoint may be cosigned. Bytes and values in, a checkpoint or an error out; no disk, no clock.

 1. the request has its form                                         400 MalformedRequestError
 2. the log is known                                                 404 UnknownLogError
 3. a trusted key of it has signed, and none of their lines fails    403 UntrustedCheckpointError
 4. the old size is not greater than the new one                     400 MalformedRequestError
 5. the old size is that of the checkpoint cosigned last             409 OtherSizeError
 6. size 0 carries the empty root                                    422 NotCosignedError
 7. from old size 0 there is no proof; at equal sizes roots agree    422 NotCosignedError
 8. the proof leads from the old root to the new one                 422 NotCosignedError

The order is the specification's, c2sp.org/tlog-witness v1.1.0. A checkpoint with extension lines is refused in step 1:
the ML-DSA-44 cosignature would not cover them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from standfast.errors.cosigning import (
    MalformedRequestError,
    NotCosignedError,
    OtherSizeError,
    UnknownLogError,
    UntrustedCheckpointError,
)
from standfast.errors.tlog import MalformedNoteError, ProofError, SignatureError
from standfast.tlog.checkpoint import ED25519, Checkpoint, parse_checkpoint, verify_signatures
from standfast.tlog.cosign_request import AddCheckpoint, parse_request
from standfast.tlog.note import Note, VerifierKey, parse_note, to_base64, write_note
from standfast.tlog.proof import verify_consistency
from standfast.tlog.tree import EMPTY_ROOT


@dataclass(frozen=True, slots=True)
class Request:
    """A request of the right form (step 1)."""

    parts: AddCheckpoint
    untrusted_note: Note
    untrusted: Checkpoint
    """Its root may be wrong for size 0."""


def read_request(raw: bytes) -> Request:
    """Step 1.

    Raises:
        MalformedRequestError: a rule of the form is broken.
    """
    try:
        parts = parse_request(raw)
        note = parse_note(parts.note, "checkpoint")
        return Request(parts, note, _loose_checkpoint(note.untrusted_text))
    except MalformedNoteError as why:
        raise MalformedRequestError(str(why)) from why


def verify_log(request: Request, keys: Sequence[VerifierKey]) -> bytes:
    """Steps 2 and 3.

    Args:
        request: what was asked.
        keys: those trusted for the log that the request names; none where it is not known.

    Returns:
        The note with the lines by those keys alone: what may be kept and shown.

    Raises:
        UnknownLogError, UntrustedCheckpointError: the step that failed.
    """
    origin = request.untrusted.origin
    if not keys:
        raise UnknownLogError(origin)
    trusted = {(key.name, key.key_id): key for key in keys}
    lines = [line for line in request.untrusted_note.lines if (line.name, line.key_id) in trusted]
    if not lines:
        raise UntrustedCheckpointError(origin, "no line by a key that is trusted for it")
    if request.untrusted.size == 0 and request.untrusted.root != EMPTY_ROOT:
        # What ML-DSA-44 signs can't be made of such a text: step 6 refuses it, whoever signed it.
        lines = [line for line in lines if trusted[line.name, line.key_id].kind == ED25519] or lines
    text = request.untrusted_note.untrusted_text
    note = Note(text, tuple(lines))
    try:
        verify_signatures(note, [trusted[name] for name in dict.fromkeys((line.name, line.key_id) for line in lines)])
    except (SignatureError, MalformedNoteError) as why:
        raise UntrustedCheckpointError(origin, str(why)) from why
    return write_note(text, lines)


def judge(request: Request, last: Checkpoint) -> Checkpoint:
    """Steps 4 to 8, for a request whose log was verified.

    Args:
        request: what was asked.
        last: the checkpoint of this log that was cosigned last; of size 0 where none was.

    Returns:
        The checkpoint that may be cosigned.

    Raises:
        MalformedRequestError, OtherSizeError, NotCosignedError: the step that failed.
    """
    new, old_size = request.untrusted, request.parts.old_size
    if old_size > new.size:
        raise MalformedRequestError(f"the old size {old_size} is greater than the checkpoint's {new.size}")
    if old_size != last.size:
        raise OtherSizeError(new.origin, last.size, old_size)
    if new.size == 0 and new.root != EMPTY_ROOT:
        raise NotCosignedError(new.origin, "a log without leaves has the empty root, and this has another")
    if old_size == 0 and request.parts.proof:
        raise NotCosignedError(new.origin, "from size 0 there is nothing to prove, and a proof was sent")
    if old_size == new.size and new.root != last.root:
        raise NotCosignedError(new.origin, f"a checkpoint of {new.size} leaves with another root was cosigned before")
    try:
        verify_consistency(old_size, last.root, new.size, new.root, request.parts.proof)
    except ProofError as why:
        raise NotCosignedError(new.origin, str(why)) from why
    return new


def nothing_of(origin: str) -> Checkpoint:
    """What was cosigned of a log before the first time."""
    return Checkpoint(origin, 0, EMPTY_ROOT)


def _loose_checkpoint(text: str) -> Checkpoint:
    """As `parse_checkpoint`, and a wrong root at size 0 passes, so that it is answered in step 6."""
    lines = text.split("\n")
    if len(lines) == 4 and lines[1] == "0":
        wanted = to_base64(EMPTY_ROOT)
        if lines[2] != wanted:
            tried = parse_checkpoint(f"{lines[0]}\n1\n{lines[2]}\n{lines[3]}")
            return Checkpoint(tried.origin, 0, tried.root)
    return parse_checkpoint(text)
