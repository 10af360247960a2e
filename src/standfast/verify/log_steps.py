"""The steps about one checkpoint: 7 log-signatures, 8 cosignatures, 9 stamps, 10 renewals."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from standfast.errors.stamping import EvidenceRecordError, UnknownSignerError
from standfast.errors.tlog import MalformedNoteError, MissingSignatureError, WrongLogError
from standfast.errors.verify import BundleRefusedError
from standfast.seal.evidence_record import verify_record
from standfast.seal.timestamp import StampFacts, verify_timestamp
from standfast.tlog.checkpoint import parse_checkpoint, verify_signatures
from standfast.tlog.cosign import find_cosignatures
from standfast.tlog.note import Note, parse_note
from standfast.tlog.policy import NO_QUORUM, Policy
from standfast.verify.bundle import Bundle
from standfast.verify.layout import checkpoint_path, stamps_path
from standfast.verify.results import NotCheckedError, Report

AUTHORITIES_LIMIT = 32
_RENEWAL = re.compile(r"renewal-([1-9][0-9]{0,5})\.ers")
_UNSTATED = timedelta(seconds=1)
"""Taken for how far an authority's clock may be off where it does not say."""


@dataclass(slots=True)
class CheckpointFound:
    """What the steps learned of a checkpoint, for the window."""

    size: int
    signed: bool = False
    cosigned: list[datetime] = field(default_factory=list)
    """The moments of the cosignatures, when they meet the quorum."""
    stamped: list[tuple[datetime, timedelta]] = field(default_factory=list)
    """The moments of the stamps that passed, and how far each may be off."""


class CheckpointSteps:
    """The steps of one signed note of a bundle."""

    def __init__(
        self,
        bundle: Bundle,
        size: int,
        origin: str,
        report: Report,
        policies: Sequence[tuple[str, Policy | MalformedNoteError]],
        roots_pem: bytes | None,
    ) -> None:
        """Nothing is taken yet.

        Args:
            bundle: where it lies.
            size: as its folder is called.
            origin: the log's name that the bundle gives.
            report: takes the results.
            policies: with what to call each; all must be met. An error in place of one that is none.
            roots_pem: the reader's own authorities; None to take those of the bundle.
        """
        self._bundle, self._size, self._origin, self._report = bundle, size, origin, report
        self._policies, self._roots_pem = policies, roots_pem
        self._first: dict[str, StampFacts] = {}
        self.found = CheckpointFound(size)

    def take(self) -> CheckpointFound:
        """Take them all."""
        report, size = self._report, self._size
        self.found.signed = report.take("log-signatures", self._check_log, checkpoint=size)
        report.take("cosignatures", self._check_cosigners, checkpoint=size)
        folder = stamps_path(size)
        names = sorted({path.removeprefix(folder).partition("/")[0] for path in self._paths(folder)})
        if not names:
            report.take("stamps", _no_stamp, checkpoint=size)
        for name in names[:AUTHORITIES_LIMIT]:
            report.take("stamps", partial(self._check_stamp, name), checkpoint=size, authority=name)
            report.take("renewals", partial(self._check_renewal, name), checkpoint=size, authority=name)
        if len(names) > AUTHORITIES_LIMIT:
            report.take("stamps", _too_many, checkpoint=size)
        return self.found

    def _paths(self, folder: str) -> list[str]:
        return [path for path in self._bundle.paths if path.startswith(folder)]

    def _note(self) -> Note:
        return parse_note(self._bundle.read(checkpoint_path(self._size)), "checkpoint")

    def _usable(self) -> list[tuple[str, Policy]]:
        usable = []
        for name, policy in self._policies:
            if isinstance(policy, MalformedNoteError):
                raise policy
            usable.append((name, policy))
        return usable

    def _check_log(self) -> str:
        note = self._note()
        checkpoint = parse_checkpoint(note.untrusted_text)
        if checkpoint.origin != self._origin or checkpoint.size != self._size:
            expected = f"{self._origin} at {self._size} entries"
            raise WrongLogError(expected, f"{checkpoint.origin} at {checkpoint.size}")
        there = {(line.name, line.key_id) for line in note.lines}
        signers = []
        for name, policy in self._usable():
            keys = [each.key for each in policy.logs if each.key.name == self._origin]
            signed = [key for key in keys if (key.name, key.key_id) in there]
            if not signed:
                raise MissingSignatureError(
                    " or ".join(key.label() for key in keys) or f"a log key of the {name} policy"
                )
            verify_signatures(note, signed)
            signers += [key.label() for key in signed]
        return f"signed by {', '.join(signers)}"

    def _check_cosigners(self) -> str:
        note = self._note()
        asked = [(name, policy) for name, policy in self._usable() if policy.quorum != NO_QUORUM]
        if not asked:
            raise NotCheckedError("the policy asks for no cosigner: nobody but the log vouches that it only grew")
        said, moments = [], []
        for name, policy in asked:
            found = find_cosignatures(note, [each.key for each in policy.witnesses])
            signers = ", ".join(sorted({each.key.name for each in found})) or "nobody"
            if not policy.is_met_by({each.key for each in found}):
                quorum = f"enough cosigners for the quorum {policy.quorum} of the {name} policy"
                raise MissingSignatureError(f"{quorum} (signed by {signers})")
            moments += [each.at for each in found if each.at]
            said.append(f"{name}: {signers}")
        self.found.cosigned = moments
        return f"quorum met by {'; '.join(said)}; from {min(moments):%Y-%m-%d %H:%M:%S} UTC on"

    def _check_stamp(self, name: str) -> str:
        folder = f"{stamps_path(self._size)}{name}/"
        response, chain = self._bundle.read(folder + "response.tsr"), self._bundle.find(folder + "chain.pem") or b""
        digest = hashlib.sha512(self._bundle.read(checkpoint_path(self._size))).digest()
        roots = chain if self._roots_pem is None else self._roots_pem
        try:
            facts = verify_timestamp(response, digest, roots, others_pem=chain)
        except UnknownSignerError as why:
            if self._roots_pem is None:
                raise
            raise NotCheckedError(f"none of the authorities that were given: {why}") from None
        accuracy = facts.accuracy if facts.accuracy is not None else _UNSTATED
        self.found.stamped.append((facts.time, accuracy))
        self._first[name] = facts
        root = hashlib.sha256(facts.chain[-1]).hexdigest()
        return f"{facts.time:%Y-%m-%d %H:%M:%S} UTC by {facts.signer}; root's SHA-256 {root}"

    def _check_renewal(self, name: str) -> str:
        folder = f"{stamps_path(self._size)}{name}/"
        numbers = [
            int(hit[1]) for path in self._paths(folder) if (hit := _RENEWAL.fullmatch(path.removeprefix(folder)))
        ]
        if not numbers:
            raise NotCheckedError("there is none: the first stamp has not been renewed")
        chains = b"".join(
            self._bundle.read(path) for path in sorted(self._paths(stamps_path(self._size))) if path.endswith(".pem")
        )
        roots = chains if self._roots_pem is None else self._roots_pem
        raw = self._bundle.read(f"{folder}renewal-{max(numbers)}.ers")
        message = self._bundle.read(checkpoint_path(self._size))
        try:
            facts = verify_record(raw, message, roots, others_pem=chains)
        except UnknownSignerError as why:
            if self._roots_pem is None:
                raise
            raise NotCheckedError(f"none of the authorities that were given: {why}") from None
        if name in self._first and facts.stamps[0] != self._first[name]:
            raise EvidenceRecordError("it renews another stamp than the one beside it")
        return f"{len(facts.stamps)} stamps, the first of {facts.time:%Y-%m-%d}; good until {facts.not_after:%Y-%m-%d}"


def _no_stamp() -> str:
    raise NotCheckedError("no authority has stamped this checkpoint")


def _too_many() -> str:
    raise BundleRefusedError(f"more than {AUTHORITIES_LIMIT} authorities")
