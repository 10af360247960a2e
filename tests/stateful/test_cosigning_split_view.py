"""A log that lies, with cosigners that lie with it: what k of N is worth, tried with real keys, notes and policies.

The log shows history A to one reader and history B to another, at one size. An honest cosigner is our own, with its
database; a liar signs whatever it is given. The log may ask the honest ones in any order, for either history, again.
"""

from __future__ import annotations

import itertools

import pytest

from cosigner_fixture import AT, SIGNER, MemoryLog, make_cosigner
from standfast.errors.cosigning import CosigningError
from standfast.errors.tlog import MissingSignatureError
from standfast.tlog.cosign import Cosigner, add_lines, parse_lines
from standfast.tlog.policy import open_under_policy, parse_policy

A, B = MemoryLog("a", forked_at=4), MemoryLog("b", forked_at=4)
SIZE = 9


def policy_of(k: int, cosigners: list[Cosigner], family: int):
    lines = [f"log {SIGNER.vkeys[0]}"]
    lines += [f"witness w{n} {each.vkeys[family]}" for n, each in enumerate(cosigners)]
    lines += [f"group q {k} {' '.join(f'w{n}' for n in range(len(cosigners)))}", "quorum q", ""]
    return parse_policy("\n".join(lines).encode())


def histories_accepted(folder, k: int, n: int, first: tuple[int, ...], family: int) -> int:
    """How many of the two histories a reader with this policy can be made to accept; the liar is the last cosigner.

    `first`: which history each honest cosigner is asked for first.
    """
    honest = [make_cosigner(folder / f"w{n}", f"w{n}.example/w") for n in range(n - 1)]
    liar = Cosigner("liar.example/w", b"l" * 32, b"m" * 32)
    notes = [A.note(SIZE), B.note(SIZE)]
    for (cosigner, state), begun in zip(honest, first, strict=True):
        state.cosign(A.request(0, 4))
        for history in (begun, 1 - begun):
            log = (A, B)[history]
            for old in (4, SIZE):
                try:
                    lines = parse_lines(state.cosign(log.request(old, SIZE)))
                except CosigningError:
                    continue
                notes[history] = add_lines(notes[history], lines, cosigner.keys)
    accepted = 0
    for history, log in enumerate((A, B)):
        note = add_lines(notes[history], liar.cosign(log.checkpoint(SIZE), AT), liar.keys)
        try:
            open_under_policy(note, policy_of(k, [*(each for each, _ in honest), liar], family))
            accepted += 1
        except MissingSignatureError:
            pass
    return accepted


@pytest.mark.parametrize("family", [0, 1], ids=["ed25519", "ml-dsa-44"])
def test_3_of_4_with_one_liar_shows_one_history_at_most(tmp_path, family):
    found = [
        histories_accepted(tmp_path / "".join(map(str, first)), 3, 4, first, family)
        for first in itertools.product((0, 1), repeat=3)
    ]
    # Where all honest ones were asked for one history, or two of three, that one is accepted, and never a second.
    assert found == [1] * 8


@pytest.mark.parametrize("family", [0, 1], ids=["ed25519", "ml-dsa-44"])
def test_2_of_3_with_one_liar_can_show_two(tmp_path, family):
    found = {
        first: histories_accepted(tmp_path / "".join(map(str, first)), 2, 3, first, family)
        for first in itertools.product((0, 1), repeat=2)
    }
    assert found == {(0, 0): 1, (0, 1): 2, (1, 0): 2, (1, 1): 1}
