"""The keyring: numbered, chained, signed by the custody key, and nothing else is believed."""

from __future__ import annotations

import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from standfast.errors.keys import KeyringError
from standfast.holdings.digest import sha256_hex
from standfast.keys.master import MasterKeys
from standfast.keys.roster import CustodyKey, first_keyring, make_keyring, open_keyring, verify_keyring_chain
from vault_builder import LOG_ORIGIN, MASTER, START

KEYS = MasterKeys.from_master(MASTER)
CUSTODY = CustodyKey(KEYS.custody_ed25519_seed, KEYS.custody_ml_dsa_seed)
STRANGER = CustodyKey(bytes(32), bytes(32))
FIRST = first_keyring(
    CUSTODY, log_origin=LOG_ORIGIN, vkeys=("a", "b"), recipients=(KEYS.recipient,), documents={}, created_at=START
)
RAW = make_keyring(FIRST, CUSTODY, index=0, count=16, salt=bytes(32))


def second(custody: CustodyKey = CUSTODY, **changes: object) -> bytes:
    """A second keyring that follows the first, but for the changes."""
    keyring = msgspec.structs.replace(FIRST, number=1, previous=sha256_hex(RAW), from_accession=5)
    return make_keyring(msgspec.structs.replace(keyring, **changes), custody, index=16, count=16, salt=bytes(32))


def test_a_chain_of_two() -> None:
    assert [file.keyring.number for file in verify_keyring_chain([RAW, second()], CUSTODY.public)] == [0, 1]


@pytest.mark.parametrize(
    ("raws", "told"),
    [
        ([], "missing"),
        ([second()], "number"),
        ([RAW, RAW], "number"),
        ([RAW, second(previous="0" * 64)], "follow"),
        ([RAW, second(STRANGER)], "did not sign"),
        ([make_keyring(FIRST, STRANGER, index=0, count=16, salt=bytes(32))], "did not sign"),
    ],
)
def test_chains_that_are_none(raws: list[bytes], told: str) -> None:
    with pytest.raises(KeyringError, match=told):
        verify_keyring_chain(raws)


def test_a_custody_key_that_is_not_the_pinned_one_is_refused() -> None:
    other = make_keyring(
        msgspec.structs.replace(FIRST, custody=STRANGER.public), STRANGER, index=0, count=16, salt=bytes(32)
    )
    assert verify_keyring_chain([other])
    with pytest.raises(KeyringError, match="not the one that this machine knows"):
        verify_keyring_chain([other], CUSTODY.public)


def test_every_changed_byte_shows() -> None:
    for at in range(0, len(RAW), 3):
        changed = bytearray(RAW)
        changed[at] ^= 1
        raw = bytes(changed)
        try:
            verify_keyring_chain([raw])
        except KeyringError:
            continue
        # Salt, index and count are not signed: the log ties them down (the control leaf would not open).
        before, after = open_keyring(RAW).leaf, open_keyring(raw).leaf
        assert before != after, f"byte {at} changed and nothing shows"


@given(st.binary(max_size=200))
def test_any_bytes_give_our_own_error(raw: bytes) -> None:
    with pytest.raises(KeyringError):
        open_keyring(raw)


def test_the_custody_key_signs_with_both_families() -> None:
    signatures = CUSTODY.sign(FIRST)
    assert len(base64.b64decode(signatures.ed25519)) == 64
    assert len(base64.b64decode(signatures.ml_dsa_44)) == 2420
