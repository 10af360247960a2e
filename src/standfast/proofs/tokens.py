"""RFC 3161 stamps beside a file (`.tsr`, or a bare token in `.tst`), against the authorities that the user trusts."""

from __future__ import annotations

import hashlib
from pathlib import Path

from standfast import __version__
from standfast.errors.base import StandfastError
from standfast.errors.stamping import MalformedStampError, StampRefusedError, UnknownSignerError
from standfast.proofs.finding import Finding, Outcome, finding
from standfast.seal.stamp_form import RESPONSE_BYTES_LIMIT, response_around, token_in
from standfast.seal.timestamp import imprint_of, verify_token

TOOL = f"standfast/{__version__} rfc3161"
_TAKEN = ("sha256", "sha384", "sha512")


def verify_stamp(stamp: Path, path: Path, authorities_pem: bytes, *, sha256: str = "", proof: str = "") -> Finding:
    """Verify a stamp beside a file. Without an authority that is trusted, only what it is over is checked."""

    def found(outcome: Outcome, *reasons: str) -> Finding:
        return finding("rfc3161", outcome, TOOL, *reasons, sha256=sha256, proof=proof)

    if stamp.stat().st_size > RESPONSE_BYTES_LIMIT:
        return found("not checked", "it is too long for a stamp")
    raw = stamp.read_bytes()
    try:
        token = _token(raw)
        algorithm, imprint = imprint_of(response_around(token))
    except StandfastError as why:
        return found("failed", str(why))
    if algorithm not in _TAKEN:
        return found("not checked", f"it is over a digest by {algorithm}, which binds nothing any more")
    with path.open("rb") as opened:
        digest = hashlib.file_digest(opened, algorithm).digest()
    if digest != imprint:
        return found("failed", "it is over other bytes than this file")
    if not authorities_pem:
        return found(
            "not checked", "it is over this file; no authority in trusted/timestamps says whether it is genuine"
        )
    try:
        facts = verify_token(token, algorithm, digest, authorities_pem)
    except UnknownSignerError as why:
        return found("not checked", "it is over this file", str(why))
    except StandfastError as why:
        return found("failed", str(why))
    return found("passed", f"stamped at {facts.time:%Y-%m-%d %H:%M:%S} UTC by {facts.signer}")


def _token(raw: bytes) -> bytes:
    try:
        return token_in(raw)
    except StampRefusedError:
        raise
    except MalformedStampError:
        # No answer of an authority; then a bare token, or nothing.
        return raw
