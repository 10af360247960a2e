"""Time from outside, by the real program: two authorities that OpenSSL runs, one of them hostile now and then."""

from __future__ import annotations

import hashlib
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from authorities_fixture import Authority, Mode, certificates_of
from program import Program
from standfast.assembly.office import open_office
from standfast.assembly.windows import window_of_item
from standfast.tlog.checkpoint import LogSigner


class Office:
    """A vault that is stamped by two authorities."""

    def __init__(self, room: Path, one: Authority, two: Authority) -> None:
        self.program, self.one, self.two = Program(room), one, two
        self.documents = room / "documents"
        self.documents.mkdir()
        self.program.init()
        self.program("add", "files", self.documents, "--name", "docs")
        self.count = 0

    def add(self, authority: Authority, name: str, status: int = 0) -> Any:
        root = self.program.room / f"{name}-root.pem"
        root.write_bytes(authority.root_pem)
        return self.program.json("timestamps", "add", name, f"{authority.url}/tsr", "--roots", root, status=status)

    def protect(self) -> Any:
        self.count += 1
        (self.documents / f"{self.count}.txt").write_text(f"example {self.count}\n")
        return self.program.json("protect")

    def held(self, name: str) -> Path:
        return self.program.vault / "holdings" / name

    def inventory(self, number: int) -> Any:
        return json.loads(self.held(f"inventory/{number}").read_bytes())

    def settled(self) -> None:
        """Nobody waits any more after a failure."""
        ledger = self.program.vault / "state/ledger.json"
        document = json.loads(ledger.read_bytes())
        for note in document.get("authorities", {}).values():
            note.pop("ask_after", None)
        ledger.write_text(json.dumps(document))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with (
        Authority(tmp_path / "one", "One") as one,
        Authority(tmp_path / "two", "Two", kind="rsa", unsorted=True) as two,
    ):
        one.name_revocation()
        yield Office(tmp_path, one, two)


def openssl_verifies(message: Path, response: Path, root: bytes, room: Path) -> bool:
    (room / "root").write_bytes(root)
    command = ["openssl", "ts", "-verify", "-data", str(message), "-in", str(response), "-CAfile", str(room / "root")]
    return subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0


def test_two_authorities_stamp_each_checkpoint_and_the_log_commits_to_it(office: Office, tmp_path: Path) -> None:
    program = office.program
    added = office.add(office.one, "one")
    assert added["signer"] == "CN=One Stamps,O=Example"
    assert "a single authority" in str(program.json("status")["todo"])
    office.add(office.two, "two")
    done = office.protect()
    size = done["checkpoint"]["size"]
    assert [(each["name"], each["ok"], each["size"]) for each in done["timestamps"]] == [
        ("one", True, size),
        ("two", True, size),
    ]
    note = office.held(f"tlog/cosigned/{size}/0")
    assert note.read_bytes() == office.held("tlog/checkpoint").read_bytes(), "without cosigners, the log's own"
    for authority, name in ((office.one, "one"), (office.two, "two")):
        folder = office.held(f"tlog/stamps/{size}/0/{name}")
        response = (folder / "response.tsr").read_bytes()
        assert response in authority.served, "the whole answer, byte for byte"
        assert openssl_verifies(note, folder / "response.tsr", authority.root_pem, tmp_path)
        assert (folder / "chain.pem").read_bytes() == authority.chain_pem
    sent = certificates_of(office.held(f"tlog/stamps/{size}/0/two/response.tsr").read_bytes())
    assert sent != sorted(sent), "kept as it was sent"
    kept = sorted(path.name for path in office.held(f"tlog/stamps/{size}/0/one/revocation").iterdir())
    assert kept == ["answer-0.ocsp", "answer-1.ocsp", "list-0.crl", "list-1.crl"]
    # The next batch commits to all of it.
    office.protect()
    named = {each["name"]: each["sha256"] for each in office.inventory(2)["evidence"]}
    there = [path for folder in ("cosigned", "stamps") for path in office.held(f"tlog/{folder}/{size}").rglob("*")]
    files = {str(path.relative_to(office.held(""))): path for path in there if path.is_file()}
    assert len(files) == 9
    assert named == {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    checked = program.json("timestamps", "check")
    assert checked["ok"]
    assert len(checked["stamps"]) == 4
    status = program.json("status")
    assert status["stamped_size"] == status["log"]["size"]
    assert not [todo for todo in status["todo"] if "stamp" in todo["what"]]
    program("verify")


def test_an_authority_that_is_down_blocks_nothing_and_is_asked_again(office: Office) -> None:
    program = office.program
    office.add(office.one, "one")
    office.add(office.two, "two")
    office.two.mode = "error-500"
    done = office.protect()
    assert done["origins"][0]["ok"]
    assert [each["ok"] for each in done["timestamps"]] == [True, False]
    assert "HTTP status 500" in done["timestamps"][1]["why"]
    status = program.json("status")
    assert status["stamped_size"] == 0
    said = [todo["what"] for todo in status["todo"]]
    assert f"the newest {status['log']['size']} entries are not stamped yet" in said
    assert any(what.startswith("two has not stamped") for what in said)
    asked = office.two.asked
    done = program.json("protect")
    assert done["timestamps"] == [], "not at once again"
    assert office.two.asked == asked
    office.two.mode = "honest"
    office.settled()
    done = program.json("protect")
    assert [(each["name"], each["ok"]) for each in done["timestamps"]] == [("two", True)]
    assert program.json("status")["stamped_size"] == status["log"]["size"]


HOSTILE: dict[Mode, int] = {
    "wrong-nonce": 178,
    "wrong-digest": 177,
    "wrong-purpose": 180,
    "expired": 181,
    "huge": 198,
    "with-mods": 176,
    "rejects": 176,
    "wrong-type": 175,
    "garbage": 175,
    "error-500": 176,
}


def test_a_hostile_authority_is_not_added_and_each_has_its_own_reason(office: Office) -> None:
    for mode, code in HOSTILE.items():
        office.one.mode = mode
        failed = office.add(office.one, "one", status=code)
        assert failed["error"]["exit_status"] == code
    assert not (office.program.vault / "authorities").exists()
    assert office.program.json("timestamps", "list")["timestamps"] == []


def test_what_a_hostile_authority_answers_later_is_not_kept(office: Office) -> None:
    program = office.program
    office.add(office.one, "one")
    office.add(office.two, "two")
    for mode in ("wrong-nonce", "wrong-digest", "wrong-purpose", "expired", "huge"):
        office.one.mode = mode
        done = office.protect()
        office.settled()
        size = done["checkpoint"]["size"]
        assert [each["ok"] for each in done["timestamps"]] == [False, True]
        assert [path.name for path in office.held(f"tlog/stamps/{size}/0").iterdir()] == ["two"]
    program("timestamps", "renew", status=184)
    office.one.mode = "honest"
    office.one.revoked = {office.one.signer.serial_number}
    failed = program.json("timestamps", "renew", status=184)
    assert "revoked" in failed["stamped"][0]["why"]
    office.one.revoked = set()
    assert program.json("timestamps", "renew")["stamped"][0]["ok"]


def test_one_that_stalls_or_drips_costs_bounded_time(office: Office) -> None:
    office.add(office.one, "one")
    office.add(office.two, "two")
    office.one.mode, office.two.mode = "stalls", "drips"
    began = time.monotonic()
    done = office.protect()
    assert time.monotonic() - began < 35
    assert done["origins"][0]["ok"]
    assert [each["ok"] for each in done["timestamps"]] == [False, False]


def test_a_stamp_that_was_changed_or_is_of_another_checkpoint_is_found(office: Office) -> None:
    program = office.program
    office.add(office.one, "one")
    office.add(office.two, "two")
    first = office.protect()["checkpoint"]["size"]
    second = office.protect()["checkpoint"]["size"]
    stamp = office.held(f"tlog/stamps/{first}/0/one/response.tsr")
    good = stamp.read_bytes()
    for bad in (
        good[:-5] + bytes([good[-5] ^ 1]) + good[-4:],
        office.held(f"tlog/stamps/{second}/0/one/response.tsr").read_bytes(),
        office.held(f"tlog/stamps/{first}/0/two/response.tsr").read_bytes()[:-1],
    ):
        stamp.write_bytes(bad)
        found = program.json("timestamps", "check", status=184)
        assert [each["name"] for each in found["stamps"] if not each["ok"]] == [f"tlog/stamps/{first}/0/one"]
    stamp.write_bytes(good)
    note = office.held(f"tlog/cosigned/{first}/0")
    note.write_bytes(note.read_bytes() + b"\n")
    assert len([each for each in program.json("timestamps", "check", status=184)["stamps"] if not each["ok"]]) == 2


def item_called(program: Program, name: str) -> str:
    return next(str(each["id"]) for each in program.json("items")["items"] if each["name"] == name)


def test_each_item_has_a_window(office: Office) -> None:
    """Not before: stamps that the log commits to below the item. Not after: the first stamped one that holds it."""
    program = office.program
    office.add(office.one, "one")
    office.add(office.two, "two")
    first = office.protect()
    second = office.protect()
    window = program.json("show", item_called(program, "1.txt"))["window"]
    assert window["not_before"] is None
    assert window["not_after"]["checkpoint"] == f"tlog/cosigned/{first['checkpoint']['size']}/0"
    assert window["not_after"]["authorities"] == ["one", "two"]
    shown = program.json("show", item_called(program, "2.txt"))
    window, index = shown["window"], shown["log_index"]
    assert window["not_before"]["checkpoint"] == f"tlog/cosigned/{first['checkpoint']['size']}/0"
    assert window["not_after"]["checkpoint"] == f"tlog/cosigned/{second['checkpoint']['size']}/0"
    assert first["checkpoint"]["size"] <= index < second["checkpoint"]["size"]
    assert window["not_before"]["moment"] < window["not_after"]["moment"]
    times = [each["time"] for each in first["timestamps"]]
    assert window["not_before"]["moment"] < min(times), "what the authorities may be off is allowed for"
    assert "not before" in program("show", shown["record"]["id"]).out

    # A stamp that came too late says nothing of a not-before: the log may have held the item by then.
    office.one.mode = office.two.mode = "error-500"
    third = office.protect()
    fourth = office.protect()
    size = third["checkpoint"]["size"]
    folder = office.held(f"tlog/stamps/{size}/0/one")
    folder.mkdir(parents=True)
    (folder / "response.tsr").write_bytes(office.one.stamp(office.held(f"tlog/cosigned/{size}/0").read_bytes()))
    assert size <= program.json("show", item_called(program, "4.txt"))["log_index"] < fourth["checkpoint"]["size"]
    window = program.json("show", item_called(program, "4.txt"))["window"]
    assert window["not_before"]["checkpoint"] == f"tlog/cosigned/{second['checkpoint']['size']}/0"
    assert window["not_after"] is None
    assert program.json("show", item_called(program, "3.txt"))["window"]["not_after"]["authorities"] == ["one"]

    # Asked with a later accession than the item's own, it still takes what stands below the item.
    standing = open_office(program.vault)
    assert window_of_item(standing, index, 4) == window_of_item(standing, index, 2)

    # A checkpoint of another history, signed with the log's own keys and stamped in time, counts for nothing.
    keys = standing.capture_keys()
    signer = LogSigner(standing.keyring.log.origin, keys.log_ed25519_seed, keys.log_ml_dsa_seed)
    note = office.held(f"tlog/cosigned/{size}/0")
    kept = note.read_bytes()
    note.write_bytes(signer.sign(size, b"\x5a" * 32, standing.clock()))
    stamp = folder / "response.tsr"
    kept_stamp = stamp.read_bytes()
    stamp.write_bytes(office.one.stamp(note.read_bytes()))
    assert program.json("show", item_called(program, "3.txt"))["window"]["not_after"] is None
    assert "another root" in str(program.json("timestamps", "check", status=184)["stamps"])
    note.write_bytes(kept)
    stamp.write_bytes(kept_stamp)

    # Over another checkpoint, or changed, it counts for nothing.
    for name in ("one", "two"):
        stamp = office.held(f"tlog/stamps/{first['checkpoint']['size']}/0/{name}/response.tsr")
        stamp.write_bytes(office.held(f"tlog/stamps/{second['checkpoint']['size']}/0/{name}/response.tsr").read_bytes())
    assert program.json("show", item_called(program, "2.txt"))["window"]["not_before"] is None


def test_words(office: Office) -> None:
    program = office.program
    assert "timestamps add NAME URL" in program("timestamps", "list").out
    assert "no stamp yet" in program("timestamps", "check").out
    office.add(office.one, "one")
    office.protect()
    assert "one: stamped" not in program("timestamps", "renew").out
    assert "good until 2050-01-01" in program("timestamps", "check").out
    assert "stamped 32 of 32 entries" in program("timestamps", "list").out
    office.add(office.one, "one", status=5)
    lost = program.room / "none.pem"
    program("timestamps", "add", "other", office.one.url, "--roots", lost, status=4)
    lost.write_bytes(office.one.chain_pem[: -len(office.one.root_pem)])
    program("timestamps", "add", "other", office.one.url, "--roots", lost, status=175)
    program("timestamps", "add", "other", "ftp://example", "--roots", lost, status=2)
