"""Policies: which logs, which cosigners, and how many of them are enough. Source: c2sp.org/tlog-policy.

    log vault.example/log+d63d5dcc+AQOh…
    witness ngo-a ngo-a.example/w+412b3954+BK8G… https://cosign.ngo-a.example
    witness ngo-b ngo-b.example/w+…
    group quorum-of-organisations 2 ngo-a ngo-b
    quorum quorum-of-organisations

No disk, no network, no clock. Names are opaque bytes there, and escaped text here. What the numbers mean: `tolerated`;
of N organisations that cosign, k must have; then a lying log needs more than 2k - N - 1 of them to lie with it. Format:
docs/formats/policy.md.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from standfast.errors.tlog import MalformedNoteError, MissingSignatureError
from standfast.tlog.checkpoint import (
    ED25519,
    ML_DSA_44_COSIGNATURE,
    Checkpoint,
    Cosignature,
    parse_checkpoint,
    verify_signatures,
)
from standfast.tlog.cosign import COSIGNATURE_KINDS, find_cosignatures
from standfast.tlog.note import VerifierKey, parse_note, parse_vkey

POLICY_LIMIT_BYTES = 512 * 1024
LINES_LIMIT = 1_000
"""Logs, witnesses and groups together."""
NO_QUORUM = "none"
LOG_KINDS = (ED25519, ML_DSA_44_COSIGNATURE)
_WHAT = "policy"
_ALLOWED = re.compile(rb"[\t\n\x20-\x7e\x80-\xff]*")
_SPACE = re.compile("[ \t]+")
_COUNT = re.compile("[1-9][0-9]{0,3}")


@dataclass(frozen=True, slots=True)
class PolicyLog:
    """A log that counts."""

    key: VerifierKey
    url: str = ""


@dataclass(frozen=True, slots=True)
class PolicyWitness:
    """A cosigner's key, under the name that the policy gives it."""

    name: str
    key: VerifierKey
    url: str = ""


@dataclass(frozen=True, slots=True)
class PolicyGroup:
    """k of some witnesses and groups."""

    name: str
    k: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A policy that keeps every rule of the form."""

    logs: tuple[PolicyLog, ...]
    witnesses: tuple[PolicyWitness, ...]
    groups: tuple[PolicyGroup, ...]
    quorum: str
    """Name of a witness or group, or `none`."""

    def is_met_by(self, keys: Collection[VerifierKey]) -> bool:
        """Whether cosignatures by just these keys are enough."""
        if self.quorum == NO_QUORUM:
            return True
        met = {each.name for each in self.witnesses if each.key in keys}
        for group in self.groups:
            if sum(member in met for member in group.members) >= group.k:
                met.add(group.name)
        return self.quorum in met


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A checkpoint that a policy accepts."""

    checkpoint: Checkpoint
    log: VerifierKey
    """The policy's log key that has signed."""
    cosignatures: tuple[Cosignature, ...]
    """All that verified, of witnesses of the policy."""


def open_under_policy(raw: bytes, policy: Policy) -> Accepted:
    """The checkpoint in a signed note, when a log of the policy and enough of its witnesses have signed it.

    Args:
        raw: the note, as it was received.
        policy: the reader's own choice. One that came with the note proves only what its author wanted.

    Raises:
        MalformedNoteError: no checkpoint, or the policy names no log.
        SignatureError: a line by a key of the policy fails: the whole note is to be rejected.
        MissingSignatureError: no log of the policy has signed, or too few witnesses have.
    """
    note = parse_note(raw, "checkpoint")
    checkpoint = parse_checkpoint(note.untrusted_text)
    signed = {(line.name, line.key_id) for line in note.lines}
    logs = [each.key for each in policy.logs if each.key.name == checkpoint.origin]
    there = [key for key in logs if (key.name, key.key_id) in signed]
    if not policy.logs:
        raise MalformedNoteError(_WHAT, "it names no log, and nothing can be verified by no key")
    if not there:
        raise MissingSignatureError(" or ".join(each.key.label() for each in policy.logs))
    verify_signatures(note, there)
    found = find_cosignatures(note, [each.key for each in policy.witnesses])
    if not policy.is_met_by({each.key for each in found}):
        signers = ", ".join(sorted({each.key.name for each in found})) or "nobody"
        raise MissingSignatureError(f"enough cosigners for the quorum {policy.quorum} (signed by {signers})")
    return Accepted(checkpoint=checkpoint, log=there[0], cosignatures=found)


def parse_policy(raw: bytes) -> Policy:
    """A policy file.

    Raises:
        MalformedNoteError: a rule of the form is broken, or a key is of a type not known here.
    """
    if len(raw) > POLICY_LIMIT_BYTES or not _ALLOWED.fullmatch(raw):
        raise MalformedNoteError(_WHAT, "it is too long, or holds a control character")
    if raw and not raw.endswith(b"\n"):
        raise MalformedNoteError(_WHAT, "its last line is not ended by a newline")
    lines = raw.decode("utf-8", "surrogateescape").split("\n")
    reading = _Reading()
    for number, line in enumerate(lines, 1):
        words = _SPACE.split(line.strip(" \t"))
        if words == [""] or words[0].startswith("#"):
            continue
        try:
            reading.take(words)
        except ValueError as why:
            raise MalformedNoteError(_WHAT, f"line {number}: {why}") from None
    if reading.quorum is None:
        raise MalformedNoteError(_WHAT, "it has no quorum line")
    return Policy(
        logs=tuple(reading.logs),
        witnesses=tuple(reading.witnesses),
        groups=tuple(reading.groups),
        quorum=reading.quorum,
    )


def write_policy(policy: Policy, comment: str = "") -> bytes:
    """The file's bytes; `comment` is set before it, a line each.

    Raises:
        MalformedNoteError: it is none that could be read again.
    """
    lines = [f"# {line}".rstrip() for line in comment.splitlines()]
    lines += [" ".join(filter(None, ("log", each.key.text(), each.url))) for each in policy.logs]
    lines += [" ".join(filter(None, ("witness", each.name, each.key.text(), each.url))) for each in policy.witnesses]
    lines += [f"group {each.name} {each.k} {' '.join(each.members)}" for each in policy.groups]
    raw = "\n".join([*lines, f"quorum {policy.quorum}", ""]).encode("utf-8", "surrogateescape")
    if parse_policy(raw) != policy:
        raise MalformedNoteError(_WHAT, "a name or an address in it can't stand in a policy")
    return raw


class _Reading:
    """What was read so far. A ValueError says which rule a line breaks."""

    def __init__(self) -> None:
        self.logs: list[PolicyLog] = []
        self.witnesses: list[PolicyWitness] = []
        self.groups: list[PolicyGroup] = []
        self.quorum: str | None = None
        self._names: set[str] = set()
        self._members: set[str] = set()

    def take(self, words: Sequence[str]) -> None:
        if len(self.logs) + len(self.witnesses) + len(self.groups) >= LINES_LIMIT:
            raise ValueError(f"more than {LINES_LIMIT} logs, witnesses and groups")
        kind, rest = words[0], words[1:]
        if kind == "log" and 1 <= len(rest) <= 2:
            key = _key(rest[0], LOG_KINDS, [each.key for each in self.logs])
            self.logs.append(PolicyLog(key, *rest[1:]))
        elif kind == "witness" and 2 <= len(rest) <= 3:
            key = _key(rest[1], COSIGNATURE_KINDS, [each.key for each in self.witnesses])
            self.witnesses.append(PolicyWitness(self._new_name(rest[0]), key, *rest[2:]))
        elif kind == "group" and len(rest) >= 3:
            self._group(rest)
        elif kind == "quorum" and len(rest) == 1:
            if self.quorum is not None:
                raise ValueError("a second quorum")
            if rest[0] != NO_QUORUM and rest[0] not in self._names:
                raise ValueError(f"{rest[0]} is not defined above")
            self.quorum = rest[0]
        else:
            raise ValueError("it is neither a log, a witness, a group nor a quorum")

    def _group(self, rest: Sequence[str]) -> None:
        count, members = rest[1], rest[2:]
        for member in members:
            if member not in self._names:
                raise ValueError(f"{member} is not defined above")
            if member in self._members:
                raise ValueError(f"{member} is a member twice")
            self._members.add(member)
        k = {"any": 1, "all": len(members)}.get(count)
        if k is None:
            if not _COUNT.fullmatch(count) or int(count) > len(members):
                raise ValueError(f"{count} is not all, any or a number from 1 to {len(members)}")
            k = int(count)
        self.groups.append(PolicyGroup(self._new_name(rest[0]), k, tuple(members)))

    def _new_name(self, name: str) -> str:
        if name == NO_QUORUM or name in self._names:
            raise ValueError(f"{name} is taken")
        self._names.add(name)
        return name


def _key(text: str, kinds: Collection[int], before: Collection[VerifierKey]) -> VerifierKey:
    try:
        key = parse_vkey(text)
    except MalformedNoteError as why:
        raise ValueError(str(why)) from None
    if key.kind not in kinds:
        raise ValueError(f"a key of type {key.kind:#04x} can't stand there")
    if any(each.public == key.public for each in before):
        raise ValueError(f"the key of {key.name} stands there twice")
    return key


def tolerated(k: int, n: int) -> int:
    """How many of N cosigners may lie with a lying log, and it still can't show two histories; -1: not even none.

    Two histories need two quorums of k. Among N cosigners, two such share at least 2k - N, and each that they share
    has lied. So with f liars it is impossible just where 2k > N + f.

    Example:
        >>> tolerated(2, 3), tolerated(3, 4), tolerated(4, 5), tolerated(2, 4)
        (0, 1, 2, -1)
    """
    return max(-1, 2 * k - n - 1)


def recommended_quorum(n: int) -> int:
    """The least k of N that tolerates one liar; for one cosigner 1, which tolerates none.

    Example:
        >>> [recommended_quorum(n) for n in (1, 2, 3, 4, 5, 7)]
        [1, 2, 3, 3, 4, 5]
    """
    return min(n, (n + 1) // 2 + 1)


def explain_quorum(k: int, n: int) -> str:
    """What k of N is worth, in words for whoever sets it up."""
    rule = f"{k} of {n} organisations must have cosigned; the rule is 2 × {k} > {n} + liars"
    liars = tolerated(k, n)
    if liars < 0:
        return f"{rule}: two histories could be cosigned with every cosigner honest"
    if liars == 0:
        return f"{rule}: one cosigner that lies is enough to have two histories cosigned"
    return f"{rule}: two histories can't be cosigned while no more than {liars} of them lie"
