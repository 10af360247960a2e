"""Mail from the vault to another server, a real Dovecot: the same folders, bytes, flags and dates, and nothing twice."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from dovecot_fixture import Dovecot, running_dovecot
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
    corpus: tuple[MailVault, dict[str, Folder]], tmp_path: Path
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
