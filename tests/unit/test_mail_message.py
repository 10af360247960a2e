"""A message's facts and cuts, from its bytes alone."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

import pytest

from standfast.capture.mail.fields import decode_text, read_addresses, read_value
from standfast.capture.mail.message import CUT_FROM_BYTES, land_message, read_message

NOON = datetime(2031, 5, 4, 12, tzinfo=UTC)
PICTURE = bytes(range(256)) * 100


def part(body: bytes, *lines: bytes) -> bytes:
    return b"\r\n".join(lines) + b"\r\n\r\n" + body + b"\r\n"


def mixed(*parts: bytes, boundary: bytes = b"XX", kind: bytes = b"mixed", extra: bytes = b"") -> bytes:
    head = b'Content-Type: multipart/%s; boundary="%s"%s\r\n\r\n' % (kind, boundary, extra)
    return head + b"".join(b"--" + boundary + b"\r\n" + each for each in parts) + b"--" + boundary + b"--\r\n"


def coded(data: bytes) -> bytes:
    raw = base64.b64encode(data)
    return b"\r\n".join(raw[at : at + 76] for at in range(0, len(raw), 76))


PICTURE_PART = part(
    coded(PICTURE),
    b"Content-Type: image/png",
    b"Content-Transfer-Encoding: base64",
    b"Content-Disposition: attachment;\r\n filename*=UTF-8''%D8%B5%D9%88%D8%B1%D8%A9.png",
)
TEXT_PART = part(b"hello", b"Content-Type: text/plain; charset=utf-8")


def test_the_envelope_is_decoded() -> None:
    raw = (
        b"From: =?utf-8?q?=C3=89quipe?= <team@example.org>\r\n"
        b'To: a@example.org,\r\n\t"Office, north" <b@example.org>\r\nTO: c@example.org\r\nCc: Team: d@example.org;\r\n'
        b"Subject: =?UTF-8?B?2LTZhw==?=\r\n =?UTF-8?B?2KfYr9ip?= 2\r\nSubject: another\r\n"
        b"Date: Thu, 32 Foo 20166 25:61:99 +9999\r\nMessage-ID: <1@example.org>\r\n\r\nbody\r\n"
    )
    facts = read_message(raw, received="17-Jul-1996 02:44:25 -0700", folders=("INBOX",)).facts
    assert facts.sender == ("Équipe <team@example.org>",)
    assert facts.to == ("a@example.org", "Office, north <b@example.org>", "c@example.org")
    assert facts.cc == ("d@example.org",)
    assert facts.subject == "شهادة 2"
    assert facts.date == "Thu, 32 Foo 20166 25:61:99 +9999"
    assert facts.message_id == "<1@example.org>"
    assert (facts.received, facts.folders, facts.unread) == ("17-Jul-1996 02:44:25 -0700", ("INBOX",), "")


def test_an_attachment_is_named_by_the_bytes_it_stands_for() -> None:
    raw = b"Subject: x\r\nMIME-Version: 1.0\r\n" + mixed(TEXT_PART, PICTURE_PART)
    read = read_message(raw)
    (found,) = read.facts.attachments
    assert (found.name, found.media_type, found.size_bytes) == ("صورة.png", "image/png", len(PICTURE))
    assert found.sha256 == hashlib.sha256(PICTURE).hexdigest()
    begin, end = read.cuts
    assert raw[begin:end] == coded(PICTURE)


def test_the_same_attachment_lies_between_the_same_bytes_in_every_message() -> None:
    bodies = set()
    for n in range(5):
        raw = b"Subject: %d\r\n" % n + mixed(part(b"z" * n), PICTURE_PART, TEXT_PART, boundary=b"B%d" % n)
        begin, end = read_message(raw).cuts
        bodies.add(raw[begin:end])
    assert bodies == {coded(PICTURE)}


def test_small_parts_are_not_cut_out() -> None:
    small = part(coded(PICTURE[: CUT_FROM_BYTES // 2]), b"Content-Type: a/b", b"Content-Transfer-Encoding: base64")
    assert read_message(b"Subject: x\r\n" + mixed(TEXT_PART, small)).cuts == ()


@pytest.mark.parametrize(
    ("coding", "body", "plain"),
    [
        (b"base64", b"aGVs\r\nbG8=\r\n", b"hello"),
        (b"BASE64", b"aGVs bG8", b"hello"),
        (b"quoted-printable", b"h=C3=A9=\r\nllo", "héllo".encode()),
        (b"8bit", b"h\xe9", b"h\xe9"),
        (b"7bit", b"", b""),
    ],
)
def test_transfer_encodings(coding: bytes, body: bytes, plain: bytes) -> None:
    raw = mixed(part(body, b"Content-Type: application/pdf", b"Content-Transfer-Encoding: " + coding))
    (found,) = read_message(raw).facts.attachments
    assert (found.sha256, found.size_bytes) == (hashlib.sha256(plain).hexdigest(), len(plain))


@pytest.mark.parametrize(
    ("coding", "body", "said"),
    [
        (b"base64", b"aGVsb", "base64 is broken"),
        (b"base64", b"aGVsbG8=" + b"\r\nand so on" * 40, "goes on after its end"),
        (b"x-uuencode", b"begin 644 x\r\n", "encoding that is not known"),
    ],
)
def test_what_could_not_be_read_is_said(coding: bytes, body: bytes, said: str) -> None:
    raw = mixed(part(body, b"Content-Type: application/pdf", b"Content-Transfer-Encoding: " + coding))
    assert said in read_message(b"Subject: x\r\n" + raw).facts.unread


def test_messages_within_messages_are_files_and_so_is_what_they_hold() -> None:
    inner = b"Subject: inner\r\n" + mixed(TEXT_PART, PICTURE_PART, boundary=b"inner")
    raw = b"Subject: outer\r\n" + mixed(TEXT_PART, part(inner, b"Content-Type: message/rfc822"), TEXT_PART)
    names = [(each.name, each.media_type) for each in read_message(raw).facts.attachments]
    assert names == [("inner", "message/rfc822"), ("صورة.png", "image/png")]
    assert read_message(raw).facts.attachments[0].sha256 == hashlib.sha256(inner).hexdigest()


@pytest.mark.parametrize(
    ("raw", "system"),
    [
        (mixed(kind=b"signed", extra=b'; protocol="application/pkcs7-signature"'), "s/mime"),
        (mixed(kind=b"signed", extra=b'; protocol="application/pgp-signature"'), "openpgp"),
        (b"Content-Type: application/pkcs7-mime; smime-type=signed-data\r\n\r\nx", "s/mime"),
        (b"Subject: x\r\n\r\n-----BEGIN PGP SIGNED MESSAGE-----\r\n", "openpgp"),
        (b"DKIM-Signature: v=1; d=example.org; s=2031\r\n\r\n", "dkim"),
        (b"ARC-Seal: i=1; d=example.org; s=2031\r\n\r\n", "arc"),
    ],
)
def test_signatures_are_noted_and_not_judged(raw: bytes, system: str) -> None:
    (found,) = read_message(raw).facts.signatures
    assert (found.system, found.outcome) == (system, "not checked")
    assert found.detail


@pytest.mark.parametrize(
    "raw",
    [
        mixed(kind=b"encrypted", extra=b'; protocol="application/pgp-encrypted"'),
        b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\r\nx",
        b"Subject: x\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n",
    ],
)
def test_what_is_encrypted_is_said_to_be(raw: bytes) -> None:
    assert "encrypted" in read_message(raw).facts.unread


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_line_ends_do_not_matter(end: bytes) -> None:
    raw = (b"Subject: x\r\n" + mixed(TEXT_PART, PICTURE_PART)).replace(b"\r\n", end)
    read = read_message(raw)
    assert read.facts.attachments[0].sha256 == hashlib.sha256(PICTURE).hexdigest()
    assert raw[slice(*read.cuts)] == coded(PICTURE).replace(b"\r\n", end)


def test_a_landed_message_is_its_bytes() -> None:
    landed = land_message(b"Subject: x\r\n\r\nbody", captured_at=NOON)
    digest = hashlib.sha256(b"Subject: x\r\n\r\nbody")
    assert landed.key == b"message " + digest.digest()
    assert landed.untrusted_name == f"{digest.hexdigest()}.eml".encode()
    assert landed.content == b"Subject: x\r\n\r\nbody"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
        (b"=?utf-8?q?a?= b", "a b"),
        (b"x =?utf-8?b?2Q==?= =?utf-8?b?gw==?=", "x ك"),
        (b"=?windows-1256?q?=CD?=", "ح"),
        (b"=?no-such?q?a=C3=A9?=", "aé"),
        (b"=?utf-8*ar?q?a?=", "a"),
        (b"=?broken", "=?broken"),
        ("été".encode(), "été"),
        (b"\xe9t\xe9", "été"),
        (b"a\x00\x1b[31mb", "a [31mb"),
        (b"=?unicode_escape?q?=5Cud800?=", "\\ud800"),
        (b"=?utf-7?q?+2AA-?=", "?"),
    ],
)
def test_texts_of_fields(value: bytes, text: str) -> None:
    assert decode_text(value) == text


@pytest.mark.parametrize(
    ("value", "addresses"),
    [
        (b"", ()),
        (b"a@example.org", ("a@example.org",)),
        (b'"A \\"B\\"" <a@example.org>', ('A "B" <a@example.org>',)),
        (b"=?utf-8?q?a=2Cb?= <a@example.org>", ("a,b <a@example.org>",)),
        (b"<>", ()),
        (b"undisclosed-recipients:;", ()),
        (b"no address", ("no address",)),
    ],
)
def test_addresses(value: bytes, addresses: tuple[str, ...]) -> None:
    assert read_addresses(value) == addresses


def test_parameters_in_sections() -> None:
    assert read_value(b'a/B; x*1=d; x*0*=utf-8\'ar\'%D8%A3; y="a\\"b;c"; z=1')[1] == {
        "x": "أd".encode(),
        "y": b'a"b;c',
        "z": b"1",
    }
