"""From a vault to a stranger, by the real program: disclosed, checked, and nothing said of what else is held."""

from __future__ import annotations

import json
import signal
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import bagit
import pytest

from disclosure_fixture import SECRETS, DisclosingOffice, disclosing_office
from program import STANDFAST, Program


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DisclosingOffice]:
    with disclosing_office(tmp_path_factory.mktemp("office")) as standing:
        yield standing


LANGUAGES = {"file": "ar", "page": "fr", "message": "es"}


@pytest.fixture(scope="module")
def bundles(office: DisclosingOffice) -> dict[str, Path]:
    """One of each kind."""
    for kind, language in LANGUAGES.items():
        done = office.disclose(getattr(office, kind), to=f"{kind}.zip", language=language)
        assert done["items"] == [getattr(office, kind)]
    return {kind: office.program.room / f"{kind}.zip" for kind in LANGUAGES}


def results(checked: dict[str, object]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for step in checked["steps"]:  # type: ignore[attr-defined]
        found.setdefault(step["name"], set()).add(step["result"])
    return found


@pytest.mark.parametrize(("kind", "language"), LANGUAGES.items())
def test_one_item_of_each_kind_is_disclosed_and_checked(
    office: DisclosingOffice, bundles: dict[str, Path], kind: str, language: str
) -> None:
    bundle = bundles[kind]
    checked = office.check(bundle)
    assert checked["ok"]
    found = results(checked)
    # Everything but what nobody has done yet, and what only the reader can bring.
    assert {name for name, outcomes in found.items() if outcomes != {"passed"}} == {"renewals", "trust"}
    window = checked["windows"][0]
    assert window["not_before"] < window["not_after"]
    assert "cosigners" in window["says"]
    with zipfile.ZipFile(bundle) as opened:
        assert f'lang="{language}"' in opened.read(f"{kind}/data/report.html").decode()
        assert ('dir="rtl"' in opened.read(f"{kind}/data/report.html").decode()) == (language == "ar")


def test_the_bag_is_valid_under_the_library_of_congress_tool(office: DisclosingOffice, tmp_path: Path) -> None:
    office.disclose(office.file, office.message, to="bag.zip")
    with zipfile.ZipFile(office.program.room / "bag.zip") as opened:
        opened.extractall(tmp_path)
    assert bagit.Bag(str(tmp_path / "bag")).validate()
    salt = tmp_path / "bag/data/items/1/salt"
    salt.write_bytes(bytes(32))
    with pytest.raises(bagit.BagValidationError):
        bagit.Bag(str(tmp_path / "bag")).validate()


def test_a_reader_brings_policy_and_authorities(
    office: DisclosingOffice, bundles: dict[str, Path], tmp_path: Path
) -> None:
    roots = tmp_path / "roots"
    roots.mkdir()
    for name in ("one", "two"):
        (roots / f"{name}.pem").write_bytes((office.program.room / f"{name}-root.pem").read_bytes())
    policy = office.program.vault / "holdings/tlog/policy/pq"
    bundle = bundles["file"]
    assert results(office.check(bundle, "--policy", policy, "--authorities", roots))["trust"] == {"passed"}
    nobody = tmp_path / "policy"
    nobody.write_text(policy.read_text().replace("quorum ", "# ") + "quorum none\n")
    assert results(office.check(bundle, "--policy", nobody))["cosignatures"] == {"not checked"}
    empty = tmp_path / "empty"
    empty.mkdir()
    assert office.check(bundle, "--authorities", empty, status=104)["error"]["code"] == "VER-104"
    assert office.check(bundle, "--policy", bundle, status=103)["error"]["code"] == "VER-103"
    assert office.check(tmp_path / "none.zip", status=100)["error"]["code"] == "VER-100"


def test_a_changed_bundle_ends_with_its_own_status_and_names_the_step(office: DisclosingOffice, tmp_path: Path) -> None:
    vector = Path(__file__).parents[1] / "vectors/bundle/index.zip"
    failed = office.check(vector, status=102)
    assert not failed["ok"]
    assert [step["name"] for step in failed["steps"] if step["result"] == "failed"] == ["inclusion"]
    assert all(step["means"] and step["does_not_mean"] for step in failed["steps"])
    words = office.program("check", vector, status=102)
    assert "FAILED" in words.out
    assert "VER-102" in words.err


def test_a_bundle_needs_no_vault(bundles: dict[str, Path], tmp_path: Path) -> None:
    assert Program(tmp_path).json("check", bundles["page"])["ok"]


def test_neighbours_tell_nothing_about_each_other(office: DisclosingOffice, bundles: dict[str, Path]) -> None:
    """Nothing of any other item stands in a bundle: not its name, id, digests, record, salt or content."""
    shown = {"file": office.file, "page": office.page, "message": office.message}
    contents = {kind: bundle.read_bytes() for kind, bundle in bundles.items()}
    others = {kind: office.program.json("show", item) for kind, item in shown.items()}
    for kind, bundle in contents.items():
        for each in (*office.neighbours, *(other["record"] for name, other in others.items() if name != kind)):
            for secret in (each["id"], each["sha256"], bytes.fromhex(each["sha256"])):
                assert (secret.encode() if isinstance(secret, str) else secret) not in bundle, (kind, each["name"])
            # What is called as a message's own folder, or as the beginning of an address, stands there by right.
            if each["name"].endswith((".txt", "/neighbour-page")):
                assert each["name"].encode() not in bundle
        for name, other in others.items():
            assert (bytes.fromhex(other["salt"]) in bundle) == (name == kind)
            assert (other["record"]["blake3"].encode() in bundle) == (name == kind)
        for secret in (*SECRETS, "neighbour-delta", str(office.program.room)):
            assert secret.encode() not in bundle
    # What two bundles have in common are hashes of the log that cover many entries, and no leaf of the other's item.
    leaves = {}
    for kind in shown:
        with zipfile.ZipFile(bundles[kind]) as opened:
            leaves[kind] = opened.read(f"{kind}/data/items/1/leaf")
    for kind, bundle in contents.items():
        assert [name for name, leaf in leaves.items() if leaf in bundle] == [kind]


def test_no_key_stands_in_a_bundle(office: DisclosingOffice, bundles: dict[str, Path]) -> None:
    bundle = bundles["file"].read_bytes()
    assert b"AGE-SECRET-KEY" not in bundle
    for path in (office.program.vault / "keys").rglob("*"):
        if path.is_file():
            raw = path.read_bytes()
            pieces = [raw, *(value.encode() for value in _strings(raw) if len(value) >= 32)]
            assert not [piece for piece in pieces if len(piece) >= 16 and piece in bundle and b"+A" not in piece], path


def _strings(raw: bytes) -> list[str]:
    try:
        value = json.loads(raw)
    except ValueError:
        return []
    return [each for each in (value.values() if isinstance(value, dict) else ()) if isinstance(each, str)]


def test_custody_says_it_first_and_the_bundle_holds_it(office: DisclosingOffice, bundles: dict[str, Path]) -> None:
    assert b"Example Court" in bundles["file"].read_bytes()
    office.disclose(office.file, to="second.zip", recipient="Second Court", purpose="two")
    with zipfile.ZipFile(office.program.room / "second.zip") as opened:
        custody = json.loads(opened.read("second/data/items/1/custody.json"))
        assert json.loads(opened.read("second/data/bundle.json"))["recipient"] == "Second Court"
    events = [each["event"] for each in custody["events"]]
    assert events[:2] == ["capture", "accession"]
    assert events.count("disclose") >= 2
    # Who got it before is for the vault to know.
    assert b"Example Court" not in (office.program.room / "second.zip").read_bytes()
    assert office.program.json("show", office.file)["custody"][-1]["event"] == "disclose"


def test_nothing_is_written_over_and_nothing_refused_is_recorded(office: DisclosingOffice) -> None:
    room = office.program.room
    (room / "taken.zip").write_bytes(b"mine")
    before = len(office.program.json("show", office.file)["custody"])
    assert office.disclose(office.file, to="taken.zip", status=185)["error"]["code"] == "DIS-185"
    assert (room / "taken.zip").read_bytes() == b"mine"
    (room / "link.zip").symlink_to("nowhere")
    office.disclose(office.file, to="link.zip", status=185)
    office.disclose(office.file, to="no/such/folder.zip", status=186)
    office.disclose(office.file, to="empty.zip", recipient=" ", status=187)
    office.disclose("iaaaaaaaaaaaaaaaa", to="unknown.zip", status=office_status("UnknownItemError"))
    assert len(office.program.json("show", office.file)["custody"]) == before
    assert not list(room.glob("*.unfinished"))


def office_status(name: str) -> int:
    from standfast.errors import vault

    return int(getattr(vault, name).exit_status)


def test_a_kill_leaves_no_bundle_under_the_name(tmp_path: Path) -> None:
    program = Program(tmp_path)
    program.init()
    (tmp_path / "documents").mkdir()
    with (tmp_path / "documents/large.bin").open("wb") as file:
        for number in range(40):
            file.write(bytes([number]) * 1_000_000)
    program("add", "files", tmp_path / "documents", "--name", "docs")
    program("protect")
    item = next(each["id"] for each in program.json("items")["items"] if each["name"] == "large.bin")
    words = ("disclose", item, "--to", "large.zip", "--recipient", "Example Court", "--purpose", "An example")
    running = program.start(*words)
    unfinished = tmp_path / "large.zip.unfinished"
    while running.poll() is None and not (unfinished.exists() and unfinished.stat().st_size > 1_000_000):
        pass
    assert running.poll() is None, "it ended before it could be killed"
    running.send_signal(signal.SIGKILL)
    running.communicate(timeout=30)
    assert not (tmp_path / "large.zip").exists()
    assert program.json("show", item)["custody"][-1]["event"] == "disclose"
    # What the cut left is named, and not taken for anything.
    assert program.json(*words, status=185)["error"]["code"] == "DIS-185"
    unfinished.unlink()
    # A disk that is full leaves nothing either.
    full = subprocess.run(
        ["prlimit", "--fsize=1000000", str(STANDFAST), "-C", str(program.vault), *words, "--json"],
        cwd=tmp_path, env=program.environment, capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert json.loads(full.stdout)["error"]["code"] == "DIS-186"
    assert not unfinished.exists()
    assert program.json(*words)["items"] == [item]
    assert program.json("check", "large.zip")["ok"]
