"""SLIP-39 shares: a secret in English words, any m of n give it back. The arithmetic is Trezor's `shamir_mnemonic`.

One group, no passphrase of SLIP-39's own, iteration exponent 0, extendable: docs/formats/keys.md. Shares made with
other parameters are refused before they are combined, since an exponent of 15 would keep a machine busy for minutes.
Trusted: who holds enough shares holds the secret. The words of a share stand in no error.
"""

from __future__ import annotations

from collections.abc import Sequence

from shamir_mnemonic import MnemonicError, combine_mnemonics, generate_mnemonics
from shamir_mnemonic.constants import CHECKSUM_LENGTH_WORDS, CUSTOMIZATION_STRING_EXTENDABLE, RADIX_BITS
from shamir_mnemonic.rs1024 import create_checksum
from shamir_mnemonic.share import Share
from shamir_mnemonic.wordlist import WORDLIST

from standfast.errors.keys import SharesError

WORDS_IN_SHARE = 33
"""Of a secret of 256 bits."""
SHARES_LIMIT = 16
TEXT_LIMIT = 2048
"""Characters in one share; 33 words have 296 at most."""

_VALUES = {word: value for value, word in enumerate(WORDLIST)}


def split_secret(secret: bytes, threshold: int, count: int) -> list[str]:
    """`count` shares of 33 words, of which any `threshold` give the secret back.

    The library draws from the operating system's randomness; two calls give two sets that don't mix.

    Raises:
        ValueError: counts that SLIP-39 does not know.
    """
    if not 1 <= threshold <= count <= SHARES_LIMIT or (threshold == 1 and count > 1):
        raise ValueError("between 2 of 2 and 16 of 16 shares, or 1 of 1")
    # The exponent only slows the use of SLIP-39's own passphrase, which is empty here.
    return list(generate_mnemonics(1, [(threshold, count)], secret, extendable=True, iteration_exponent=0)[0])


def combine_shares(untrusted_shares: Sequence[str]) -> bytes:
    """The secret of enough shares of one set. Those beyond the threshold must fit too.

    Raises:
        SharesError: a slip in a word, too few, of different sets, or false. Says which share and word, never the word.
    """
    if not untrusted_shares:
        raise SharesError("none was given")
    if len(untrusted_shares) > SHARES_LIMIT:
        raise SharesError(f"{len(untrusted_shares)} were given, and no set has more than {SHARES_LIMIT}")
    shares = [_parse(number, text) for number, text in enumerate(untrusted_shares, 1)]
    _require_one_set(shares)
    distinct = list({share.index: share for share in shares}.values())
    threshold = shares[0].member_threshold
    if len(distinct) < threshold:
        missing = threshold - len(distinct)
        raise SharesError(
            f"{threshold} different ones are needed, {len(distinct)} given",
            f"ask the holders for {missing} more of the same set: all of them begin with the same two words",
        )
    secret = _combine(distinct[:threshold])
    if any(_combine([*distinct[: threshold - 1], spare]) != secret for spare in distinct[threshold:]):
        raise SharesError("one of them is false or altered: two choices of them give two secrets", _FALSE)
    return secret


def _require_one_set(shares: Sequence[Share]) -> None:
    first = shares[0]
    if first.iteration_exponent or not first.extendable or first.group_count != 1:
        raise SharesError(
            "share 1 was made by another program, with parameters that no vault uses",
            "look for the paper that names the vault; SLIP-39 shares of other things, as of wallets, look alike",
        )
    seen: dict[int, int] = {}
    for number, share in enumerate(shares, 1):
        if share.group_parameters() != first.group_parameters():
            raise SharesError(
                f"share {number} is of another set than share 1",
                f"leave share 1 or share {number} out: all shares of one set begin with the same two words",
            )
        earlier = seen.setdefault(share.index, number)
        if shares[earlier - 1].value != share.value:
            raise SharesError(f"share {earlier} and share {number} are the same one, and differ", _FALSE)


def _combine(shares: Sequence[Share]) -> bytes:
    try:
        return bytes(combine_mnemonics([each.mnemonic() for each in shares]))
    except MnemonicError:
        raise SharesError("together they give no secret: one of them is false or altered", _FALSE) from None


def _parse(number: int, untrusted_text: str) -> Share:
    words = untrusted_text.lower().split() if len(untrusted_text) <= TEXT_LIMIT else []
    strange = [str(position) for position, word in enumerate(words, 1) if word not in _VALUES][:5]
    if strange:
        one = len(strange) == 1
        places = f"word{'' if one else 's'} {', '.join(strange)} of share {number}"
        raise SharesError(
            f"{places} {'is' if one else 'are'} not in the list of words",
            f"compare {places} with the paper; the words are English, by a standard",
        )
    if len(words) != WORDS_IN_SHARE:
        raise SharesError(
            f"share {number} has {len(words) or 'too many'} words, not {WORDS_IN_SHARE}",
            f"look on the paper for a word of share {number} that is missing or there twice",
        )
    try:
        return Share.from_mnemonic(" ".join(words))
    except MnemonicError:
        raise _slip(number, [_VALUES[word] for word in words]) from None


def _slip(number: int, values: list[int]) -> SharesError:
    place = find_slip(values)
    if place is None:
        return SharesError(
            f"share {number} has words that are not the right ones: its checksum fails",
            f"compare every word of share {number} with the paper, and their order: more than one is wrong",
        )
    return SharesError(
        f"word {place} of share {number} is not the right one: another word there would make the checksum hold",
        f"compare word {place} of share {number} with the paper",
    )


def find_slip(values: Sequence[int]) -> int | None:
    """Which word of a share, from 1, is wrong if exactly one is; None when no change of one word makes it whole.

    The standard allows to say where a slip may be, and asks not to say which word would be right. Any two shares
    differ in four words or more, so two slips are never taken for one.

    Args:
        values: each word's place in the list of words, 33 of them.
    """
    data, given = list(values[:-CHECKSUM_LENGTH_WORDS]), _packed(values[-CHECKSUM_LENGTH_WORDS:])
    right = _checksum(data)
    wrong = right ^ given
    if not wrong:
        return None
    # The checksum is linear: a change of bits adds up from what each bit changes alone.
    for place in range(len(values)):
        reachable = {0}
        for bit in range(RADIX_BITS):
            if place < len(data):
                flipped = data.copy()
                flipped[place] ^= 1 << bit
                effect = _checksum(flipped) ^ right
            else:
                effect = 1 << bit + RADIX_BITS * (len(values) - 1 - place)
            reachable |= {reached ^ effect for reached in reachable}
        if wrong in reachable:
            return place + 1
    return None


def _checksum(data: list[int]) -> int:
    return _packed(create_checksum(data, CUSTOMIZATION_STRING_EXTENDABLE))


def _packed(words: Sequence[int]) -> int:
    packed = 0
    for word in words:
        packed = packed << RADIX_BITS | word
    return packed


_FALSE = "ask the holders to compare each share with the paper; if all are right, another set of holders is needed"
