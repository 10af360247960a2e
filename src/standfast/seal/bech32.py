"""Bech32 (BIP 173) without its length limit, as age writes keys. Lower case; the caller turns it up where age does."""

from __future__ import annotations

from standfast.errors.keys import MalformedAgeFileError

CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_VALUES = {char: value for value, char in enumerate(CHARSET)}
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
TEXT_LIMIT = 4096


def encode(prefix: str, data: bytes) -> str:
    """The text of some bytes under a prefix."""
    values = _regroup(data, 8, 5, pad=True)
    checksum = _polymod([*_expanded(prefix), *values, 0, 0, 0, 0, 0, 0]) ^ 1
    values += [checksum >> 5 * (5 - n) & 31 for n in range(6)]
    return prefix + "1" + "".join(CHARSET[value] for value in values)


def decode(prefix: str, untrusted_text: str) -> bytes:
    """The bytes of a text that must have this prefix.

    Raises:
        MalformedAgeFileError: another prefix, a character that can't be, or a checksum that fails.
    """
    head = prefix + "1"
    body = untrusted_text[len(head) :]
    if len(untrusted_text) > TEXT_LIMIT or not untrusted_text.startswith(head) or len(body) < 6:
        raise MalformedAgeFileError(f"a key that begins {head} was expected")
    if any(char not in _VALUES for char in body):
        raise MalformedAgeFileError("a key has a character that can't be there")
    values = [_VALUES[char] for char in body]
    if _polymod([*_expanded(prefix), *values]) != 1:
        raise MalformedAgeFileError("a key has a slip in it: its checksum fails")
    raw = bytes(_regroup(bytes(values[:-6]), 5, 8, pad=False))
    if encode(prefix, raw) != untrusted_text:
        raise MalformedAgeFileError("a key is not in canonical form")
    return raw


def _expanded(prefix: str) -> list[int]:
    return [ord(char) >> 5 for char in prefix] + [0] + [ord(char) & 31 for char in prefix]


def _polymod(values: list[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for n in range(5):
            check ^= _GENERATOR[n] if top >> n & 1 else 0
    return check


def _regroup(data: bytes, old_bits: int, new_bits: int, *, pad: bool) -> list[int]:
    held = bits = 0
    out = []
    for value in data:
        held = (held << old_bits | value) & 0xFFF
        bits += old_bits
        while bits >= new_bits:
            bits -= new_bits
            out.append(held >> bits & (1 << new_bits) - 1)
    if pad and bits:
        out.append(held << new_bits - bits & (1 << new_bits) - 1)
    return out
