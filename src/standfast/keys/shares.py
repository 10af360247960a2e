"""Recovery shares of the master secret: m of n, SLIP-39, in words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from standfast.errors.keys import SharesError
from standfast.seal.shamir import combine_shares, split_secret

FILE_LIMIT = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class SharePlan:
    """How many shares there are, and how many of them give the secret back."""

    threshold: int
    count: int

    @classmethod
    def parse(cls, text: str) -> SharePlan:
        """From `2/3`.

        Raises:
            ValueError: not of this form, or counts that can't be.
        """
        found = re.fullmatch(r"(\d{1,2})/(\d{1,2})", text)
        if not found:
            raise ValueError("shares are written as 2/3: two of three")
        plan = cls(threshold=int(found[1]), count=int(found[2]))
        if not 2 <= plan.threshold <= plan.count <= 16:
            raise ValueError("at least 2, at most 16, and no more needed than there are")
        return plan


def split(master: bytes, threshold: int, count: int) -> list[str]:
    """Shares of the master secret, 33 words each, `threshold` of `count`."""
    return split_secret(master, threshold, count)


def combine(words: Sequence[str]) -> bytes:
    """The master secret of enough shares.

    Raises:
        SharesError: a slip, too few, of different sets, or false.
    """
    return combine_shares(words)


def share_text(words: str, *, number: int, plan: SharePlan, log_origin: str) -> str:
    """The file that a holder keeps: the words, and what they are for. Lines that begin with `#` are not words."""
    return (
        f"# Recovery share {number} of {plan.count} for the vault with the log {log_origin}\n"
        f"# Any {plan.threshold} of the {plan.count} open everything in it. Keep it on paper, away from the others.\n"
        f"{words}\n"
    )


def words_of(untrusted_text: str) -> str:
    """The words of a share's file, without its remarks.

    Raises:
        SharesError: far too long.
    """
    if len(untrusted_text) > FILE_LIMIT:
        raise SharesError("a file is too long to be a share")
    return " ".join(line for line in untrusted_text.splitlines() if not line.lstrip().startswith("#")).strip()
