"""A mailbox by the program alone: protected from a real server, searched, drilled, and opened as a Maildir."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dovecot_fixture import Dovecot, running_dovecot
from program import Program
from radicale_fixture import Radicale, running_radicale

CONTACT = b"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:one\r\nFN:Amal Example\r\nN:Example;Amal;;;\r\nEND:VCARD\r\n"
ENTRY = (
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//example//EN\r\nBEGIN:VEVENT\r\nUID:e@example.org\r\n"
    b"DTSTAMP:20310504T120000Z\r\nDTSTART:20310504T120000Z\r\nSUMMARY:Hearing\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with running_dovecot() as running:
        yield running


@pytest.fixture(scope="module")
def truth(server: Dovecot, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return server.fill("ruth", tmp_path_factory.mktemp("corpus"), messages=120, large=1, malformed=0.2)


@pytest.fixture(scope="module")
def radicale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Radicale]:
    with running_radicale(tmp_path_factory.mktemp("radicale")) as running:
        running.lay(
            "ruth/book", "VADDRESSBOOK", "Friends", {"1.vcf": CONTACT, "2.vcf": CONTACT.replace(b"one", b"two")}
        )
        running.lay("ruth/court", "VCALENDAR", "Court", {"1.ics": ENTRY})
        yield running


@pytest.fixture(scope="module")
def program(
    server: Dovecot, radicale: Radicale, truth: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Program:
    room = tmp_path_factory.mktemp("office")
    program = Program(room)
    program.init()
    password = room / "password"
    password.write_text(server.password + "\n")
    password.chmod(0o600)
    books = ("--also-contacts", radicale.url + "/", "--also-calendar", radicale.url + "/")
    program("add", "mail", server.url("ruth"), "--name", "office", "--password-file", password, *books)
    program("replicas", "add", "usb", room / "usb")
    assert program.json("protect")["origins"][0]["ok"]
    return program


def appended(truth: dict[str, Any]) -> list[dict[str, Any]]:
    return [message for message in truth["messages"] if message["appendable"]]


def test_every_message_comes_back_into_a_folder(program: Program, truth: dict[str, Any]) -> None:
    for form in ("maildir", "mbox", "eml"):
        done = program.json("restore", "mail", "office", "--to", f"out-{form}", "--as", form)
        assert done["ok"]
        assert done["items"] == len(appended(truth)) + 3
        assert (done["kind"], done["failures"]) == ("mail", [])
    held = {hashlib.sha256(path.read_bytes()).hexdigest() for path in (program.room / "out-eml").rglob("*.eml")}
    assert held == {message["sha256_served"] for message in appended(truth)}
    again = program.json("restore", "mail", "office", "--to", "out-maildir")
    assert (again["ok"], again["bytes"]) == (True, 0)


def test_words_are_found_and_only_those_come_back(program: Program, truth: dict[str, Any]) -> None:
    found = program.json("find", "شهادة", "--limit", 1000)
    assert 0 < found["total"] == len(found["results"]) < found["indexed"]
    assert all(hit["origin"] == "office" and hit["folders"] and hit["date"] for hit in found["results"])
    assert program.json("find", "témoignage")["total"] == program.json("find", "TEMOIGNAGE")["total"] > 0
    assert program.json("find", "from:sender1@example.net")["total"] > 0
    with_files = program.json("find", "has:attachment", "--limit", 1000)
    kinds = {message["sha256_served"]: message["kind"] for message in appended(truth)}
    assert {kinds[hit["sha256"]] for hit in with_files["results"]} >= {"html", "large"}
    assert not {"plain8", "quoted"} & {kinds[hit["sha256"]] for hit in with_files["results"]}
    folder = program.json("find", "--folder", "قضايا*", "--limit", 1000)
    wanted = [message for message in appended(truth) if message["folder"].startswith("قضايا")]
    assert folder["total"] == len({message["sha256_served"] for message in wanted})
    done = program.json("restore", "mail", "office", "--to", "words", "--as", "eml", "--words", "شهادة")
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in (program.room / "words").rglob("*.eml")}
    assert done["ok"]
    assert digests == {hit["sha256"] for hit in found["results"]}


def test_find_in_words_shows_nothing_that_acts(program: Program) -> None:
    said = program("find", "witness", "--limit", 200).out
    assert "found, of" in said
    assert not {char for char in said if ord(char) < 32 and char != "\n"}
    assert program.json("find", "has:horns", status=193)["error"]["code"] == "FND-193"


def test_the_mailbox_is_drilled_from_the_copy_alone(program: Program, truth: dict[str, Any]) -> None:
    said = program.json("drill", "office", "--language", "ar")
    drill = said["drills"][0]
    assert drill["ok"]
    checks = {check["name"]: check for check in drill["checks"]}
    assert checks["content"]["found"] == len(appended(truth)) + 3
    assert checks["mail server"]["found"] == checks["mail server"]["expected"] > 0
    report = Path(said["report"]).read_text()
    assert 'lang="ar"' in report
    assert "صندوق بريد" in report


def test_contacts_and_calendars_go_to_another_account(program: Program, radicale: Radicale) -> None:
    assert program.json("find", "amal hearing")["total"] == 0
    assert [hit["kind"] for hit in program.json("find", "hearing", "--limit", 100)["results"]].count("calendar") == 1
    there = radicale.url.replace("http://", "http://amal@") + "/"
    words = ("--contacts-to", there, "--calendar-to", there, "--password-file", program.room / "password")
    for _ in range(2):
        assert program.json("restore", "mail", "office", "--to", "with-cards", *words)["ok"]
    assert radicale.ask("GET", "/amal/Friends/one.vcf", user="amal") == radicale.ask("GET", "/ruth/book/1.vcf")
    assert b"SUMMARY:Hearing" in radicale.ask("GET", "/amal/Court/e@example.org.ics", user="amal")


def test_a_continuity_page_is_made_on_request(program: Program) -> None:
    done = program.json(
        "restore", "continuity", "office", "--to", "continuity", "--language", "es", "--own", "ruth@x.org"
    )
    assert done["ok"]
    assert "continuity.html" in done["notes"][0]
    page = program.room / "continuity" / "continuity.html"
    assert page.stat().st_mode & 0o777 == 0o600
    assert 'lang="es"' in page.read_text()


def test_a_contact_that_changed_is_taken_while_the_mail_is_as_it_was(program: Program, radicale: Radicale) -> None:
    before = len(program.json("items", "--origin", "office")["items"])
    radicale.put("/ruth/book/1.vcf", CONTACT.replace(b"Amal Example", b"Amal Elsewhere"))
    done = program.json("protect", "office")["origins"][0]
    assert (done["ok"], done["items_new"], done["failures"]) == (True, 1, [])
    assert len(program.json("items", "--origin", "office")["items"]) == before
    assert program.json("find", "elsewhere")["total"] == 1
    assert program.json("protect", "office")["origins"][0]["items_new"] == 0


def test_killed_in_the_middle_it_is_finished_by_the_next_run(program: Program) -> None:
    program("restore", "mail", "office", "--to", "whole", "--as", "eml")
    whole = {path.name: path.read_bytes() for path in (program.room / "whole").rglob("*.eml")}
    killed = program.start("restore", "mail", "office", "--to", "killed", "--as", "eml")
    while killed.poll() is None and not list((program.room / "killed").rglob("*.eml")):
        time.sleep(0.002)
    killed.kill()
    killed.communicate()
    there = {path.name: path.read_bytes() for path in (program.room / "killed").rglob("*.eml")}
    assert there.items() <= whole.items()
    assert program.json("restore", "mail", "office", "--to", "killed", "--as", "eml")["ok"]
    assert {path.name: path.read_bytes() for path in (program.room / "killed").rglob("*.eml")} == whole
    assert not list((program.room / "killed").rglob("*.unfinished"))
