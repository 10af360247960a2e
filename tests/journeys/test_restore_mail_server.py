"""Mail from the vault to another server, a real Dovecot: the same folders, bytes, flags and dates; nothing twice."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from dovecot_fixture import Dovecot, running_dovecot
from fake_imap import Talk, fake_imap
from imap_relay import relay_to
from mail_fixture import Folder, MailVault, access_to, imap, served
from standfast.errors.mail import MailServerLostError
from standfast.holdings.mailbox import received_moment
from standfast.restore.mail.choice import MailChoice
from standfast.restore.mail.server import restore_to_server
from standfast.restore.plan import RestoreResult

MESSAGE = b"From: ruth@example.org\r\nSubject: example %d\r\nMessage-ID: <%d@example.org>\r\n\r\nan example\r\n"
OFFERED = {
    "all that it has": "",
    "no MULTIAPPEND": "IMAP4rev1 LITERAL+ SASL-IR UIDPLUS NAMESPACE SPECIAL-USE BINARY",
    "no LITERAL+": "IMAP4rev1 MULTIAPPEND UIDPLUS NAMESPACE LIST-EXTENDED SPECIAL-USE",
    "no UIDPLUS": "IMAP4rev1 LITERAL+ MULTIAPPEND NAMESPACE",
    "almost nothing": "IMAP4rev1",
}


@pytest.fixture(scope="module")
def first() -> Iterator[Dovecot]:
    with running_dovecot() as running:
        yield running


@pytest.fixture(scope="module")
def second() -> Iterator[Dovecot]:
    with running_dovecot(mail_format="maildir++", separator=".") as running:
        yield running


@pytest.fixture(scope="module")
def corpus(first: Dovecot, tmp_path_factory: pytest.TempPathFactory) -> tuple[MailVault, dict[str, Folder]]:
    """A vault with the whole hostile corpus, and what the server has of it."""
    room = tmp_path_factory.mktemp("corpus")
    first.fill("ruth", room / "mail", messages=600, large=3)
    box = MailVault(room)
    assert box.protect(first.port).ok
    return box, served(first.port, "ruth")


def restore(box: MailVault, port: int, user: str, **options: object) -> RestoreResult:
    return restore_to_server(
        box.vault.reader(), "mail", access_to(port, user), sleep=lambda _: None, timeout_s=20, **options
    )  # type: ignore[arg-type]


def in_order(folder: Folder) -> list[tuple[str, tuple[str, ...], object]]:
    """What is in a folder, in its order; dates as moments, since servers forget the zone."""
    return [(digest, flags, received_moment(date)) for _, (digest, flags, date) in sorted(folder.items())]


def test_all_of_it_is_the_same_on_another_server_and_a_second_run_adds_nothing(
    corpus: tuple[MailVault, dict[str, Folder]],
) -> None:
    box, before = corpus
    with running_dovecot() as target:
        result = restore(box, target.port, "ruth")
        assert (result.failures, result.items) == ([], sum(map(len, before.values())))
        after = served(target.port, "ruth")
        assert after.keys() == before.keys()
        for name, folder in before.items():
            assert in_order(after[name]) == in_order(folder), name
        again = restore(box, target.port, "ruth")
        assert (again.failures, again.items, again.bytes) == ([], result.items, 0)
        assert served(target.port, "ruth") == after


@pytest.mark.parametrize("offered", OFFERED)
def test_whatever_the_server_offers(corpus: tuple[MailVault, dict[str, Folder]], offered: str) -> None:
    box, before = corpus
    with running_dovecot(capability=OFFERED[offered], special_use=False) as target:
        result = restore(box, target.port, "ruth", choice=MailChoice(folders=("Archive",)))
        assert result.failures == []
        after = served(target.port, "ruth")
        names = [name for name in before if name.startswith("Archive/")]
        assert names
        for name in names:
            assert in_order(after[name]) == in_order(before[name]), name
        assert restore(box, target.port, "ruth", choice=MailChoice(folders=("Archive",))).bytes == 0
        assert served(target.port, "ruth") == after


@pytest.fixture
def few(first: Dovecot, tmp_path: Path) -> Iterator[MailVault]:
    """A vault with thirty messages in two folders."""
    with imap(first, "sam") as client:
        client.create("Cases")
        for n in range(30):
            size = 40_000 if n == 20 else n * 10
            client.append(
                ("INBOX", "Cases")[n % 2],
                ("", "\\Seen", "(\\Flagged $Label1)")[n % 3],
                '"17-Jul-1996 02:44:25 -0700"',
                MESSAGE % (n, n) + b"x" * size + b"\r\n",
            )
    box = MailVault(tmp_path)
    assert box.protect(first.port, "sam").ok
    yield box
    with imap(first, "sam") as client:
        client.delete("Cases")
        client.select("INBOX")
        client.store("1:*", "+FLAGS", "\\Deleted")
        client.expunge()


def total(folders: dict[str, Folder]) -> Counter[tuple[str, str]]:
    return Counter((name, digest) for name, folder in folders.items() for digest, _, _ in folder.values())


def test_over_quota_is_listed_and_what_fits_goes_on(few: MailVault) -> None:
    with running_dovecot(quota_kib=24) as target:
        result = restore(few, target.port, "ruth")
        assert result.failure_count == 1
        assert "over quota" in result.failures[0].why
        assert result.failures[0].what.startswith("INBOX: message")
        after = served(target.port, "ruth")
        assert sum(total(after).values()) == 29 == result.items
        assert restore(few, target.port, "ruth").failure_count == 1
        assert served(target.port, "ruth") == after


def test_an_account_that_is_full_gets_what_fits(few: MailVault) -> None:
    with running_dovecot(quota_kib=3) as target:
        result = restore(few, target.port, "ruth")
        brought = sum(total(served(target.port, "ruth")).values())
        assert 0 < brought == result.items < 20
        assert result.failure_count == 30 - brought


def test_a_message_that_is_too_large_for_the_server_is_listed(few: MailVault) -> None:
    with running_dovecot(largest_mail_kib=20) as target:
        result = restore(few, target.port, "ruth")
        assert [result.failure_count, result.items] == [1, 29]
        assert "quota" in result.failures[0].why or "large" in result.failures[0].why, result.failures


def test_mail_that_is_there_stays_as_it_is(first: Dovecot, few: MailVault, second: Dovecot) -> None:
    """One of ours under other flags and with another date, one of theirs, and a folder by another name for Sent."""
    theirs = MESSAGE % (999, 999)
    ours = MESSAGE % (0, 0) + b"\r\n"
    with imap(second, "ruth") as client:
        client.append("INBOX", "\\Answered", '"01-Jan-2001 00:00:00 +0000"', theirs)
        client.append("INBOX", "\\Draft", '"01-Jan-2001 00:00:00 +0000"', ours)
        recent = client.status("INBOX", "(RECENT)")
    before = served(second.port, "ruth")["INBOX"]
    result = restore(few, second.port, "ruth")
    assert (result.failures, result.items) == ([], 30)
    after = served(second.port, "ruth")
    assert {uid: after["INBOX"][uid] for uid in before} == before
    assert sum(total(after).values()) == 31
    with imap(second, "ruth") as client:
        # What was new to whoever reads there still is: nothing was selected.
        assert recent == ("OK", [b"INBOX (RECENT 2)"])
        assert client.status("INBOX", "(RECENT)") == ("OK", [b"INBOX (RECENT %d)" % len(after["INBOX"])])


def test_lines_that_break_lose_nothing_and_bring_nothing_twice(few: MailVault, first: Dovecot) -> None:
    wanted = served(first.port, "sam")
    chance = random.Random(5)
    with running_dovecot() as target, relay_to(target.port) as relay:
        relay.break_after = lambda: chance.choice((None, *(chance.randrange(50, 2500) for _ in range(4))))
        for _ in range(25):
            with contextlib.suppress(MailServerLostError):
                restore(few, relay.port, "ruth")
        relay.break_after = lambda: None
        assert restore(few, relay.port, "ruth").failures == []
        assert relay.broken >= 25
        after = served(target.port, "ruth")
        assert total(after) == total(wanted)
        # Flags and dates are those of the first time that each was brought.
        assert {name: sorted(map(str, in_order(folder))) for name, folder in after.items()} == {
            name: sorted(map(str, in_order(folder))) for name, folder in wanted.items()
        }


def test_a_restore_that_is_killed_is_finished_by_the_next_one(few: MailVault, first: Dovecot) -> None:
    wanted = served(first.port, "sam")
    chance = random.Random(6)
    with running_dovecot() as target:
        for _ in range(12):
            child = os.fork()
            if child == 0:
                try:
                    restore(few, target.port, "ruth")
                finally:
                    os._exit(0)
            time.sleep(chance.uniform(0.01, 0.25))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        assert restore(few, target.port, "ruth").failures == []
        assert total(served(target.port, "ruth")) == total(wanted)


def test_a_server_that_is_killed_meanwhile_gets_the_rest_when_it_is_back(few: MailVault, first: Dovecot) -> None:
    with running_dovecot() as target:
        again = itertools.count()

        def fall(_: float) -> None:
            if not target_is_up.is_set():
                target.start()
                target_is_up.set()

        target_is_up = threading.Event()
        target_is_up.set()

        def kill_once(done: int, total: int) -> None:
            if next(again) == 0:
                target.kill()
                target_is_up.clear()

        result = restore_to_server(
            few.vault.reader(), "mail", access_to(target.port, "ruth"), sleep=fall, tell=kill_once, timeout_s=20
        )
        assert result.failures == []
        assert total(served(target.port, "ruth")) == total(served(first.port, "sam"))


def test_an_invented_server_that_likes_nothing(few: MailVault) -> None:
    """It refuses a keyword, drops a flag, changes dates, hangs up on one message: each is listed, the rest goes on."""
    store: dict[bytes, list[tuple[bytes, bytes]]] = {}

    def script(talk: Talk) -> None:
        talk.log_in(b"IMAP4rev1 LITERAL+ UIDPLUS")
        selected = b""
        while line := talk.hear():
            tag, word, *rest = line.split(b" ", 2)
            said = b""
            if word == b"LIST":
                said = b"".join(b'* LIST () "/" %b\r\n' % name for name in {b"INBOX", *store})
            elif word == b"CREATE":
                store.setdefault(rest[0], [])
            elif word == b"EXAMINE":
                selected = rest[0]
                count = len(store.setdefault(selected, []))
                said = b"* %d EXISTS\r\n* OK [UIDVALIDITY 1] \r\n* OK [UIDNEXT %d] \r\n" % (count, count + 1)
            elif word == b"APPEND":
                raw = talk.hear_bytes(int(line.rsplit(b"{", 1)[1].split(b"+")[0]))
                talk.hear()
                if b"Subject: example 11\r\n" in raw:
                    return
                if b"$Label1" in line:
                    talk.say(tag + b" NO no keywords here\r\n")
                    continue
                folder = store[rest[0].split(b" ")[0]]
                folder.append((b"\\Seen" if b"\\Seen" in line else b"", raw))
                talk.say(tag + b" OK [APPENDUID 1 %d] in\r\n" % len(folder))
                continue
            elif word == b"UID":
                bodies = b"BODY" in line
                for uid, (flags, raw) in enumerate(store[selected], 1):
                    body = b" BODY[] {%d}\r\n%b" % (len(raw), raw) if bodies else b""
                    said += (
                        b'* %d FETCH (UID %d FLAGS (%b) RFC822.SIZE %d INTERNALDATE "02-Feb-2002 02:02:02 +0000"'
                        % ((uid, uid, flags, len(raw)))
                        + body
                        + b")\r\n"
                    )
            talk.say(said + tag + b" OK done\r\n")

    with fake_imap(script) as server:
        result = restore_to_server(few.vault.reader(), "mail", server.access(), sleep=lambda _: None, timeout_s=20)
        assert sum(map(len, store.values())) == 29 == result.items
        assert {re.sub("[0-9]+", "N", failure.why) for failure in result.failures} == {
            "the server does not keep $LabelN of N message(s)",
            "the server does not keep \\Flagged of N message(s)",
            "the server gives N message(s) another date",
            "the server hangs up when it is sent",
        }
        again = restore_to_server(few.vault.reader(), "mail", server.access(), sleep=lambda _: None, timeout_s=20)
        assert again.bytes == 0
        assert sum(map(len, store.values())) == 29
