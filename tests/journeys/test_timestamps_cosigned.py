"""What is stamped is the cosigned checkpoint; what was given goes to every copy, where anybody can check it."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from authorities_fixture import Authority
from cosigner_fixture import Ticking, make_cosigner, serving, url_of
from program import PASSPHRASE, Program
from standfast.keys.keyholder import unlock_identities
from standfast.seal.timestamp import imprint_of, verify_timestamp

READER = Path(__file__).parents[2] / "docs/formats/read_vault.py"


def test_the_cosigned_checkpoint_is_stamped_and_travels(tmp_path: Path) -> None:
    program = Program(tmp_path)
    program.init()
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents/1").write_text("example")
    program("add", "files", tmp_path / "documents", "--name", "docs")
    program("replicas", "add", "partner", "copy")
    clock = Ticking(datetime.now(UTC))
    cosigner, state = make_cosigner(tmp_path / "guard", "ngo-a.example/cosigner", clock, trusts=None)
    state.trust(program.json("keys", "list")["log"]["vkeys"])
    with serving(state) as server, Authority(tmp_path / "tsa", "One", kind="rsa", unsorted=True) as authority:
        program("cosigners", "add", "ngo-a", *cosigner.vkeys, "--url", url_of(server), "--quorum", 1, "--i-understand")
        (tmp_path / "root.pem").write_bytes(authority.root_pem)
        program("timestamps", "add", "one", authority.url, "--roots", "root.pem")
        first = program.json("protect")
        size = first["checkpoint"]["size"]
        assert first["timestamps"][0]["ok"]
        holdings = program.vault / "holdings"
        note = (holdings / f"tlog/cosigned/{size}/0").read_bytes()
        assert note.startswith((holdings / "tlog/checkpoint").read_bytes()), "the log's lines first"
        assert note.count(b"ngo-a.example/cosigner") == 2, "and both lines of the cosigner"
        response = (holdings / f"tlog/stamps/{size}/0/one/response.tsr").read_bytes()
        assert imprint_of(response) == ("sha512", hashlib.sha512(note).digest())
        assert verify_timestamp(response, hashlib.sha512(note).digest(), authority.root_pem).time

        # The same leaves under fresher times of the same cosigner: not stamped again the same day.
        clock.later(minutes=5)
        program("cosigners", "ask")
        assert (holdings / f"tlog/cosigned/{size}/1").is_file()
        assert program.json("protect")["timestamps"] == []
        assert not (holdings / f"tlog/stamps/{size}/1").exists()

        # A second night, whose accession commits to the first one's evidence.
        (tmp_path / "documents/2").write_text("example 2")
        second = program.json("protect")["checkpoint"]["size"]
    copied = given(tmp_path / "copy")
    assert copied == given(holdings)
    assert f"tlog/stamps/{second}/0/one/chain.pem" in copied
    audited = program.json("audit", "copy", *program.vkeys)
    assert audited["faults"] == []

    # A cosigner that is away: what it has not seen is not stamped, and status says so.
    (tmp_path / "documents/3").write_text("example 3")
    third = program.json("protect")
    assert third["timestamps"] == []
    status = program.json("status")
    assert (status["stamped_size"], status["log"]["size"]) == (second, third["checkpoint"]["size"])
    said = [each["what"] for each in status["todo"]]
    assert f"the newest {third['checkpoint']['size'] - second} entries are not stamped yet" in said

    # By the pages alone: what an inventory names is there, byte for byte, or the reader stops.
    (tmp_path / "identity").write_text("\n".join(unlock_identities(program.vault / "keys", PASSPHRASE)) + "\n")
    assert read(tmp_path, "copy").returncode == 0
    for name in (f"tlog/stamps/{size}/0/one/response.tsr", f"tlog/cosigned/{size}/0"):
        damaged = tmp_path / name.replace("/", "-")
        shutil.copytree(tmp_path / "copy", damaged)
        (damaged / name).chmod(0o600)
        (damaged / name).write_bytes((damaged / name).read_bytes() + b"\n")
        assert f"{name} was changed" in read(tmp_path, damaged.name).stderr
        assert program.json("audit", damaged, *program.vkeys, status=70)["faults"]


def given(holdings: Path) -> dict[str, bytes]:
    """What outside parties gave, by its path."""
    folders = (holdings / "tlog" / name for name in ("cosigned", "stamps", "policy"))
    files = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(holdings)): path.read_bytes() for path in files}


def read(room: Path, replica: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(READER), replica, "identity", "list"]
    return subprocess.run(command, cwd=room, capture_output=True, text=True, timeout=60, check=False)
