"""Errors of cosigning: a cosigner says no, or could not be one.

StandfastError
  CosigningError
    MalformedRequestError     COS-166, exit 166
    UnknownLogError           COS-167, exit 167
    UntrustedCheckpointError  COS-168, exit 168
    OtherSizeError            COS-169, exit 169
    NotCosignedError          COS-170, exit 170
    CosignerStateError        COS-171, exit 171
    UnknownCosignerError      COS-172, exit 172
    WeakQuorumError           COS-173, exit 173
    CosignerAnswerError       COS-174, exit 174
"""

from __future__ import annotations

from typing import ClassVar

from standfast.errors.base import StandfastError


class CosigningError(StandfastError):
    """Something about a cosigner. `http_status` is what it answers to the log that asked."""

    http_status: ClassVar[int] = 500


class MalformedRequestError(CosigningError):
    """A request breaks a rule of its form."""

    code, exit_status, http_status = "COS-166", 166, 400
    next_step = "ask the log's people for the request again; they make one with `standfast cosigners request`"

    def __init__(self, why: str) -> None:
        """The rule."""
        self.why = why
        super().__init__(f"this is no request to cosign: {why}")


class UnknownLogError(CosigningError):
    """A log that this cosigner was not told to trust."""

    code, exit_status, http_status = "COS-167", 167, 404
    next_step = (
        "if you know whose log this is, ask them for its keys by another way than the request, "
        "then run `standfast cosigner trust VKEY VKEY`"
    )

    def __init__(self, origin: str) -> None:
        """The log's name as the request gives it."""
        self.origin = origin
        super().__init__(f"this cosigner does not know the log {origin}")


class UntrustedCheckpointError(CosigningError):
    """No key that is trusted for the log has signed the checkpoint, or one's signature fails."""

    code, exit_status, http_status = "COS-168", 168, 403
    next_step = "do not cosign it; compare the log's keys with its people, by another way than the request"

    def __init__(self, origin: str, why: str) -> None:
        """The log, and what is wrong."""
        self.origin, self.why = origin, why
        super().__init__(f"the checkpoint is not signed by the log {origin}: {why}")


class OtherSizeError(CosigningError):
    """The request starts from another size than the one that was cosigned last."""

    code, exit_status, http_status = "COS-169", 169, 409
    next_step = "send the answer back as it is: the log makes a new request, with a proof from {size}"

    def __init__(self, origin: str, size: int, asked: int) -> None:
        """The log, leaves of the checkpoint cosigned last, and what the request says it was."""
        self.origin, self.size, self.asked = origin, size, asked
        super().__init__(f"the last cosigned checkpoint of {origin} has {size} leaves, not {asked}")


class NotCosignedError(CosigningError):
    """What the log shows does not continue what was cosigned before."""

    code, exit_status, http_status = "COS-170", 170, 422
    next_step = (
        "keep this cosigner's folder: `standfast cosigner list` shows what was kept as evidence. "
        "Ask the log's people whether an old copy was brought back, and tell the other cosigners"
    )

    def __init__(self, origin: str, why: str) -> None:
        """The log, and the contradiction."""
        self.origin, self.why = origin, why
        super().__init__(f"the checkpoint of {origin} was not cosigned: {why}")


class CosignerStateError(CosigningError):
    """The cosigner's own folder can't be used."""

    code, exit_status, http_status = "COS-171", 171, 503
    next_step = (
        "do not begin again with the same key: a cosigner that forgot what it cosigned could cosign a second history. "
        "Bring {folder} back whole, or retire this cosigner and run `standfast cosigner init` with a new name"
    )

    def __init__(self, folder: object, why: str) -> None:
        """Where it lies, and what is wrong."""
        self.folder, self.why = str(folder), why
        super().__init__(f"the cosigner in {folder} can't be used: {why}")


class UnknownCosignerError(CosigningError):
    """No such cosigner in the settings."""

    code, exit_status = "COS-172", 172
    next_step = "run `standfast cosigners list` to see them, or add one with `standfast cosigners add NAME VKEY`"

    def __init__(self, name: str) -> None:
        """The name asked for."""
        self.name = name
        super().__init__(f"there is no cosigner called {name}")


class WeakQuorumError(CosigningError):
    """A quorum with which a cosigner that lies could help a lying log."""

    code, exit_status = "COS-173", 173
    next_step = "choose {better}, or more organisations (3 of 4 tolerates one liar); --i-understand takes it as it is"

    def __init__(self, why: str, better: str) -> None:
        """The rule applied to it, and the quorum that is better."""
        self.why, self.better = why, better
        super().__init__(f"this quorum is too weak: {why}")


class CosignerAnswerError(CosigningError):
    """A cosigner did not cosign, or its answer can't be used."""

    code, exit_status = "COS-174", 174
    next_step = "ask the people who run {name}; what is held is safe, and `standfast protect` asks again"

    def __init__(self, name: str, why: str) -> None:
        """The cosigner's name in the settings, and what it said."""
        self.name, self.why = name, why
        super().__init__(f"{name} has not cosigned: {why}")
