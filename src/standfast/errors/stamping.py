"""Errors of time-stamps: what an authority answered does not hold, or what renews it doesn't.

StandfastError
  StampError                    a time-stamp, or an evidence record that renews it
    MalformedStampError         STM-175, exit 175
    StampRefusedError           STM-176, exit 176
    WrongImprintError           STM-177, exit 177
    WrongNonceError             STM-178, exit 178
    StampSignatureError         STM-179, exit 179
    WrongPurposeError           STM-180, exit 180
    StampExpiredError           STM-181, exit 181
    UnknownSignerError          STM-182, exit 182
    EvidenceRecordError         STM-183, exit 183
    StampsIncompleteError       STM-184, exit 184
"""

from __future__ import annotations

from collections.abc import Sequence

from standfast.errors.base import StandfastError


class StampError(StandfastError):
    """A time-stamp, or what renews it. Nothing was kept that fails here."""


class MalformedStampError(StampError):
    """Bytes that should be a time-stamp break a rule of its form."""

    code, exit_status = "STM-175", 175
    next_step = "ask the authority again; if the same comes, it does not answer as RFC 3161 says: take another one"

    def __init__(self, why: str) -> None:
        """The rule that is broken."""
        self.why = why
        super().__init__(f"this is no time-stamp: {why}")


class StampRefusedError(StampError):
    """The authority gave no stamp, or another one than was asked for."""

    code, exit_status = "STM-176", 176
    next_step = "ask the people who run the authority why, or take another one: nothing was stamped"

    def __init__(self, why: str) -> None:
        """What its answer says."""
        self.why = why
        super().__init__(f"the authority did not stamp what it was asked to: {why}")


class WrongImprintError(StampError):
    """The stamp is over other bytes."""

    code, exit_status = "STM-177", 177
    next_step = "look at which file this stamp belongs to: about the one it was compared with it says nothing"

    def __init__(self, expected: str, found: str) -> None:
        """Both as the name of the digest and its first characters."""
        self.expected, self.found = expected, found
        super().__init__(f"the time-stamp is over other bytes: {found}, not {expected}")


class WrongNonceError(StampError):
    """The answer belongs to another question: it may be an old one, sent again."""

    code, exit_status = "STM-178", 178
    next_step = "ask the authority again; if it goes on, somebody between you and it sends old answers"

    def __init__(self) -> None:
        """There is nothing more to say: the two numbers mean nothing to a person."""
        super().__init__("the time-stamp answers another question than the one that was asked")


class StampSignatureError(StampError):
    """The signature does not verify, or is not over this stamp."""

    code, exit_status = "STM-179", 179
    next_step = "do not rely on this stamp: it was changed, or never made by the authority that it names"

    def __init__(self, why: str) -> None:
        """What does not verify."""
        self.why = why
        super().__init__(f"the time-stamp's signature does not hold: {why}")


class WrongPurposeError(StampError):
    """The signer's certificate was not issued for time-stamping, and for nothing else."""

    code, exit_status = "STM-180", 180
    next_step = "take another authority: who signs other things with the same key can be made to sign a time"

    def __init__(self, signer: str, why: str) -> None:
        """The certificate's subject, and what is wrong with its purpose."""
        self.signer, self.why = signer, why
        super().__init__(f"{signer} may not sign time-stamps: {why}")


class StampExpiredError(StampError):
    """A certificate was not valid at the time that the stamp gives."""

    code, exit_status = "STM-181", 181
    next_step = "take another authority, or tell this one that its certificate has run out"

    def __init__(self, subject: str, at: str, valid: str) -> None:
        """The certificate's subject, the stamp's time, and when it is valid."""
        self.subject, self.at, self.valid = subject, at, valid
        super().__init__(f"the certificate of {subject} is valid {valid}, and the time-stamp says {at}")


class UnknownSignerError(StampError):
    """No way leads from the signer's certificate to an authority that is expected."""

    code, exit_status = "STM-182", 182
    next_step = (
        "compare the authority's root certificate with the one that you hold; a stamp by an authority that you do not "
        "know says nothing"
    )

    def __init__(self, signer: str, why: str) -> None:
        """The certificate's subject, and what stands in the way."""
        self.signer, self.why = signer, why
        super().__init__(f"the time-stamp is by {signer}, which no expected authority vouches for: {why}")


class EvidenceRecordError(StampError):
    """An evidence record does not hold: a renewal does not cover what it should renew."""

    code, exit_status = "STM-183", 183
    next_step = "do not rely on this renewal; the stamp that it should renew may still hold by itself"

    def __init__(self, why: str) -> None:
        """What does not hold."""
        self.why = why
        super().__init__(f"the evidence record does not hold: {why}")


class StampsIncompleteError(StampError):
    """Some of what should be stamped, renewed or checked was not, or does not hold."""

    code, exit_status = "STM-184", 184
    next_step = "see above what each says; what an authority did not stamp is asked for again with the next `protect`"

    def __init__(self, what: str, names: Sequence[str]) -> None:
        """What was being done, and what it failed for."""
        self.what, self.names = what, ", ".join(names)
        super().__init__(f"{what}, not for all: {self.names}")
