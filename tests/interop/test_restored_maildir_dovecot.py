"""A restored Maildir, read by Dovecot: folders, counts, UIDs, flags, keywords, dates and bytes, as FETCH gives them."""

from __future__ import annotations

import imaplib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from dovecot_fixture import Dovecot, running_dovecot
from mail_vault import Mailbox, hostile_mailbox, made
from standfast.holdings.mailbox import received_moment
from standfast.imap.names import encode_name
from standfast.restore.mail.folder import restore_mail

_FETCHED = re.compile(rb'\d+ \(UID (\d+) FLAGS \(([^)]*)\) INTERNALDATE "([^"]+)" BODY\[\] \{\d+\}')


@pytest.fixture(scope="module")
def box() -> Mailbox:
    return hostile_mailbox(messages=300, large=1)


@pytest.fixture(scope="module")
def server(box: Mailbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dovecot]:
    vault = made(tmp_path_factory.mktemp("vault"), box)
    with running_dovecot(mail_format="maildir++", escaped_names=True, special_use=False) as server:
        home = server.home("ruth")
        home.mkdir()
        result = restore_mail(vault.reader(), "mail", home / "Maildir")
        assert result.ok
        server.give_to_server(home)
        yield server


@pytest.fixture
def session(server: Dovecot) -> Iterator[imaplib.IMAP4]:
    with imaplib.IMAP4("127.0.0.1", server.port, timeout=30) as session:
        session.login("ruth", server.password)
        yield session


def quoted(folder: str) -> str:
    return '"' + encode_name(folder).decode().replace("\\", "\\\\").replace('"', '\\"') + '"'


def served(raw: bytes) -> bytes:
    """As Dovecot serves what lies in a file: a bare LF gets its CR, a zero byte can't travel in a literal."""
    return re.sub(rb"(?<!\r)\n", b"\r\n", raw).replace(b"\0", b"\x80")


def fetch(session: imaplib.IMAP4) -> dict[int, tuple[frozenset[str], str, bytes]]:
    found = {}
    _, answers = session.fetch("1:*", "(UID FLAGS INTERNALDATE BODY.PEEK[])")
    for answer in answers:
        if isinstance(answer, tuple):
            head = _FETCHED.fullmatch(answer[0])
            assert head, answer[0]
            flags = frozenset(head[2].decode().split()) - {"\\Recent"}
            found[int(head[1])] = (flags, head[3].decode(), answer[1])
    return found


def test_every_folder_is_listed_and_subscribed(session: imaplib.IMAP4, box: Mailbox) -> None:
    wanted = {quoted(folder) for folder in box.folders}
    for ask in (session.list, session.lsub):
        _, lines = ask()
        names = {re.sub(rb'^\([^)]*\) "/" ', b"", line).decode() for line in lines if isinstance(line, bytes)}
        literal = {f'"{line[1].decode()}"' for line in lines if isinstance(line, tuple)}
        quoted_names = {name if name.startswith('"') else f'"{name}"' for name in names}
        assert wanted <= quoted_names | literal, wanted - quoted_names - literal


def test_messages_come_with_uids_flags_keywords_dates_and_bytes(session: imaplib.IMAP4, box: Mailbox) -> None:
    compared = 0
    for n, (folder, messages) in enumerate(box.folders.items()):
        _, (count,) = session.select(quoted(folder), readonly=True)
        assert count is not None
        assert int(count) == len(messages), folder
        assert session.response("UIDVALIDITY")[1] == [str(1000 + n).encode()]
        if not messages:
            continue
        there = fetch(session)
        assert list(there) == list(range(1, len(messages) + 1))
        for uid, message in enumerate(messages, 1):
            flags, date, raw = there[uid]
            assert flags == set(message.flags)
            assert received_moment(date.strip().replace(" ", "0", date.startswith(" "))) == received_moment(
                message.received
            )
            assert raw == served(message.raw)
            compared += 1
    assert compared == 301


def test_a_second_restore_adds_nothing_and_keeps_what_was_done_since(
    server: Dovecot, session: imaplib.IMAP4, box: Mailbox, tmp_path: Path
) -> None:
    vault = made(tmp_path, box)
    session.select("Sent")
    session.store("1", "-FLAGS", "(\\Seen \\Answered \\Flagged \\Draft \\Deleted)")
    session.store("1", "+FLAGS", "($Later)")
    session.close()
    result = restore_mail(vault.reader(), "mail", server.home("ruth") / "Maildir")
    assert (result.ok, result.bytes) == (True, 0)
    server.give_to_server(server.home("ruth"))
    _, (count,) = session.select("Sent", readonly=True)
    assert count == str(len(box.folders["Sent"])).encode()
    assert "$Later" in fetch(session)[1][0]
    shutil.rmtree(tmp_path / "holdings")
