from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import html

from mail_vault import Mailbox, MailVault, Message, made
from standfast.errors.restore import TargetNotEmptyError
from standfast.restore.mail.choice import choose_mail
from standfast.restore.mail.continuity.gather import Continuity, domain_of, gather, kinds_of
from standfast.restore.mail.continuity.page import LANGUAGES, page_html, table
from standfast.restore.mail.continuity.write import ContinuityOptions, restore_continuity, vcards
from standfast.restore.plan import RestoreResult

HOSTILE = "Amal\u202e <script>alert(1)</script>\"' onload=x"
RECEIVED = "05-Jan-2031 10:00:00 +0000"


def letter(sender: str, to: str, subject: str = "s", extra: str = "", body: str = "b") -> Message:
    head = f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\n{extra}\r\n"
    return Message(raw=(head + body + "\r\n").encode(), received=RECEIVED)


ME = "Ruth <ruth@example.org>"
LIST = (
    "List-Id: Example news\r\n <news.example.net>\r\n"
    "List-Unsubscribe: <https://example.net/leave?u=1>,\r\n <mailto:leave@example.net>\r\n"
)


@pytest.fixture
def box() -> Mailbox:
    return Mailbox(
        folders={
            "Sent": [
                letter(ME, "Amal <amal@example.net>, jean@example.fr", body="one"),
                letter(ME, "AMAL@example.net", body="two"),
                letter(ME, "no-reply@shop.example.com", body="three"),
                letter(ME, ME, body="to oneself"),
            ],
            "INBOX": [
                letter("Amal Example <amal@example.net>", ME, body="From the start\r\nFrom here"),
                letter("stranger@example.com", ME, body="unasked"),
                letter("Shop <no-reply@mail.shop.example.co.uk>", ME, "Confirmez votre adresse", body="c"),
                letter("Bank <security@bank.example>", ME, "رمز التحقق: 1234", body="d"),
                letter("Bank <security@bank.example>", ME, "Factura de enero", body="e"),
                letter("News <editor@example.net>", ME, "News", LIST, body="f"),
                letter("News <editor@example.net>", ME, "More news", LIST, body="g"),
            ],
        }
    )


@pytest.fixture
def vault(box: Mailbox, tmp_path: Path) -> MailVault:
    return made(tmp_path / "vault", box)


def gathered(vault: MailVault, *own: str, since: datetime | None = None) -> Continuity:
    reader = vault.reader()
    return gather(reader, choose_mail(reader, "mail"), own, since=since)


def test_whom_it_wrote_to_comes_first_and_machines_do_not_come(vault: MailVault) -> None:
    found = gathered(vault)
    assert found.own == {"ruth@example.org"}
    said = [(each.address, each.name, each.written_to, each.heard_from) for each in found.people]
    assert said == [("amal@example.net", "Amal Example", 2, 1), ("jean@example.fr", "", 1, 0)]
    assert gathered(vault, since=datetime(2032, 1, 1, tzinfo=UTC)).people == []


def test_lists_and_services_by_what_messages_say(vault: MailVault) -> None:
    found = gathered(vault)
    assert [(each.identity, each.name, each.count) for each in found.lists] == [("news.example.net", "Example news", 2)]
    assert found.lists[0].leave == "<https://example.net/leave?u=1>, <mailto:leave@example.net>"
    services = {each.domain: dict(each.kinds) for each in found.services}
    assert services == {"example.co.uk": {"sign-up": 1}, "bank.example": {"log-in": 1, "receipt": 1}}


@pytest.mark.parametrize(
    ("subject", "kind"),
    [
        ("Welcome to Example", "sign-up"),
        ("Réinitialisez votre mot de passe", "log-in"),
        ("Tu código de verificación", "log-in"),
        ("تأكيد الحساب", "sign-up"),
        ("كلمة المرور الجديدة", "log-in"),
        ("فاتورة شهر مايو", "receipt"),
        ("Votre commande", "receipt"),
    ],
)
def test_patterns_in_four_languages(subject: str, kind: str) -> None:
    assert kinds_of(subject) == [kind]


def test_a_domain_is_what_its_owner_registered() -> None:
    asked = ("x.y.example.org", "example.co.uk", "m.example.asso.fr", "localhost")
    registered = ["example.org", "example.co.uk", "example.asso.fr", "localhost"]
    assert [domain_of(f"a@{each}") for each in asked] == registered


def make(vault: MailVault, to: Path, **options: object) -> RestoreResult:
    return restore_continuity(vault.reader(), "mail", to, ContinuityOptions(**options))  # type: ignore[arg-type]


def test_files_are_their_owners_alone_and_hold_what_they_should(vault: MailVault, box: Mailbox, tmp_path: Path) -> None:
    result = make(vault, tmp_path / "out")
    assert (result.ok, result.items) == (True, 4)
    for path in (tmp_path / "out", *(tmp_path / "out").rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path
    cards = (tmp_path / "out" / "correspondents.vcf").read_text()
    assert re.findall("EMAIL:(.*)", cards) == ["amal@example.net", "jean@example.fr"]
    amal = (tmp_path / "out" / "people" / "amal@example.net.mbox").read_bytes()
    assert len(re.findall(rb"(?m)^From ", amal)) == 3
    assert b">From the start\r\n>From here" in amal
    assert {path.name for path in (tmp_path / "out" / "people").iterdir()} == {
        *("amal@example.net.mbox", "jean@example.fr.mbox")
    }
    with pytest.raises(TargetNotEmptyError):
        make(vault, tmp_path / "out")
    assert make(vault, tmp_path / "few", people=1).items == 3


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_asks_nothing_and_nothing_from_mail_acts_in_it(language: str, tmp_path: Path) -> None:
    box = Mailbox(
        folders={
            "Sent": [letter(ME, f'"{HOSTILE}" <evil@example.net>')],
            "INBOX": [
                letter("x@example.net", ME, f"Welcome to {HOSTILE}", body="a"),
                letter(
                    "x@example.net",
                    ME,
                    extra="List-Id: <javascript:alert(1)>\r\nList-Unsubscribe: <javascript:alert(2)>\r\n",
                    body="b",
                ),
            ],
        }
    )
    vault = made(tmp_path / "vault", box)
    raw = page_html(gathered(vault), "office", language, datetime(2031, 5, 4, tzinfo=UTC))
    page = html.fromstring(raw)
    assert page.get("lang") == language
    assert page.get("dir") == ("rtl" if language == "ar" else "ltr")
    assert (
        page.xpath("//script | //a | //img | //link | //iframe | //form | //object | //@onload | //@href | //@src")
        == []
    )
    assert "\u202e" not in raw.decode()
    assert "<U+202E>" in page.text_content()
    assert "default-src 'none'" in page.xpath("//meta[@http-equiv]/@content")[0]
    assert table(language)["personal"] in page.text_content()
    assert page.xpath("count(//table)") == 3


def test_every_language_has_every_word() -> None:
    assert len({frozenset(table(language)) for language in LANGUAGES}) == 1
    assert all(value for language in LANGUAGES for value in table(language).values())


def test_a_vcard_can_not_be_broken_out_of(vault: MailVault) -> None:
    found = gathered(vault)
    found.people[0].name = "A;B,C\\\r\nEND:VCARD\r\nNOTE:x" + "ق" * 100
    raw = b"".join(vcards(found.people[:1]))
    assert raw.count(b"END:VCARD") == 2  # one of them within the name
    assert len(re.findall(rb"(?m)^END:VCARD\r$", raw)) == 1
    assert max(map(len, raw.split(b"\r\n"))) <= 75
    raw.decode()


def test_mail_moved_into_sent_by_hand_makes_nobody_the_owner(box: Mailbox, tmp_path: Path) -> None:
    box.folders["Sent"] += [letter(ME, "amal@example.net", body=str(n)) for n in range(20)]
    box.folders["Sent"].append(letter("amal@example.net", ME, body="moved"))
    assert gathered(made(tmp_path / "vault", box)).own == {"ruth@example.org"}
