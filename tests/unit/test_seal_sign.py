"""Signatures of both families."""

from __future__ import annotations

import hashlib

import pytest

from standfast.errors.tlog import SignatureError
from standfast.seal.sign import Ed25519Key, MlDsa44Key, verify_ed25519, verify_ml_dsa_44

BOTH = [(Ed25519Key, verify_ed25519, 32, 64), (MlDsa44Key, verify_ml_dsa_44, 1312, 2420)]
SEED = bytes(range(32, 64))


@pytest.mark.parametrize(("make", "verify", "public_bytes", "signature_bytes"), BOTH)
def test_what_is_signed_verifies_and_nothing_else(make, verify, public_bytes, signature_bytes):
    key, other = make(SEED), make(bytes(32))
    signature = key.sign(b"message")
    assert (len(key.public), len(signature)) == (public_bytes, signature_bytes)
    verify(key.public, b"message", signature)
    flipped = signature[:9] + bytes([signature[9] ^ 1]) + signature[10:]
    for public, message, bad in (
        (key.public, b"messagE", signature),
        (other.public, b"message", signature),
        (key.public, b"message", flipped),
        (key.public, b"message", signature[:-1]),
        (key.public, b"message", b""),
        (key.public[:-1], b"message", signature),
        (b"", b"message", signature),
    ):
        with pytest.raises(SignatureError, match="by example"):
            verify(public, message, bad, signer="example")


@pytest.mark.parametrize("make", [Ed25519Key, MlDsa44Key])
def test_a_seed_has_32_bytes_and_makes_one_key(make):
    assert make(SEED).public == make(SEED).public
    for length in (0, 31, 33):
        with pytest.raises(ValueError, match=r"."):
            make(bytes(length))


def test_ed25519_of_rfc_8032():
    key = Ed25519Key(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
    assert key.public.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert key.sign(b"").hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155")


def test_ml_dsa_44_key_that_another_library_made_too():
    expected = "098600b859a74a77370f560491923a2fed4464b245e8c7aff5255eb28bb3abf1"
    assert hashlib.sha256(MlDsa44Key(SEED).public).hexdigest() == expected
