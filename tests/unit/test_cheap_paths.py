"""What is done for each of many small things is done cheaply; it must be what the plain way gives."""

from __future__ import annotations

import base64
import hmac
import random
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from standfast import clock
from standfast.holdings.canonical import canonical_bytes
from standfast.holdings.identifiers import ITEM_ID, item_id_of, new_item_id
from standfast.holdings.item import MailFacts, Record
from standfast.seal.encrypt import PartKeys, open_part, part_label, seal_part
from standfast.vault import index
from standfast.vault.index import DedupIndex
from standfast.vault.manifests import ItemLine, text_of, write_item, write_line


def test_a_parts_key_is_hkdfs() -> None:
    chance = random.Random(1)
    for _ in range(200):
        key, label = chance.randbytes(32), part_label(chance.randrange(4), chance.randrange(2), chance.randbytes(32))
        expected = hmac.digest(key, b"standfast/pack/v1\0" + label + b"\x01", "sha256")
        assert PartKeys(key).key(label) == expected
        assert open_part(key, label, seal_part(PartKeys(key), label, b"plain"), pack="p") == b"plain"


def test_an_items_line_is_the_canonical_one() -> None:
    record = Record(
        id="iaaaaaaaaaaaaaaaa",
        origin="mail",
        name='ق"\\\x7f',
        sha256="a" * 64,
        blake3="b" * 64,
        size_bytes=3,
        media_type="message/rfc822",
        captured_at="2031-05-04T12:00:00.000000Z",
        tool="test",
        facts=MailFacts(subject="é", sender=("a",)),
    )
    chunks, salt = (bytes(range(32)), bytes(32)), b"\xff" * 32
    line = ItemLine(chunks=tuple(map(text_of, chunks)), leaf=7, record=record, salt=text_of(salt))
    assert write_item(chunks=chunks, leaf=7, record=canonical_bytes(record), salt=salt) == write_line(line)
    assert write_item(chunks=(), leaf=7, record=canonical_bytes(record), salt=salt).startswith(b'{"chunks":[],"leaf":7')


def test_identifiers_are_base32() -> None:
    chance = random.Random(2)
    for _ in range(1_000):
        raw = chance.randbytes(10)
        assert item_id_of(raw) == "i" + base64.b32encode(raw).decode().lower()
    assert len({new_item_id() for _ in range(1_000)}) == 1_000
    assert ITEM_ID.fullmatch(new_item_id())


def test_times_are_written_as_ever() -> None:
    for moment in (
        datetime(1, 1, 2, tzinfo=UTC),
        datetime(2031, 5, 4, 12, 0, 0, 7, tzinfo=UTC),
        datetime(9999, 12, 30, 23, 59, 59, 999_999, tzinfo=timezone(timedelta(hours=3))),
    ):
        plain = moment.astimezone(UTC)
        assert clock.to_text(moment) == f"{plain.year:04d}{plain:-%m-%dT%H:%M:%S.%fZ}"
        assert clock.from_text(clock.to_text(moment)) == moment


def test_the_index_answers_alike_from_memory_and_from_disk(tmp_path: Path) -> None:
    ids = [random.Random(n).randbytes(32) for n in range(index.ASKED_SINGLY * 2)]
    first = DedupIndex(tmp_path / "dedup", lambda _: "x")
    assert all(first.claim(each) for each in ids[::2])
    assert not first.claim(ids[0])
    first.keep(1, "x")
    assert not any(first.claim(each) for each in ids[::2])
    first.close()
    again = DedupIndex(tmp_path / "dedup", lambda _: "x")
    assert [again.claim(each) for each in ids] == [bool(n % 2) for n in range(len(ids))]
    again.forget()
    assert [again.claim(each) for each in ids] == [bool(n % 2) for n in range(len(ids))]
    again.keep(2, "x")
    assert not any(again.claim(each) for each in ids)
    again.close()


def test_the_index_lets_go_of_what_does_not_fit_into_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "IN_MEMORY_IDS", 100)
    ids = [random.Random(n).randbytes(32) for n in range(200)]
    held = DedupIndex(tmp_path / "dedup", lambda _: "x")
    assert all(held.claim(each) for each in ids)
    held.keep(1, "x")
    assert not any(held.claim(each) for each in ids)
    held.close()
    again = DedupIndex(tmp_path / "dedup", lambda _: "x")
    assert not any(again.claim(each) for each in ids * 10)
    again.close()
