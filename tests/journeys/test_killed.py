"""`kill -9` of protect at random moments: what was acknowledged is there, and the next run ends clean."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

from program import Program

KILLS = 50


def test_protect_killed_fifty_times(tmp_path: Path) -> None:
    rnd = random.Random(7)
    program = Program(tmp_path)
    documents = tmp_path / "documents"
    documents.mkdir()
    for n in range(150):
        (documents / f"file-{n}.bin").write_bytes(rnd.randbytes(rnd.choice([100, 20_000, 600_000])))
    program.init()
    program("add", "files", documents, "--name", "docs")
    program("replicas", "add", "partner", "copy")
    began = time.monotonic()
    program("protect")
    whole_s = time.monotonic() - began
    vkeys = program.vkeys
    known = {each["id"] for each in program.json("items")["items"]}
    killed = 0
    for n in range(KILLS):
        for _ in range(10):
            (documents / f"file-{rnd.randrange(150)}.bin").write_bytes(
                rnd.randbytes(rnd.choice([100, 50_000, 400_000]))
            )
        process = program.start("protect", "--json")
        try:
            process.wait(rnd.uniform(0.02, whole_s))
        except Exception:
            process.send_signal(signal.SIGKILL)
            killed += 1
        process.communicate()
        if n % 10 == 9:
            held = {each["id"] for each in program.json("items", "--all")["items"]}
            assert known <= held, "something acknowledged is gone"
            known = held
    assert killed > KILLS // 3, "the kills came too late to show anything"
    done = program.json("protect")
    assert done["origins"][0]["ok"]
    assert done["replicas"][0]["ok"]
    assert program.json("verify")["ok"]
    assert program.json("audit", program.vault / "holdings", *vkeys)["faults"] == []
    assert program.json("audit", "copy", *vkeys)["faults"] == []
    program("restore", "files", "docs", "--to", "out")
    for n in range(150):
        assert (tmp_path / f"out/file-{n}.bin").read_bytes() == (documents / f"file-{n}.bin").read_bytes()
    assert not list((program.vault / "state/pending").glob("*"))
