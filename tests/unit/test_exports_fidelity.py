"""A mailbox to a folder and back: Maildir, mbox and EML as restore writes them, taken in again by an import."""

from __future__ import annotations

from pathlib import Path

import pytest

from exports_fixture import Taken, take
from mail_vault import Mailbox, MailVault, hostile_mailbox, made
from standfast.holdings.item import MailboxFacts, MailFacts
from standfast.holdings.mail_listing import LISTING_NAME, TABLE_NAME, Form
from standfast.holdings.mailbox import MailboxHead, MessageLine, read_mailbox
from standfast.restore.mail.folder import restore_mail

FORMS: tuple[Form, ...] = ("maildir", "mbox", "eml")
CARD = b"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:An Example\r\nUID:one\r\nEND:VCARD\r\n"
EVENT = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:two\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> MailVault:
    box: Mailbox = hostile_mailbox(messages=300, large=1)
    box.cards = [("book", "text/vcard", CARD), ("team", "text/calendar", EVENT)]
    return made(tmp_path_factory.mktemp("fidelity"), box)


def held_lists(vault: MailVault) -> dict[str, tuple[MailboxHead, list[MessageLine]]]:
    reader = vault.reader()
    lists = [reader.read(held) for held in reader.items("mail") if isinstance(held.record.facts, MailboxFacts)]
    return {head.folder: (head, lines) for head, lines in map(read_mailbox, lists)}


def held_messages(vault: MailVault) -> dict[str, bytes]:
    reader = vault.reader()
    return {
        held.record.sha256: reader.read(held)
        for held in reader.items("mail")
        if isinstance(held.record.facts, MailFacts)
    }


@pytest.fixture(params=FORMS)
def restored(request: pytest.FixtureRequest, vault: MailVault, tmp_path: Path) -> tuple[Path, Taken]:
    to = tmp_path / "out"
    assert restore_mail(vault.reader(), "mail", to, form=request.param).failures == []
    return to, take(to)


def test_everything_comes_back_as_it_was(vault: MailVault, restored: tuple[Path, Taken]) -> None:
    _, taken = restored
    assert taken.failures == []
    assert taken.finished.complete
    assert {sha256: landed.content for sha256, landed in taken.messages.items()} == held_messages(vault)
    expected = held_lists(vault)
    assert taken.folders.keys() == expected.keys()
    for name, (head, lines) in taken.folders.items():
        kept, kept_lines = expected[name]
        assert lines == kept_lines, name
        assert (head.use, head.delimiter, head.uid_validity) == (kept.use, kept.delimiter, kept.uid_validity)
    assert {each.content for each in taken.cards.values()} >= {CARD, EVENT}


def test_without_the_listing_every_message_is_still_found(vault: MailVault, restored: tuple[Path, Taken]) -> None:
    to, _ = restored
    for name in (LISTING_NAME, TABLE_NAME):
        (to / name).unlink()
    taken = take(to)
    expected = held_messages(vault)
    # What a form can't say: an mbox always ends a last line.
    found = set(taken.messages)
    missing = [raw for sha256, raw in expected.items() if sha256 not in found]
    assert all(not raw.endswith(b"\n") for raw in missing)
    assert sum(len(lines) for _, lines in taken.folders.values()) == sum(
        len(lines) for _, lines in held_lists(vault).values()
    )


def test_what_was_changed_since_is_taken_as_it_is_and_named(restored: tuple[Path, Taken]) -> None:
    to, before = restored
    file = next(path for path in sorted(to.rglob("*")) if path.is_file() and path.name.endswith((".eml", ".mbox", "S")))
    raw = bytearray(file.read_bytes())
    at = raw.find(b"Subject: ")
    raw[at : at + 9] = b"Subjecu: "
    file.write_bytes(raw)
    taken = take(to)
    assert taken.failures
    assert not taken.finished.complete
    assert len(taken.messages) >= len(before.messages) - 1
