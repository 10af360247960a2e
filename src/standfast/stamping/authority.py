"""Asks a time-stamping authority, within bounds. It learns a digest, and that somebody asked. Source: RFC 3161, 3.4."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path

from standfast import clock, http_client
from standfast.errors.base import StandfastError
from standfast.errors.stamping import MalformedStampError, StampRefusedError
from standfast.seal.revocation import (
    REVOCATION_BYTES_LIMIT,
    RevocationPlace,
    require_not_revoked,
    revocation_places,
)
from standfast.seal.stamp_form import RESPONSE_BYTES_LIMIT
from standfast.seal.timestamp import digest_request

NONCE_BITS = 64
REVOCATION_S = 10.0
"""For all lists and answers of one stamp together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """One authority, as the settings say."""

    name: str
    url: str
    roots_pem: bytes
    """The certificates that are expected: trusted are those that name themselves as issuer."""
    ca: Path | None = None
    """For an https address that no public authority vouches for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and what came back; nothing of it is verified."""

    nonce: int
    response: bytes


def ask_authority(authority: Authority, algorithm: str, digest: bytes, *, within_s: float) -> Asked:
    """Ask for a stamp over a digest.

    Plain http is taken: what comes back is signed, bound to the question by its nonce, and verified by who asked.

    Raises:
        NetworkError: no whole answer in time, or too large.
        StampRefusedError: an answer of HTTP that is none.
    """
    nonce = secrets.randbits(NONCE_BITS)
    answer = http_client.ask(
        "POST",
        authority.url,
        headers={"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"},
        body=digest_request(algorithm, digest, nonce=nonce),
        limit_bytes=RESPONSE_BYTES_LIMIT,
        timeout_s=within_s,
        ca=authority.ca,
        allow_plain=True,
    )
    if answer.status != 200:
        raise StampRefusedError(f"it answered with HTTP status {answer.status}")
    return Asked(nonce, answer.body)


def ask_revocation(chain: tuple[bytes, ...], *, within_s: float = REVOCATION_S) -> list[tuple[RevocationPlace, bytes]]:
    """What can be had of what the certificates name, within the time; not verified. What can't be had is left out."""
    until = clock.monotonic_s() + within_s
    given = []
    for place in revocation_places(chain):
        left_s = until - clock.monotonic_s()
        if left_s <= 0:
            break
        with contextlib.suppress(StandfastError):
            answer = http_client.ask(
                "POST" if place.request else "GET",
                place.url,
                headers={"Content-Type": "application/ocsp-request"} if place.request else {},
                body=place.request,
                limit_bytes=REVOCATION_BYTES_LIMIT,
                timeout_s=left_s,
                allow_plain=True,
            )
            if answer.status == 200:
                given.append((place, answer.body))
    return given


def verified_revocation(given: list[tuple[RevocationPlace, bytes]]) -> dict[str, bytes]:
    """Those that are what they should be, by the name of the file that keeps each.

    Raises:
        UnknownSignerError: one of the certificates is revoked.
    """
    kept = {}
    for place, data in given:
        with contextlib.suppress(MalformedStampError):
            require_not_revoked(place, data)
            kept[place.name] = data
    return kept


def sha512(data: bytes) -> bytes:
    """What a stamp is over."""
    return hashlib.sha512(data).digest()
