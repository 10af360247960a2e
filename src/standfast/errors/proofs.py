"""Errors of outside proofs. What a proof itself shows is never an error: it passes, fails or is not checked.

StandfastError
  ProofsError                   what proofs are checked with can't be used
    TrustedFileError            PRF-190, exit 190
"""

from __future__ import annotations

from standfast.errors.base import StandfastError


class ProofsError(StandfastError):
    """What outside proofs are checked with can't be used."""


class TrustedFileError(ProofsError):
    """A file in the vault's `trusted/` folder holds no key or certificate that can be read."""

    code, exit_status = "PRF-190", 190
    next_step = "put a public key or certificate in place of {path}, or take the file away: its proofs stay unchecked"

    def __init__(self, path: str, why: str) -> None:
        """Which file, and why it can't be used."""
        self.path, self.why = path, why
        super().__init__(f"{path} can't be used to check proofs: {why}")
