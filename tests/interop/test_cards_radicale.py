"""Contacts and calendars from a real server into a vault, and out again to another account and to files."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mail_vault import Mailbox, MailVault, Message
from radicale_fixture import PASSWORD, Radicale, running_radicale
from standfast import http_client
from standfast.capture.mail.cards import AccountCapture
from standfast.dav.client import DavAccess
from standfast.dav.multistatus import Kind
from standfast.errors.dav import DavRefusedError
from standfast.holdings.item import CardFacts
from standfast.intake.run import RunResult, bring_in
from standfast.restore.mail.cards_server import restore_cards
from standfast.restore.mail.folder import restore_mail
from standfast.restore.plan import RestoreResult
from vault_builder import TickingClock


def vcard(n: int, name: str = "أمل Example") -> bytes:
    return (
        f"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:contact-{n}\r\nFN:{name} {n}\r\nN:Example;{n};;;\r\n"
        f"NOTE:a long line that is folded as the standard\r\n  says\\, with Été\r\nEND:VCARD\r\n"
    ).encode()


def event(n: int) -> bytes:
    return (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//example//EN\r\nBEGIN:VEVENT\r\n"
        f"UID:event-{n}@example.org\r\nDTSTAMP:20310504T120000Z\r\nDTSTART:20310504T120000Z\r\nSUMMARY:جلسة {n}\r\n"
        "END:VEVENT\r\nEND:VCALENDAR\r\n"
    ).encode()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Radicale]:
    (tmp_path / "radicale").mkdir()
    with running_radicale(tmp_path / "radicale") as running:
        running.lay("ruth/book", "VADDRESSBOOK", "Friends", {f"{n}.vcf": vcard(n) for n in range(110)})
        running.lay("ruth/office", "VADDRESSBOOK", "العمل", {"1.vcf": vcard(1000)})
        running.lay("ruth/court", "VCALENDAR", "Court", {f"{n}.ics": event(n) for n in range(3)})
        yield running


def access(server: Radicale, path: str = "/", user: str = "ruth", password: str = PASSWORD) -> DavAccess:
    secret = base64.b64encode(f"{user}:{password}".encode()).decode()
    return DavAccess(url=server.url + path, authorization=lambda: f"Basic {secret}")


class Account:
    """A vault that protects a mailbox in memory with the contacts and calendars of the server."""

    def __init__(self, server: Radicale, room: Path) -> None:
        self.vault, self.server = MailVault(room), server
        self.vault.make()
        self.box = Mailbox(folders={"INBOX": [Message(raw=b"Subject: x\r\n\r\n")]})

    def protect(self, contacts: str = "/", password: str = PASSWORD) -> RunResult:
        books: list[tuple[Kind, DavAccess]] = [
            ("contacts", access(self.server, contacts, password=password)),
            ("calendar", access(self.server, password=password)),
        ]
        place = self.vault.open_place()
        try:
            capture = AccountCapture(self.box, books, clock=TickingClock())
            return bring_in(place, capture, origin="mail", kind="mail", location="imaps://example")
        finally:
            place.close()

    def cards(self) -> dict[tuple[str, str], bytes]:
        """By collection and UID, what is held."""
        reader = self.vault.reader()
        return {
            (held.record.facts.collection, held.record.facts.uid): reader.read(held)
            for held in reader.items("mail")
            if isinstance(held.record.facts, CardFacts)
        }


@pytest.fixture
def account(server: Radicale, tmp_path: Path) -> Account:
    return Account(server, tmp_path / "vault")


def test_every_card_is_held_as_the_server_gives_it(account: Account, server: Radicale) -> None:
    result = account.protect()
    assert (result.ok, result.failures) == (True, [])
    held = account.cards()
    assert len(held) == 110 + 1 + 3
    assert {collection for collection, _ in held} == {"Friends", "العمل", "Court"}
    for n in (0, 57, 109):
        assert held["Friends", f"contact-{n}"] == server.ask("GET", f"/ruth/book/{n}.vcf")
    assert held["Court", "event-1@example.org"] == server.ask("GET", "/ruth/court/1.ics")


def test_only_what_changed_is_fetched_again(
    account: Account, server: Radicale, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, int]] = []
    ask = http_client.ask

    def counted(method: str, url: str, **rest: object) -> http_client.Answer:
        asked.append((method, len(re.findall(b"href", bytes(rest.get("body", b"")))) // 2))  # type: ignore[call-overload]
        return ask(method, url, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(http_client, "ask", counted)
    account.protect()
    assert sum(method == "REPORT" for method, _ in asked) == 2 + 1 + 1
    asked.clear()
    result = account.protect()
    assert (result.ok, result.items_new) == (True, 0)
    assert not [method for method, _ in asked if method in ("REPORT", "GET")]
    server.put("/ruth/book/7.vcf", vcard(7, "changed"))
    server.ask("DELETE", "/ruth/book/8.vcf")
    asked.clear()
    result = account.protect()
    assert (result.ok, result.items_new, result.items_gone) == (True, 1, 1)
    assert [count for method, count in asked if method == "REPORT"] == [1]
    held = account.cards()
    assert b"changed" in held["Friends", "contact-7"]
    assert ("Friends", "contact-8") not in held


def test_the_address_of_one_book_is_that_book_alone(account: Account) -> None:
    account.protect(contacts="/ruth/office/")
    assert {collection for collection, _ in account.cards()} == {"العمل", "Court"}


def test_a_refused_password_fails_the_run_and_nothing_is_gone(account: Account) -> None:
    account.protect()
    result = account.protect(password="wrong")
    assert not result.ok
    assert [failure.what for failure in result.failures] == [account.server.url + "/"] * 2
    assert len(account.cards()) == 114


def restored_to(account: Account, server: Radicale, kind: Kind, path: str) -> RestoreResult:
    reader = account.vault.reader()
    cards = [held for held in reader.items("mail") if isinstance(held.record.facts, CardFacts)]
    result = RestoreResult(origin="mail", kind="mail", to=server.url)
    restore_cards(reader, cards, kind, access(server, path, user="amal"), result)
    return result


def test_contacts_and_calendars_open_in_another_account_once(account: Account, server: Radicale) -> None:
    account.protect()
    before = account.cards()
    server.make("/amal/book/", "CR:addressbook", "Friends", user="amal")
    mine = vcard(5, "mine and not to be touched")
    server.put("/amal/book/contact-5.vcf", mine, user="amal")
    for _ in range(2):
        for kind, count in (("contacts", 111), ("calendar", 3)):
            result = restored_to(account, server, kind, "/")  # type: ignore[arg-type]
            assert (result.failures, result.items) == ([], count)
    assert b"not to be touched" in server.ask("GET", "/amal/book/contact-5.vcf", user="amal")
    other = Account(server, account.vault.folder.root.parent / "other")
    place = other.vault.open_place()
    try:
        books: list[tuple[Kind, DavAccess]] = [
            ("contacts", access(server, user="amal")),
            ("calendar", access(server, user="amal")),
        ]
        bring_in(
            place,
            AccountCapture(other.box, books, clock=TickingClock()),
            origin="mail",
            kind="mail",
            location="example",
        )
    finally:
        place.close()
    after = other.cards()
    assert {key for key in after if key[1] != "contact-5"} == {key for key in before if key[1] != "contact-5"}
    assert all(after[key] == before[key] for key in before if key[1] != "contact-5")


def test_a_server_that_does_not_let_us_in_is_said(account: Account, server: Radicale) -> None:
    account.protect()
    reader = account.vault.reader()
    with pytest.raises(DavRefusedError):
        restore_cards(
            reader,
            [held for held in reader.items("mail") if isinstance(held.record.facts, CardFacts)],
            "contacts",
            access(server, password="wrong"),
            RestoreResult(origin="mail", kind="mail", to=""),
        )


def test_cards_come_as_files_too(account: Account, tmp_path: Path) -> None:
    account.protect()
    restore_mail(account.vault.reader(), "mail", tmp_path / "out")
    files = {path.read_bytes() for path in (tmp_path / "out").rglob("*-*.vcf")}
    assert files == {raw for (_, uid), raw in account.cards().items() if uid.startswith("contact")}
    joined = (tmp_path / "out" / "contacts" / "Friends.vcf").read_bytes()
    assert joined.count(b"BEGIN:VCARD") == 110
