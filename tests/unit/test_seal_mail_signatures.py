"""DKIM and ARC over real signatures made here, with a stub in the place of DNS."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from standfast.capture.mail.message import read_message
from standfast.seal.mail_signatures import ASK_BUDGET_S, NO_ANSWERS_LIMIT, SignatureChecker

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
MESSAGE = (
    b"From: a@example.org\r\nTo: b@example.org\r\nDate: Tue, 24 Nov 2026 10:00:00 +0000\r\nSubject: x\r\n"
    b"Message-ID: <1@example.org>\r\n\r\nHello\r\n\r\nthis is  text \r\n"
)


def key_pair(bits: int = 2048) -> tuple[bytes, bytes]:
    key = rsa.generate_private_key(65537, bits)
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    return private, b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)


PRIVATE, PUBLIC = key_pair()


class Zone:
    """DNS as it stands; counts what it is asked."""

    def __init__(self, **keys: bytes | None) -> None:
        self.keys = {f"{name}._domainkey.example.org.": text for name, text in keys.items()}
        self.asked: list[str] = []
        self.answers = True

    def __call__(self, name: str, timeout_s: float) -> bytes | None:
        assert 0 < timeout_s <= ASK_BUDGET_S
        self.asked.append(name)
        if not self.answers:
            raise TimeoutError
        return self.keys.get(name)


def signed(message: bytes = MESSAGE, selector: bytes = b"s1", **options: object) -> bytes:
    header: bytes = dkim.sign(message, selector, b"example.org", PRIVATE, **options)
    return header + message


def checker(zone: Callable[[str, float], bytes | None], days: int | None = 30) -> SignatureChecker:
    return SignatureChecker(zone, lambda: NOON, recent_days=days)


@pytest.mark.parametrize("canon", [(b"relaxed", b"relaxed"), (b"simple", b"simple"), (b"relaxed", b"simple")])
def test_a_signature_passes_and_its_key_is_kept(canon: tuple[bytes, bytes]) -> None:
    (found,) = checker(Zone(s1=PUBLIC))(signed(canonicalize=canon))
    assert (found.system, found.outcome, found.detail) == ("dkim", "passed", "example.org, selector s1")
    assert found.key == PUBLIC.decode()


def test_a_message_that_was_changed_fails_and_its_key_is_kept() -> None:
    for changed in (signed() + b"x", signed().replace(b"Subject: x", b"Subject: y")):
        (found,) = checker(Zone(s1=PUBLIC))(changed)
        assert found.outcome == "failed"
        assert found.key == PUBLIC.decode()


def test_another_domains_key_fails() -> None:
    (found,) = checker(Zone(s1=key_pair()[1]))(signed())
    assert found.outcome == "failed"


def test_a_signature_of_a_part_says_so() -> None:
    raw = signed(length=True) + b"added on the way\r\n"
    (found,) = checker(Zone(s1=PUBLIC))(raw)
    assert found.outcome == "passed"
    assert "only the first" in found.detail


def test_three_outcomes_never_two() -> None:
    gone = checker(Zone())(signed())[0]
    assert (gone.outcome, gone.key) == ("not checked", "")
    assert "no longer" in gone.detail
    off_line = Zone(s1=PUBLIC)
    off_line.answers = False
    assert checker(off_line)(signed())[0].outcome == "not checked"
    assert read_message(signed()).facts.signatures[0].outcome == "not checked"


def test_each_key_is_asked_for_once() -> None:
    zone = Zone(s1=PUBLIC)
    check = checker(zone)
    for n in range(20):
        check(signed(MESSAGE.replace(b"Hello", b"Hello %d" % n)))
    check(signed(selector=b"gone"))
    check(signed(selector=b"gone"))
    assert zone.asked == ["s1._domainkey.example.org.", "gone._domainkey.example.org."]


def test_where_nobody_answers_few_questions_are_asked() -> None:
    zone = Zone()
    zone.answers = False
    check = checker(zone)
    for n in range(20):
        check(signed(selector=b"s%d" % n))
    assert len(zone.asked) == NO_ANSWERS_LIMIT


def test_old_mail_tells_no_resolver_who_wrote_it() -> None:
    zone = Zone(s1=PUBLIC)
    old = MESSAGE.replace(b"24 Nov 2026", (NOON - timedelta(days=40)).strftime("%d %b %Y").encode())
    assert checker(zone)(signed(old))[0].outcome == "not checked"
    assert checker(zone)(signed(MESSAGE.replace(b"Date: ", b"X-Date: ")))[0].outcome == "not checked"
    assert zone.asked == []
    assert checker(zone, days=None)(signed(old))[0].outcome == "passed"


def test_several_signatures_in_their_order() -> None:
    raw = signed(signed(selector=b"s1"), selector=b"s2")
    found = checker(Zone(s1=PUBLIC, s2=None))(raw)
    assert [(each.outcome, each.detail.partition(";")[0]) for each in found] == [
        ("not checked", "example.org, selector s2"),
        ("passed", "example.org, selector s1"),
    ]


def test_a_chain_of_seals() -> None:
    received = b"Authentication-Results: mx.example.org; arc=none\r\n" + MESSAGE
    lines = dkim.arc_sign(received, b"s1", b"example.org", PRIVATE, b"mx.example.org")
    raw = b"".join(lines) + received
    (found,) = checker(Zone(s1=PUBLIC))(raw)
    assert (found.system, found.outcome) == ("arc", "passed")
    assert found.key == PUBLIC.decode()
    assert checker(Zone(s1=PUBLIC))(raw + b"x")[0].outcome == "failed"
    assert checker(Zone())(raw)[0].outcome == "not checked"


def test_the_facts_hold_what_was_found() -> None:
    facts = read_message(signed(), check=checker(Zone(s1=PUBLIC))).facts
    assert [each.outcome for each in facts.signatures] == ["passed"]


SIGNATURE = b"DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=s1; c=relaxed/relaxed; h=from; bh=AAAA; b=AAAA"
HOSTILE = {
    "blanks in the signature": SIGNATURE + b"\r\n " * 20_000 + b"x\r\n" + MESSAGE,
    "blanks as many as are allowed": SIGNATURE + (b"; b" + b" " * 500 + b"x") * 100 + b"\r\n" + MESSAGE,
    "blanks in the text": SIGNATURE + b"\r\n" + MESSAGE + b" " * 5_000_000,
    "blanks in the text as many as are allowed": SIGNATURE + b"\r\n" + MESSAGE + (b" " * 60 + b"x") * 50_000,
    "a thousand signatures": (SIGNATURE + b"\r\n") * 400 + MESSAGE,
    "a thousand seals": b"ARC-Seal: i=1; d=example.org\r\n" * 1_000 + MESSAGE,
    "no tags": b"DKIM-Signature: ;;;===\r\nARC-Seal:\r\n" + MESSAGE,
    "a name that is none": SIGNATURE.replace(b"s=s1", b"s=..") + b"\r\n" + MESSAGE,
    "bytes beyond ASCII": SIGNATURE.replace(b"d=example", b"d=\xff\xfe") + b"\r\n" + MESSAGE,
    "a field without a colon": SIGNATURE + b"\r\nno colon\r\n" + MESSAGE,
    "empty lines": SIGNATURE + b"\r\n" + MESSAGE + b"\r\n" * 2_000_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_made_to_be_costly_costs_little(name: str) -> None:
    began = time.process_time()
    found = checker(Zone(s1=PUBLIC))(HOSTILE[name])
    assert time.process_time() - began < 5
    assert found
    assert all(each.outcome != "passed" for each in found)


@pytest.mark.parametrize(
    "key", [b"", b"p=", b"p=!!!!", b"p=" + b"A" * 100_000, b"v=DKIM2; p=AAAA", b"\xff p=AAAA", b"p=AAAA"]
)
def test_keys_that_are_none(key: bytes) -> None:
    (found,) = checker(Zone(s1=key))(signed())
    assert found.outcome in ("failed", "not checked")
