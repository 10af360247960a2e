"""The keyring: numbered, chained, signed by the custody key, and nothing else is believed."""

from __future__ import annotations

import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from standfast.errors.keys import KeyringError
from standfast.holdings.canonical import canonical_bytes
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


def second(signer: CustodyKey = CUSTODY, **changes: object) -> bytes:
    """A second keyring that follows the first, but for the changes."""
    keyring = msgspec.structs.replace(FIRST, number=1, previous=sha256_hex(RAW), from_accession=5)
    return make_keyring(msgspec.structs.replace(keyring, **changes), signer, index=16, count=16, salt=bytes(32))


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


def test_a_keyring_that_changes_the_custody_key_is_signed_by_the_old_one_and_the_next_by_the_new() -> None:
    handed_over = second(custody=STRANGER.public)
    third = msgspec.structs.replace(FIRST, number=2, previous=sha256_hex(handed_over), custody=STRANGER.public)
    by_new, by_old = (make_keyring(third, key, index=32, count=16, salt=bytes(32)) for key in (STRANGER, CUSTODY))
    assert len(verify_keyring_chain([RAW, handed_over, by_new], CUSTODY.public)) == 3
    with pytest.raises(KeyringError, match=r"keyring 2 .* did not sign"):
        verify_keyring_chain([RAW, handed_over, by_old], CUSTODY.public)
    with pytest.raises(KeyringError, match=r"keyring 1 .* did not sign"):
        verify_keyring_chain([RAW, second(STRANGER, custody=STRANGER.public)], CUSTODY.public)


@pytest.mark.parametrize(
    "changed",
    [
        RAW + b"\n",
        RAW.replace(b'{"keyring"', b'{ "keyring"'),
        RAW.replace(b'"number":0', b'"number":0.0'),
        RAW.replace(b'"number":0', b'"number":-1'),
        RAW.replace(b'"number":0', b'"more":1,"number":0'),
        RAW.replace(b"standfast/keyring/v1", b"standfast/keyring/v2"),
        RAW.replace(b"12:00:01.000000Z", b"12:00:01Z").replace(b"12:00:00.000000Z", b"12:00:00Z"),
        RAW.replace(b"2031-05-04T12:00:00.000000Z", b"0001-01-01T00:00:00+23:59"),
        RAW.replace(b'"salt":"AAAA', b'"salt":"AAA'),
        b" " * 1024 * 1024 + RAW,
        b'{"keyring":' * 100_000,
    ],
)
def test_another_spelling_or_shape_is_refused(changed: bytes) -> None:
    assert changed != RAW
    with pytest.raises(KeyringError, match=r"^a keyring|^keyring 0"):
        open_keyring(changed)


def test_one_signature_of_the_two_is_not_enough() -> None:
    file = open_keyring(RAW)
    false = STRANGER.sign(FIRST)
    for member in ("ed25519", "ml_dsa_44"):
        signatures = msgspec.structs.replace(file.signatures, **{member: getattr(false, member)})
        with pytest.raises(KeyringError, match="did not sign"):
            verify_keyring_chain([canonical_bytes(msgspec.structs.replace(file, signatures=signatures))])


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
