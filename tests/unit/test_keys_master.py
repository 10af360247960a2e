"""Every key that comes from a master secret, against the published vector."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path

import pytest

from standfast.keys.master import MasterKeys

VECTOR = json.loads((Path(__file__).parents[1] / "vectors/keys/master.json").read_text())
KEYS = MasterKeys.from_master(bytes.fromhex(VECTOR["master"]))


def test_the_vector() -> None:
    assert KEYS.identity == VECTOR["identity"]
    assert KEYS.recipient == VECTOR["recipient"]
    assert KEYS.custody_ed25519_seed.hex() == VECTOR["custody_ed25519_seed"]
    assert KEYS.custody_ml_dsa_seed.hex() == VECTOR["custody_ml_dsa_44_seed"]
    assert KEYS.dedup_key(0, "own").hex() == VECTOR["dedup_own_0"]
    assert KEYS.dedup_key(0, "strangers").hex() == VECTOR["dedup_strangers_0"]
    assert [seed.hex() for seed in KEYS.log_seeds(0)] == [VECTOR["log_ed25519_0"], VECTOR["log_ml_dsa_44_0"]]


def test_derivation_is_plain_hkdf() -> None:
    """RFC 5869 by hand, with the standard library."""
    extracted = hmac.digest(bytes(32), KEYS.master, hashlib.sha256)
    expanded = hmac.digest(extracted, b"standfast/dedup/own/0/v1\x01", hashlib.sha256)
    assert KEYS.dedup_key(0, "own") == expanded


def test_generations_and_kinds_differ() -> None:
    keys = {KEYS.dedup_key(g, kind) for g in (0, 1) for kind in ("own", "strangers")}
    assert len(keys) == 4


def test_a_secret_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        MasterKeys.from_master(bytes(31))
