from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mail_vault import Mailbox, MailVault, Message, made
from standfast.capture.landing import Finished, Landed, LandingEvent, Seen
from standfast.errors.search import IndexUnusableError
from standfast.holdings.item import WebFacts
from standfast.intake.run import bring_in
from standfast.search.child import ReadText, TextReader
from standfast.search.index import INDEX_NAME, Hit, SearchIndex
from standfast.search.query import ask
from standfast.search.update import update_index
from vault_builder import MemoryOrigin


class PlainTexts(TextReader):
    """Reads in this process: what it reads here is ours."""

    def __init__(self) -> None:
        super().__init__(())
        self.asked: list[str] = []

    def read(self, kind: str, raw: bytes) -> ReadText:
        self.asked.append(kind)
        return ReadText("", raw.partition(b"\r\n\r\n")[2].decode(), "")


class Searched:
    """A vault and its index."""

    def __init__(self, vault: MailVault, state: Path) -> None:
        self.vault, self.state, self.texts = vault, state, PlainTexts()
        state.mkdir(exist_ok=True)

    def open(self) -> SearchIndex:
        return SearchIndex(self.state, self.vault.master.identity, self.digest)

    def digest(self, number: int) -> str | None:
        count = len(self.vault.reader().history)
        return f"digest of {number}" if 0 < number <= count else None

    def find(self, text: str, **options: object) -> list[Hit]:
        index = self.open()
        try:
            reader = self.vault.reader()
            update_index(index, reader, self.texts, self.digest, newest=len(reader.history))
            return list(index.find(ask(text, **options), 100).hits)  # type: ignore[arg-type]
        finally:
            index.close()


def letter(
    text: str, *, sender: str = "ruth@example.org", to: str = "court@example.org", subject: str = "s"
) -> Message:
    head = f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\n\r\n"
    return Message(raw=head.encode() + text.encode(), received="05-Jan-2031 10:00:00 +0000")


@pytest.fixture
def box() -> Mailbox:
    return Mailbox(
        folders={
            "INBOX": [
                letter("the witness spoke"),
                letter("قالت الشاهدة إن المحكمة قريبة", sender="Amal <amal@example.net>"),
            ],
            "Cases/Aleppo": [letter("une déposition à Genève", to="Jean <jean@example.fr>", subject="Été")],
        }
    )


@pytest.fixture
def searched(box: Mailbox, tmp_path: Path) -> Searched:
    return Searched(made(tmp_path / "vault", box), tmp_path / "state")


def test_words_in_four_languages_and_terms(searched: Searched) -> None:
    assert [hit.snippet for hit in searched.find("WITNESS")] == ["the witness spoke"]
    assert len(searched.find("محكمة")) == 1
    assert [hit.subject for hit in searched.find("deposition geneve")] == ["Été"]
    assert len(searched.find("ete")) == 1
    assert len(searched.find("from:amal")) == 1
    assert len(searched.find("to:jean@example.fr")) == 1
    assert searched.find("from:jean") == []
    assert searched.find("", sender="amal", recipient="court")[0].folders == ("INBOX",)
    assert [hit.folders for hit in searched.find("folder:Cases*")] == [("Cases/Aleppo",)]
    assert searched.find("folder:Cases") == []
    assert len(searched.find("date:2031-01-05")) == 3
    assert searched.find("date:2031-01-06") == []
    assert searched.find("witness has:attachment") == []
    assert searched.find("witness -spoke") == []
    assert len(searched.find("origin:mail witn*")) == 1
    assert searched.find("origin:other") == []


def test_nothing_is_read_twice_and_only_what_is_new(searched: Searched, box: Mailbox) -> None:
    searched.find("witness")
    assert len(searched.texts.asked) == 3
    box.folders["INBOX"].append(letter("another witness"))
    searched.vault.take(box)
    assert len(searched.find("witness")) == 2
    assert len(searched.texts.asked) == 4


def test_gone_mail_is_found_and_says_so_and_moves_with_its_folder(searched: Searched, box: Mailbox) -> None:
    searched.find("witness")
    moved = box.folders["INBOX"].pop(0)
    box.folders["Archive"] = [moved]
    searched.vault.take(box)
    assert [(hit.state, hit.folders) for hit in searched.find("witness")] == [("held", ("Archive",))]
    box.folders["Archive"] = []
    searched.vault.take(box)
    assert [(hit.state, hit.folders) for hit in searched.find("witness")] == [("gone", ("INBOX",))]
    box.folders["Archive"] = [moved]
    searched.vault.take(box)
    assert [(hit.state, hit.folders) for hit in searched.find("witness")] == [("held", ("Archive",))]


def test_names_of_files_and_older_versions(searched: Searched) -> None:
    files = MemoryOrigin({"reports/Été 2031/تقرير نهائي.pdf": b"one"})
    searched.vault.protect(files)
    assert [hit.kind for hit in searched.find("تقرير ete")] == ["file"]
    files.content["reports/Été 2031/تقرير نهائي.pdf"] = b"two"
    searched.vault.protect(files)
    assert [hit.state for hit in searched.find("تقرير")] == ["held"]
    assert sorted(hit.state for hit in searched.find("تقرير", older=True)) == ["held", "replaced"]


def test_the_index_tells_nothing_without_the_key_and_is_made_again_when_it_can_not_be_believed(
    searched: Searched, tmp_path: Path
) -> None:
    searched.find("witness")
    for path in searched.state.iterdir():
        raw = path.read_bytes()
        for told in (b"witness", b"ruth@example.org", b"SQLite format", b"INBOX", "محكمة".encode()):
            assert told not in raw, path
        assert path.stat().st_mode & 0o077 == 0, path
    asked = len(searched.texts.asked)
    (searched.state / INDEX_NAME).write_bytes(os.urandom(8192))
    assert len(searched.find("witness")) == 1
    assert len(searched.texts.asked) == 2 * asked
    # An index of another line of holdings claims what is not held.
    searched.digest = lambda number: f"other {number}"  # type: ignore[method-assign]
    assert len(searched.find("witness")) == 1
    assert len(searched.texts.asked) == 3 * asked


def test_cut_off_within_an_accession_nothing_of_it_stays(searched: Searched, monkeypatch: pytest.MonkeyPatch) -> None:
    index, reader = searched.open(), searched.vault.reader()
    read = searched.texts.read

    def cut(kind: str, raw: bytes) -> ReadText:
        if len(searched.texts.asked) == 2:
            raise KeyboardInterrupt
        return read(kind, raw)

    monkeypatch.setattr(searched.texts, "read", cut)
    with pytest.raises(KeyboardInterrupt):
        update_index(index, reader, searched.texts, searched.digest, newest=1)
    assert index.counts() == (0, 0)
    assert index.accession == 0
    index.close()
    monkeypatch.setattr(searched.texts, "read", read)
    assert len(searched.find("date:2031")) == 3


def test_an_index_that_can_not_be_written_is_said(searched: Searched) -> None:
    (searched.state / INDEX_NAME).mkdir()
    with pytest.raises(IndexUnusableError):
        searched.open()


def test_the_same_bytes_in_two_origins_are_found_in_both(searched: Searched, box: Mailbox) -> None:
    searched.vault.take(box, "export")
    assert sorted(hit.origin for hit in searched.find("witness")) == ["export", "mail"]
    box.folders["INBOX"].pop(0)
    searched.vault.take(box, "export")
    assert sorted((hit.origin, hit.state) for hit in searched.find("witness")) == [("export", "gone"), ("mail", "held")]


class OnePage:
    """A site of one page."""

    tool = "standfast/test web"

    def run(self, seen: Seen) -> Iterator[LandingEvent]:
        yield Landed(
            key=b"https://example.org/report",
            mark=b"1",
            untrusted_name=b"https://example.org/report",
            media_type="application/warc",
            captured_at=datetime(2031, 5, 4, tzinfo=UTC),
            facts=WebFacts(url="https://example.org/report", status=200, payload_type="text/html"),
            content=b"HTTP/1.1 200 OK\r\n\r\nthe shelling of a hospital",
        )
        yield Finished(complete=True)


def test_web_pages_and_contacts_are_found_too(searched: Searched, box: Mailbox) -> None:
    place = searched.vault.open_place()
    try:
        bring_in(place, OnePage(), origin="site", kind="web", location="https://example.org/")
    finally:
        place.close()
    assert [(hit.kind, hit.date) for hit in searched.find("shelling hospital")] == [("web", "2031-05-04")]
    assert [hit.name for hit in searched.find("report")] == ["https://example.org/report"]
    card = b"BEGIN:VCARD\r\n\r\nFN:Amal Example\r\nEND:VCARD\r\n"
    box.cards = [("Friends", "text/vcard", card)]
    searched.vault.take(box)
    assert [(hit.kind, hit.subject) for hit in searched.find("friends example")] == [("contact", "Amal Example")]
