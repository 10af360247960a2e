"""Cosignatures and requests for them: the deterministic vector, both families, what is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from standfast.errors.tlog import MalformedNoteError, SignatureError
from standfast.tlog.checkpoint import Checkpoint, LogSigner, open_checkpoint
from standfast.tlog.cosign import Cosigner, add_lines, find_cosignatures, line_time_s, parse_lines
from standfast.tlog.cosign_request import parse_request, parse_size, write_request
from standfast.tlog.cosigned import CosignedFolder, cosigned_name, find_cosigned_name, open_cosigned
from standfast.tlog.note import SignatureLine, parse_note

ROOT = bytes.fromhex("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328")
AT = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
LATER = datetime(2024, 11, 14, 22, 13, 20, tzinfo=UTC)
LOG = LogSigner("vault.example/log", bytes(range(32)), bytes(range(32, 64)))
COSIGNER = Cosigner("ngo-a.example/w", b"a" * 32, b"b" * 32)
CHECKPOINT = Checkpoint("vault.example/log", 8, ROOT)
NOTE = LOG.sign(8, ROOT, AT)


def cosigned(at=AT):
    return add_lines(NOTE, COSIGNER.cosign(CHECKPOINT, at), COSIGNER.keys)


def test_the_vector_of_the_specifications_example():
    assert COSIGNER.vkeys[0] == "ngo-a.example/w+412b3954+BK8Go+MpFxTk81bBnJsVzRlR7G5mYqp3vgdUfyiTgzQd"
    assert COSIGNER.cosign(CHECKPOINT, AT)[0].text() == (
        "\u2014 ngo-a.example/w QSs5VAAAAABlU/EAnuVHLcpsXgF2pSiB6yX3wrw7VNTJdndpAFonHVR0rhZ5hzsLhXqagwoi"
        "EHjPIvf+IkTUAIoTGMRFuyy6AOtYCg==\n"
    )


def test_both_families_verify_and_state_the_time():
    note = parse_note(cosigned())
    found = find_cosignatures(note, COSIGNER.keys)
    assert [each.key for each in found] == list(COSIGNER.keys)
    assert {each.at for each in found} == {AT}
    assert find_cosignatures(parse_note(NOTE), COSIGNER.keys) == ()


def test_a_known_line_that_fails_rejects_the_note():
    for place in (0, 1):
        lines = list(COSIGNER.cosign(CHECKPOINT, AT))
        blob = bytearray(lines[place].blob)
        blob[20] ^= 1
        lines[place] = SignatureLine(lines[place].name, lines[place].key_id, bytes(blob))
        note = parse_note(add_lines(NOTE, lines, COSIGNER.keys))
        with pytest.raises(SignatureError):
            find_cosignatures(note, COSIGNER.keys)


def test_the_time_is_signed():
    classic, hybrid = COSIGNER.cosign(CHECKPOINT, AT)
    for line in (classic, hybrid):
        moved = SignatureLine(line.name, line.key_id, (1).to_bytes(8, "big") + line.blob[8:])
        with pytest.raises(SignatureError):
            find_cosignatures(parse_note(add_lines(NOTE, [moved], COSIGNER.keys)), COSIGNER.keys)


def test_a_cosignature_of_another_root_fails():
    other = Checkpoint("vault.example/log", 8, bytes(32))
    note = parse_note(add_lines(NOTE, COSIGNER.cosign(other, AT), COSIGNER.keys))
    with pytest.raises(SignatureError):
        find_cosignatures(note, COSIGNER.keys)


def test_the_freshest_line_of_each_key_stays_and_the_logs_own_lines_first():
    both = add_lines(cosigned(LATER), COSIGNER.cosign(CHECKPOINT, AT), COSIGNER.keys)
    note = parse_note(both)
    assert len(note.lines) == 4
    assert [line.name for line in note.lines[:2]] == ["vault.example/log"] * 2
    assert {each.at for each in find_cosignatures(note, COSIGNER.keys)} == {LATER}
    assert open_checkpoint(both, LOG.vkeys) == CHECKPOINT


def test_no_moment_without_a_zone_or_before_1970():
    for moment in (datetime(2024, 1, 1), datetime(1969, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC)):
        with pytest.raises(ValueError, match="moment"):
            COSIGNER.cosign(CHECKPOINT, moment)


def test_an_answers_lines():
    raw = "".join(line.text() for line in COSIGNER.cosign(CHECKPOINT, AT)).encode()
    assert [line.key_id for line in parse_lines(raw)] == [key.key_id for key in COSIGNER.keys]
    for bad in (b"", b"no line\n", raw[:-1], raw + b"\n\nmore"):
        with pytest.raises(MalformedNoteError):
            parse_lines(bad)
    with pytest.raises(MalformedNoteError):
        line_time_s(SignatureLine("a", b"1234", bytes(8)))


def test_a_request_is_read_as_it_was_written():
    proof = [bytes([n]) * 32 for n in range(63)]
    read = parse_request(write_request(5, proof, NOTE))
    assert (read.old_size, list(read.proof), read.note) == (5, proof, NOTE)
    assert parse_request(write_request(0, [], NOTE)).proof == ()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"old 0\n" + NOTE,
        b"old 00\n\n" + NOTE,
        b"old -1\n\n" + NOTE,
        b"old  1\n\n" + NOTE,
        b"Old 1\n\n" + NOTE,
        b"old 9223372036854775808\n\n" + NOTE,
        b"old 1\nAAAA\n\n" + NOTE,
        b"old 1\n" + b"A" * 43 + b"=\n" + b"!\n\n" + NOTE,
        b"old 1\n" + (b"A" * 43 + b"=\n") * 64 + b"\n" + NOTE,
        b"old 1\r\n\r\n" + NOTE,
        b"old 1\n\n",
        b"old 1\n\n" + b"x" * 300_000,
        b"old \xff\n\n" + NOTE,
    ],
)
def test_a_request_that_breaks_a_rule(raw):
    with pytest.raises(MalformedNoteError):
        parse_request(raw)


def test_a_size():
    assert parse_size(b"20852014\n") == 20852014
    for bad in (b"", b"5", b"05\n", b"-5\n", b"5\n\n", b"9" * 40 + b"\n", b"five\n"):
        with pytest.raises(MalformedNoteError):
            parse_size(bad)


def test_names_of_cosigned_checkpoints():
    assert find_cosigned_name(cosigned_name(16, 0)) == (16, 0)
    for bad in ("tlog/cosigned/16", "tlog/cosigned/016/0", "tlog/cosigned/16/00", "tlog/cosigned/1/9999999"):
        assert find_cosigned_name(bad) is None
    assert find_cosigned_name("tlog/cosigned/" + "9" * 19 + "/0") is None


def test_cosigned_checkpoints_are_numbered_and_never_altered(tmp_path):
    folder = CosignedFolder(tmp_path)
    assert folder.find_newest(8) is None
    assert folder.sizes() == []
    first, second = cosigned(), cosigned(LATER)
    assert [folder.write(8, first), folder.write(8, first), folder.write(8, second)] == [0, 0, 1]
    assert folder.sizes() == [8]
    assert folder.read(8, 0) == first
    assert folder.find_newest(8) == (1, second)
    assert open_cosigned(first, 8, LOG.vkeys) == CHECKPOINT
    with pytest.raises(MalformedNoteError):
        folder.write(8, b"x" * (64 * 1024 + 1))
