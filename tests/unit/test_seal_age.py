"""Age files: what is altered, mixed or too dear is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standfast.errors.keys import KeysError, MalformedAgeFileError, NoIdentityMatchError, WrongPassphraseError
from standfast.seal import age, bech32

IDENTITY = age.identity_from(bytes(range(32)))
OTHER = age.identity_from(bytes(32))
SEALED = age.seal_to(b"pack key", [age.recipient_of(IDENTITY)])
UNDER = age.seal_under(b"identity", "an example", log_n=10)


def test_identity_and_recipient_of_a_seed_never_change() -> None:
    assert IDENTITY == "AGE-SECRET-KEY-PQ-1QQQSYQCYQ5RQWZQFPG9SCRGWPUGPZYSNZS23V9CCRYDPK8QARC0S5DYVQQ"
    recipient = age.recipient_of(IDENTITY)
    assert recipient.startswith("age1pq1da2qnzs2pejpz3npfd5kpwn")
    assert len(recipient) == 1959


def test_opens_for_each_recipient_and_for_nobody_else() -> None:
    sealed = age.seal_to(b"x", [age.recipient_of(OTHER), age.recipient_of(IDENTITY)])
    assert age.open_with(sealed, [IDENTITY]) == b"x"
    assert age.open_with(sealed, [OTHER]) == b"x"
    with pytest.raises(NoIdentityMatchError):
        age.open_with(SEALED, [OTHER])


def test_nobody_to_seal_to_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="nobody"):
        age.seal_to(b"x", [])


def test_every_changed_byte_of_a_file_shows() -> None:
    for at in range(0, len(SEALED), 7):
        changed = bytearray(SEALED)
        changed[at] ^= 1
        with pytest.raises(KeysError):
            age.open_with(bytes(changed), [IDENTITY])


def test_a_cut_file_shows() -> None:
    for length in range(0, len(SEALED), 53):
        with pytest.raises(KeysError):
            age.open_with(SEALED[:length], [IDENTITY])
    with pytest.raises(MalformedAgeFileError):
        age.open_with(SEALED + b"x", [IDENTITY])


def test_passphrase() -> None:
    assert age.open_under(UNDER, "an example") == b"identity"
    with pytest.raises(WrongPassphraseError):
        age.open_under(UNDER, "another example")
    with pytest.raises(NoIdentityMatchError):
        age.open_with(UNDER, [IDENTITY])
    with pytest.raises(MalformedAgeFileError):
        age.open_under(SEALED, "an example")


def test_a_work_factor_that_would_stall_the_machine_is_refused() -> None:
    with pytest.raises(MalformedAgeFileError, match="work factor"):
        age.open_under(UNDER.replace(b" 10\n", b" 24\n", 1), "an example")


@given(st.binary(max_size=300))
def test_any_bytes_give_our_own_errors(raw: bytes) -> None:
    for data in (raw, age.VERSION_LINE + raw):
        with pytest.raises(KeysError):
            age.open_with(data, [IDENTITY])
        with pytest.raises(KeysError):
            age.open_under(data, "x")


@given(st.binary(max_size=80))
def test_bech32_there_and_back(raw: bytes) -> None:
    assert bech32.decode("example", bech32.encode("example", raw)) == raw


@given(st.text(max_size=120))
def test_bech32_of_any_text_gives_our_own_error(text: str) -> None:
    with pytest.raises(MalformedAgeFileError):
        bech32.decode("example", "example1" + text)
