"""OpenTimestamps proofs: kept and taken apart, and their time not checked, since that takes Bitcoin's block headers.

Source: opentimestamps.org, the detached timestamp file format (magic, version, digest operation, digest, a tree of
operations and attestations). What can be checked without headers is whether the proof is over the file beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

MAGIC = b"\x00OpenTimestamps\x00\x00Proof\x00\xbf\x89\xe2\xe8\x84\xe8\x92\x94"
PROOF_BYTES_LIMIT = 256 * 1024
_DIGESTS = {0x02: ("sha1", 20), 0x03: ("ripemd160", 20), 0x08: ("sha256", 32), 0x67: ("keccak256", 32)}
_UNARY = {*_DIGESTS, 0xF2, 0xF3}
_BINARY = {0xF0, 0xF1}
_ATTESTATIONS = {
    bytes.fromhex("83dfe30d2ef90c8e"): "pending",
    bytes.fromhex("0588960d73d71901"): "bitcoin",
    bytes.fromhex("06869a0d73d71b45"): "litecoin",
}
_STEPS_LIMIT = 10_000
_OPERAND_LIMIT = 4_096


@dataclass(slots=True)
class OpenTimestamp:
    """A proof taken apart. Nothing in it is verified."""

    algorithm: str
    digest: bytes
    attestations: list[str] = field(default_factory=list)
    """In words: `bitcoin, block 358391`, `pending at https://…`."""


def parse_ots(raw: bytes) -> OpenTimestamp:
    """Take a proof apart.

    Raises:
        ValueError: it is none.
    """
    if len(raw) > PROOF_BYTES_LIMIT:
        raise ValueError(f"it has more than {PROOF_BYTES_LIMIT} bytes")
    reading = _Reading(raw)
    if reading.take(len(MAGIC)) != MAGIC or reading.number() != 1:
        raise ValueError("it does not begin as an OpenTimestamps proof of version 1")
    kind = reading.take(1)[0]
    if kind not in _DIGESTS:
        raise ValueError(f"it is over a digest of the unknown kind {kind:#04x}")
    algorithm, length = _DIGESTS[kind]
    found = OpenTimestamp(algorithm, reading.take(length))
    reading.tree(found.attestations)
    if reading.at != len(raw):
        raise ValueError("something stands after its end")
    return found


class _Reading:
    def __init__(self, raw: bytes) -> None:
        self.raw, self.at, self.steps = raw, 0, 0

    def take(self, length: int) -> bytes:
        if length > len(self.raw) - self.at:
            raise ValueError("it ends too early")
        self.at += length
        return self.raw[self.at - length : self.at]

    def number(self) -> int:
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if not byte & 0x80:
                return value
            shift += 7
            if shift > 63:
                raise ValueError("a number in it is too great")

    def operand(self, limit: int = _OPERAND_LIMIT) -> bytes:
        length = self.number()
        if length > limit:
            raise ValueError("a part of it is too long")
        return self.take(length)

    def tree(self, attestations: list[str]) -> None:
        """Depth first, without recursion: each fork leaves one more branch to read."""
        branches = 1
        while branches:
            self.steps += 1
            if self.steps > _STEPS_LIMIT:
                raise ValueError("it has too many steps")
            tag = self.take(1)[0]
            if tag == 0xFF:
                branches += 1
            elif tag == 0x00:
                attestations.append(_attestation(self.take(8), self.operand(8_192)))
                branches -= 1
            elif tag in _BINARY:
                self.operand()
            elif tag not in _UNARY:
                raise ValueError(f"it has the unknown step {tag:#04x}")


def _attestation(kind: bytes, payload: bytes) -> str:
    name = _ATTESTATIONS.get(kind)
    if name is None:
        return f"an attestation of the unknown kind {kind.hex()}"
    inner = _Reading(payload)
    if name == "pending":
        address = inner.operand(1_000).decode("ascii", "replace")
        return f"pending at {''.join(each if each.isprintable() else '?' for each in address)}"
    return f"{name}, block {inner.number()}"
