"""Errors of the public register: its files, its evidence, and who may publish.

StandfastError
  RegisterError               the register's files or what they claim
    RegisterFaultsError       REG-115, exit 115
    NoRegisterError           REG-116, exit 116
    MalformedRegisterError    REG-117, exit 117
    UnknownEntryError         REG-118, exit 118
    OwnReviewError            REG-119, exit 119
    NotPublishableError       REG-120, exit 120
    EvidenceMissingError      REG-121, exit 121
    EvidenceChangedError      REG-122, exit 122
    SiteTargetError           REG-123, exit 123
    BadClaimError             REG-124, exit 124
"""

from __future__ import annotations

from standfast.errors.base import StandfastError


class RegisterError(StandfastError):
    """Something about the register's files or what they claim."""


class RegisterFaultsError(RegisterError):
    """The register was read to its end, and some of it may not stand as it is."""

    code, exit_status = "REG-115", 115
    next_step = "run `standfast register check` and correct what it names; a claim is corrected by a new claim"

    def __init__(self, fault_count: int, first: str) -> None:
        """Count of faults, and the first in words."""
        self.fault_count, self.first = fault_count, first
        super().__init__(f"{fault_count} fault(s) in the register; the first: {first}")


class NoRegisterError(RegisterError):
    """The folder holds no register."""

    code, exit_status = "REG-116", 116
    next_step = "name the folder that holds claims.jsonl with `standfast register check --data DIR`"

    def __init__(self, folder: object) -> None:
        """The folder that was looked at."""
        self.folder = str(folder)
        super().__init__(f"{folder} holds no register (no claims.jsonl)")


class MalformedRegisterError(RegisterError):
    """A line that is not what its file holds."""

    code, exit_status = "REG-117", 117
    next_step = "correct line {line} of {file}; the data folder's README says what each file holds"

    def __init__(self, file: object, line: int, why: str) -> None:
        """File, line number from 1 (0: the file as a whole), and what is wrong with it."""
        self.file, self.line, self.why = str(file), line, why
        super().__init__(f"{file}, line {line}: {why}")


class UnknownEntryError(RegisterError):
    """Nothing in the register has this id."""

    code, exit_status = "REG-118", 118
    next_step = "look the id up in claims.jsonl, or on the page of its subject"

    def __init__(self, what: str, name: str) -> None:
        """What was looked for (claim, release, subject), and the id given."""
        self.what, self.name = what, name
        super().__init__(f"the register has no {what} {name}")


class OwnReviewError(RegisterError):
    """Who wrote a claim can't be the one who checks it."""

    code, exit_status = "REG-119", 119
    next_step = "ask another person to run `standfast register review {claim} --by THEIR-NAME`"

    def __init__(self, claim: str, author: str) -> None:
        """The claim and its author."""
        self.claim, self.author = claim, author
        super().__init__(f"{author} wrote claim {claim} and can't review it")


class NotPublishableError(RegisterError):
    """A claim that may not be published as it stands."""

    code, exit_status = "REG-120", 120
    next_step = (
        "correct claim {claim} with a better source (`standfast register add --corrects {claim}`), or leave it out"
    )

    def __init__(self, claim: str, why: str) -> None:
        """The claim, and the rule that it does not meet."""
        self.claim, self.why = claim, why
        super().__init__(f"claim {claim} can't be published: {why}")


class EvidenceMissingError(RegisterError):
    """The bytes of a source that a claim rests on are not held."""

    code, exit_status = "REG-121", 121
    next_step = (
        "bring the bytes back from another copy (`standfast replicas heal`), then run `standfast register check`"
    )

    def __init__(self, claim: str, source: str, digest: str) -> None:
        """The claim, its source, and the SHA-256 it names."""
        self.claim, self.source, self.digest = claim, source, digest
        super().__init__(
            f"claim {claim} rests on source {source}, and no bytes with SHA-256 {digest or '(none given)'} are held"
        )


class EvidenceChangedError(RegisterError):
    """The bytes of a source are there, and they are not those that the claim names."""

    code, exit_status = "REG-122", 122
    next_step = "keep this copy as it is, bring the bytes back from another copy, then run `standfast register check`"

    def __init__(self, claim: str, source: str, *, named: str, found: str) -> None:
        """The claim, its source, the SHA-256 it names and the one found."""
        self.claim, self.source, self.named, self.found = claim, source, named, found
        super().__init__(
            f"claim {claim}: the held bytes of source {source} have changed (named {named}, found {found})"
        )


class SiteTargetError(RegisterError):
    """The folder to build into holds something that no build of ours wrote."""

    code, exit_status = "REG-123", 123
    next_step = "name an empty folder, or one that an earlier `standfast register build --to DIR` made"

    def __init__(self, folder: object, why: str) -> None:
        """The folder, and what stands in the way."""
        self.folder, self.why = str(folder), why
        super().__init__(f"can't write to {folder}: {why}")


class BadClaimError(RegisterError):
    """What was given is no claim of this register."""

    code, exit_status = "REG-124", 124
    next_step = "correct it (docs/register/method.md says what a claim holds) and run `standfast register add` again"

    def __init__(self, why: str) -> None:
        """What is wrong with it."""
        self.why = why
        super().__init__(f"not a claim of this register: {why}")
