"""The register's commands as their user runs them, with a vault that holds what a claim rests on."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from program import Program
from register_fixture import claim_json, make_register
from standfast.tlog.leaf import leaf_of
from standfast.tlog.proof_text import verify_proof

STATEMENT = b"<!doctype html><html lang=en><title>Statement</title><p>An example statement by a ministry.</p></html>"


class Ministry(BaseHTTPRequestHandler):
    """Serves one page."""

    def do_GET(self) -> None:
        found = self.path == "/statement"
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(STATEMENT) if found else 0))
        self.end_headers()
        if found:
            self.wfile.write(STATEMENT)

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Ministry)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/statement"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_claim_goes_from_a_page_to_a_release_that_the_log_holds(tmp_path: Path, address: str) -> None:
    run = Program(tmp_path)
    run("init", run.vault, "--name", "Example Office", "--shares-dir", tmp_path / "shares")
    data = make_register(tmp_path / "register")
    source = {
        "id": "S900",
        "title": "Statement",
        "publisher": "Example",
        "url": address,
        "read_how": "capture",
        "tier": "primary",
    }
    file = tmp_path / "claim.json"
    file.write_text(json.dumps(claim_json(evidence=[{"source": "S900", "stance": "supports"}], sources=[source])))

    added = run.json(
        "-C", run.vault, "register", "add", file, "--author", "author-1", "--data", data, "--capture", address
    )
    claim, digest = added["claim"], added["captures"][0]["sha256"]
    assert (added["status"], added["captures"][0]["url"]) == ("draft", address)

    # Without the vault the bytes can't be had, and that is said.
    missing = run.json("register", "check", "--data", data, status=115)
    assert [(each["kind"], each["claim"], each["source"]) for each in missing["problems"]] == [
        ("missing bytes", claim, "S900")
    ]
    assert missing["error"]["code"] == "REG-115"
    assert run.json("-C", run.vault, "register", "check", "--data", data, "--vault")["ok"]

    assert (
        run.json("register", "review", claim, "--by", "author-1", "--data", data, status=119)["error"]["code"]
        == "REG-119"
    )
    run.json("register", "review", claim, "--by", "reviewer-2", "--data", data)
    released = run.json("-C", run.vault, "register", "publish", "--all-reviewed", "--by", "editor", "--data", data)
    assert released["published"] == [claim]
    assert released["log"]["index"] > 0

    built = run.json(
        "-C", run.vault, "register", "build", "--to", tmp_path / "site", "--data", data, "--vault", "--published-only"
    )
    assert (built["ok"], built["release"], built["languages"]) == (True, released["release"], ["en", "ar", "fr", "es"])
    held = json.loads((tmp_path / "site" / "data" / "source" / "S900.json").read_text())["held"][0]
    assert held["sha256"] == digest
    assert held["url"] == address
    # Anyone: the record and salt make the leaf, the proof leads from it to the checkpoint that the log's keys signed.
    vkeys = run.json("-C", run.vault, "keys", "list")["log"]["vkeys"]
    leaf = leaf_of(held["record"].encode(), base64.b64decode(held["salt"]))
    assert verify_proof(held["proof"].encode(), leaf, vkeys)[0] == held["log_index"]
    assert json.loads(held["record"])["sha256"] == digest
    manifest = json.loads((tmp_path / "site" / "data" / "release" / f"{released['release']}.json").read_text())
    assert manifest["logged"]["log_index"] == released["log"]["index"]
    assert run.json("-C", run.vault, "verify")["ok"]


def test_the_shipped_register_answers(tmp_path: Path) -> None:
    run = Program(tmp_path)
    found = run.json("register", "asof", "2025-09-04", "--said-on", "2026-11-24")
    assert (found["date"], found["parties"], len(found["cells"])) == ("2025-09-04", 125, 1125)
    assert {"id", "kind", "name", "state", "claims"} <= set(found["subjects"][0])
    assert {"iso3", "measure", "value", "claims"} <= set(found["cells"][0])
    assert run.json("register", "check")["ok"]
    assert run.json("register", "diff", "2026-11-23", "2026-11-24")["added"]
    files = run.json("register", "export", "--to", tmp_path / "out", "--day", "2026-11-24")["files"]
    assert all((tmp_path / "out" / each).is_file() for each in files)
    assert run.json("register", "asof", "someday", status=2)["error"]["exit_status"] == 2
    assert run.json("register", "check", "--data", tmp_path, status=116)["error"]["code"] == "REG-116"
    assert run("register", "asof", "2019-03-18").out.startswith("on 2019-03-18: 122 States Parties")


def test_a_page_that_can_t_be_had_adds_nothing(tmp_path: Path, address: str) -> None:
    run = Program(tmp_path)
    run("init", run.vault, "--name", "Example Office", "--shares-dir", tmp_path / "shares")
    data = make_register(tmp_path / "register")
    file = tmp_path / "claim.json"
    file.write_text(json.dumps(claim_json()))
    gone = address.replace("statement", "gone")
    failed = run.json(
        "-C", run.vault, "register", "add", file, "--author", "author-1", "--data", data, "--capture", gone, status=121
    )
    assert failed["error"]["code"] == "REG-121"
    assert (data / "claims.jsonl").read_bytes() == b""
