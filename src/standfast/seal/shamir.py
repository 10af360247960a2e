"""SLIP-39 shares: a secret in English words, any m of n give it back. The arithmetic is Trezor's `shamir_mnemonic`."""

from __future__ import annotations

from collections.abc import Sequence

from shamir_mnemonic import MnemonicError, combine_mnemonics, generate_mnemonics
from shamir_mnemonic.share import Share
from shamir_mnemonic.wordlist import WORDLIST

from standfast.errors.keys import SharesError

WORDS_IN_SHARE = 33
"""Of a secret of 256 bits."""
SHARES_LIMIT = 16


def split_secret(secret: bytes, threshold: int, count: int) -> list[str]:
    """`count` shares of 33 words, of which any `threshold` give the secret back.

    Raises:
        ValueError: counts that SLIP-39 does not know.
    """
    if not 1 <= threshold <= count <= SHARES_LIMIT or (threshold == 1 and count > 1):
        raise ValueError("between 2 of 2 and 16 of 16 shares, or 1 of 1")
    # The exponent only slows the use of SLIP-39's own passphrase, which is empty here.
    return list(generate_mnemonics(1, [(threshold, count)], secret, iteration_exponent=0)[0])


def combine_shares(untrusted_shares: Sequence[str]) -> bytes:
    """The secret of enough shares of one set.

    Raises:
        SharesError: a slip in a word, too few, or of different sets. Says which share and word, never the word.
    """
    shares = [_parse(number, " ".join(text.lower().split())) for number, text in enumerate(untrusted_shares, 1)]
    if not shares:
        raise SharesError("none was given")
    first = shares[0]
    for number, share in enumerate(shares, 1):
        if share.common_parameters() != first.common_parameters():
            raise SharesError(f"share {number} is of another set than share 1")
    distinct = {share.index: share for share in shares}
    if len(distinct) < first.member_threshold:
        raise SharesError(f"{first.member_threshold} different ones are needed, {len(distinct)} given")
    try:
        return bytes(combine_mnemonics([each.mnemonic() for each in [*distinct.values()][: first.member_threshold]]))
    except MnemonicError as why:
        raise SharesError("together they give no secret: one of them is false or altered") from why


def _parse(number: int, text: str) -> Share:
    words = text.split(" ")
    for position, word in enumerate(words, 1):
        if word not in _WORDS:
            raise SharesError(f"word {position} of share {number} is not in the list of words")
    if len(words) != WORDS_IN_SHARE:
        raise SharesError(f"share {number} has {len(words)} words, not {WORDS_IN_SHARE}")
    try:
        return Share.from_mnemonic(text)
    except MnemonicError as why:
        raise SharesError(f"share {number} has a word that is not the right one: its checksum fails") from why


_WORDS = frozenset(WORDLIST)
