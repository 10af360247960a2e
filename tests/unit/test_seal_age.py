"""Age files: what is altered, mixed or too dear is refused, and nothing but our own errors comes of hostile bytes."""

from __future__ import annotations

import base64
import tracemalloc

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


@pytest.mark.parametrize("count", [0, age.STANZA_LIMIT + 1])
def test_nobody_to_seal_to_or_too_many_is_a_mistake(count: int) -> None:
    with pytest.raises(ValueError, match="nobody"):
        age.seal_to(b"x", [age.recipient_of(IDENTITY)] * count)


def test_the_most_recipients_fit_into_a_head_that_is_read() -> None:
    sealed = age.seal_to(b"x", [age.recipient_of(OTHER)] * (age.STANZA_LIMIT - 1) + [age.recipient_of(IDENTITY)])
    assert len(sealed) < age.HEADER_LIMIT
    assert age.open_with(sealed, [IDENTITY]) == b"x"


GOOD = bech32.decode(age.RECIPIENT_PREFIX, age.recipient_of(IDENTITY))


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (GOOD[:-1], "1216 bytes"),
        (b"\xff" * 1184 + GOOD[1184:], "ML-KEM half"),
        (GOOD[:1184] + bytes(32), "low order"),
    ],
)
def test_a_recipient_that_is_none_is_told(raw: bytes, told: str) -> None:
    with pytest.raises(MalformedAgeFileError, match=told):
        age.seal_to(b"x", [bech32.encode(age.RECIPIENT_PREFIX, raw)])


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 131_072, age.PAYLOAD_LIMIT])
def test_payloads_of_one_chunk_and_of_several(size: int) -> None:
    plain = bytes(range(256)) * (size // 256) + bytes(size % 256)
    sealed = age.seal_to(plain, [age.recipient_of(IDENTITY)])
    assert age.open_with(sealed, [IDENTITY]) == plain
    for changed in (sealed[:-1], sealed + b"x"):
        with pytest.raises(MalformedAgeFileError):
            age.open_with(changed, [IDENTITY])


def test_more_than_the_limit_is_neither_written_nor_read() -> None:
    with pytest.raises(ValueError, match="at most"):
        age.seal_to(bytes(age.PAYLOAD_LIMIT + 1), [age.recipient_of(IDENTITY)])
    with pytest.raises(MalformedAgeFileError, match="too long"):
        age.open_with(SEALED + bytes(age.SEALED_LIMIT), [IDENTITY])


@pytest.mark.parametrize("kind", sorted(age.CLASSICAL))
def test_a_classical_recipient_beside_a_hybrid_one_is_refused(kind: str) -> None:
    stanza = age._hybrid_stanza(age.recipient_of(IDENTITY), bytes(16))
    mixed = age._write(b"x", bytes(16), [age.Stanza(kind, ("AAAA",), bytes(32)), stanza], bytes)
    with pytest.raises(MalformedAgeFileError, match="classical recipient beside"):
        age.open_with(mixed, [IDENTITY])
    unknown = age._write(b"x", bytes(16), [age.Stanza("example.com/new", (), b""), stanza], bytes)
    assert age.open_with(unknown, [IDENTITY]) == b"x"


def test_a_passphrase_beside_anything_else_is_refused() -> None:
    stanzas, _, _, _ = age._parse(UNDER)
    for other in (stanzas[0], age.Stanza("example.com/new", (), b"")):
        mixed = age._write(b"x", bytes(16), [stanzas[0], other], bytes)
        with pytest.raises(MalformedAgeFileError, match="something else"):
            age.open_under(mixed, "an example")


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


@pytest.mark.parametrize("log_n", [0, age.LOG_N_LIMIT + 1])
def test_a_work_factor_that_no_reader_takes_is_not_written(log_n: int) -> None:
    with pytest.raises(ValueError, match="work factor"):
        age.seal_under(b"x", "an example", log_n=log_n)


HOSTILE = [
    age.VERSION_LINE + b"-> " + b"a" * 10_000_000,
    age.VERSION_LINE + b"-> a\n" + b"A" * 63 + b"\n" * 10_000_000,
    age.VERSION_LINE + b"-> a\n\n" * 10_000 + b"--- " + b"A" * 43 + b"\n" + bytes(10_000_000),
    SEALED + bytes(10_000_000),
]


@pytest.mark.parametrize("hostile", HOSTILE, ids=["argument", "lines", "stanzas", "payload"])
def test_a_huge_file_costs_no_memory_of_ours(hostile: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(MalformedAgeFileError):
            age.open_with(hostile, [IDENTITY])
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


_CODED = st.binary(max_size=60).map(lambda raw: base64.b64encode(raw).rstrip(b"="))
_SHARE = st.binary(min_size=1120, max_size=1120).map(lambda raw: base64.b64encode(raw).rstrip(b"="))
_WORD = st.one_of(
    st.sampled_from([b"mlkem768x25519", b"scrypt", b"X25519", b"-grease", b"10", b"99", b"-1", b"1e1", b""]),
    _CODED,
    _SHARE,
)
_LINE = st.one_of(
    st.lists(_WORD, max_size=4).map(lambda words: b"-> " + b" ".join(words)),
    _CODED,
    st.sampled_from([b"A" * 64, b"A" * 65, b"A" * 43, b"", b"---", b"--- " + b"A" * 43, b"--- ", b"\xff", b"->"]),
)


@given(st.lists(_LINE, max_size=8), st.binary(max_size=80))
def test_any_order_of_lines_gives_our_own_errors(lines: list[bytes], payload: bytes) -> None:
    data = age.VERSION_LINE + b"\n".join([*lines, b"--- " + b"A" * 43, payload])
    with pytest.raises(KeysError):
        age.open_with(data, [IDENTITY])
    with pytest.raises(KeysError):
        age.open_under(data, "x")


@given(st.integers(0, len(SEALED)), st.integers(0, 80), st.binary(max_size=80))
def test_any_splice_of_a_file_gives_our_own_errors(at: int, gone: int, put: bytes) -> None:
    spliced = SEALED[:at] + put + SEALED[at + gone :]
    if spliced != SEALED:
        with pytest.raises(KeysError):
            age.open_with(spliced, [IDENTITY])


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
