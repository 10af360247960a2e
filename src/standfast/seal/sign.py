"""Signatures of two families, Ed25519 and ML-DSA-44: the day one weakens, the other still holds.

Keys are made from seeds of 32 bytes, so that the recovery shares make them again. Trusted: whoever has a seed could
sign anything in its name. Sources: RFC 8032; FIPS 204 (pure ML-DSA, empty context, hedged).
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from standfast.errors.tlog import SignatureError

SEED_BYTES = 32
ED25519_PUBLIC_BYTES, ED25519_SIGNATURE_BYTES = 32, 64
ML_DSA_44_PUBLIC_BYTES, ML_DSA_44_SIGNATURE_BYTES = 1312, 2420


class Ed25519Key:
    """A private Ed25519 key."""

    __slots__ = ("_private", "public")

    def __init__(self, seed: bytes) -> None:
        """From a seed of 32 bytes; ValueError for another length."""
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.public: bytes = self._private.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """A signature of 64 bytes, always the same for the same message."""
        return self._private.sign(message)


class MlDsa44Key:
    """A private ML-DSA-44 key."""

    __slots__ = ("_private", "public")

    def __init__(self, seed: bytes) -> None:
        """From a seed of 32 bytes; ValueError for another length."""
        self._private = MLDSA44PrivateKey.from_seed_bytes(seed)
        self.public: bytes = self._private.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """A signature of 2,420 bytes; another one each time (hedged), all of them verify."""
        return self._private.sign(message)


def verify_ed25519(public: bytes, message: bytes, signature: bytes, *, signer: str = "this Ed25519 key") -> None:
    """Require that `signature` over `message` was made by the private half of `public`.

    Raises:
        SignatureError: it was not, or the key or signature is no Ed25519 one. `signer` is named in it.
    """
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        raise SignatureError(signer) from None


def verify_ml_dsa_44(public: bytes, message: bytes, signature: bytes, *, signer: str = "this ML-DSA-44 key") -> None:
    """Require that `signature` over `message` was made by the private half of `public`, with the empty context.

    Raises:
        SignatureError: it was not, or the key or signature is no ML-DSA-44 one. `signer` is named in it.
    """
    try:
        MLDSA44PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        raise SignatureError(signer) from None
