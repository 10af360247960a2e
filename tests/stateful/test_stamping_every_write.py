"""The power fails at each single write of stamping and of renewing, one after the other."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from authorities_fixture import Authority as RealAuthority
from power_cut import PowerCut, power_cut
from standfast.seal.revocation import RevocationPlace, revocation_places
from standfast.seal.timestamp import digest_request
from standfast.stamping import renewing, stamps
from standfast.stamping.authority import Asked, Authority
from standfast.stamping.renewing import all_places, mend_newest, renew, standing_of
from standfast.stamping.shelf import StampShelf, renewal_name
from standfast.stamping.stamps import Stampable, stamp
from standfast.tlog.cosigned import CosignedFolder, cosigned_name
from standfast.vault.evidence import PendingEvidence
from standfast.vault.inventory import open_inventory
from vault_builder import MemoryOrigin, SmallVault

NOW = datetime(2032, 5, 4, tzinfo=UTC)


class Canned:
    """Answers by OpenSSL, each asked for once: nothing but the vault is written to while the power may fail."""

    def __init__(self, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.real = RealAuthority(room, "One", unsorted=True, signer_valid=("2020-01-01", "2033-01-01"))
        self.real.moment = "2031-05-04 12:00:00"
        self.answers: dict[tuple[str, bytes], bytes] = {}
        self.authority = Authority(name="one", url="https://one.example", roots_pem=self.real.root_pem)
        monkeypatch.setattr(stamps, "ask_authority", self.ask)
        monkeypatch.setattr(renewing, "ask_authority", self.ask)
        monkeypatch.setattr(stamps, "ask_revocation", self.revocation)
        self.list = self.real.revocation_list("middle")

    def ask(self, authority: Authority, algorithm: str, digest: bytes, *, within_s: float) -> Asked:
        key = (algorithm, digest)
        if key not in self.answers:
            self.answers[key] = self.real.answer(digest_request(algorithm, digest, nonce=7))
        return Asked(7, self.answers[key])

    def revocation(self, chain: tuple[bytes, ...]) -> list[tuple[RevocationPlace, bytes]]:
        assert revocation_places(chain) == []
        return [(RevocationPlace("list-0.crl", "https://one.example/crl", b"", chain[0], chain[1]), self.list)]


class Stamped:
    """A vault with the parts that stamping works with."""

    def __init__(self, root: Path, canned: Canned) -> None:
        self.vault, self.canned = SmallVault(root), canned
        folder = self.vault.folder
        self.cosigned = CosignedFolder(folder.tlog)
        self.evidence = PendingEvidence(folder, lambda: 0)
        self.shelf = StampShelf(folder.holdings, self.evidence.note)

    def newest(self) -> Stampable:
        size = self.cosigned.sizes()[-1]
        number, note = self.cosigned.find_newest(size) or (0, b"")
        return Stampable(size, number, note)

    def protect(self, origin: MemoryOrigin) -> None:
        self.vault.protect(origin)
        size = self.vault.open_place().log.size
        self.evidence.note(cosigned_name(size, 0))
        self.cosigned.write(size, self.vault.folder.held("tlog/checkpoint").read_bytes())

    def stamp(self) -> None:
        mend_newest(self.shelf, self.cosigned.read, self.canned.real.root_pem)
        newest = self.newest()
        if not any(place.number == newest.number for place in self.shelf.places(newest.size)):
            assert [each.why for each in stamp(self.shelf, [self.canned.authority], newest)] == [""]

    def renew(self) -> renewing.RenewalOutcome:
        roots = self.canned.real.root_pem
        return renew(self.shelf, [self.canned.authority], self.cosigned.read, roots, now=NOW)

    def require_whole(self, renewals: int) -> None:
        """Every stamp verifies, with its certificates beside it; every file of it will be, or is, committed to."""
        roots = self.canned.real.root_pem
        named = {each.name for each in self.evidence.files()}
        for path in self.vault.folder.held("inventory").iterdir():
            named |= {each.name for each in open_inventory(path.read_bytes()).evidence_files()}
        for place in all_places(self.shelf):
            standing = standing_of(self.shelf, place, self.cosigned.read, roots)
            assert standing.renewals == renewals
            assert self.shelf.find_chain(place)
            assert not renewals or self.shelf.read(place, renewal_name(renewals, "pem"))
        for file in self.files():
            assert file in named, f"{file} would not be committed to"
        assert not list(self.vault.folder.tlog.rglob("stamps/**/*.unfinished"))

    def files(self) -> dict[str, bytes]:
        holdings = self.vault.folder.holdings
        found = (path for path in (holdings / "tlog/stamps").rglob("*") if path.is_file())
        return {str(path.relative_to(holdings)): path.read_bytes() for path in found if path.suffix != ".unfinished"}


def test_stamped_and_renewed_or_not_and_the_next_pass_mends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    canned = Canned(tmp_path / "one", monkeypatch)
    first = Stamped(tmp_path / "first", canned)
    first.vault.make()
    origin = MemoryOrigin(content={"a": b"1"})
    first.protect(origin)
    warm = Stamped(shutil.copytree(tmp_path / "first", tmp_path / "warm"), canned)
    warm.stamp()
    cuts = cut_each(first, lambda each: each.stamp(), tmp_path / "stamp", renewals=0)
    assert cuts > 15

    first.stamp()
    origin.content["b"] = b"2"
    first.protect(origin)
    first.stamp()
    assert len(list(all_places(first.shelf))) == 2
    canned.real.moment = "2032-05-04 00:00:00"
    canned.real.use(canned.real.issue_signer(valid=("2032-01-01", "2045-01-01")))
    warm = Stamped(shutil.copytree(tmp_path / "first", tmp_path / "warm-2"), canned)
    assert len(warm.renew().renewed) == 2
    cuts = cut_each(first, lambda each: each.renew(), tmp_path / "renew", renewals=1)
    assert cuts > 15


def cut_each(first: Stamped, act: Callable[[Stamped], object], room: Path, *, renewals: int) -> int:
    """Cut at each write, act again, look; and the count of the writes."""
    at = 0
    while True:
        each = Stamped(shutil.copytree(first.vault.folder.root, room / f"{at}"), first.canned)
        try:
            with power_cut(at):
                act(each)
        except PowerCut:
            before = each.files()
            act(each)
            after = each.files()
            assert before.items() <= after.items(), f"a file was written again after a cut at write {at}"
            each.require_whole(renewals)
            at += 1
            continue
        each.require_whole(renewals)
        return at
