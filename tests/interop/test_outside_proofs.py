"""Outside proofs made by the tools that people make them with: each passes, fails when changed, or is not checked."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

import proofs_fixture as made
from authorities_fixture import Authority
from standfast.proofs.examiner import Examiner
from standfast.proofs.finding import Finding
from standfast.proofs.names import Carrier, carrier_of


@pytest.fixture(scope="module")
def gpg() -> Iterator[made.Gpg]:
    with tempfile.TemporaryDirectory(prefix="g") as room:
        signer = made.Gpg(Path(room) / "h")
        yield signer
        signer.close()


class Room:
    """Files with proofs, and what the user trusts."""

    def __init__(self, folder: Path, examiner: Examiner, trusted: Path) -> None:
        self.folder, self.examiner, self.trusted = folder, examiner, trusted

    def trust(self, kind: str, name: str, data: bytes) -> None:
        (self.trusted / kind).mkdir(parents=True, exist_ok=True)
        (self.trusted / kind / name).write_bytes(data)

    def find(self, path: Path) -> Finding | None:
        carrier = carrier_of(bytes(path))
        return self.examiner.examine(carrier) if carrier else None

    def outcome(self, path: Path) -> str:
        found = self.find(path)
        assert found
        assert found.reasons
        return found.outcome


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    folder, trusted = tmp_path / "files", tmp_path / "trusted"
    folder.mkdir()
    with Examiner(trusted) as examiner:
        yield Room(folder, examiner, trusted)


@pytest.mark.parametrize("ending", [".asc", ".sig"])
def test_openpgp(room: Room, gpg: made.Gpg, ending: str) -> None:
    letter = room.folder / "letter.txt"
    letter.write_bytes(b"example\n")
    signature = gpg.sign(letter, ending)
    assert room.outcome(signature) == "not checked"
    room.trust("openpgp", "example.asc", gpg.public_key())
    found = room.find(signature)
    assert found
    assert (found.outcome, found.tool.split()[0]) == ("passed", "gpgv")
    assert made.EMAIL in found.reasons[0]
    letter.write_bytes(b"Example\n")
    assert room.outcome(signature) == "failed"
    signature.write_bytes(b"example")
    assert room.outcome(signature) == "failed"
    letter.unlink()
    assert room.find(signature) is None


def test_a_trusted_file_that_is_no_key_is_said_and_passes_nothing(room: Room, gpg: made.Gpg) -> None:
    letter = room.folder / "letter.txt"
    letter.write_bytes(b"example\n")
    signature = gpg.sign(letter)
    room.trust("openpgp", "example.asc", b"example")
    found = room.find(signature)
    assert found
    assert found.outcome == "not checked"
    assert "trusted" in found.reasons[0]


def test_rfc_3161(room: Room, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority", "Example")
    letter, stamp = room.folder / "letter.txt", room.folder / "letter.txt.tsr"
    letter.write_bytes(b"example\n")
    stamp.write_bytes(authority.stamp(letter.read_bytes()))
    assert room.outcome(stamp) == "not checked"
    room.trust("timestamps", "other.pem", Authority(tmp_path / "other", "Other").root_pem)
    assert room.outcome(stamp) == "not checked"
    room.trust("timestamps", "example.pem", authority.root_pem)
    assert room.outcome(stamp) == "passed"
    raw = bytearray(stamp.read_bytes())
    raw[-1] ^= 1
    stamp.write_bytes(raw)
    assert room.outcome(stamp) == "failed"
    stamp.write_bytes(authority.stamp(b"another"))
    assert room.outcome(stamp) == "failed"


def test_opentimestamps_are_kept_and_not_checked(room: Room) -> None:
    letter, proof = room.folder / "letter.txt", room.folder / "letter.txt.ots"
    letter.write_bytes(b"example\n")
    proof.write_bytes(made.ots(letter.read_bytes()))
    found = room.find(proof)
    assert found
    assert found.outcome == "not checked"
    assert found.reasons[2:] == ("pending at https://calendar.example", "bitcoin, block 358375")
    letter.write_bytes(b"Example\n")
    assert room.outcome(proof) == "failed"
    proof.write_bytes(proof.read_bytes()[:-1])
    assert room.outcome(proof) == "failed"


def test_wacz_signed_by_its_own_key(room: Room) -> None:
    archive = room.folder / "site.wacz"
    raw, _ = made.wacz()
    archive.write_bytes(raw)
    found = room.find(archive)
    assert found
    assert found.outcome == "passed"
    assert "whose key that is" in found.reasons[1]
    for name, data in (
        ("archive/data.warc", b"WARC/1.1 Example\r\n"),
        ("datapackage.json", b'{"resources":[]}'),
        ("pages/pages.jsonl", b""),
    ):
        archive.write_bytes(made.changed_zip(raw, name, data))
        assert room.outcome(archive) == "failed", name
    archive.write_bytes(made.wacz(signed=False)[0])
    assert room.find(archive) is None


def test_wacz_signed_for_a_domain(room: Room) -> None:
    archive = room.folder / "site.wacz"
    raw, root = made.wacz(domain="archive.example")
    archive.write_bytes(raw)
    assert room.outcome(archive) == "not checked"
    room.trust("wacz", "other.pem", made.wacz(domain="other.example")[1])
    assert room.outcome(archive) == "not checked"
    room.trust("wacz", "root.pem", root)
    assert room.outcome(archive) == "passed"
    archive.write_bytes(made.changed_zip(raw, "archive/data.warc", b""))
    assert room.outcome(archive) == "failed"


def test_proofmode(room: Room, gpg: made.Gpg, tmp_path: Path) -> None:
    archive = room.folder / "shared.zip"
    raw = made.proofmode(gpg, tmp_path / "phone")
    archive.write_bytes(raw)
    found = room.find(archive)
    assert found
    assert found.outcome == "passed"
    assert "the key that the zip brings" in found.reasons[0]
    archive.write_bytes(made.changed_zip(raw, "photo.png", made.png() + b"example"))
    assert room.outcome(archive) == "failed"
    proof = next(name for name in made_names(raw) if name.endswith(".proof.json"))
    archive.write_bytes(made.changed_zip(raw, proof, b"{}"))
    assert room.outcome(archive) == "failed"
    archive.write_bytes(made.changed_zip(raw, "pubkey.asc", b""))
    assert room.outcome(archive) in ("failed", "not checked")


def test_a_proofmode_zip_passes_only_with_every_signature_and_says_whose_key_it_was(
    room: Room, gpg: made.Gpg, tmp_path: Path
) -> None:
    import io
    import zipfile

    archive = room.folder / "shared.zip"
    raw = made.proofmode(gpg, tmp_path / "phone")
    proof = next(name for name in made_names(raw) if name.endswith(".proof.json"))
    stripped = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as before, zipfile.ZipFile(stripped, "w") as after:
        for name in before.namelist():
            if name != f"{proof}.asc":
                after.writestr(name, b'{"forged": 1}' if name == proof else before.read(name))
    archive.write_bytes(stripped.getvalue())
    found = room.find(archive)
    assert found
    assert (found.outcome, found.reasons) == ("not checked", (f"no signature is over {proof}",))
    # The key of somebody else does not vouch for this one.
    with tempfile.TemporaryDirectory(prefix="g") as short:
        other = made.Gpg(Path(short) / "h")
        room.trust("openpgp", "other.asc", other.public_key())
        other.close()
    archive.write_bytes(raw)
    found = room.find(archive)
    assert found
    assert found.outcome == "passed"
    assert "the key that the zip brings" in found.reasons[0]
    room.trust("openpgp", "phone.asc", gpg.public_key())
    found = room.find(archive)
    assert found
    assert found.outcome == "passed"
    assert "the key that the zip brings" not in found.reasons[0]


def test_what_can_not_be_used_is_not_named_to_strangers(room: Room, gpg: made.Gpg) -> None:
    letter = room.folder / "letter.txt"
    letter.write_bytes(b"example")
    gpg.sign(letter)
    room.trust("openpgp", "source-example-person.asc", b"no key")
    carrier = next(path for path in room.folder.iterdir() if path.suffix in (".asc", ".sig"))
    found = room.find(carrier)
    assert found
    assert found.outcome == "not checked"
    assert "example-person" not in " ".join(found.reasons)
    assert str(room.trusted) not in " ".join(found.reasons)


def made_names(raw: bytes) -> list[str]:
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(raw)) as opened:
        return opened.namelist()


def test_content_credentials(room: Room) -> None:
    photo = room.folder / "photo.png"
    root = made.c2pa_picture(photo)
    found = room.find(photo)
    assert found
    assert (found.outcome, found.tool.split("/")[0]) == ("not checked", "c2pa-python")
    room.trust("c2pa", "root.pem", root)
    found = room.find(photo)
    assert found
    assert found.outcome == "passed", found
    raw = bytearray(photo.read_bytes())
    raw[raw.rindex(b"IDAT") + 20] ^= 1
    photo.write_bytes(raw)
    assert room.outcome(photo) == "failed"
    photo.write_bytes(made.png())
    assert room.find(photo) is None


def test_content_credentials_that_stand_elsewhere_are_not_fetched(room: Room) -> None:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever).start()
        photo = room.folder / "photo.png"
        root = made.c2pa_picture(photo, elsewhere=f"http://127.0.0.1:{server.server_port}/manifest.c2pa")
        room.trust("c2pa", "root.pem", root)
        found = room.find(photo)
        server.shutdown()
    assert found
    assert (found.outcome, asked) == ("not checked", [])


HOSTILE = """
import os, sys, time
for line in sys.stdin:
    if b"\\x64ies".hex() in line:
        os.abort()
    time.sleep(600)
"""


def test_a_proof_that_kills_or_stalls_its_reader_is_not_checked(tmp_path: Path) -> None:
    command = (sys.executable, "-c", HOSTILE)
    with Examiner(tmp_path, seconds_each=1.0, command=command) as examiner:
        dies = examiner.examine(Carrier("c2pa", b"/dies", b"/dies"))
        stalls = examiner.examine(Carrier("c2pa", b"/other", b"/other"))
    assert dies
    assert stalls
    assert (dies.outcome, dies.reasons) == ("not checked", ("what checks it died of it",))
    assert (stalls.outcome, stalls.reasons) == ("not checked", ("it takes too long to check",))
