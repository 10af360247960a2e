"""Cosigners by the real program: set up, asked by `protect`, by files, behind, away; a split view; an old copy."""

from __future__ import annotations

import copy
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from program import Program
from standfast.tlog.checkpoint import open_checkpoint
from standfast.tlog.cosign_request import write_request
from standfast.tlog.cosigned import CosignedFolder
from standfast.tlog.note import parse_note
from standfast.tlog.policy import open_under_policy, parse_policy

STANDFAST = Path(sys.executable).with_name("standfast")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


class Guard:
    """One cosigner of the real program, in a folder of its own."""

    def __init__(self, room: Path, name: str) -> None:
        self.name, self.folder, self.port = name, room / name, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {**os.environ, "STANDFAST_DEBUG": "1"}
        made = self("cosigner", "init", self.folder, "--name", f"{name}.example/cosigner", "--json")
        self.vkeys = json.loads(made.stdout)["vkeys"]
        self.server: subprocess.Popen[str] | None = None

    def __call__(self, *words: object, status: int = 0) -> subprocess.CompletedProcess[str]:
        line = [str(STANDFAST), *(() if "init" in words else ("-C", str(self.folder))), *map(str, words)]
        ran = subprocess.run(line, capture_output=True, text=True, env=self.environment, check=False, timeout=60)
        assert ran.returncode == status, (words, ran.stdout, ran.stderr)
        return ran

    def start(self) -> None:
        line = [str(STANDFAST), "-C", str(self.folder), "cosigner", "serve", "--listen", f"127.0.0.1:{self.port}"]
        self.server = subprocess.Popen(line, stderr=subprocess.PIPE, text=True, env=self.environment)
        assert self.server.stderr is not None
        assert "listens on" in self.server.stderr.readline()

    def stop(self) -> int:
        assert self.server is not None
        assert self.server.stderr is not None
        self.server.terminate()
        status = self.server.wait(30)
        self.server.stderr.close()
        self.server = None
        return status

    def listed(self) -> dict[str, object]:
        found = json.loads(self("cosigner", "list", "--json").stdout)
        assert isinstance(found, dict)
        return found


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A vault with one origin, and four cosigners that know its log: made once, copied for each test."""
    whole = tmp_path_factory.mktemp("template")
    program = Program(whole)
    program.init()
    (whole / "documents").mkdir()
    (whole / "documents" / "one.txt").write_text("one")
    program("add", "files", whole / "documents", "--name", "docs")
    guards = [Guard(whole, f"ngo-{letter}") for letter in "abcd"]
    for guard in guards:
        guard("cosigner", "trust", *vkeys(program))
        program("cosigners", "add", guard.name, *guard.vkeys, "--url", guard.url)
    return whole, guards


@pytest.fixture
def room(template, tmp_path):
    """The template's vault, its documents, and its cosigners, which serve."""
    whole, guards = template
    shutil.copytree(whole, tmp_path, dirs_exist_ok=True)
    settings = tmp_path / "vault" / "standfast.toml"
    settings.write_text(settings.read_text().replace(str(whole), str(tmp_path)))
    program = Program(tmp_path)
    here = [copy.copy(guard) for guard in guards]
    try:
        for guard in here:
            guard.folder = tmp_path / guard.name
            guard.start()
        yield program, here, tmp_path / "documents"
    finally:
        for guard in here:
            if guard.server:
                guard.stop()


def vkeys(program: Program) -> list[str]:
    return list(program.json("keys", "list")["log"]["vkeys"])


def cosigned(program: Program, size: int, policy: str = "classic"):
    """What a stranger makes of the newest cosigned checkpoint, by the vault's own policy file."""
    tlog = program.vault / "holdings" / "tlog"
    newest = CosignedFolder(tlog).find_newest(size)
    assert newest is not None
    return newest[0], open_under_policy(newest[1], parse_policy((tlog / "policy" / policy).read_bytes()))


def test_the_whole_round(room):
    program, guards, documents = room
    listed = program.json("cosigners", "list")
    assert (listed["quorum"], listed["organisations"], listed["tolerates"]) == (3, 4, 1)
    assert "2 × 3 > 4 + liars" in listed["worth"]

    done = program.json("protect")
    size = done["checkpoint"]["size"]
    assert [(each["ok"], each["size"]) for each in done["cosigners"]] == [(True, size)] * 4
    for policy in ("classic", "pq"):
        number, accepted = cosigned(program, size, policy)
        assert number == 0
        assert len(accepted.cosignatures) == 4
        assert accepted.checkpoint.root.hex() == done["checkpoint"]["root"]
    status = program.json("status")
    assert status["cosigning"] == {"quorum": 3, "organisations": 4, "cosigned_size": size}
    assert [each["size"] for each in status["cosigners"]] == [size] * 4
    assert not [each for each in status["todo"] if "cosign" in each["what"]]
    for guard in guards:
        (log,) = guard.listed()["logs"]
        assert (log["size"], log["root"]) == (size, done["checkpoint"]["root"])

    # Nothing changed, and the rhythm has not passed: nobody is asked. By a person they are, and their times are fresh.
    assert program.json("protect")["cosigners"] == []
    assert all(each["ok"] for each in program.json("cosigners", "ask")["cosigners"])
    number, fresher = cosigned(program, size)
    assert number == 1
    assert min(each.at for each in fresher.cosignatures) > min(each.at for each in accepted.cosignatures)

    # One is away: protect goes on and succeeds, three are enough, status says what is missing.
    assert guards[3].stop() == 0
    (documents / "two.txt").write_text("two")
    done = program.json("protect")
    size_after = done["checkpoint"]["size"]
    assert {each["name"]: each["ok"] for each in done["cosigners"]} == {
        "ngo-a": True,
        "ngo-b": True,
        "ngo-c": True,
        "ngo-d": False,
    }
    assert len(cosigned(program, size_after)[1].cosignatures) == 3
    todo = program.json("status")["todo"]
    assert [each["command"] for each in todo if "ngo-d" in each["what"]] == ["standfast cosigners ask ngo-d"]
    (documents / "three.txt").write_text("three")
    done = program.json("protect")
    assert "ngo-d" not in {each["name"] for each in done["cosigners"]}, "it is asked again too soon after a failure"

    # It is back, two checkpoints behind: the proof is made from its own size.
    guards[3].start()
    (asked,) = program.json("cosigners", "ask", "ngo-d")["cosigners"]
    assert (asked["ok"], asked["size"]) == (True, done["checkpoint"]["size"])
    assert len(cosigned(program, done["checkpoint"]["size"])[1].cosignatures) == 4
    # What is known of where they stand can be lost; they say it themselves.
    (program.vault / "state" / "ledger.json").unlink()
    (documents / "four.txt").write_text("four")
    assert all(each["ok"] for each in program.json("protect")["cosigners"])


def test_by_files(room, tmp_path):
    program, _, documents = room
    guard = Guard(tmp_path, "ngo-e")
    guard("cosigner", "trust", *vkeys(program))
    program("cosigners", "add", "ngo-e", *guard.vkeys)
    size = program.json("protect")["checkpoint"]["size"]
    todo = program.json("status")["todo"]
    assert [each["command"] for each in todo if "ngo-e" in each["what"]] == ["standfast cosigners request ngo-e FILE"]

    program("cosigners", "request", "ngo-e", "request.txt")
    request, answer = tmp_path / "request.txt", tmp_path / "answer.txt"
    assert request.read_text().startswith("old 0\n\n")
    guard("cosigner", "cosign", request, answer)
    assert len(parse_note(b"text\n\n" + answer.read_bytes()).lines) == 2
    # The log has grown when the answer comes back: it counts for what was asked.
    (documents / "more.txt").write_text("more")
    program("protect")
    (taken,) = program.json("cosigners", "import", "ngo-e", answer)["cosigners"]
    assert (taken["ok"], taken["size"]) == (True, size)
    assert len(cosigned(program, size)[1].cosignatures) == 5

    # The vault forgot where it stands: the cosigner's answer is its size, and the next request starts there.
    (program.vault / "state" / "ledger.json").unlink()
    program("cosigners", "request", "ngo-e", "request.txt")
    guard("cosigner", "cosign", request, answer, status=169)
    assert answer.read_text() == f"{size}\n"
    program("cosigners", "import", "ngo-e", answer, status=174)
    program("cosigners", "request", "ngo-e", "request.txt")
    assert request.read_text().startswith(f"old {size}\n")
    guard("cosigner", "cosign", request, answer)
    program("cosigners", "import", "ngo-e", answer)

    # Answers that are none.
    for bad in (b"", b"nonsense\n", answer.read_bytes()[:-10] + b"\n", b"9" * 30 + b"\n", b"999999\n"):
        (tmp_path / "bad.txt").write_bytes(bad)
        program("cosigners", "import", "ngo-e", "bad.txt", status=174)
    program("cosigners", "import", "ngo-e", "nowhere.txt", status=174)
    program("cosigners", "request", "nobody", "request.txt", status=172)
    guard("cosigner", "cosign", tmp_path / "bad.txt", answer, status=166)
    guard("cosigner", "cosign", tmp_path / "nowhere.txt", answer, status=166)
    # Where nothing can be written.
    program("cosigners", "request", "ngo-e", tmp_path / "nowhere" / "request.txt", status=29)
    guard("cosigner", "cosign", request, tmp_path / "nowhere" / "answer.txt", status=29)


def test_a_log_that_lies_is_refused_and_the_evidence_is_shown(room, tmp_path):
    program, guards, _ = room
    size = program.json("protect")["checkpoint"]["size"]
    # Who has the vault's log keys signs a second history of the same size.
    from standfast.clock import machine_clock
    from standfast.keys.keyholder import load_capture_keys
    from standfast.tlog.checkpoint import LogSigner

    keys = load_capture_keys(program.vault / "keys")
    origin = program.json("keys", "list")["log"]["origin"]
    signer = LogSigner(origin, keys.log_ed25519_seed, keys.log_ml_dsa_seed)
    lie = write_request(size, [], signer.sign(size, b"x" * 32, machine_clock()))
    (tmp_path / "lie.txt").write_bytes(lie)
    refused = guards[0]("cosigner", "cosign", tmp_path / "lie.txt", tmp_path / "answer.txt", status=170)
    assert "another root" in refused.stderr
    assert not (tmp_path / "answer.txt").exists()
    (evidence,) = guards[0].listed()["evidence"]
    assert evidence["two_roots"] is True
    shown = guards[0]("cosigner", "list", "--evidence", tmp_path / "evidence")
    assert "SPLIT VIEW" in shown.stdout
    known = (tmp_path / "evidence" / "000-known.txt").read_bytes()
    assert (tmp_path / "evidence" / "000-request.txt").read_bytes() == lie
    assert open_checkpoint(known, signer.vkeys).root != open_checkpoint(lie.split(b"\n\n", 1)[1], signer.vkeys).root


def test_what_cosigners_gave_travels_with_every_copy(room, tmp_path):
    program, _, documents = room
    stick = tmp_path / "stick"
    program("replicas", "add", "stick", stick)
    size = program.json("protect")["checkpoint"]["size"]
    held, copied = program.vault / "holdings" / "tlog", stick / "tlog"
    for name in (f"cosigned/{size}/0", "policy/classic", "policy/pq"):
        assert (copied / name).read_bytes() == (held / name).read_bytes()
    # The next accession commits to them; audit and verify look at them, and heal brings them back.
    (documents / "two.txt").write_text("two")
    program("protect")
    program("audit", stick, *program.vkeys)
    program("verify", "--replica", "stick")
    (copied / f"cosigned/{size}/0").write_bytes(b"turned")
    (copied / "policy/pq").unlink()
    for status, command in ((70, ("audit", stick, *program.vkeys)), (20, ("verify", "--replica", "stick"))):
        faults = {each["object"]: each["kind"] for each in program.json(*command, status=status)["faults"]}
        assert faults == {f"tlog/cosigned/{size}/0": "damaged", "tlog/policy/pq": "missing"}
    program("replicas", "heal")
    program("audit", stick, *program.vkeys)
    assert (copied / f"cosigned/{size}/0").read_bytes() == (held / f"cosigned/{size}/0").read_bytes()
    # A vault that is made again from that copy has them, and its cosigners go on with it.
    shutil.rmtree(program.vault)
    shares = sorted((tmp_path / "shares").iterdir())[:2]
    program("rebuild", "--from", stick, program.vault, "--share", shares[0], "--share", shares[1])
    assert cosigned(program, size)[0] == 0
    (documents / "three.txt").write_text("three")
    assert all(each["ok"] for each in program.json("protect")["cosigners"])


def test_an_old_copy_refuses_to_sign(room, tmp_path):
    program, _, documents = room
    program("replicas", "add", "stick", tmp_path / "stick")
    program("protect")
    shutil.copytree(program.vault, tmp_path / "old")
    (documents / "two.txt").write_text("two")
    size = program.json("protect")["checkpoint"]["size"]
    shutil.rmtree(program.vault)
    shutil.copytree(tmp_path / "old", program.vault)
    before = (program.vault / "holdings" / "tlog" / "checkpoint").read_bytes()

    # A replica that is ahead can be reached: it is what to rebuild from.
    said = program.json("protect", status=61)["error"]
    assert f"rebuild --from {tmp_path / 'stick'}" in said["next_step"]
    # None can: the cosigners alone know, and say so.
    (tmp_path / "stick").rename(tmp_path / "away")
    for command in (("protect",), ("cosigners", "ask"), ("replicas", "sync")):
        said = program.json(*command, status=61)["error"]
        assert "cosigner ngo-a" in said["message"]
        assert str(size) in said["message"]
        assert "an old copy" in said["next_step"]
        assert "somebody else signs" in said["next_step"]
        assert "standfast rebuild --from" in said["next_step"]
    assert (program.vault / "holdings" / "tlog" / "checkpoint").read_bytes() == before


def test_two_histories_show_at_the_next_protect(room, tmp_path):
    """An old copy was added to where no cosigner could be reached: it is a fork, and says so when they can be."""
    program, guards, documents = room
    program("protect")
    shutil.copytree(program.vault, tmp_path / "old")
    (documents / "two.txt").write_text("two")
    program("protect")
    shutil.rmtree(program.vault)
    shutil.copytree(tmp_path / "old", program.vault)
    for guard in guards:
        guard.stop()
    (documents / "three.txt").write_text("three")
    program("protect")
    for guard in guards:
        guard.start()
    program("protect", status=42)


def test_the_quorum_at_set_up(template, tmp_path):
    program = Program(tmp_path)
    program.init()
    guards = template[1]
    for guard in guards[:3]:
        program("cosigners", "add", guard.name, *guard.vkeys)
    assert program.json("cosigners", "list")["quorum"] == 3

    settings = (program.vault / "standfast.toml").read_text()
    refused = program("cosigners", "quorum", "2", status=173)
    assert "2 of 3 organisations" in refused.err
    assert "one cosigner that lies is enough" in refused.err
    assert "--i-understand" in refused.err
    assert (program.vault / "standfast.toml").read_text() == settings
    taken = program.json("cosigners", "quorum", "2", "--i-understand")
    assert (taken["quorum"], taken["tolerates"]) == (2, 0)
    policy = parse_policy((program.vault / "holdings/tlog/policy/classic").read_bytes())
    assert policy.groups[-1].k == 2

    # A chosen quorum that one more organisation would weaken is refused too.
    program("cosigners", "quorum", "3")
    program("cosigners", "add", "ngo-d", *guards[3].vkeys)
    extra = Guard(tmp_path, "ngo-e")
    program("cosigners", "add", "ngo-e", *extra.vkeys, status=173)
    program("cosigners", "add", "ngo-e", *extra.vkeys, "--quorum", "4")
    assert program.json("cosigners", "list")["tolerates"] == 2


def test_organisations_count_and_not_keys(template, tmp_path):
    program = Program(tmp_path)
    program.init()
    guards = template[1]
    for guard, organisation in zip(guards, ("One", "one ", "Two", "example  OFFICE"), strict=True):
        program("cosigners", "add", guard.name, *guard.vkeys, "--organisation", organisation)
    listed = program.json("cosigners", "list")
    assert (listed["quorum"], listed["organisations"]) == (2, 2), "the vault's own organisation counts for nothing"
    policy = parse_policy((program.vault / "holdings/tlog/policy/pq").read_bytes())
    assert [(group.name, group.k, len(group.members)) for group in policy.groups] == [
        ("organisation:ngo-a", 1, 2),
        ("quorum:2-of-2", 2, 2),
    ]
    # The same key under another name, keys that are no cosigner's, a name that is taken.
    assert "ngo-a" in program("cosigners", "add", "again", guards[0].vkeys[0], status=36).err
    program("cosigners", "add", "log", *vkeys(program), status=36)
    program("cosigners", "add", "ngo-a", *Guard(tmp_path, "ngo-f").vkeys, status=5)
