"""A C2SP witness and a client that nobody here wrote: ours asks theirs, theirs asks ours, and both refuse a lie.

They come from PyPI (tests/interop/witness) and run in processes of their own, with an import path of their own.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cosigner_fixture import SIGNER, MemoryLog, make_cosigner, serving, url_of
from standfast.clock import machine_clock
from standfast.cosigning.asking import Peer, ask_cosigner, ask_last_seen
from standfast.errors.cosigning import CosignerAnswerError
from standfast.http_client import ask
from standfast.tlog.checkpoint import ED25519_COSIGNATURE, Checkpoint
from standfast.tlog.cosign import add_lines, find_cosignatures
from standfast.tlog.note import parse_note, parse_vkey

THEIRS = Path(sys.prefix) / "witness"
LOG, LIE = MemoryLog(), MemoryLog("lie", forked_at=3)
HASH = hashlib.sha256(SIGNER.origin.encode()).hexdigest()

CLIENT = """
import json, sys
from aics_witness.feeder import WitnessClient
job = json.load(sys.stdin)
proofs = {tuple(map(int, key.split())): [bytes.fromhex(each) for each in proof] for key, proof in job["proofs"].items()}
client = WitnessClient(job["url"], job["vkey"], max_age_seconds=None)
answers = []
for note in job["notes"]:
    try:
        answers.append(client.submit(note, lambda old, new: proofs[old, new]))
    except Exception as why:
        answers.append(type(why).__name__)
client.close()
json.dump(answers, sys.stdout)
"""


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(THEIRS), "PYTHONWARNINGS": "default"}


def run(*words: object, stdin: str = "") -> str:
    ran = subprocess.run(
        [sys.executable, *map(str, words)],
        input=stdin,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


class LogAt:
    """What `ask_cosigner` needs of a log reader, over a log in memory."""

    def __init__(self, log: MemoryLog, size: int) -> None:
        self.log, self.size = log, size
        self.checkpoint: Checkpoint = log.checkpoint(size)

    def consistency_proof(self, old: int) -> list[bytes]:
        return self.log.proof(old, self.size)


@pytest.fixture
def witness(tmp_path):
    """Their witness, which knows our log's Ed25519 key, on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        listen = f"127.0.0.1:{free.getsockname()[1]}"
    module = ("-m", "aics_witness")
    config = ("--config", tmp_path / "witness.json")
    told = run(*module, "init", *config, "--name", "aics.example/w1", "--listen", listen)
    vkey = next(word for line in told.splitlines() for word in line.split() if word.startswith("aics.example/w1+"))
    run(*module, "add-log", *config, "--origin", SIGNER.origin, "--vkey", SIGNER.vkeys[0])
    server = subprocess.Popen(
        [sys.executable, *module, "serve", "--config", str(tmp_path / "witness.json")],
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(tuple(listen.split(":")), timeout=1).close()  # type: ignore[arg-type]
                break
            except OSError:
                assert time.monotonic() < until
                assert server.poll() is None
                time.sleep(0.1)
        yield Peer(name="aics", url=f"http://{listen}", keys=(parse_vkey(vkey),)), tmp_path
    finally:
        server.terminate()
        server.wait(30)


def test_theirs_cosigns_what_we_ask(witness):
    peer, _ = witness
    assert ask_last_seen(peer, SIGNER.origin, SIGNER.vkeys, within_s=10) is None
    known = 0
    for size in (1, 5, 5, 9, 300, 1000):
        answer = ask_cosigner(peer, LogAt(LOG, size), LOG.note(size), known, within_s=30)
        note = parse_note(add_lines(LOG.note(size), answer.lines, peer.keys))
        (found,) = find_cosignatures(note, peer.keys)
        assert found.key.kind == ED25519_COSIGNATURE
        # What we think of its size may be wrong: it says the right one, and the proof is made from there.
        known = {1: 1, 5: 0, 9: 9, 300: 7, 1000: 1000}[size]
    assert ask_last_seen(peer, SIGNER.origin, SIGNER.vkeys, within_s=10) == LOG.checkpoint(1000)


def test_theirs_refuses_a_lie_and_so_do_we(witness):
    peer, folder = witness
    ask_cosigner(peer, LogAt(LOG, 5), LOG.note(5), 0, within_s=30)
    for size in (5, 9):
        with pytest.raises(CosignerAnswerError, match="does not continue"):
            ask_cosigner(peer, LogAt(LIE, size), LIE.note(size), 5, within_s=30)
    evidence = run("-m", "aics_witness", "evidence", "--config", folder / "witness.json")
    assert evidence.count(SIGNER.origin) >= 1


def test_their_client_is_cosigned_by_ours(tmp_path):
    cosigner, state = make_cosigner(tmp_path / "ours", "ours.example/w", machine_clock)  # type: ignore[arg-type]
    sizes = [1, 5, 5, 9, 300]
    notes = [LOG.note(size).decode() for size in sizes]
    proofs = {
        f"{old} {new}": [each.hex() for each in LOG.proof(old, new)]
        for old in (0, *sizes)
        for new in sizes
        if old <= new
    }
    with serving(state) as server:
        job = {"url": url_of(server), "vkey": cosigner.vkeys[0], "notes": notes, "proofs": proofs}
        answers = json.loads(run("-c", CLIENT, stdin=json.dumps(job)))
        for size, line in zip(sizes, answers, strict=True):
            found = find_cosignatures(parse_note(LOG.note(size) + line.encode()), cosigner.keys)
            assert len(found) >= 1, line
        # A client that knows nothing of where it stands, and a log that lies.
        job["notes"] = [LOG.note(300).decode(), LIE.note(300).decode()]
        fresh, lie = json.loads(run("-c", CLIENT, stdin=json.dumps(job)))
        assert fresh.startswith("\u2014 ours.example/w ")
        assert lie.startswith("Witness")
        shown = ask("GET", f"{url_of(server)}/{HASH}/checkpoint", limit_bytes=65536, timeout_s=10)
    assert parse_note(shown.body).untrusted_text == LOG.checkpoint(300).text()
    assert [each.two_roots for each in state.evidence()] == [True]


def test_both_answer_every_status_alike(witness, tmp_path):
    """The same hostile questions to theirs and to ours: the same status."""
    peer, _ = witness
    _, state = make_cosigner(tmp_path / "ours", "ours.example/w", machine_clock, trusts=None)  # type: ignore[arg-type]
    state.trust([SIGNER.vkeys[0]])
    other = MemoryLog(signer=type(SIGNER)("other.example/log", bytes(32), bytes(32)))
    note = LOG.note(9)
    proof = LOG.request(5, 9).partition(b"\n\n")[0]
    unsigned = note[: note.index(b"\n\n") + 2] + "\u2014 who.example AAAAAAAA\n".encode()
    broken = note.replace(b"vault.example/log 1j1dz", b"vault.example/log 1j1dA", 1)
    questions = [
        LOG.request(0, 5),
        LOG.request(0, 5),
        LOG.request(5, 5),
        LOG.request(3, 9),
        other.request(0, 5),
        proof + b"\n\n" + unsigned,
        proof + b"\n\n" + broken,
        LOG.request(9, 5),
        b"old 5\n\n" + note,
        proof.replace(b"\n", b"\nAAAA\n", 1) + b"\n\n" + note,
        LIE.request(5, 5),
        LIE.request(5, 9),
        b"old 0\n" + b"A" * 43 + b"=\n\n" + note,
        b"nonsense",
        b"",
        LOG.request(5, 9),
        LOG.request(5, 9),
    ]
    with serving(state) as server:
        for number, question in enumerate(questions):
            statuses = [
                ask("POST", url + "/add-checkpoint", body=question, limit_bytes=65536, timeout_s=20).status
                for url in (peer.url, url_of(server))
            ]
            assert statuses[0] == statuses[1], (number, question[:60], statuses)
