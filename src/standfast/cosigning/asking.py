"""Asks a cosigner for its cosignature, and what it has seen. Bounded in time, bytes and rounds.

What it answers is not trusted: lines are verified with the keys that the settings give, a size that it names is only
used to make a proof from, and what it shows of our log must be signed by our log's own keys.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from standfast import clock
from standfast.errors.cosigning import CosignerAnswerError
from standfast.errors.network import NetworkError, UnreachableError
from standfast.errors.tlog import MissingSignatureError, TlogError
from standfast.http_client import Answer, ask
from standfast.tlog.checkpoint import Checkpoint, parse_checkpoint, verify_signatures
from standfast.tlog.cosign import find_cosignatures, parse_lines
from standfast.tlog.cosign_request import parse_size, write_request
from standfast.tlog.cosigned import COSIGNED_LIMIT_BYTES
from standfast.tlog.note import Note, SignatureLine, VerifierKey, parse_note, parse_vkey
from standfast.tlog.reader import LogReader

ROUNDS = 3
"""How often a request is made anew from the size that the cosigner names: another writer may ask at the same moment."""
WAITS_S = (0.5, 2.0)
"""Before the second and the third try of a cosigner that can't be reached or has no room."""
ANSWER_LIMIT_BYTES = COSIGNED_LIMIT_BYTES
ONE_ANSWER_S = 10.0
_TRY_AGAIN = (408, 429, 500, 502, 503, 504)


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A cosigner that can be asked."""

    name: str
    """In the settings."""
    url: str
    """Submission prefix, and monitoring prefix."""
    keys: tuple[VerifierKey, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosigned:
    """What a cosigner gave."""

    lines: tuple[SignatureLine, ...]
    """Verified, by its keys."""
    at: datetime
    """The newest moment that they state."""


def ask_cosigner(
    peer: Peer,
    log: LogReader,
    note: bytes,
    known_size: int,
    *,
    within_s: float,
    sleep: Callable[[float], None] = time.sleep,
) -> Cosigned:
    """Ask for cosignatures on the log's checkpoint.

    Args:
        peer: whom.
        log: our log at that checkpoint; the proof is made from the cosigner's own size.
        note: the checkpoint, signed by the log.
        known_size: what we think the cosigner cosigned last; 0 for none or not known.
        within_s: for all rounds and tries together.
        sleep: waits; a test passes its own.

    Raises:
        CosignerAnswerError: it said no, or its answer can't be used.
        NetworkError: it could not be reached in that time.
        TlogError, OSError: our own log can't be read.
    """
    until, size = clock.monotonic_s() + within_s, known_size
    for _ in range(ROUNDS):
        if size > log.size:
            size = 0  # what we thought is not of this log: it will say
        answer = _post(peer, write_request(size, log.consistency_proof(size), note), until, sleep)
        if answer.status == 200:
            return read_answer(peer.name, peer.keys, note, answer.body)
        if answer.status != 409:
            raise CosignerAnswerError(peer.name, _words(answer))
        try:
            named = parse_size(answer.body)
        except TlogError as why:
            raise CosignerAnswerError(peer.name, str(why)) from why
        require_not_ahead(peer.name, named, log.size)
        if named == size:
            raise CosignerAnswerError(peer.name, f"it refuses a proof from {size} leaves, and names that very size")
        size = named
    raise CosignerAnswerError(peer.name, f"it named another size in each of {ROUNDS} rounds")


def require_not_ahead(name: str, named: int, ours: int) -> None:
    """Require that a cosigner says it stands no further than our log.

    Raises:
        CosignerAnswerError: it does.
    """
    if named > ours:
        raise CosignerAnswerError(
            name,
            f"it says that it cosigned {named} leaves, and this log has {ours}: this folder is an old copy, somebody "
            "else signs with the log's key, or the cosigner errs",
        )


def read_answer(name: str, keys: Sequence[VerifierKey], note: bytes, body: bytes) -> Cosigned:
    """The lines of an answer that are by these keys, verified for the note.

    Raises:
        CosignerAnswerError: there are none, one fails, or it states no time.
    """
    try:
        lines = parse_lines(body)
        ours = {(key.name, key.key_id) for key in keys}
        mine = [line for line in lines if (line.name, line.key_id) in ours]
        # All of them: one that fails makes the whole answer worthless, whatever stands beside it.
        found = find_cosignatures(Note(parse_note(note).untrusted_text, tuple(mine)), keys)
    except TlogError as why:
        raise CosignerAnswerError(name, str(why)) from why
    times = [each.at for each in found if each.at]
    if not times:
        raise CosignerAnswerError(name, "its answer holds no cosignature by the keys that it should have")
    signed = {(each.key.name, each.key.key_id) for each in found}
    return Cosigned(lines=tuple(line for line in mine if (line.name, line.key_id) in signed), at=max(times))


def ask_last_seen(peer: Peer, origin: str, vkeys: Sequence[str], *, within_s: float) -> Checkpoint | None:
    """The newest checkpoint of our log that a cosigner shows; None where it has none.

    One of the log's keys is enough: a cosigner shows just the lines that it verified.

    Raises:
        CosignerAnswerError: what it shows is not signed by our log: nothing follows.
        NetworkError: it could not be asked: nothing follows.
    """
    hashed = hashlib.sha256(origin.encode()).hexdigest()
    answer = ask(
        "GET",
        f"{peer.url.rstrip('/')}/{hashed}/checkpoint",
        limit_bytes=ANSWER_LIMIT_BYTES,
        timeout_s=within_s,
        allow_plain=True,
    )
    if answer.status == 404:
        return None
    if answer.status != 200:
        raise CosignerAnswerError(peer.name, _words(answer))
    try:
        note = parse_note(answer.body, "checkpoint")
        checkpoint = parse_checkpoint(note.untrusted_text)
        signed = {(line.name, line.key_id) for line in note.lines}
        keys = [key for key in map(parse_vkey, vkeys) if (key.name, key.key_id) in signed]
        if checkpoint.origin != origin or not keys:
            raise MissingSignatureError(origin)
        verify_signatures(note, keys)
    except TlogError as why:
        raise CosignerAnswerError(peer.name, f"it shows a checkpoint that this log has not signed: {why}") from why
    return checkpoint


def _post(peer: Peer, body: bytes, until: float, sleep: Callable[[float], None]) -> Answer:
    url = peer.url.rstrip("/") + "/add-checkpoint"
    for wait_s in (*WAITS_S, None):
        left_s = until - clock.monotonic_s()
        if left_s <= 0:
            raise UnreachableError(url, "the time for asking is over")
        try:
            answer = ask(
                "POST",
                url,
                headers={"Content-Type": "text/plain; charset=utf-8"},
                body=body,
                limit_bytes=ANSWER_LIMIT_BYTES,
                timeout_s=min(ONE_ANSWER_S, left_s),
                allow_plain=True,
            )
        except UnreachableError:
            if wait_s is None or until - clock.monotonic_s() <= wait_s:
                raise
        except NetworkError:
            raise
        else:
            if answer.status not in _TRY_AGAIN or wait_s is None or until - clock.monotonic_s() <= wait_s:
                return answer
        sleep(wait_s)
    raise AssertionError("the last try returns or raises")


def _words(answer: Answer) -> str:
    """What a refusal says, in one short line; from outside, so it is shown made safe and never acted on."""
    told = answer.body[:200].decode("utf-8", "replace").split("\n")[0]
    meaning = {
        400: "it can't read our request",
        403: "it does not accept our log's signature",
        404: "it was not told to watch this log",
        422: "it says that this log does not continue what it has cosigned",
    }.get(answer.status, "it can't answer now")
    return f"{meaning} (status {answer.status}: {told})"
