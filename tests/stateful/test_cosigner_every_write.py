"""A cosigner killed at every write: whatever comes after, it never gives two roots of one size its name.

The real program is started under strace, which kills it (SIGKILL) as it enters the n-th system call that changes a
file, before the call is made. What it had answered until then is in the answer's file, or is not. Then the log lies.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cosigner_fixture import MemoryLog, make_cosigner
from standfast.clock import machine_clock
from standfast.cosigning.state import CosignerState
from standfast.errors.cosigning import CosigningError
from standfast.tlog.cosign import find_cosignatures
from standfast.tlog.note import parse_note

CHANGES = ("pwrite64", "write", "fsync", "fdatasync", "unlink", "ftruncate", "rename")
"""Each is counted by itself."""
STANDFAST = Path(sys.executable).with_name("standfast")
TRUE, LIE = MemoryLog(), MemoryLog("lie", forked_at=5)
MOST = 60


def killed_at(call: str, number: int, folder: Path, request: Path, answer: Path) -> bool:
    """Run `cosigner cosign` and kill it at its n-th call of this name; whether it was killed."""
    words = [str(STANDFAST), "-C", str(folder), "cosigner", "cosign", str(request), str(answer)]
    strace = ["strace", "-f", "-qqq", "-o", "/dev/null", "-e", f"trace={call}"]
    strace += [f"--inject={call}:signal=SIGKILL:when={number}", "-E", "PYTHONDONTWRITEBYTECODE=1"]
    ran = subprocess.run([*strace, *words], capture_output=True, check=False, timeout=120)
    assert ran.returncode in (0, -9, 137), ran.stderr.decode()
    return ran.returncode != 0


def roots_signed(cosigner, answers: list[tuple[MemoryLog, bytes]], size: int) -> set[bytes]:
    """The roots of one size that these answers cosign."""
    found = set()
    for log, raw in answers:
        cosignatures = find_cosignatures(parse_note(log.note(size) + raw), cosigner.keys) if raw else ()
        found |= {log.root(size)} if cosignatures else set()
    return found


def ask(state: CosignerState, log: MemoryLog, old: int, new: int) -> bytes:
    try:
        return state.cosign(log.request(old, new))
    except CosigningError:
        return b""


@pytest.mark.parametrize(("old", "new"), [(5, 9), (0, 5)])
def test_a_kill_at_any_write_never_signs_two_roots_for_one_size(tmp_path, old, new):
    cosigner, state = make_cosigner(tmp_path / "whole", clock=machine_clock)
    true, lie = (TRUE, LIE) if old else (TRUE, MemoryLog("lie"))
    if old:
        state.cosign(TRUE.request(0, old))
    request = tmp_path / "request.txt"
    request.write_bytes(true.request(old, new))
    kills = answered_before_kill = 0
    for call in CHANGES:
        for number in range(1, MOST):
            folder, answer = tmp_path / f"{call}-{number}", tmp_path / f"{call}-{number}.txt"
            shutil.copytree(tmp_path / "whole", folder)
            killed = killed_at(call, number, folder, request, answer)
            answers = [(true, answer.read_bytes() if answer.exists() else b"")]
            again = CosignerState(folder, cosigner, machine_clock)
            again.require()
            # The log lies, from whichever size is taken, and then tells the truth.
            answers += [(lie, ask(again, lie, old, new)), (lie, ask(again, lie, new, new))]
            answers += [(true, ask(again, true, old, new)), (true, ask(again, true, new, new))]
            assert len(roots_signed(cosigner, answers, new)) == 1, f"killed at {call} {number}"
            kills, answered_before_kill = kills + killed, answered_before_kill + (killed and bool(answers[0][1]))
            if not killed:
                assert answers[0][1]
                break
        else:
            pytest.fail(f"more than {MOST} calls of {call} for one cosignature")
    assert kills > 20, "too few changes were seen: the kill did not reach the database"
    assert answered_before_kill, "it was never killed between its answer and its end"
