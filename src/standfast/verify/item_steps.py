"""The steps about one item: 3 record, 4 content, 5 leaf, 6 inclusion, 11 consistency, 13 custody, 14 report."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

import msgspec

from standfast.errors.tlog import MalformedNoteError
from standfast.errors.verify import BundleRefusedError
from standfast.holdings.canonical import parse_canonical
from standfast.holdings.item import Record
from standfast.tlog.checkpoint import Checkpoint, parse_checkpoint
from standfast.tlog.cosign_request import parse_request
from standfast.tlog.leaf import LEAF_BYTES, SALT_BYTES, leaf_of
from standfast.tlog.note import parse_note
from standfast.tlog.proof import verify_consistency, verify_inclusion
from standfast.tlog.proof_text import TlogProof, parse_proof
from standfast.tlog.tree import leaf_hash
from standfast.verify.bundle import Bundle
from standfast.verify.layout import REPORT, REPORT_FIELDS, Custody, ItemEntry, checkpoint_path, item_path
from standfast.verify.report_text import read_report, shown
from standfast.verify.results import NotCheckedError, Report

_EXPECTED_HALF = 36
"""The leaf is 4 bytes of magic, 32 of SHA-256, 32 of SHA3-256."""


@dataclass(slots=True)
class ItemFound:
    """What the steps learned of an item, for the window."""

    n: int
    sound: bool = False
    """Whether the leaf that a checkpoint holds is that of this very item: steps 3 to 6."""
    size: int | None = None
    """Of the checkpoint that holds it, when it is shown to."""
    earlier: int | None = None
    """Of the one that does not, when that is shown."""


class ItemSteps:
    """The steps of one item of a bundle."""

    def __init__(self, bundle: Bundle, entry: ItemEntry, report: Report) -> None:
        """Nothing is taken yet."""
        self._bundle, self._entry, self._report = bundle, entry, report
        self._n = entry.n
        self._record: Record | None = None
        self._raw_record = b""
        self.found = ItemFound(entry.n)

    def take(self) -> ItemFound:
        """Take them all."""
        report, n = self._report, self._n
        sound = [
            report.take("record", self._check_record, item=n),
            report.take("content", self._check_content, item=n),
            report.take("leaf", self._check_leaf, item=n),
            report.take("inclusion", self._check_inclusion, item=n),
        ]
        report.take("consistency", self._check_consistency, item=n)
        self.found.sound = all(sound)
        report.take("custody", self._check_custody, item=n)
        report.take("report", self._check_report, item=n)
        return self.found

    def _part(self, name: str) -> bytes:
        return self._bundle.read(item_path(self._n, name))

    def _need_record(self) -> Record:
        if self._record is None:
            raise NotCheckedError("there is no record to compare with")
        return self._record

    def _check_record(self) -> str:
        self._raw_record = self._part("record.json")
        try:
            record = parse_canonical(self._raw_record, Record)
        except ValueError as why:
            raise BundleRefusedError(f"record.json is no record in canonical form ({why})") from None
        if record.id != self._entry.id:
            raise BundleRefusedError(f"record.json is that of {record.id}, not of {self._entry.id}")
        self._record = record
        return f"{record.id}, captured {record.captured_at} by the machine's own clock"

    def _check_content(self) -> str:
        record = self._need_record()
        if not self._entry.content.startswith(item_path(self._n, "content/")):
            raise BundleRefusedError(f"{self._entry.content} is not where the item's content stands")
        found = self._bundle.digests(self._entry.content)
        for name in ("size_bytes", "sha256", "blake3"):
            if getattr(found, name) != getattr(record, name):
                raise BundleRefusedError(f"{name} is {getattr(found, name)}, the record says {getattr(record, name)}")
        return f"{found.size_bytes:,} bytes, SHA-256 {found.sha256}"

    def _check_leaf(self) -> str:
        salt, leaf = self._part("salt"), self._part("leaf")
        if len(salt) != SALT_BYTES or len(leaf) != LEAF_BYTES:
            raise BundleRefusedError(f"a salt has {SALT_BYTES} bytes and a leaf {LEAF_BYTES}")
        expected = leaf_of(self._raw_record or self._part("record.json"), salt)
        if not hmac.compare_digest(expected, leaf):
            first = expected[:_EXPECTED_HALF] == leaf[:_EXPECTED_HALF]
            raise BundleRefusedError(f"record and salt do not give the leaf ({'SHA3-256' if first else 'SHA-256'})")
        return f"SHA-256 half {leaf[4:36].hex()}"

    def _proof(self) -> tuple[TlogProof, Checkpoint]:
        proof = parse_proof(self._part("proof.tlog-proof"))
        checkpoint = parse_checkpoint(parse_note(proof.untrusted_checkpoint).untrusted_text)
        return proof, checkpoint

    def _check_inclusion(self) -> str:
        proof, checkpoint = self._proof()
        if self._bundle.find(checkpoint_path(checkpoint.size)) != proof.untrusted_checkpoint:
            raise BundleRefusedError(f"the proof's checkpoint is not {checkpoint_path(checkpoint.size)}")
        index = proof.untrusted_index
        leaf = leaf_hash(self._part("leaf"))
        verify_inclusion(leaf, index, checkpoint.size, checkpoint.root, proof.untrusted_hashes)
        self.found.size = checkpoint.size
        return f"entry {index} of {checkpoint.size} of {checkpoint.origin}"

    def _check_consistency(self) -> str:
        raw = self._bundle.find(item_path(self._n, "consistency"))
        if raw is None:
            raise NotCheckedError("the bundle holds no earlier checkpoint")
        proof, newer = self._proof()
        said = parse_request(raw)
        if said.note != proof.untrusted_checkpoint:
            raise BundleRefusedError("it leads to another checkpoint than the one of the proof")
        older_raw = self._bundle.read(checkpoint_path(said.old_size))
        older = parse_checkpoint(parse_note(older_raw).untrusted_text)
        if older.size != said.old_size or older.origin != newer.origin:
            raise MalformedNoteError("checkpoint", "it is of another size or log than the proof needs")
        if older.size > proof.untrusted_index:
            raise BundleRefusedError(f"the log of {older.size} entries holds entry {proof.untrusted_index} already")
        verify_consistency(older.size, older.root, newer.size, newer.root, said.proof)
        self.found.earlier = older.size
        return f"at {older.size} entries, entry {proof.untrusted_index} was not there yet"

    def _check_custody(self) -> str:
        record = self._need_record()
        try:
            custody = msgspec.json.decode(self._part("custody.json"), type=Custody)
        except msgspec.MsgspecError as why:
            raise BundleRefusedError(f"custody.json is none ({why})") from None
        if custody.item != record.id:
            raise BundleRefusedError(f"it is about {custody.item}")
        captures = [(each.at, each.detail) for each in custody.events if each.event == "capture"]
        if (record.captured_at, record.tool) not in captures:
            raise BundleRefusedError("it does not hold the capture that the record tells of")
        moments = [each.at for each in custody.events]
        if moments != sorted(moments):
            raise BundleRefusedError("its events are out of order")
        return f"{len(custody.events)} events, the last {custody.events[-1].event} at {custody.events[-1].at}"

    def _check_report(self) -> str:
        record = self._need_record()
        try:
            found = read_report(self._bundle.read(REPORT))
        except ValueError as why:
            raise BundleRefusedError(f"report.html can't be read ({why})") from None
        for field in REPORT_FIELDS:
            texts = found.get((str(self._n), field), [])
            if texts != [shown(str(getattr(record, field)))]:
                raise BundleRefusedError(f"report.html does not say once what the record says as {field}")
        return f"{len(REPORT_FIELDS)} facts"
