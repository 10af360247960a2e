"""A cosigner's judgement and memory: every status, evidence of a split view, one root for one size, two processes."""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import UTC, datetime

import pytest

from cosigner_fixture import AT, SIGNER, MemoryLog, Ticking, make_cosigner
from standfast.cosigning.identity import KEY_NAME, STATE_NAME, load_identity, make_identity
from standfast.cosigning.state import EVIDENCE_KEPT, CosignerState, make_state
from standfast.errors.cosigning import (
    CosignerStateError,
    MalformedRequestError,
    NotCosignedError,
    OtherSizeError,
    UnknownLogError,
    UntrustedCheckpointError,
)
from standfast.errors.keys import LooseKeyFileError
from standfast.tlog.checkpoint import LogSigner, open_checkpoint
from standfast.tlog.cosign import Cosigner, find_cosignatures
from standfast.tlog.cosign_request import write_request
from standfast.tlog.note import SignatureLine, parse_note, write_note

LOG = MemoryLog()
LIE = MemoryLog("lie", forked_at=3)
OTHER = LogSigner("other.example/log", bytes(32), bytes(32))


@pytest.fixture
def clock():
    return Ticking()


@pytest.fixture
def made(tmp_path, clock):
    return make_cosigner(tmp_path / "cosigner", clock=clock)


def ask(state, old, new, log=LOG):
    return state.cosign(log.request(old, new))


def test_it_cosigns_what_continues_what_it_cosigned(made, clock):
    cosigner, state = made
    for old, new in ((0, 1), (1, 1), (1, 7), (7, 8), (8, 300), (300, 300)):
        clock.later(seconds=5)
        answer = ask(state, old, new)
        found = find_cosignatures(parse_note(LOG.note(new) + answer), cosigner.keys)
        assert [each.key for each in found] == list(cosigner.keys)
        assert {each.at for each in found} == {clock.at}
    (view,) = state.logs()
    assert (view.origin, view.size, view.root, view.cosigned_at) == (SIGNER.origin, 300, LOG.root(300), clock.at)
    assert view.vkeys == tuple(sorted(SIGNER.vkeys))
    assert state.evidence() == []


def test_size_0_is_cosigned_with_the_empty_root_alone(made):
    cosigner, state = made
    answer = ask(state, 0, 0)
    assert len(find_cosignatures(parse_note(LOG.note(0) + answer), cosigner.keys)) == 2
    text = f"{SIGNER.origin}\n0\n{'A' * 43}=\n"
    signed = write_note(text, [_log_line(text)])
    with pytest.raises(NotCosignedError):
        state.cosign(write_request(0, [], signed))
    ask(state, 0, 5)


def _log_line(text):
    from standfast.seal.sign import Ed25519Key
    from standfast.tlog.note import parse_vkey

    return SignatureLine(
        SIGNER.origin, parse_vkey(SIGNER.vkeys[0]).key_id, Ed25519Key(bytes(range(32))).sign(text.encode())
    )


def test_404_for_a_log_that_is_not_known(made):
    with pytest.raises(UnknownLogError):
        made[1].cosign(MemoryLog(signer=OTHER).request(0, 5))


def test_403_without_a_trusted_signature_and_for_one_that_fails(made):
    state = made[1]
    note = parse_note(LOG.note(5))
    stripped = write_note(note.untrusted_text, [SignatureLine("someone.example", b"1234", b"x" * 64)])
    blob = bytearray(note.lines[1].blob)
    blob[-1] ^= 1
    broken = SignatureLine(note.lines[1].name, note.lines[1].key_id, bytes(blob))
    for lines in ([note.lines[0], broken], [broken], [note.lines[0], note.lines[1], broken]):
        with pytest.raises(UntrustedCheckpointError):
            state.cosign(write_request(0, [], write_note(note.untrusted_text, lines)))
    with pytest.raises(UntrustedCheckpointError):
        state.cosign(write_request(0, [], stripped))
    # One of the two families is enough for a cosigner; and lines by others say nothing.
    state.cosign(write_request(0, [], write_note(note.untrusted_text, [note.lines[0], *parse_note(stripped).lines])))


def test_400_for_a_form_that_is_broken_and_an_old_size_that_is_greater(made):
    state = made[1]
    with pytest.raises(MalformedRequestError):
        ask(state, 6, 5)
    for raw in (b"", b"old 0\n\nno note", b"old x\n\n" + LOG.note(5), b"x" * 300_000):
        with pytest.raises(MalformedRequestError):
            state.cosign(raw)
    extended = LOG.note(5).replace(b"\n\n", b"\nextension\n\n", 1)
    with pytest.raises(MalformedRequestError):
        state.cosign(write_request(0, [], extended))


def test_409_says_the_size_that_was_cosigned_last(made):
    state = made[1]
    with pytest.raises(OtherSizeError) as none_yet:
        ask(state, 3, 5)
    assert none_yet.value.size == 0
    ask(state, 0, 5)
    for old, new in ((0, 5), (0, 9), (3, 9), (4, 4), (6, 9)):
        with pytest.raises(OtherSizeError) as other:
            ask(state, old, new)
        assert other.value.size == 5
    ask(state, 5, 9)


def test_422_for_a_proof_that_fails_or_has_no_place(made):
    state = made[1]
    with pytest.raises(NotCosignedError):
        state.cosign(write_request(0, [bytes(32)], LOG.note(5)))
    ask(state, 0, 5)
    proof = LOG.proof(5, 9)
    for bad in ([], proof[:-1], [*proof, bytes(32)], [bytes(32), *proof[1:]], list(reversed(proof))):
        with pytest.raises(NotCosignedError):
            state.cosign(write_request(5, bad, LOG.note(9)))
    with pytest.raises(NotCosignedError):
        state.cosign(write_request(5, [bytes(32)], LOG.note(5)))
    assert state.logs()[0].size == 5


def test_a_split_view_is_refused_and_kept_as_evidence_that_anybody_can_check(made, clock):
    state = made[1]
    ask(state, 0, 5)
    clock.later(hours=1)
    with pytest.raises(NotCosignedError):
        ask(state, 5, 5, LIE)
    with pytest.raises(NotCosignedError):
        ask(state, 5, 9, LIE)
    first, second = state.evidence()
    assert (first.size, first.two_roots, first.found_at) == (5, True, clock.at)
    roots = {
        open_checkpoint(first.known, SIGNER.vkeys).root,
        open_checkpoint(first.request.partition(b"\n\n")[2], SIGNER.vkeys).root,
    }
    assert roots == {LOG.root(5), LIE.root(5)}
    assert (second.size, second.two_roots) == (9, False)
    assert state.logs()[0].evidence_count == 2
    ask(state, 5, 9)


def test_another_root_for_an_old_size_is_evidence_whatever_the_request_says(made):
    state = made[1]
    for old, new in ((0, 5), (5, 9), (9, 20)):
        ask(state, old, new)
    with pytest.raises(OtherSizeError):
        ask(state, 0, 9, LIE)
    with pytest.raises(MalformedRequestError):
        ask(state, 20, 5, LIE)
    assert [(each.size, each.two_roots) for each in sorted(state.evidence(), key=lambda e: e.size)] == [
        (5, True),
        (9, True),
    ]
    assert open_checkpoint(state.evidence()[0].known, SIGNER.vkeys).root in (LOG.root(5), LOG.root(9))


def test_evidence_is_bounded_and_the_first_stays(made):
    state = made[1]
    ask(state, 0, 5)
    for n in range(EVIDENCE_KEPT + 5):
        with pytest.raises(NotCosignedError):
            ask(state, 5, 5, MemoryLog(f"lie {n}"))
        with pytest.raises(NotCosignedError):
            ask(state, 5, 5, MemoryLog("lie 0"))
    kept = state.evidence()
    assert len(kept) == EVIDENCE_KEPT
    assert open_checkpoint(kept[0].known, SIGNER.vkeys).root == LOG.root(5)


def test_proofs_that_fail_do_not_crowd_out_two_roots(made):
    state = made[1]
    ask(state, 0, 5)
    for size in range(6, 6 + EVIDENCE_KEPT + 5):
        with pytest.raises(NotCosignedError):
            state.cosign(write_request(5, [bytes(32)], LOG.note(size)))
    assert len(state.evidence()) == EVIDENCE_KEPT
    with pytest.raises(NotCosignedError):
        ask(state, 5, 5, LIE)
    assert [each.size for each in state.evidence() if each.two_roots] == [5]


def test_a_lie_that_came_first_with_a_bad_proof_is_known_as_two_roots_later(made):
    state = made[1]
    ask(state, 0, 5)
    with pytest.raises(NotCosignedError):
        state.cosign(write_request(5, [bytes(32)], LIE.note(9)))
    ask(state, 5, 9)
    with pytest.raises(NotCosignedError):
        ask(state, 9, 9, LIE)
    (kept,) = state.evidence()
    assert kept.two_roots
    assert open_checkpoint(kept.known, SIGNER.vkeys).root == LOG.root(9)


def test_the_database_itself_refuses_a_second_root_and_forgetting(made, tmp_path):
    ask(made[1], 0, 5)
    with contextlib.closing(sqlite3.connect(tmp_path / "cosigner" / STATE_NAME)) as database:
        for statement in ("UPDATE cosigned SET root = x'00'", "DELETE FROM cosigned", "UPDATE cosigned SET size = 4"):
            with pytest.raises(sqlite3.IntegrityError):
                database.execute(statement)


def test_a_clock_that_went_back_signs_nothing(made, clock):
    state = made[1]
    ask(state, 0, 5)
    clock.at = datetime(2030, 1, 1, tzinfo=UTC)
    with pytest.raises(CosignerStateError, match="clock"):
        ask(state, 5, 9)
    clock.at = AT
    ask(state, 5, 9)


def test_the_monitors_note_has_the_logs_lines_and_ours_and_no_others(made):
    import hashlib

    cosigner, state = made
    hashed = hashlib.sha256(SIGNER.origin.encode()).hexdigest()
    assert state.find_checkpoint(hashed) is None
    stranger = SignatureLine("someone.example", b"1234", b"x" * 64)
    note = parse_note(LOG.note(5))
    state.cosign(write_request(0, [], write_note(note.untrusted_text, [stranger, *note.lines])))
    shown = state.find_checkpoint(hashed)
    assert open_checkpoint(shown, SIGNER.vkeys) == LOG.checkpoint(5)
    assert [line.name for line in parse_note(shown).lines] == [SIGNER.origin] * 2 + [cosigner.name] * 2
    assert state.find_checkpoint("0" * 64) is None


def test_a_lost_database_is_not_made_again(made, tmp_path):
    ask(made[1], 0, 5)
    (tmp_path / "cosigner" / STATE_NAME).unlink()
    for call in (made[1].require, made[1].logs, lambda: ask(made[1], 0, 5)):
        with pytest.raises(CosignerStateError):
            call()
    assert not (tmp_path / "cosigner" / STATE_NAME).exists()


def test_a_database_of_another_key_and_a_damaged_one_are_refused(tmp_path):
    _, first = make_cosigner(tmp_path / "a")
    other, second = make_cosigner(tmp_path / "b", "ngo-b.example/w")
    with pytest.raises(CosignerStateError, match="another key"):
        CosignerState(tmp_path / "a", other, Ticking()).require()
    (tmp_path / "b" / STATE_NAME).write_bytes(b"no database" * 100)
    with pytest.raises(CosignerStateError):
        second.require()
    first.require()


def test_the_key_file(tmp_path, made):
    folder = tmp_path / "cosigner"
    assert load_identity(folder).vkeys == made[0].vkeys
    assert (folder / KEY_NAME).stat().st_mode & 0o777 == 0o600
    with pytest.raises(CosignerStateError):
        make_identity(folder, "x.example", lambda n: bytes(n))
    with pytest.raises(CosignerStateError):
        make_state(folder)
    (folder / KEY_NAME).chmod(0o644)
    with pytest.raises(LooseKeyFileError):
        load_identity(folder)
    (folder / KEY_NAME).chmod(0o600)
    (folder / KEY_NAME).write_text("standfast cosigner 1\nx\n00\n00\n")
    with pytest.raises(CosignerStateError):
        load_identity(folder)
    (folder / KEY_NAME).unlink()
    with pytest.raises(CosignerStateError):
        load_identity(folder)


def test_keys_that_no_log_signs_with_are_not_trusted(made):
    cosigner, state = made
    for vkey in (cosigner.vkeys[0], cosigner.vkeys[1], Cosigner("x.example", bytes(32), bytes(32)).vkeys[0]):
        with pytest.raises(MalformedRequestError):
            state.trust([vkey])
    assert state.trust(OTHER.vkeys) == [OTHER.origin]
    assert state.trust(OTHER.vkeys) == [OTHER.origin]
    assert len(state.logs()) == 2
