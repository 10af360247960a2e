"""Whatever bytes come: a log's parsers answer with a value or with an error of ours, never with another one."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from standfast.errors.tlog import MalformedNoteError, TlogError
from standfast.tlog.checkpoint import LogSigner, open_checkpoint, parse_checkpoint
from standfast.tlog.note import parse_note, parse_vkey, write_note
from standfast.tlog.paths import find_tile_path
from standfast.tlog.proof import verify_consistency, verify_inclusion
from standfast.tlog.proof_text import parse_proof, verify_proof, write_proof

SIGNER = LogSigner("example.org/log", bytes(32), bytes(32))
ROOT = bytes(31) + b"\1"
NOTE = SIGNER.sign(9, ROOT, datetime(2031, 5, 4, tzinfo=UTC))
PROOF = write_proof(4, [bytes(32)] * 4, NOTE, b"extra")
VECTORS = Path(__file__).parent.parent / "vectors" / "tlog"

PIECES = st.sampled_from(
    [b"\n", b"\n\n", b"\n\n\n", b" ", b"+", "\u2014 ".encode(), b"0", b"9" * 30, b"=", b"A" * 44, b"\0", b"\xff", b"\r",
     b"index ", b"extra ", b"c2sp.org/tlog-proof@v1\n", b"example.org/log", "\u0669".encode(), "\u2028".encode(), b"-1"]
)  # fmt: skip


@st.composite
def mangled(draw: st.DrawFn, good: bytes) -> bytes:
    """A good file with a few pieces replaced, removed or put in."""
    data = good
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, min(len(data), 400)))
        stop = min(len(data), start + draw(st.integers(0, 60)))
        data = data[:start] + draw(st.one_of(PIECES, st.binary(max_size=8))) + data[stop:]
    return data


ANY_NOTE = st.one_of(st.binary(max_size=300), st.lists(PIECES, max_size=20).map(b"".join), mangled(NOTE))
ANY_PROOF = st.one_of(st.binary(max_size=300), st.lists(PIECES, max_size=20).map(b"".join), mangled(PROOF))


@settings(max_examples=600, deadline=None)
@given(ANY_NOTE)
@example(b"")
@example(b"\n\n")
@example(b"\n\n\xe2\x80\x94 a AAAAAAA=\n")
def test_notes(raw):
    try:
        note = parse_note(raw)
    except MalformedNoteError:
        return
    # One spelling: what is accepted is written back byte for byte.
    assert write_note(note.untrusted_text, note.lines) == raw
    with contextlib.suppress(MalformedNoteError):
        assert parse_checkpoint(note.untrusted_text).text() == note.untrusted_text


@settings(max_examples=600, deadline=None)
@given(ANY_NOTE)
def test_checkpoints(raw):
    try:
        found = open_checkpoint(raw, SIGNER.vkeys)
    except TlogError:
        return
    # Whatever was changed, it was nothing that is signed.
    assert (found.origin, found.size, found.root) == ("example.org/log", 9, ROOT)


@settings(max_examples=600, deadline=None)
@given(ANY_PROOF)
def test_proofs(raw):
    try:
        proof = parse_proof(raw)
    except MalformedNoteError:
        return
    again = write_proof(
        proof.untrusted_index, proof.untrusted_hashes, proof.untrusted_checkpoint, proof.untrusted_extra
    )
    assert again == raw
    with contextlib.suppress(TlogError):
        verify_proof(raw, b"entry", SIGNER.vkeys)
        raise AssertionError("nothing here is proved")


@settings(max_examples=400, deadline=None)
@given(
    st.one_of(st.text(max_size=80), mangled(SIGNER.vkeys[0].encode()).map(lambda raw: raw.decode("utf-8", "replace")))
)
@example("\ud800+00000000+AAAA")
@example("++")
def test_vkeys(text):
    with contextlib.suppress(MalformedNoteError):
        assert parse_vkey(text).text() == text


@settings(max_examples=400, deadline=None)
@given(
    st.integers(-(2**70), 2**70),
    st.integers(-(2**70), 2**70),
    st.lists(st.one_of(st.binary(min_size=32, max_size=32), st.binary(max_size=40)), max_size=70),
)
def test_proofs_of_any_size(first, last, hashes):
    with contextlib.suppress(TlogError):
        verify_inclusion(bytes(32), first, last, ROOT, hashes)
        raise AssertionError("nothing here is proved")
    with contextlib.suppress(TlogError):
        verify_consistency(first, bytes(32), last, ROOT, hashes)
        raise AssertionError("nothing here is proved")


@settings(max_examples=400, deadline=None)
@given(
    st.one_of(
        st.text(max_size=40), mangled(b"tile/entries/x001/234.p/17").map(lambda raw: raw.decode("utf-8", "replace"))
    )
)
def test_paths(text):
    found = find_tile_path(text)
    assert found is None or found.text() == text
