"""`drill`: rehearse from a copy alone, write the result in as an item, and a report beside the state."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from standfast import clock
from standfast.assembly.captures import location_of
from standfast.assembly.custody import NoteCapture
from standfast.assembly.destinations import open_replica, source_of
from standfast.assembly.ledger import read_ledger, write_ledger
from standfast.assembly.office import Office
from standfast.drill.report import ReportFiles, report_json, write_report
from standfast.drill.result import DrillResult
from standfast.drill.run import CopyUnderDrill, Tell, run_drill
from standfast.errors.base import StandfastError
from standfast.errors.drill import NoCopyToDrillError
from standfast.errors.keys import KeyFileMissingError
from standfast.errors.replicas import UnknownReplicaError
from standfast.intake.run import bring_in
from standfast.settings import RESERVED_ORIGIN
from standfast.tlog.checkpoint import Checkpoint
from standfast.vault.folder import FORMAT_NAME

REPORTS = "drills"
"""Under state/. What a report says is held sealed too; the file names nothing that was captured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drilled:
    """A drill that was made, recorded and reported."""

    result: DrillResult
    report: ReportFiles


def drill(
    office: Office,
    identities: Sequence[str],
    names: Sequence[str] = (),
    *,
    replica: str = "",
    language: str = "en",
    scratch: Path | None = None,
    keep: bool = False,
    report_folder: Path | None = None,
    tell: Tell | None = None,
) -> Drilled:
    """Drill some origins, or all of them.

    Args:
        office: the vault.
        identities: from the passphrase.
        names: origins; all, where none is named.
        replica: the copy to restore from; the first that can be reached, when empty.
        language: of the report.
        scratch: where to restore to for a while; the system's place for such things when not given.
        keep: leave what was restored.
        report_folder: where the report goes.
        tell: progress.

    Raises:
        UnknownOriginError, UnknownReplicaError, NoCopyToDrillError: nothing was done.
        Errors of `run_drill`.
    """
    origins = [office.origin(name) for name in names] or list(office.settings.origins.values())
    if not origins:
        office.origin("")
    name = replica or _first_reachable(office)
    if name not in office.settings.replicas:
        raise UnknownReplicaError(name)
    with open_replica(office, name) as objects:
        copy = CopyUnderDrill(name=name, objects=objects, packs=source_of(objects))
        result = run_drill(
            copy,
            identities,
            office.vkeys,
            {origin.name: location_of(origin)[0] for origin in origins},
            scratch or Path(tempfile.gettempdir()),
            known=_known_of(office, name),
            keep=keep,
            clock=office.clock,
            tell=tell,
        )
    # The report first: should the vault be held by another process by now, a long drill is not lost.
    report = write_report(result, report_folder or office.folder.state / REPORTS, language)
    _record(office, result)
    return Drilled(result=result, report=report)


def _first_reachable(office: Office) -> str:
    for name in office.settings.replicas:
        with open_replica(office, name) as place:
            try:
                place.read(FORMAT_NAME)
            except (StandfastError, OSError):
                continue
        return name
    raise NoCopyToDrillError


def _known_of(office: Office, name: str) -> Checkpoint | None:
    """The checkpoint that this copy was sent last: it must continue it. None when nothing was sent yet."""
    size = read_ledger(office.folder.state).replica(name).synced_size
    log = office.log_reader()
    if not 0 < size <= log.size:
        return None
    return Checkpoint(office.keyring.log.origin, size, log.root_at(size))


def _record(office: Office, result: DrillResult) -> None:
    """Into the vault, as an item, and into the ledger for `status`."""
    with office.lock("drill"):
        try:
            with office.intake() as place:
                note = NoteCapture("drill", report_json(result, names=True), office.clock)
                bring_in(place, note, origin=RESERVED_ORIGIN, kind="notes", location="this vault")
        except KeyFileMissingError:
            pass  # rebuilt from the identity alone: it can rehearse, and add nothing
        ledger = read_ledger(office.folder.state)
        now = clock.to_text(office.clock())
        for each in result.drills:
            noted = ledger.origin(each.origin)
            noted.drilled_at, noted.drill_ok = now, each.ok
            noted.recovery_time_s, noted.loss_s = round(each.recovery_time_s, 3), each.loss_s
        write_ledger(office.folder.state, ledger)
