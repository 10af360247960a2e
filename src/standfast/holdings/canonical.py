"""One spelling for each value: RFC 8785 JSON, for the subset that our records use.

ASCII keys, strings, whole numbers within ±(2^53 - 1), booleans, null, lists and objects; no floats. In this subset
`msgspec` with sorted keys writes the bytes that RFC 8785 asks for; a property test compares it with the
`rfc8785` package.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

_ENCODER = msgspec.json.Encoder(order="sorted")
_GREATEST = 2**53 - 1

T = TypeVar("T")


def canonical_bytes(value: object) -> bytes:
    """The canonical form of a value of the subset, or of a struct made of such.

    Raises:
        ValueError: a float, a whole number that JavaScript can't hold, or a lone surrogate.
    """
    return _ENCODER.encode(value)


def canonical_checked(value: object) -> bytes:
    """As `canonical_bytes`, for values that did not come out of our own structs: refuses what is outside the subset."""
    plain = msgspec.to_builtins(value)
    _refuse_outside(plain)
    return _ENCODER.encode(plain)


def _refuse_outside(value: object) -> None:
    if isinstance(value, float):
        raise ValueError("a float has no canonical form here")
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _GREATEST:
        raise ValueError(f"{value} is beyond 2^53 - 1")
    if isinstance(value, list):
        for each in value:
            _refuse_outside(each)
    if isinstance(value, dict):
        for key, each in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise ValueError(f"a key is ASCII text, got {key!r}")
            _refuse_outside(each)


def parse_canonical(raw: bytes, kind: type[T]) -> T:
    """Read bytes that must be exactly the canonical form of a `kind`: one flipped byte is never the same value.

    Raises:
        ValueError: not JSON, not of this shape, or another spelling of the same value.
    """
    try:
        value = msgspec.json.decode(raw, type=kind)
    except msgspec.MsgspecError as why:
        raise ValueError(str(why)) from why
    if _ENCODER.encode(value) != raw:
        raise ValueError("not in canonical form")
    return value
