"""Outside proofs that come in with files: looked for among what a run took in, verified, and kept in the vault.

What was found about a proof is a custody event of the items that it is about, so that it is sealed, logged, shown by
`show` and carried by a disclosure like every other. Records stay as they were taken in: they are what the log binds,
and a proof can come later than its file.
"""

from __future__ import annotations

import getpass
import os
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from standfast import __version__, clock
from standfast.assembly.office import Office
from standfast.capture.landing import FileReference, Finished, Landed, LandingEvent, Seen
from standfast.holdings.canonical import canonical_checked
from standfast.holdings.identifiers import escape_name, new_item_id
from standfast.holdings.item import NoteFacts, Record
from standfast.intake.place import IntakePlace
from standfast.intake.run import bring_in
from standfast.proofs.examiner import Examiner
from standfast.proofs.finding import Finding, finding
from standfast.proofs.names import Carrier, carrier_of
from standfast.settings import RESERVED_ORIGIN

EVENT = "proof"
TRUSTED = "trusted"
"""The vault's folder of keys and roots that the user gave: openpgp/, timestamps/, wacz/, c2pa/."""
CARRIERS_LIMIT = 100_000
RECENT_LIMIT = 20_000
"""A proof stands beside its file, so the walk meets them near one another."""


@dataclass(frozen=True, slots=True)
class _Taken:
    item: str
    sha256: str


class ProofWatch:
    """Looks at the name of each file that is taken in. One dictionary entry a file; nothing is opened."""

    def __init__(self) -> None:
        """Nothing was seen."""
        self._recent: OrderedDict[bytes, _Taken] = OrderedDict()
        self._carriers: list[tuple[Carrier, _Taken]] = []
        self.left_out = 0
        """Carriers beyond the limit: they are held, and not checked."""

    def held(self, landed: Landed, record: Record) -> None:
        """A thing was taken in, under this record."""
        if not isinstance(landed.content, FileReference):
            return
        taken = _Taken(record.id, record.sha256)
        self._recent[landed.content.path] = taken
        if len(self._recent) > RECENT_LIMIT:
            self._recent.popitem(last=False)
        carrier = carrier_of(landed.content.path)
        if carrier is None:
            return
        if len(self._carriers) < CARRIERS_LIMIT:
            self._carriers.append((carrier, taken))
        else:
            self.left_out += 1

    def keep_findings(self, office: Office, place: IntakePlace) -> list[int]:
        """Verify what was seen, and bring the findings in. Call it when the run has ended, under the vault's lock.

        Returns:
            The accessions that hold them.
        """
        if not self._carriers:
            return []
        capture = FindingsCapture(self, office.folder.root / TRUSTED, office.clock)
        result = bring_in(place, capture, origin=RESERVED_ORIGIN, kind="notes", location="this vault")
        return result.accessions

    def examined(self, examiner: Examiner) -> Iterator[tuple[Finding, Carrier, tuple[str, ...]]]:
        """Each proof that there is, with the items that it is about."""
        for carrier, taken in self._carriers:
            found = examiner.examine(carrier)
            if found is None:
                continue
            beside = carrier.proof != carrier.path
            subject = self._recent.get(carrier.path) if beside else taken
            read_as = found.proof_sha256 if beside else found.sha256
            same = read_as in ("", taken.sha256) and (subject is None or found.sha256 in ("", subject.sha256))
            if not same:
                # What is held is what was read first: a finding must be about that, or about nothing.
                found = finding(found.system, "not checked", found.tool, "it changed after it was taken in")
            about = (*([subject.item] if subject and beside else []), taken.item)
            yield found, carrier, about


class FindingsCapture:
    """Lands one document a finding."""

    def __init__(self, watch: ProofWatch, trusted: os.PathLike[str], at: clock.Clock) -> None:
        """`trusted`: the folder of keys and roots."""
        from pathlib import Path

        self.tool = f"standfast/{__version__} proofs"
        self._watch, self._trusted, self._clock = watch, Path(trusted), at

    def run(self, seen: Seen) -> Iterator[LandingEvent]:
        """The documents; never complete, since older ones stay."""
        with Examiner(self._trusted) as examiner:
            for found, carrier, about in self._watch.examined(examiner):
                now = self._clock()
                name = f"{EVENT}/{clock.to_text(now)}-{new_item_id()}.json".encode()
                yield Landed(
                    key=name,
                    mark=b"",
                    untrusted_name=name,
                    media_type="application/json",
                    captured_at=now,
                    facts=NoteFacts(about=EVENT),
                    content=_document(found, carrier, about, clock.to_text(now)),
                )
        yield Finished(complete=False)


def _document(found: Finding, carrier: Carrier, about: tuple[str, ...], at: str) -> bytes:
    return canonical_checked(
        {
            "at": at,
            "by": getpass.getuser(),
            "detail": {
                "file": escape_name(os.path.basename(carrier.path)),
                "outcome": found.outcome,
                "proof": escape_name(os.path.basename(carrier.proof)),
                "proof_sha256": found.proof_sha256,
                "reasons": list(found.reasons),
                "sha256": found.sha256,
                "system": found.system,
                "tool": found.tool,
            },
            "event": EVENT,
            "item_count": len(about),
            "items": list(about),
            "origin": "",
            "outcome": f"{found.system} {found.outcome}: {'; '.join(found.reasons)} ({found.tool})",
            "tool": f"standfast/{__version__}",
        }
    )
