"""A seized capture machine names nothing that it captured, also when it was cut off in the middle."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

from program import Program

NAMES = ["harbour-list-example.txt", "قائمة-مثال.txt", "deep/inner-folder-example/témoignage-exemple.txt"]
TEXT = "the lighthouse stood empty that example winter; "


def test_no_name_and_no_text_lies_on_the_machine(tmp_path: Path) -> None:
    program = Program(tmp_path)
    documents = tmp_path / "documents"
    for n, name in enumerate(NAMES):
        (documents / name).parent.mkdir(parents=True, exist_ok=True)
        (documents / name).write_text(TEXT * 200 + str(n))
    for n in range(40):
        (documents / f"filler-example-{n}.bin").write_bytes(bytes([n]) * 300_000)
    program.json("init", program.vault, "--name", "Example", "--shares-dir", "shares", "--no-identity")
    program("add", "files", documents, "--name", "docs")
    program("protect")
    # A second run is cut off while it is at work.
    for n in range(60):
        (documents / f"later-example-{n}.bin").write_bytes(n.to_bytes(2, "big") * 200_000)
    process = program.start("protect")
    deadline = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(FileNotFoundError):
            if os.listdir(program.vault / "state/pending"):
                break
    process.send_signal(signal.SIGKILL)
    process.communicate()
    secrets = [piece.encode() for name in (*NAMES, "filler-example", "later-example") for piece in name.split("/")]
    secrets += [TEXT.encode(), TEXT.encode("utf-16-le"), str(documents).encode()]
    looked = 0
    for path in program.vault.rglob("*"):
        if not path.is_file() or path.name == "standfast.toml":
            continue
        looked += 1
        raw = path.read_bytes()
        for secret in secrets:
            assert secret not in raw, f"{secret!r} stands in {path.relative_to(program.vault)}"
            assert secret not in str(path).encode()
    assert looked > 10
    assert not (program.vault / "keys/identity.age").exists()
    assert not (program.vault / "keys/custody.age").exists()
    # What it has it can go on adding to, and not read.
    program("protect")
    program("items", status=13)
