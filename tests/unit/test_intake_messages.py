"""Messages in a vault: the same id for the same bytes, attachments held once, chunks named under their own key."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from standfast.capture.landing import Finished, Landed, LandingEvent, Seen, Unchanged
from standfast.capture.mail.message import land_message
from standfast.holdings.item import MailFacts
from standfast.intake.run import RunResult, bring_in
from standfast.intake.sealing import spans
from standfast.replicas.fixity import FixityResult, verify_held
from standfast.tlog.checkpoint import open_checkpoint
from standfast.tlog.reader import LogReader
from standfast.vault.chunks import chunk_id
from standfast.vault.folder import CHECKPOINT_NAME
from standfast.vault.packs import KIND_MANIFEST
from vault_builder import MemoryOrigin, SmallVault, TickingClock, noise

PICTURE = noise(1, 1024 * 1024)


@dataclass
class MessagesOrigin:
    """A capture over messages."""

    messages: list[bytes]
    clock: TickingClock
    tool: str = "standfast/test messages"

    def run(self, seen: Seen) -> Iterator[LandingEvent]:
        for raw in self.messages:
            landed = land_message(raw, captured_at=self.clock())
            if seen.unchanged([(landed.key, landed.mark)])[0]:
                yield Unchanged(keys=(landed.key,), size_bytes=len(raw))
            else:
                yield landed
        yield Finished(complete=True)


class MessageVault(SmallVault):
    def take(self, messages: list[bytes], name: str = "mail", kind: str = "mail") -> RunResult:
        place = self.open_place()
        try:
            return bring_in(place, MessagesOrigin(messages, self.clock), origin=name, kind=kind, location="x")
        finally:
            place.close()

    def verify(self, *, exchanged: bool = False) -> FixityResult:
        checkpoint = open_checkpoint(self.folder.held(CHECKPOINT_NAME).read_bytes(), self.signer.vkeys)
        log = LogReader(lambda path: (self.folder.tlog / path).read_bytes(), checkpoint)
        keys = (self.dedup_key, self.dedup_strangers)
        return verify_held(self.reader(), log, keys[::-1] if exchanged else keys)


@pytest.fixture
def vault(tmp_path: Path) -> MessageVault:
    made = MessageVault(tmp_path / "vault")
    made.make()
    return made


def with_picture(n: int) -> bytes:
    raw = base64.b64encode(PICTURE)
    body = b"\r\n".join(raw[at : at + 76] for at in range(0, len(raw), 76))
    return (
        b"Subject: example %d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n\r\nDear %s\r\n--b%d\r\n"
        b"Content-Type: image/png; name=x.png\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n--b%d--\r\n"
    ) % (n, n, n, b"y" * n, n, body, n)


def test_a_hundred_messages_with_one_attachment_hold_it_once(vault: MessageVault) -> None:
    messages = [with_picture(n) for n in range(100)]
    result = vault.take(messages)
    assert result.items_new == 100
    assert result.bytes_stored < 1.2 * len(PICTURE)
    reader = vault.reader()
    assert sorted(reader.read(held) for held in reader.items("mail")) == sorted(messages)
    facts = [held.record.facts for held in reader.items("mail")]
    assert {each.attachments[0].sha256 for each in facts if isinstance(each, MailFacts)} == {
        facts[0].attachments[0].sha256  # type: ignore[union-attr]
    }
    assert vault.verify().faults == []


def test_the_same_bytes_have_the_same_id_wherever_they_come_from(vault: MessageVault) -> None:
    vault.take([b"Subject: a\r\n\r\n", b"Subject: b\r\n\r\n"], "server")
    vault.take([b"Subject: b\r\n\r\n", b"Subject: c\r\n\r\n"], "export", "export")
    reader = vault.reader()
    ids = {name: {held.record.sha256: held.record.id for held in reader.items(name)} for name in ("server", "export")}
    (both,) = ids["server"].keys() & ids["export"].keys()
    assert ids["server"][both] == ids["export"][both]
    assert len({*ids["server"].values(), *ids["export"].values()}) == 3


def test_what_is_gone_from_one_origin_stays_in_the_other(vault: MessageVault) -> None:
    message = b"Subject: a\r\n\r\n"
    vault.take([message, b"Subject: b\r\n\r\n"], "server")
    vault.take([message], "export", "export")
    vault.take([b"Subject: b\r\n\r\n"], "server")
    reader = vault.reader()
    assert [reader.read(held) for held in reader.items("server")] == [b"Subject: b\r\n\r\n"]
    assert [reader.read(held) for held in reader.items("export")] == [message]


def test_what_was_gone_and_comes_back_is_the_same_item(vault: MessageVault) -> None:
    messages = [b"Subject: a\r\n\r\n", b"Subject: b\r\n\r\n"]
    vault.take(messages)
    before = {held.record.id for held in vault.reader().items("mail")}
    vault.take(messages[:1])
    assert vault.take(messages).items_new == 1
    assert {held.record.id for held in vault.reader().items("mail")} == before
    assert vault.verify().faults == []


def test_ids_of_another_vault_are_others(tmp_path: Path, vault: MessageVault) -> None:
    other = MessageVault(tmp_path / "other")
    other.dedup_strangers = bytes(32)
    other.make()
    for each in (vault, other):
        each.take([b"Subject: a\r\n\r\n"])
    (mine,), (theirs,) = (list(each.reader().items("mail")) for each in (vault, other))
    assert mine.record.id != theirs.record.id


def test_a_sender_does_not_learn_whether_the_office_holds_a_file(vault: MessageVault) -> None:
    """The same bytes as a file and as a message are stored twice: a copy grows alike, held before or not."""
    secret = noise(2, 300_000)
    vault.protect(MemoryOrigin({"secret": secret}))
    assert vault.take([secret]).bytes_stored > len(secret)
    assert vault.verify().faults == []


def test_chunks_are_named_under_the_key_of_their_origin(vault: MessageVault) -> None:
    vault.protect(MemoryOrigin({"file": b"of the office"}))
    vault.take([b"Subject: a\r\n\r\n"])
    reader = vault.reader()
    (file,), (message,) = list(reader.items("docs")), list(reader.items("mail"))
    assert file.chunks == (chunk_id(vault.dedup_key, b"of the office"),)
    assert message.chunks == (chunk_id(vault.dedup_strangers, b"Subject: a\r\n\r\n"),)
    for name, size in reader.live_packs().items():
        pack, chunks = reader.pack_index(name, size)
        for chunk in chunks:
            if chunk.kind == KIND_MANIFEST:
                plain = bytes(reader.open_placed(pack, chunk))
                assert chunk.chunk_id == chunk_id(vault.dedup_key, plain)


def test_chunks_named_under_the_other_key_are_faults(vault: MessageVault) -> None:
    vault.take([b"Subject: a\r\n\r\n"])
    assert {fault.kind for fault in vault.verify(exchanged=True).faults} == {"seeded"}


@pytest.mark.parametrize("cuts", [(0,), (10,), (11,), (-1,), (5, 5), (6, 5), tuple(range(100_000))])
def test_cuts_that_can_not_be_are_none(cuts: tuple[int, ...]) -> None:
    assert spans(10, cuts) == [(0, 10)]


def test_cuts_anywhere_change_nothing_of_the_content(vault: MessageVault) -> None:
    content = noise(3, 2_000_000)

    @dataclass
    class Cutting(MessagesOrigin):
        def run(self, seen: Seen) -> Iterator[LandingEvent]:
            for n, cuts in enumerate([(), (1,), (1_999_999,), (16, 1_000_000, 1_000_001), (7, 7)]):
                landed = land_message(content + bytes([n]), captured_at=self.clock())
                yield Landed(
                    key=landed.key,
                    mark=landed.mark,
                    untrusted_name=landed.untrusted_name,
                    media_type=landed.media_type,
                    captured_at=landed.captured_at,
                    facts=landed.facts,
                    content=content + bytes([n]),
                    cuts=cuts,
                )
            yield Finished(complete=True)

    place = vault.open_place()
    try:
        bring_in(place, Cutting([], vault.clock), origin="mail", kind="mail", location="x")
    finally:
        place.close()
    reader = vault.reader()
    assert sorted(reader.read(held)[-1] for held in reader.items("mail")) == [0, 1, 2, 3, 4]
    assert vault.verify().faults == []
