"""Notes, keys and checkpoints: the deterministic vector, and what signing refuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from standfast.errors.tlog import MalformedNoteError, MissingSignatureError, SignatureError, WrongLogError
from standfast.seal.sign import Ed25519Key
from standfast.tlog.checkpoint import (
    ED25519_COSIGNATURE,
    Checkpoint,
    LogSigner,
    cosignature_message,
    open_checkpoint,
    parse_checkpoint,
    subtree_message,
    verify_signatures,
)
from standfast.tlog.note import (
    SignatureLine,
    VerifierKey,
    from_decimal,
    parse_note,
    parse_vkey,
    require_name,
    write_note,
)
from standfast.tlog.tree import EMPTY_ROOT

ROOT = bytes.fromhex("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328")
TEXT = "vault.example/log\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"
AT = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
SIGNER = LogSigner("vault.example/log", bytes(range(32)), bytes(range(32, 64)))


def test_the_deterministic_vector():
    assert SIGNER.vkeys[0] == "vault.example/log+d63d5dcc+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
    assert SIGNER.vkeys[1].startswith("vault.example/log+35efafc0+B")
    note = SIGNER.sign(8, ROOT, AT).decode()
    assert note.startswith(
        TEXT
        + "\n\u2014 vault.example/log 1j1dzNrsxNlQzopEkILYi5PB56xaBVXkYqo2FSq/SgtUtF4J18QrBz2jQv1J"
        + "4NlsE70I4vtSYaMzu8HJuJ0ICGpKlAg=\n"
        + "\u2014 vault.example/log Ne+vwAAAAABlU/EA"
    )
    assert int(AT.timestamp()) == 1700000000


def test_the_cosignature_of_the_vector():
    key = Ed25519Key(b"a" * 32)
    vkey = VerifierKey("ngo-a.example/w", ED25519_COSIGNATURE, key.public)
    assert vkey.text() == "ngo-a.example/w+412b3954+BK8Go+MpFxTk81bBnJsVzRlR7G5mYqp3vgdUfyiTgzQd"
    signature = key.sign(cosignature_message(TEXT, 1700000000))
    line = SignatureLine(vkey.name, vkey.key_id, (1700000000).to_bytes(8, "big") + signature)
    assert line.text() == (
        "\u2014 ngo-a.example/w QSs5VAAAAABlU/EAnuVHLcpsXgF2pSiB6yX3wrw7VNTJdndpAFonHVR0rhZ5hzsLhXqagwoi"
        "EHjPIvf+IkTUAIoTGMRFuyy6AOtYCg==\n"
    )
    assert verify_signatures(parse_note(write_note(TEXT, [line])), [vkey])[0].at == AT


def test_the_message_of_the_vector():
    message = subtree_message("vault.example/log", Checkpoint("vault.example/log", 8, ROOT), 1700000000)
    assert message.hex() == (
        "737562747265652f76310a00117661756c742e6578616d706c652f6c6f67000000006553f100117661756c742e6578616d706c652f6c6f67"
        "00000000000000000000000000000008" + ROOT.hex()
    )


def test_what_is_signed_opens():
    for size, root in ((0, EMPTY_ROOT), (8, ROOT), (2**63 - 1, ROOT)):
        found = open_checkpoint(SIGNER.sign(size, root, AT), SIGNER.vkeys)
        assert found == Checkpoint("vault.example/log", size, root)
        assert parse_checkpoint(found.text()) == found


def test_the_moment_of_signing_is_the_cosignature_s():
    there = AT.astimezone(timezone(timedelta(hours=5, minutes=30))) + timedelta(microseconds=999_999)
    found = verify_signatures(parse_note(SIGNER.sign(8, ROOT, there)), [parse_vkey(vkey) for vkey in SIGNER.vkeys])
    assert [each.at for each in found] == [None, AT]


def test_what_is_no_checkpoint_is_not_signed():
    for size, root, at in (
        (-1, ROOT, AT),
        (2**63, ROOT, AT),
        (0, ROOT, AT),
        (8, EMPTY_ROOT, AT),
        (8, ROOT[:-1], AT),
        (8, ROOT, AT.replace(tzinfo=None)),
        (8, ROOT, datetime(1969, 12, 31, tzinfo=UTC)),
    ):
        with pytest.raises(ValueError, match=r"checkpoint|zone|1970"):
            SIGNER.sign(size, root, at)


@pytest.mark.parametrize("origin", ["", "a b", "a+b", "a\nb", "o" * 256, "\u0645\u062b\u0627\u0644", "a\u00a0b"])
def test_what_is_no_origin(origin):
    with pytest.raises(MalformedNoteError):
        LogSigner(origin, bytes(32), bytes(32))


def test_every_key_given_must_have_signed():
    note = SIGNER.sign(8, ROOT, AT)
    stranger = LogSigner("vault.example/log", bytes(32), bytes(32))
    for vkeys in (stranger.vkeys, [SIGNER.vkeys[0], stranger.vkeys[1]], [*SIGNER.vkeys, stranger.vkeys[0]]):
        with pytest.raises(MissingSignatureError, match=r"vault\.example/log"):
            open_checkpoint(note, vkeys)
    with pytest.raises(MalformedNoteError, match="empty"):
        open_checkpoint(note, [])
    assert open_checkpoint(note, [SIGNER.vkeys[1], SIGNER.vkeys[1]]).size == 8


def test_a_key_of_an_unknown_kind_verifies_nothing():
    for kind, public in ((2, bytes(32)), (0xFF, bytes(32)), (1, bytes(31)), (6, bytes(32))):
        vkey = VerifierKey("vault.example/log", kind, public).text()
        with pytest.raises(MalformedNoteError, match="not known"):
            open_checkpoint(SIGNER.sign(8, ROOT, AT), [vkey])


def test_two_keys_of_one_key_id_are_refused():
    # Key IDs have 32 bits: a collision can be made. Which of the two signed must never be left open.
    one, other = VerifierKey("example", 1, bytes(32)), VerifierKey("example", 1, bytes(31) + b"\1")
    clash = {"key_id": property(lambda self: b"same")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(VerifierKey, "key_id", clash["key_id"])
        with pytest.raises(MalformedNoteError, match="one name and key ID"):
            verify_signatures(parse_note(SIGNER.sign(8, ROOT, AT)), [one, other])


def test_the_ed25519_key_is_the_log_s_own():
    signed_for_another = LogSigner("other.example/log", bytes(range(32)), bytes(range(32, 64)))
    line = parse_note(SIGNER.sign(8, ROOT, AT)).lines[0]
    text = TEXT.replace("vault", "other")
    blob = Ed25519Key(bytes(range(32))).sign(text.encode())
    note = write_note(text, [SignatureLine(line.name, line.key_id, blob)])
    with pytest.raises(WrongLogError, match=r"other\.example"):
        open_checkpoint(note, SIGNER.vkeys[:1])
    assert signed_for_another.vkeys[0] != SIGNER.vkeys[0]


def test_every_single_changed_byte_is_refused():
    note = SIGNER.sign(8, ROOT, AT)
    for at in (*range(300), *range(300, len(note), 7)):
        changed = note[:at] + bytes([note[at] ^ 1]) + note[at + 1 :]
        with pytest.raises((MalformedNoteError, SignatureError, MissingSignatureError, WrongLogError)):
            open_checkpoint(changed, SIGNER.vkeys)


def test_limits_come_before_work():
    with pytest.raises(MalformedNoteError, match="longer"):
        parse_note(b"x" * 1_000_001)
    with pytest.raises(MalformedNoteError, match="in range"):
        from_decimal("9" * 100_000, 2**63 - 1, "checkpoint")
    with pytest.raises(MalformedNoteError, match=r"name\+keyid"):
        parse_vkey("a+00000000+" + "A" * 5000)
    with pytest.raises(MalformedNoteError, match="255"):
        require_name("n" * 256, "name")
    with pytest.raises(MalformedNoteError, match="UTF-8"):
        require_name("\ud800", "name")


def test_a_known_signature_counts_each_time():
    lines = parse_note(SIGNER.sign(8, ROOT, AT)).lines
    twice = write_note(TEXT, [*lines, lines[0]])
    assert open_checkpoint(twice, SIGNER.vkeys).size == 8
    bad = SignatureLine(lines[0].name, lines[0].key_id, bytes(64))
    with pytest.raises(SignatureError):
        open_checkpoint(write_note(TEXT, [*lines, bad]), SIGNER.vkeys)


def test_an_impossible_time_is_no_cosignature():
    lines = parse_note(SIGNER.sign(8, ROOT, AT)).lines
    for time in (2**64 - 1, 253_402_300_800):
        late = SignatureLine(lines[1].name, lines[1].key_id, time.to_bytes(8, "big") + lines[1].blob[8:])
        with pytest.raises(SignatureError):
            open_checkpoint(write_note(TEXT, [lines[0], late]), SIGNER.vkeys)


def test_errors_say_what_to_do():
    with pytest.raises(MissingSignatureError) as found:
        open_checkpoint(SIGNER.sign(8, ROOT, AT), LogSigner("vault.example/log", bytes(32), bytes(32)).vkeys)
    assert "LOG-037" in found.value.for_person()
    assert "vault.example/log+" in found.value.step()
