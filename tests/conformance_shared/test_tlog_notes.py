"""Notes, tree heads and cosigned checkpoints of other implementations."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from standfast.errors.tlog import MissingSignatureError, SignatureError
from standfast.seal.sign import Ed25519Key
from standfast.tlog.checkpoint import open_checkpoint, parse_checkpoint, verify_signatures
from standfast.tlog.note import from_base64, parse_note, parse_vkey, write_note


@pytest.fixture(scope="module")
def notes(tlog_vectors):
    return json.loads((tlog_vectors / "notes.json").read_text())


def test_every_note_verifies_and_is_written_again_byte_for_byte(notes):
    assert len(notes) == 5
    for each in notes:
        raw = each["note"].encode()
        note = parse_note(raw)
        assert len(verify_signatures(note, [parse_vkey(vkey) for vkey in each["vkeys"]])) == 1
        assert write_note(note.untrusted_text, note.lines) == raw


def test_every_changed_byte_of_a_text_is_noticed(notes):
    for each in notes:
        keys = [parse_vkey(vkey) for vkey in each["vkeys"]]
        note = each["note"]
        changed = note.replace(note[0], "X", 1)
        with pytest.raises(SignatureError):
            verify_signatures(parse_note(changed.encode()), keys)


def test_x_mod_signs_alike(notes):
    case = next(each for each in notes if "skey" in each)
    seed = from_base64(case["skey"].split("+", 4)[4], "skey")[1:]
    key, note = Ed25519Key(seed), parse_note(case["note"].encode())
    assert key.public == parse_vkey(case["vkeys"][0]).public
    assert key.sign(note.untrusted_text.encode()) == note.lines[0].blob


def test_the_go_checksum_database(notes):
    case = next(each for each in notes if "sum.golang.org" in each["what"])
    head = parse_checkpoint(parse_note(case["note"].encode()).untrusted_text)
    assert (head.origin, head.size) == ("go.sum database tree", 35225469)


@pytest.mark.parametrize("file", ["sunlight-w.cp", "sunlight-m.cp"])
def test_cosigned_checkpoints_of_sunlight(tlog_vectors, notes, file):
    raw = (tlog_vectors / file).read_bytes()
    case = next(each for each in notes if each["note"].encode() == raw)
    assert open_checkpoint(raw, case["vkeys"]).size == 300
    found = verify_signatures(parse_note(raw), [parse_vkey(case["vkeys"][0])])
    assert found[0].at == datetime(2025, 12, 31, tzinfo=UTC)
    stranger = next(each["vkeys"][0] for each in notes if each["what"].startswith("C2SP"))
    with pytest.raises(MissingSignatureError):
        open_checkpoint(raw, [*case["vkeys"], stranger])
