"""Time-stamps of a real authority (`openssl ts`): verified by ours and by OpenSSL, rejected when forged."""

from __future__ import annotations

import hashlib
import random
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from rfc3161_client import decode_timestamp_response

from authorities_fixture import POLICY, Authority, Mode, certificates_of, with_status
from standfast.errors.stamping import (
    MalformedStampError,
    StampError,
    StampExpiredError,
    StampRefusedError,
    StampSignatureError,
    UnknownSignerError,
    WrongImprintError,
    WrongNonceError,
    WrongPurposeError,
)
from standfast.seal.stamp_form import RESPONSE_BYTES_LIMIT, Response, sorted_copy, token_in
from standfast.seal.timestamp import imprint_of, timestamp_request, verify_timestamp, verify_token

MESSAGE = b"office.example/vault\n64\nan example\n"
DIGEST = hashlib.sha512(MESSAGE).digest()
NONCE = 2**63 + 5


@pytest.fixture(scope="module", params=["ecdsa", "rsa"])
def authority(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("a") / "one", "One", kind=request.param, unsorted=request.param == "rsa")


@pytest.fixture(scope="module")
def response(authority: Authority) -> bytes:
    return authority.stamp(MESSAGE, nonce=NONCE)


def openssl_says(authority: Authority, response: bytes, tmp_path: Path) -> bool:
    """`openssl ts -verify`: the second reader, that shares nothing with ours."""
    (tmp_path / "message").write_bytes(MESSAGE)
    (tmp_path / "answer").write_bytes(response)
    (tmp_path / "root").write_bytes(authority.root_pem)
    command = ["openssl", "ts", "-verify", "-data", "message", "-in", "answer", "-CAfile", "root"]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=20, check=False).returncode == 0


def test_an_honest_stamp_is_what_it_says(authority: Authority, response: bytes, tmp_path: Path) -> None:
    facts = verify_timestamp(response, DIGEST, authority.root_pem, nonce=NONCE)
    assert abs(datetime.now(UTC) - facts.time) < timedelta(minutes=2)
    assert (facts.accuracy, facts.policy) == (timedelta(seconds=1), POLICY)
    assert facts.signer == "CN=One Stamps,O=Example"
    assert facts.key == {"ecdsa": "ecdsa-secp256r1", "rsa": "rsa-2048"}[authority.kind]
    assert facts.digest_algorithm == "sha256"
    assert facts.imprint_algorithm == "sha512"
    assert facts.chain_not_after == datetime(2050, 1, 1, tzinfo=UTC)
    assert len(facts.chain) == 3
    assert imprint_of(response) == ("sha512", DIGEST)
    assert verify_token(token_in(response), "sha512", DIGEST, authority.root_pem) == facts
    assert openssl_says(authority, response, tmp_path)


def test_a_set_that_is_not_sorted_is_taken_and_its_bytes_are_kept(authority: Authority, response: bytes) -> None:
    sent = certificates_of(response)
    if not authority.unsorted:
        assert sent == sorted(sent)
        assert sorted_copy(response) == response
        return
    assert sent != sorted(sent)
    with pytest.raises(ValueError, match="InvalidSetOrdering"):
        decode_timestamp_response(response)
    before = bytes(response)
    copy = sorted_copy(response)
    decode_timestamp_response(copy)
    assert response == before
    assert copy != response
    assert verify_timestamp(response, DIGEST, authority.root_pem) == verify_timestamp(copy, DIGEST, authority.root_pem)


@pytest.mark.parametrize(
    ("mode", "error"),
    [
        ("wrong-nonce", WrongNonceError),
        ("wrong-digest", WrongImprintError),
        ("wrong-purpose", WrongPurposeError),
        ("expired", StampExpiredError),
        ("with-mods", StampRefusedError),
        ("rejects", StampRefusedError),
        ("garbage", MalformedStampError),
    ],
)
def test_each_failure_has_its_own_reason(authority: Authority, mode: Mode, error: type[StampError]) -> None:
    assert mode in get_args(Mode)
    with authority.as_mode(mode):
        answer = authority.in_mode(timestamp_request(MESSAGE, nonce=NONCE))
    with pytest.raises(error):
        verify_timestamp(answer, DIGEST, authority.root_pem, nonce=NONCE)


def test_a_refusal_says_what_the_authority_said(authority: Authority) -> None:
    with authority.as_mode("rejects"):
        answer = authority.in_mode(timestamp_request(MESSAGE, nonce=NONCE))
    with pytest.raises(StampRefusedError, match=r"rejection; Message digest algorithm is not supported\.; bad alg"):
        verify_timestamp(answer, DIGEST, authority.root_pem)


@pytest.mark.parametrize("status", ["waiting", "revocation_warning", "revocation_notification"])
def test_a_token_under_any_other_status_is_not_taken(authority: Authority, response: bytes, status: str) -> None:
    with pytest.raises(StampRefusedError, match=status.split("_")[0]):
        verify_timestamp(with_status(response, status), DIGEST, authority.root_pem)


def test_another_authority_of_the_same_name_is_not_the_one_expected(
    authority: Authority, response: bytes, tmp_path: Path
) -> None:
    other = Authority(tmp_path / "other", "One", kind="ecdsa")
    with pytest.raises(UnknownSignerError):
        verify_timestamp(response, DIGEST, other.root_pem)
    both = other.root_pem + authority.root_pem
    assert verify_timestamp(response, DIGEST, both).time


def test_an_intermediate_alone_is_no_root(authority: Authority, response: bytes) -> None:
    middle = authority.chain_pem[: -len(authority.root_pem)]
    with pytest.raises(UnknownSignerError):
        verify_timestamp(response, DIGEST, middle)
    assert verify_timestamp(response, DIGEST, authority.chain_pem).chain


def test_certificates_that_an_answer_lacks_can_be_given(authority: Authority, response: bytes) -> None:
    whole = Response.load(response)
    signed = whole["time_stamp_token"]["content"]
    signed["certificates"] = [each for each in signed["certificates"] if "Stamps" in each.chosen.subject.human_friendly]
    bare = whole.dump()
    with pytest.raises(UnknownSignerError):
        verify_timestamp(bare, DIGEST, authority.root_pem)
    kept = verify_timestamp(bare, DIGEST, authority.root_pem, others_pem=authority.chain_pem)
    assert kept.chain == verify_timestamp(response, DIGEST, authority.root_pem).chain


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"purposes": (ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING)}, "alone"),
        ({"critical": False}, "insist"),
        ({"purposes": ()}, "names no purpose"),
        ({"usage": False}, "not for signatures"),
    ],
)
def test_a_certificate_for_anything_else_is_not_for_stamps(
    authority: Authority, response: bytes, changes: dict[str, Any], said: str
) -> None:
    forged = authority.forged(response, signer=authority.issue_signer(**changes))
    with pytest.raises(WrongPurposeError, match=said):
        verify_timestamp(forged, DIGEST, authority.root_pem)


def test_the_certificates_are_looked_at_as_of_the_time_of_the_stamp(authority: Authority, tmp_path: Path) -> None:
    """A stamp from within a certificate's life holds after it; one from after it never did."""
    old = Authority(tmp_path / "old", "Old", signer_valid=("2020-01-01", "2022-01-01"))
    old.moment = "2021-05-04 12:00:00"
    held = verify_timestamp(old.stamp(MESSAGE), DIGEST, old.root_pem)
    assert held.time == datetime(2021, 5, 4, 12, tzinfo=UTC)
    assert held.chain_not_after == datetime(2022, 1, 1, tzinfo=UTC)
    old.moment = "2023-05-04 12:00:00"
    with pytest.raises(StampExpiredError, match=r"2020-01-01 to 2022-01-01.* 2023-05-04"):
        verify_timestamp(old.stamp(MESSAGE), DIGEST, old.root_pem)


def test_a_chain_through_an_expired_intermediate_does_not_hold(tmp_path: Path) -> None:
    late = Authority(
        tmp_path / "late", "Late", valid=("2020-01-01", "2022-01-01"), signer_valid=("2020-01-01", "2030-01-01")
    )
    with pytest.raises(StampExpiredError, match="Intermediate"):
        verify_timestamp(late.stamp(MESSAGE), DIGEST, late.root_pem)


def test_what_a_certificate_between_forbids_is_kept_to(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "a", "Bounded")
    elsewhere = x509.DirectoryName(x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Elsewhere")]))
    strange = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55555.9"), b"\x05\x00")
    for extra, error in (
        ((), None),
        (((strange, False),), None),
        (((strange, True),), UnknownSignerError),
        # Only the second engine knows this one.
        (((x509.NameConstraints([elsewhere], None), True),), StampSignatureError),
    ):
        authority.issue_middle(path_length=0, extra=extra)
        if error is None:
            assert verify_timestamp(authority.stamp(MESSAGE), DIGEST, authority.root_pem)
        else:
            with pytest.raises(error):
                verify_timestamp(authority.stamp(MESSAGE), DIGEST, authority.root_pem)


def test_who_is_no_authority_vouches_for_nobody(tmp_path: Path) -> None:
    """The signer's key issues one more certificate, and a root allows no authority below its own."""
    authority = Authority(tmp_path / "a", "Below")
    below = authority._certificate(
        "Below", authority._key, "middle", authority.valid, purposes=(ExtendedKeyUsageOID.TIME_STAMPING,)
    )
    authority.middle, authority._middle_key = authority.signer, authority._key
    authority.use(authority.issue_signer())
    with pytest.raises(UnknownSignerError):
        verify_timestamp(authority.stamp(MESSAGE), DIGEST, authority.root_pem + below.public_bytes(Encoding.PEM))
    bounded = Authority(tmp_path / "b", "Bounded")
    bounded.root = bounded._certificate(
        "Bounded Root", bounded._root_key, None, bounded.valid, authority=True, path_length=0
    )
    with pytest.raises(UnknownSignerError):
        verify_timestamp(bounded.stamp(MESSAGE), DIGEST, bounded.root.public_bytes(Encoding.PEM))


def _drop(kind: str) -> Callable[[list[Any]], None]:
    def change(attributes: list[Any]) -> None:
        attributes[:] = [each for each in attributes if each["type"].native != kind]

    return change


def _replace(kind: str, value: Any) -> Callable[[list[Any]], None]:
    def change(attributes: list[Any]) -> None:
        _drop(kind)(attributes)
        attributes.append(cms.CMSAttribute({"type": kind, "values": [value]}))

    return change


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        (_drop("signing_certificate_v2"), StampSignatureError, "does not name the certificate"),
        (
            _replace("signing_certificate_v2", {"certs": [{"cert_hash": b"\0" * 32}]}),
            StampSignatureError,
            "names another certificate",
        ),
        (_replace("message_digest", b"\0" * 32), StampSignatureError, "over another time-stamp"),
        (_drop("message_digest"), StampSignatureError, "over another time-stamp"),
        (_replace("content_type", "data"), StampSignatureError, "no time-stamp"),
        (lambda attributes: attributes.append(attributes[0]), MalformedStampError, "twice"),
    ],
)
def test_what_is_signed_must_bind_the_stamp_and_its_signer(
    authority: Authority, response: bytes, change: Callable[[Any], None], error: type[StampError], said: str
) -> None:
    """Signed with the authority's own key, and still not taken."""
    assert verify_timestamp(authority.forged(response), DIGEST, authority.root_pem)
    with pytest.raises(error, match=said):
        verify_timestamp(authority.forged(response, change_attributes=change), DIGEST, authority.root_pem)


def test_a_changed_time_is_found(authority: Authority, response: bytes) -> None:
    info = response.index(b"\x18\x0f20")  # GeneralizedTime of 15 characters
    changed = response[: info + 4] + b"19" + response[info + 6 :]
    assert len(changed) == len(response)
    with pytest.raises((StampSignatureError, StampExpiredError)):
        verify_timestamp(changed, DIGEST, authority.root_pem)


def test_whatever_byte_is_changed_it_is_rejected_or_says_the_same(authority: Authority, response: bytes) -> None:
    held = verify_timestamp(response, DIGEST, authority.root_pem, nonce=NONCE)
    dice = random.Random(4)
    harmless = 0
    for place in range(0, len(response), 3):
        changed = bytearray(response)
        changed[place] ^= 1 << dice.randrange(8)
        try:
            facts = verify_timestamp(bytes(changed), DIGEST, authority.root_pem, nonce=NONCE)
        except StampError:
            continue
        assert facts == held
        harmless += 1
    assert harmless < 20


def test_bounds(authority: Authority, response: bytes) -> None:
    for answer in (b"", b"\x30", b"\x30\x80" * 5000, response + b"\0", response[:-1], b"\x30" * 4096):
        with pytest.raises(MalformedStampError):
            verify_timestamp(answer, DIGEST, authority.root_pem)
    with pytest.raises(MalformedStampError, match="more than"):
        verify_timestamp(b"\x30" * (RESPONSE_BYTES_LIMIT + 1), DIGEST, authority.root_pem)
    whole = Response.load(response)
    signed = whole["time_stamp_token"]["content"]
    signed["certificates"] = list(signed["certificates"]) * 40
    with pytest.raises(MalformedStampError, match="certificates"):
        verify_timestamp(whole.dump(), DIGEST, authority.root_pem)
    with pytest.raises(MalformedStampError, match="certificates"):
        verify_timestamp(response, DIGEST, b"no certificates at all")


def test_signed_with_sha512_too(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "a", "Longer", digest="sha512")
    assert verify_timestamp(authority.stamp(MESSAGE), DIGEST, authority.root_pem).digest_algorithm == "sha512"
