"""What our folders become on servers with other delimiters, prefixes and special uses, and with names they refuse."""

from __future__ import annotations

import pytest

from fake_imap import Talk, fake_imap
from standfast.errors.mail import CommandRefusedError
from standfast.holdings.mailbox import MailboxHead
from standfast.imap.connection import Connection
from standfast.restore.mail.server_folders import ServerFolders


def placed(
    *heads: MailboxHead, listed: bytes, offered: bytes = b"NAMESPACE", refuses: bytes = b"\0"
) -> tuple[list[str], list[bytes]]:
    """Where they go, and what was asked for to be made."""

    def script(talk: Talk) -> None:
        talk.log_in(b"IMAP4rev1 " + offered)
        while line := talk.hear():
            tag, word, *_ = line.split(b" ")
            said = listed if word == b"LIST" else b'* NAMESPACE (("INBOX." ".")) NIL NIL\r\n' * (word == b"NAMESPACE")
            refused = word == b"CREATE" and refuses in line
            talk.say(said + tag + (b" NO never\r\n" if refused else b" OK done\r\n"))

    with fake_imap(script) as server:
        with Connection.open(server.access(), timeout_s=5) as connection:
            folders = ServerFolders.learn(connection)
            names = [folders.place(connection, head)[1] for head in heads]
        made = [line.split(b" ", 2)[2] for line in server.heard if line.split(b" ")[1:2] == [b"CREATE"]]
    return names, made


def test_levels_are_joined_as_the_server_does_it_below_its_prefix() -> None:
    names, made = placed(
        MailboxHead(folder="inbox", delimiter="/"),
        MailboxHead(folder="Cases/حلب", delimiter="/"),
        MailboxHead(folder="a.b/c", delimiter="/"),
        MailboxHead(folder="INBOX/Sub", delimiter="/"),
        listed=b'* LIST () "." INBOX\r\n',
    )
    assert names == ["INBOX", "INBOX.Cases.حلب", "INBOX.a_b.c", "INBOX.Sub"]
    assert made == [b"INBOX.Cases.&Bi0GRAYo-", b"INBOX.a_b.c", b"INBOX.Sub"]


def test_two_of_ours_never_become_one() -> None:
    names, _ = placed(
        MailboxHead(folder="a.b", delimiter="/"),
        MailboxHead(folder="a_b", delimiter="/"),
        listed=b'* LIST () "." INBOX\r\n',
    )
    assert names[0] == "INBOX.a_b"
    assert names[1].startswith("INBOX.a_b-")


def test_special_uses_are_given_where_they_can_be_and_found_where_they_are() -> None:
    sent, archive = (MailboxHead(folder=f"Our {use}", delimiter="/", use="\\" + use) for use in ("Sent", "Archive"))
    names, made = placed(
        sent,
        archive,
        MailboxHead(folder="All", delimiter="/", use="\\All"),
        listed=b'* LIST () "/" INBOX\r\n* LIST (\\Sent) "/" "Sent Items"\r\n',
        offered=b"SPECIAL-USE CREATE-SPECIAL-USE",
    )
    assert names == ["Sent Items", "Our Archive", "All"]
    assert made == [b'"Our Archive" (USE (\\Archive))', b"All"]


def test_a_name_that_is_refused_is_changed_and_one_that_can_not_be_is_an_error() -> None:
    names, _ = placed(
        MailboxHead(folder="~a", delimiter="/"), listed=b'* LIST () "/" INBOX\r\n', offered=b"", refuses=b"~"
    )
    assert names == ["_a"]
    with pytest.raises(CommandRefusedError):
        placed(MailboxHead(folder="x", delimiter="/"), listed=b'* LIST () "/" INBOX\r\n', offered=b"", refuses=b"x")


def test_a_name_never_becomes_a_command() -> None:
    names, made = placed(
        MailboxHead(folder="a\r\nA9 DELETE INBOX\r\n\0", delimiter="/"), listed=b'* LIST () "/" INBOX\r\n', offered=b""
    )
    assert names == ["a__A9 DELETE INBOX___"]
    assert made == [b'"a__A9 DELETE INBOX___"']
