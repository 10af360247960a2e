"""Exports of every form, as programs lay them out: what of them becomes which item."""

from __future__ import annotations

import gzip
import hashlib
import os
import tarfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from exports_fixture import Memory, take
from standfast.assembly.captures import EXPORT_KINDS
from standfast.capture.exports.detect import READERS
from standfast.errors.exports import UnknownExportError, UnreadableExportError
from standfast.holdings.item import CardFacts, MailFacts

FIRST = b"From: a@example.org\r\nDate: Wed, 17 Jul 1996 02:44:25 -0700\r\nSubject: a\r\n\r\nFirst.\r\n"
SECOND = b"From: b@example.org\r\nSubject: b\r\nReceived: by x; Thu, 18 Jul 1996 02:44:25 +0300\r\n\r\nSecond.\r\n"
LINE = b"From a@example.org Wed Jul 17 02:44:25 1996\n"
MBOX = LINE + FIRST + b"\n" + LINE + SECOND + b"\n"
PSTS = Path(__file__).parent.parent / "vectors" / "mail-exports" / "pst"


def sha(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def write(path: Path, raw: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)
    return path


def test_every_kind_that_can_be_asked_for_has_a_reader() -> None:
    assert set(EXPORT_KINDS) == set(READERS)


def test_an_mbox(tmp_path: Path) -> None:
    taken = take(write(tmp_path / "Été.mbox", MBOX))
    assert taken.bodies("Été") == [FIRST, SECOND]
    head, lines = taken.folders["Été"]
    assert [(line.uid, line.received) for line in lines] == [(n, "17-Jul-1996 02:44:25 +0000") for n in (1, 2)]
    assert head.uid_validity == 0
    facts = taken.messages[sha(FIRST)].facts
    assert isinstance(facts, MailFacts)
    assert (facts.subject, facts.folders, facts.received) == ("a", ("Été",), "17-Jul-1996 02:44:25 +0000")
    assert taken.finished.complete


def test_the_same_message_in_two_files_is_one_item_in_two_folders(tmp_path: Path) -> None:
    write(tmp_path / "in.mbox", MBOX)
    write(tmp_path / "sub" / "out.mbox", LINE + FIRST)
    write(tmp_path / "eml" / "1.eml", FIRST)
    taken = take(tmp_path)
    assert set(taken.messages) == {sha(FIRST), sha(SECOND)}
    assert {name: len(lines) for name, (_, lines) in taken.folders.items()} == {"in": 2, "sub/out": 1, "eml": 1}


def test_eml_files_in_a_folder_a_zip_and_a_tar(tmp_path: Path) -> None:
    write(tmp_path / "tree" / "قضايا" / "1.eml", FIRST)
    write(tmp_path / "tree" / "2.EML", SECOND)
    write(tmp_path / "tree" / "note.txt", b"nothing of mail")
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for file in sorted((tmp_path / "tree").rglob("*.*")):
            packed.write(file, file.relative_to(tmp_path / "tree"))
    with tarfile.open(tmp_path / "a.tgz", "w:gz") as tar:
        tar.add(tmp_path / "tree", ".")
    for place in (tmp_path / "tree", tmp_path / "a.zip", tmp_path / "a.tgz"):
        taken = take(place)
        assert taken.bodies("قضايا") == [FIRST], place
        assert taken.bodies("EML") == [SECOND]
        assert taken.folders["قضايا"][1][0].received == "17-Jul-1996 02:44:25 -0700"
        assert taken.folders["EML"][1][0].received == "18-Jul-1996 02:44:25 +0300"
        assert taken.finished.passed_over == (("files of other kinds", 1),)


def maildir(root: Path, box: str = "") -> Path:
    for sub in ("cur", "new", "tmp"):
        (root / box / sub).mkdir(parents=True)
    return root / box


def test_a_maildir_with_folders_in_it(tmp_path: Path) -> None:
    inbox = maildir(tmp_path)
    write(inbox / "cur" / "1.a.host,S=3:2,FSab", FIRST)
    write(inbox / "new" / "2.b.host", SECOND)
    write(inbox / "tmp" / "3.c.host", b"never delivered")
    write(inbox / "dovecot-keywords", b"0 $Label1\n1 case-7\n99 x\n")
    write(maildir(tmp_path, ".&BkIGNgYnBkoGJw-.2016") / "cur" / "1.a.host:2,RT", FIRST)
    maildir(tmp_path, ".Empty")
    os.utime(inbox / "cur" / "1.a.host,S=3:2,FSab", (837_596_665, 837_596_665))
    taken = take(tmp_path)
    assert taken.bodies("INBOX") == [FIRST, SECOND]
    first, second = taken.folders["INBOX"][1]
    assert first.flags == ("$Label1", "\\Flagged", "\\Seen", "case-7")
    assert first.received == "17-Jul-1996 09:44:25 +0000"
    assert second.flags == ()
    head, (line,) = taken.folders["قضايا.2016"]
    assert (head.delimiter, line.flags) == (".", ("\\Answered", "\\Deleted"))
    assert "Empty" in taken.folders or not taken.folders.get("Empty")


def test_dovecots_own_numbers_are_kept(tmp_path: Path) -> None:
    inbox = maildir(tmp_path)
    write(inbox / "cur" / "1.a.host,S=3:2,S", FIRST)
    write(inbox / "cur" / "2.b.host:2,", SECOND)
    write(inbox / "dovecot-uidlist", b"3 V1700000000 N10 G0123\n4 :2.b.host\n9 W50 :1.a.host,S=3\n")
    head, lines = take(tmp_path).folders["INBOX"]
    assert head.uid_validity == 1_700_000_000
    assert [(line.uid, line.sha256) for line in lines] == [(4, sha(SECOND)), (9, sha(FIRST))]
    write(inbox / "cur" / "3.c.host:2,", b"Subject: c\r\n\r\n")
    head, lines = take(tmp_path).folders["INBOX"]
    assert (head.uid_validity, [line.uid for line in lines]) == (0, [1, 2, 3])


def test_folders_of_maildirs(tmp_path: Path) -> None:
    write(maildir(tmp_path, "Inbox") / "cur" / "1:2,S", FIRST)
    write(maildir(tmp_path, "Cases/2016") / "cur" / "1!2,S", SECOND)
    assert set(take(tmp_path).folders) == {"Inbox", "Cases/2016"}


def test_google_takeout(tmp_path: Path) -> None:
    messages = [
        b'X-GM-THRID: 1\r\nX-Gmail-Labels: Inbox,Opened,Starred,"Cases, 2016"\r\nSubject: a\r\n\r\nFirst.\r\n',
        b"X-Gmail-Labels: =?UTF-8?Q?=D9=82=D8=B6=D8=A7=D9=8A=D8=A7,Unread,Category_Updates?=\r\n\r\nx\r\n",
        b"X-GM-THRID: 3\r\nX-Gmail-Labels: Unread,Important\r\n\r\ny\r\n",
    ]
    box = b"".join(b"From 1@xxx Tue Nov 24 10:00:00 +0000 2026\r\n" + each + b"\r\n" for each in messages)
    card = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Example\r\nEND:VCARD\r\n"
    for part, members in {
        "takeout-1.zip": {"Takeout/Mail/All mail Including Spam and Trash.mbox": box},
        "takeout-2.zip": {"Takeout/Contacts/All/All.vcf": card, "Takeout/archive_browser.html": b"<html>"},
    }.items():
        with zipfile.ZipFile(tmp_path / part, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, raw in members.items():
                packed.writestr(name, raw)
    taken = take(tmp_path)
    assert {name: len(lines) for name, (_, lines) in taken.folders.items()} == {
        "INBOX": 1,
        "Cases, 2016": 1,
        "قضايا": 1,
        "Archived": 1,
    }
    (line,) = taken.folders["INBOX"][1]
    assert line.flags == ("\\Flagged", "\\Seen")
    assert line.labels == ("Cases, 2016", "Inbox", "Opened", "Starred")
    assert [each.content for each in taken.cards.values()] == [card]
    assert take(tmp_path / "takeout-1.zip").bodies("INBOX") == [messages[0]]


def test_a_thunderbird_profile(tmp_path: Path) -> None:
    mail = tmp_path / "abcd.default" / "Mail" / "Local Folders"
    write(mail / "Inbox", b"From - Tue Nov 24 10:00:00 2026\r\nX-Mozilla-Status: 0001\r\n" + FIRST + b"\r\n")
    write(mail / "Inbox.msf", b"// <!-- mdb -->")
    write(mail / "Empty", b"")
    write(mail / "Empty.msf", b"")
    write(mail / "Cases.sbd" / "2016", b"From \r\n" + SECOND + b"\r\n")
    write(mail / "Cases.sbd" / "2016.msf", b"")
    write(tmp_path / "abcd.default" / "ImapMail" / "imap.example.org" / "Sent", MBOX)
    write(tmp_path / "abcd.default" / "ImapMail" / "imap.example.org" / "Sent.msf", b"")
    write(tmp_path / "abcd.default" / "abook.sqlite", b"SQLite format 3\0")
    write(tmp_path / "abcd.default" / "prefs.js", b"user_pref();")
    for place in (tmp_path, tmp_path / "abcd.default"):
        taken = take(place)
        assert {name: len(lines) for name, (_, lines) in taken.folders.items()} == {
            "Local Folders/Inbox": 1,
            "Local Folders/Empty": 0,
            "Local Folders/Cases/2016": 1,
            "imap.example.org/Sent": 2,
        }
        assert taken.folders["imap.example.org/Sent"][0].use == "\\Sent"
        assert taken.folders["Local Folders/Inbox"][1][0].flags == ("\\Seen",)
        assert "address books" in taken.finished.passed_over[0][0]
    assert take(mail).bodies("Cases/2016") == [SECOND]


def test_contacts(tmp_path: Path) -> None:
    cards = [
        b"BEGIN:VCARD\r\nVERSION:4.0\r\nUID:urn:uuid:1\r\nFN:A\r\nEND:VCARD\r\n",
        b"begin:vcard\nversion:2.1\nFN:B\nAGENT:\nBEGIN:VCARD\nFN:C\nEND:VCARD\nEND:VCARD\n",
        b"BEGIN:VCARD\r\nUID:urn:uuid:1\r\nFN:Again\r\n folded\r\nEND:VCARD",
    ]
    taken = take(write(tmp_path / "office.vcf", b"\xef\xbb\xbf" + b"\r\n".join(cards)))
    assert [each.content for each in taken.cards.values()] == cards
    assert [name for name in taken.cards if "urn" in name] == ["office/urn:uuid:1.vcf", "office/urn:uuid:1 2.vcf"]
    assert all(each.media_type == "text/vcard" for each in taken.cards.values())
    facts = next(iter(taken.cards.values())).facts
    assert facts == CardFacts(collection="office", uid="urn:uuid:1")


def test_calendars(tmp_path: Path) -> None:
    head = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n"
    zone = b"BEGIN:VTIMEZONE\r\nTZID:Z\r\nBEGIN:STANDARD\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
    one = b"BEGIN:VEVENT\r\nUID:1\r\nBEGIN:VALARM\r\nEND:VALARM\r\nEND:VEVENT\r\n"
    two = b"BEGIN:VTODO\r\nUID:2\r\nEND:VTODO\r\n"
    moved = b"BEGIN:VEVENT\r\nUID:1\r\nRECURRENCE-ID:20310504T120000Z\r\nEND:VEVENT\r\n"
    end = b"END:VCALENDAR\r\n"
    taken = take(write(tmp_path / "team.ics", head + zone + one + two + moved + end))
    assert {name: each.content for name, each in taken.cards.items()} == {
        "team/1.ics": head + zone + one + moved + end,
        "team/2.ics": head + zone + two + end,
    }
    alone = head + one + end
    assert [each.content for each in take(write(tmp_path / "one" / "a.ics", alone)).cards.values()] == [alone]


@pytest.mark.parametrize("raw", [b"BEGIN:VCARD\r\nFN:never ends\r\n", b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n"])
def test_cards_that_never_end_are_named(tmp_path: Path, raw: bytes) -> None:
    write(tmp_path / "good.vcf", b"BEGIN:VCARD\r\nEND:VCARD\r\n")
    write(tmp_path / "bad.vcf", raw)
    taken = take(tmp_path)
    assert [each.what for each in taken.failures] == ["bad.vcf"]
    assert not taken.finished.complete
    assert len(taken.cards) == 1


def test_an_outlook_file(tmp_path: Path) -> None:
    for name in ("submessage", "dist-list"):
        write(tmp_path / f"{name}.pst", gzip.decompress((PSTS / f"{name}.pst.gz").read_bytes()))
    taken, again = take(tmp_path), take(tmp_path)
    assert taken.finished.complete, taken.failures
    (landed,) = taken.messages.values()
    assert isinstance(landed.facts, MailFacts)
    assert landed.facts.subject == "This is a message which has an embedded message attached"
    assert landed.facts.received == "17-Mar-2010 16:02:12 -0700"
    assert [each.media_type for each in landed.facts.attachments] == ["message/rfc822"]
    assert landed.quality == "put together from a PST by readpst"
    assert {each.media_type for each in taken.cards.values()} == {"text/vcard", "text/calendar"}
    assert {name: each.content for name, each in taken.cards.items()} == {
        name: each.content for name, each in again.cards.items()
    }
    assert taken.messages.keys() == again.messages.keys()


def test_an_outlook_file_that_is_broken_is_named(tmp_path: Path) -> None:
    raw = gzip.decompress((PSTS / "submessage.pst.gz").read_bytes())
    taken = take(write(tmp_path / "a.pst", raw[:4_096] + bytes(len(raw) - 4_096)))
    assert taken.failures
    assert not taken.finished.complete


def test_what_did_not_change_is_not_read_again(tmp_path: Path) -> None:
    path, memory = write(tmp_path / "a.mbox", MBOX), Memory()
    take(path, memory=memory)
    memory.asked = 0
    taken = take(path, memory=memory)
    assert (taken.unchanged, memory.asked, taken.finished.all_still_there) == (3, 0, True)
    with path.open("ab") as file:
        file.write(LINE + b"Subject: c\n\nThird.\n")
    taken = take(path, memory=memory)
    assert (len(taken.messages), taken.unchanged, len(taken.folders)) == (1, 2, 1)


def test_what_failed_is_read_again(tmp_path: Path) -> None:
    write(tmp_path / "a.mbox", MBOX)
    write(tmp_path / "bad.vcf", b"BEGIN:VCARD\r\n")
    memory = Memory()
    take(tmp_path, memory=memory)
    assert take(tmp_path, memory=memory).failures


def test_what_is_not_there_or_not_known(tmp_path: Path) -> None:
    with pytest.raises(UnreadableExportError):
        take(tmp_path / "no")
    with pytest.raises(UnknownExportError):
        take(tmp_path)
    write(tmp_path / "photo.jpg", b"\xff\xd8\xff")
    with pytest.raises(UnknownExportError) as caught:
        take(tmp_path)
    assert "--kind" in caught.value.step()
    with pytest.raises(UnknownExportError):
        take(tmp_path / "photo.jpg", "mbox")


def test_a_kind_can_be_forced(tmp_path: Path) -> None:
    path = write(tmp_path / "mail", b"no field at all, and yet a message\n")
    assert take(path, "eml").messages.keys() == {sha(path.read_bytes())}
    hidden = LINE + b"Subject: a\n\n>From b\n>>From c\n"
    assert take(write(tmp_path / "o", hidden), "mboxo").bodies("o") == [b"Subject: a\n\nFrom b\n>>From c\n"]
    assert take(tmp_path / "o").bodies("o") == [b"Subject: a\n\nFrom b\n>From c\n"]


def test_items_are_captured_now_and_not_when_they_were_sent(tmp_path: Path) -> None:
    (first, _) = take(write(tmp_path / "a.mbox", MBOX)).messages.values()
    assert first.captured_at == datetime(2031, 5, 4, 12, tzinfo=UTC)
