"""Our notes, cosignatures and proofs under Go's x/mod and crypto/mldsa, and Go's cosignatures under ours."""

from __future__ import annotations

import pytest

from cosigner_fixture import AT, SIGNER, MemoryLog
from go_fixture import case, notecheck
from standfast.tlog.cosign import Cosigner, add_lines, find_cosignatures, parse_lines
from standfast.tlog.note import SignatureLine, parse_note, parse_vkey, write_note
from standfast.tlog.tree import inclusion_ranges

LOG, LIE = MemoryLog(), MemoryLog("lie")
COSIGNERS = [Cosigner(f"ngo-{n}.example/w", bytes([n]) * 32, bytes([n + 9]) * 32) for n in range(3)]
VKEYS = [*SIGNER.vkeys, *(vkey for each in COSIGNERS for vkey in each.vkeys)]


def cosigned(size: int, log: MemoryLog = LOG) -> bytes:
    note = log.note(size)
    for each in COSIGNERS:
        note = add_lines(note, each.cosign(log.checkpoint(size), AT), each.keys)
    return note


def inclusion(index: int, size: int):
    hashes = LOG.hashes(size)
    proof = [LOG._root(hashes, start, stop) for start, stop in inclusion_ranges(index, size)]
    return {"index": index, "entry": f"true {index}".encode(), "proof": proof}


def consistency(old: int, new: int):
    return {"old_size": old, "old_root": LOG.root(old), "proof": LOG.proof(old, new)}


def test_go_accepts_what_we_make():
    sizes = (1, 2, 3, 7, 8, 9, 100, 257, 1000)
    cases = [
        case(
            cosigned(size), VKEYS, inclusion=inclusion(size // 2, size), consistency=consistency(max(1, size - 3), size)
        )
        for size in sizes
    ]
    for size, answer in zip(sizes, notecheck(cases), strict=True):
        assert answer["ok"], answer
        assert (answer["origin"], answer["size"]) == (SIGNER.origin, size)
        assert len(answer["signers"]) == 8
        times = {
            each["time"] for each in answer["signers"] if each["key_id"] != parse_vkey(SIGNER.vkeys[0]).key_id.hex()
        }
        assert times == {int(AT.timestamp())}


def test_go_rejects_what_was_changed_in_one_place():
    note, broken = cosigned(100), []
    parsed = parse_note(note)
    for number, line in enumerate(parsed.lines):
        for at in (0, len(line.blob) // 2, len(line.blob) - 1):
            blob = bytearray(line.blob)
            blob[at] ^= 1
            lines = list(parsed.lines)
            lines[number] = SignatureLine(line.name, line.key_id, bytes(blob))
            broken.append(case(write_note(parsed.untrusted_text, lines), VKEYS))
        rest = [each for each in parsed.lines if each is not line]
        broken.append(case(write_note(parsed.untrusted_text, rest), VKEYS))
    for text in (b"\n101\n", b"\n99\n"):
        broken.append(case(note.replace(b"\n100\n", text, 1), VKEYS))
    broken.append(case(note.replace(b"vault.example/log\n100", b"vault.example/lag\n100", 1), VKEYS))
    wrong = inclusion(50, 100)
    wrong["proof"] = [bytes(32), *wrong["proof"][1:]]
    broken.append(case(note, VKEYS, inclusion=wrong))
    broken.append(case(note, VKEYS, inclusion={**inclusion(50, 100), "index": 51}))
    broken.append(case(note, VKEYS, inclusion={**inclusion(50, 100), "entry": b"another"}))
    broken.append(case(note, VKEYS, consistency={**consistency(50, 100), "old_root": LIE.root(50)}))
    broken.append(case(note, VKEYS, consistency={**consistency(50, 100), "proof": LOG.proof(49, 100)}))
    accepted = [number for number, answer in enumerate(notecheck(broken)) if answer["ok"]]
    assert accepted == []


@pytest.mark.parametrize("kind", [4, 6])
def test_we_accept_what_go_makes(kind):
    seed, note = bytes(range(32)), LOG.note(9)
    sign = {"name": "go.example/w", "kind": kind, "seed": seed, "time": 1_700_000_000}
    (made,) = notecheck([case(note, [], sign=sign)])
    assert made["ok"], made
    key = parse_vkey(made["vkey"])
    ours = Cosigner("go.example/w", seed, seed)
    assert made["vkey"] == ours.vkeys[kind == 6]
    lines = parse_lines(made["line"].encode())
    (found,) = find_cosignatures(parse_note(add_lines(note, lines, [key])), [key])
    assert found.at is not None
    assert int(found.at.timestamp()) == 1_700_000_000
