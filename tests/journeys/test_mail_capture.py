"""A mailbox on a real Dovecot, captured again and again while people use it: what is held is what the server shows."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dovecot_fixture import Dovecot, running_dovecot
from imap_relay import Relay, relay_to
from mail_fixture import MailVault, access_to, command, imap, same_as_served, served
from standfast.capture.mail import exchange, folder_work
from standfast.errors.mail import CommandRefusedError
from standfast.holdings.identifiers import escape_name
from standfast.holdings.item import MailboxFacts
from standfast.imap.commands import Literal, astring
from standfast.imap.connection import Connection

MESSAGE = b"From: ruth@example.org\r\nSubject: example %d\r\nMessage-ID: <%d@example.org>\r\n\r\nan example\r\n"
LITTLE = "IMAP4rev1 LITERAL+ SASL-IR UIDPLUS NAMESPACE"
OFFERED = {
    "all that it has": "",
    "no QRESYNC": LITTLE + " ENABLE CONDSTORE ESEARCH LIST-EXTENDED LIST-STATUS SPECIAL-USE",
    "no ESEARCH": LITTLE + " ENABLE CONDSTORE LIST-EXTENDED LIST-STATUS",
    "no CONDSTORE": LITTLE + " LIST-EXTENDED LIST-STATUS",
    "no LIST-STATUS": LITTLE + " ENABLE CONDSTORE QRESYNC",
    "almost nothing": "IMAP4rev1",
}


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with running_dovecot(shared_folder=True) as running:
        yield running


@pytest.fixture
def relay(server: Dovecot) -> Iterator[Relay]:
    with relay_to(server.port) as between:
        yield between


@pytest.fixture
def box(tmp_path: Path) -> MailVault:
    return MailVault(tmp_path)


@pytest.fixture
def user(request: pytest.FixtureRequest) -> str:
    """A mailbox of this test's own."""
    return hashlib.sha256(request.node.name.encode()).hexdigest()[:12]


def add(server: Dovecot, user: str, folder: str = "INBOX", numbers: range = range(3)) -> None:
    """Small messages, by another client."""
    with Connection.open(access_to(server.port, user)) as client:
        name = astring(client.raw_name(folder))
        if folder != "INBOX":
            with contextlib.suppress(CommandRefusedError):
                client.wait(client.send(b"CREATE ", name))
        for n in numbers:
            date = b' "17-Jul-1996 02:44:25 -0700" '
            client.wait(client.send(b"APPEND ", name, date, Literal(MESSAGE % (n, n))))


def test_the_whole_hostile_corpus_is_held_byte_for_byte(
    server: Dovecot, box: MailVault, user: str, tmp_path: Path
) -> None:
    truth = server.fill(user, tmp_path / "mail", messages=600, large=3)
    result = box.protect(server.port, user)
    assert (result.ok, result.failures) == (True, [])
    same_as_served(box, server.port, user)
    made = {each["sha256_served"]: each for each in truth["messages"] if each["appendable"]}
    lines = [line for lines in box.lists().values() for line in lines]
    assert sorted(line.sha256 for line in lines) == sorted(
        each["sha256_served"] for each in truth["messages"] if each["appendable"]
    )
    kinds = {made[line.sha256]["kind"] for line in lines}
    assert {"nul", "long_line", "deep", "bare_cr", "no_header", "many_headers"} - kinds <= {"nul"}
    asked = {escape_name(each["name"].encode()) for each in truth["folders"] if not each["refused"]}
    assert asked <= box.lists().keys()


def test_days_of_use(server: Dovecot, relay: Relay, box: MailVault, user: str, tmp_path: Path) -> None:
    server.fill(user, tmp_path / "mail", messages=200, large=0)
    assert box.protect(relay.port, user).ok

    relay.forget()
    again = box.protect(relay.port, user)
    assert (again.ok, again.items_new, again.items_gone, again.accessions) == (True, 0, 0, [])
    assert relay.from_server_bytes < 12_000, "nothing new costs one listing"
    assert b"EXAMINE" not in relay.said
    assert relay.connections == 1

    with imap(server, user) as client:
        client.select("INBOX")
        client.store("1:5", "+FLAGS", r"(\Flagged $Forwarded)")
        client.store("6", "-FLAGS", r"(\Seen)")
    add(server, user, numbers=range(1000, 1003))
    relay.forget()
    changed = box.protect(relay.port, user)
    assert (changed.ok, changed.items_new, changed.items_gone) == (True, 4, 0)
    assert relay.said.count(b"EXAMINE") <= 2, "one folder changed"
    assert relay.from_server_bytes < 20_000, "only what is new was fetched"
    same_as_served(box, server.port, user)

    before = box.messages()
    with imap(server, user) as client:
        client.select("INBOX")
        client.store("2:4", "+FLAGS", r"(\Deleted)")
        client.expunge()
    expunged = box.protect(relay.port, user)
    assert (expunged.ok, expunged.items_gone) == (True, len(before - box.messages()))
    assert 1 <= expunged.items_gone <= 6
    same_as_served(box, server.port, user)
    ever = box.all_items()
    assert before <= {name.removesuffix(".eml") for name in ever}, "expunged mail stays held"


def test_a_renamed_folder_is_known_again_without_its_bodies(
    server: Dovecot, relay: Relay, box: MailVault, user: str
) -> None:
    big = b"X-Big: yes\r\n" + MESSAGE % (7, 7) + b"0123456789abcdef" * 40_000
    add(server, user, "Cases")
    with imap(server, user) as client:
        client.append("Cases", "", '"18-Jul-1996 02:44:25 -0700"', big)
    box.protect(relay.port, user)
    with imap(server, user) as client:
        client.rename("Cases", '"Cases 2016"')
    relay.forget()
    result = box.protect(relay.port, user)
    assert result.ok
    same_as_served(box, server.port, user)
    assert "Cases" not in box.lists()
    assert relay.said.count(b"BODY.PEEK[HEADER]") >= 1


@pytest.mark.parametrize("altered", [False, True], ids=["same bodies", "a body was altered"])
def test_a_renumbered_folder_costs_its_headers(
    server: Dovecot, relay: Relay, box: MailVault, user: str, altered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not altered:
        monkeypatch.setattr(folder_work, "SAMPLE", 2)
    add(server, user, "Cases")
    with imap(server, user) as client:
        for n in range(10, 20):
            body = MESSAGE % (n, n) + b"0123456789abcde\n" * 6_000
            client.append("Cases", "", '"18-Jul-1996 02:44:25 -0700"', body)
    box.protect(relay.port, user)
    held = box.messages()
    with imap(server, user) as client:
        client.delete("Cases")
        client.create("Cases")
        for n in range(3):
            client.append("Cases", "", '"17-Jul-1996 02:44:25 -0700"', MESSAGE % (n, n))
        for n in range(10, 20):
            body = MESSAGE % (n, n) + (b"fedcba987654321\n" if altered else b"0123456789abcde\n") * 6_000
            client.append("Cases", r"(\Flagged)", '"18-Jul-1996 02:44:25 -0700"', body)
    relay.forget()
    result = box.protect(relay.port, user)
    assert result.ok
    same_as_served(box, server.port, user)
    if altered:
        assert len(box.messages() - held) == 10, "the sample showed it, and all were fetched"
    else:
        assert box.messages() == held
        assert result.items_new == 1, "the list alone"
        assert relay.from_server_bytes < 260_000, "two bodies of a hundred kB, and headers"


@pytest.mark.parametrize("offered", OFFERED)
def test_servers_that_offer_less(offered: str, box: MailVault, tmp_path: Path, user: str) -> None:
    with running_dovecot(capability=OFFERED[offered], shared_folder=True) as server, relay_to(server.port) as relay:
        server.fill(user, tmp_path / "mail", messages=60, large=0)
        assert box.protect(relay.port, user).ok
        same_as_served(box, server.port, user)
        again = box.protect(relay.port, user)
        assert (again.ok, again.items_new, again.items_gone) == (True, 0, 0)
        with imap(server, user) as client:
            client.select("INBOX")
            client.store("3", "+FLAGS", r"(\Deleted)")
            client.expunge()
            client.store("1:2", "+FLAGS", r"(\Answered $Label1)")
        add(server, user, "Sent", range(500, 502))
        relay.forget()
        result = box.protect(relay.port, user)
        assert (result.ok, result.items_gone <= 1) == (True, True)
        same_as_served(box, server.port, user)
        assert relay.said.count(b"BODY.PEEK[]") <= 2


def test_the_server_is_left_as_it_was(server: Dovecot, relay: Relay, box: MailVault, user: str) -> None:
    add(server, user, "Sent")
    add(server, user)
    box.protect(relay.port, user)
    with imap(server, user) as client:
        for folder in ("INBOX", "Sent"):
            _, answer = client.select(folder)
            kept = client.untagged_responses.get("RECENT") or client.response("RECENT")[1]
            assert kept == [b"3"], "the first who reads the folder still sees what is new"
            _, flags = client.fetch("1:3", "(FLAGS)")
            assert not any(b"\\Seen" in each for each in flags if isinstance(each, bytes))
            assert answer == [b"3"]
    said = relay.said.upper()
    for word in (b" SELECT ", b" STORE", b"APPEND", b"EXPUNGE", b"COPY", b"MOVE", b"CREATE", b"DELETE", b"SUBSCRIBE"):
        assert word not in said, word
    assert b"BODY[" not in said


def test_folders_that_hold_no_mail_others_and_left_out(server: Dovecot, box: MailVault, user: str) -> None:
    add(server, user, "parent/child")
    add(server, user, "Junk mail")
    add(server, user, "Shared/board", range(9000, 9003))
    result = box.protect(server.port, user, exclude=("Junk*",))
    assert result.ok
    assert "folders that hold no mail themselves" in result.passed_over
    assert result.passed_over["folders that are left out by a pattern"] == 1
    assert {"INBOX", "parent/child", "Shared/board"} <= box.lists().keys()
    assert not any(name.startswith("Junk") for name in box.lists())


def test_special_use_is_kept(server: Dovecot, box: MailVault, user: str) -> None:
    add(server, user, "Sent")
    box.protect(server.port, user)
    uses = {}
    for held in box.vault.reader().items("mail"):
        if isinstance(held.record.facts, MailboxFacts):
            uses[held.record.name] = held.record.facts.use
    assert uses["Sent"] == "\\Sent"
    assert uses["INBOX"] == ""


def test_one_message_in_many_folders_is_held_once(server: Dovecot, box: MailVault, user: str) -> None:
    add(server, user)
    add(server, user, "Copies")
    result = box.protect(server.port, user, exclude=("Shared*",))
    assert (len(box.messages()), len(box.lists()["INBOX"]), len(box.lists()["Copies"])) == (3, 3, 3)
    assert result.items_new == 3 + len(box.lists())
    with imap(server, user) as client:
        client.select("INBOX")
        client.store("1:3", "+FLAGS", r"(\Deleted)")
        client.expunge()
    result = box.protect(server.port, user, exclude=("Shared*",))
    assert (result.ok, result.items_gone, len(box.messages())) == (True, 0, 3), "they stand in the other folder"
    command(server.port, b"DELETE Copies", user=user)
    result = box.protect(server.port, user, exclude=("Shared*",))
    assert (result.ok, result.items_gone, box.messages()) == (True, 4, set())


def test_a_message_that_is_too_large_is_told_each_time(server: Dovecot, box: MailVault, user: str) -> None:
    add(server, user)
    with imap(server, user) as client:
        client.append("INBOX", "", '"18-Jul-1996 02:44:25 -0700"', MESSAGE % (9, 9) + b"x" * 60_000)
    for _ in range(2):
        result = box.protect(server.port, user, max_message_bytes=50_000)
        assert (result.ok, result.failure_count) == (False, 1)
        assert "INBOX, message 4" in result.failures[0].what
        assert "50,000" in result.failures[0].why
    assert len(box.lists()["INBOX"]) == 3
    assert box.protect(server.port, user).ok
    same_as_served(box, server.port, user)


def test_lost_memory_takes_nothing_in_twice(server: Dovecot, box: MailVault, user: str, tmp_path: Path) -> None:
    server.fill(user, tmp_path / "mail", messages=80, large=0)
    box.protect(server.port, user)
    ever = sorted(box.all_items())
    result = box.protect(server.port, user, reread=True)
    assert (result.ok, result.items_new, result.items_gone) == (True, 0, 0)
    assert sorted(box.all_items()) == ever
    for file in box.vault.folder.state.glob("seen-*"):
        file.unlink()
    result = box.protect(server.port, user)
    assert (result.ok, result.items_gone) == (True, 0)
    same_as_served(box, server.port, user)


def test_more_messages_than_a_batch_on_two_connections(
    server: Dovecot, relay: Relay, box: MailVault, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_work, "BATCH_MESSAGES", 7)
    add(server, user, numbers=range(120))
    add(server, user, "Sent", numbers=range(200, 320))
    relay.forget()
    assert box.protect(relay.port, user).ok
    assert relay.open_at_once == 2
    same_as_served(box, server.port, user)


def test_a_server_that_allows_one_connection(box: MailVault, user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_work, "BATCH_MESSAGES", 7)
    with running_dovecot(connections_per_user=1) as server:
        add(server, user, numbers=range(120))
        add(server, user, "Sent", numbers=range(200, 320))
        assert box.protect(server.port, user, connections=4).ok
        same_as_served(box, server.port, user)


def test_mail_that_comes_and_goes_while_it_is_read(
    server: Dovecot, box: MailVault, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(server, user, numbers=range(30))
    real = exchange.Session.ask_bytes
    moved: list[Any] = []

    def meanwhile(session: exchange.Session, fetch: Any, uids: Any) -> str:
        if not moved:
            moved.append(True)
            with imap(server, user) as client:
                client.select("INBOX")
                client.store("5:9", "+FLAGS", r"(\Deleted)")
                client.expunge()
                client.append("INBOX", "", '"18-Jul-1996 02:44:25 -0700"', MESSAGE % (99, 99))
        return real(session, fetch, uids)

    monkeypatch.setattr(exchange.Session, "ask_bytes", meanwhile)
    result = box.protect(server.port, user)
    assert (result.ok, result.failures) == (True, [])
    assert box.protect(server.port, user).ok
    same_as_served(box, server.port, user)


def test_nothing_of_it_is_lost_by_an_account_that_is_closed_in_the_middle(
    server: Dovecot, box: MailVault, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came until then stands in a list, so that it can be restored, folder by folder."""
    add(server, user, numbers=range(50))
    monkeypatch.setattr(folder_work, "BATCH_MESSAGES", 5)
    with relay_to(server.port) as relay:
        lives = iter([9_000])
        relay.break_after = lambda: next(lives, 1)
        result = box.protect(relay.port, user, connections=1, exclude=("Shared*",))
        assert not result.ok
        some = box.lists()["INBOX"]
        assert 0 < len(some) < 50
        assert {line.sha256 for line in some} == box.messages()
        relay.break_after = lambda: None
        relay.forget()
        result = box.protect(relay.port, user)
        assert result.ok
        same_as_served(box, server.port, user)
        assert relay.said.count(b"UID FETCH") >= 2
    assert served(server.port, user)["INBOX"].keys() == {line.uid for line in box.lists()["INBOX"]}


def test_a_slow_line_is_compressed_and_a_near_one_is_not(
    server: Dovecot, relay: Relay, box: MailVault, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(server, user)
    box.protect(relay.port, user)
    assert b"COMPRESS" not in relay.said
    monkeypatch.setattr("standfast.capture.mail.capture.SLOW_LINE_S", 0.0)
    assert box.protect(relay.port, user, reread=True).ok
    assert b"COMPRESS DEFLATE" in relay.said
    same_as_served(box, server.port, user)
