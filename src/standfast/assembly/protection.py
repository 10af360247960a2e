"""`protect`: capture each origin, bring it in, have it cosigned, copy it to the replicas. Needs no passphrase."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from standfast import clock
from standfast.assembly.captures import capture_of, location_of
from standfast.assembly.ledger import Ledger, read_ledger, write_ledger
from standfast.assembly.office import Office
from standfast.assembly.outside_proofs import ProofWatch
from standfast.assembly.stamping import StampTold, renew_stamps, stamp_newest
from standfast.errors.base import StandfastError
from standfast.intake.place import IntakePlace
from standfast.intake.run import RunProgress, RunResult, bring_in
from standfast.settings import Origin

if TYPE_CHECKING:
    from standfast.assembly.cosigning import CosignerOutcome
    from standfast.assembly.replication import ReplicaOutcome


@dataclass(slots=True, kw_only=True)
class Protection:
    """What one `protect` did."""

    origins: list[RunResult] = field(default_factory=list)
    cosigners: list[CosignerOutcome] = field(default_factory=list)
    """Those that were asked. One that did not answer is asked later: it fails nothing."""
    timestamps: list[StampTold] = field(default_factory=list)
    """Authorities that were asked; as cosigners."""
    renewed: list[str] = field(default_factory=list)
    """Stamps that were renewed."""
    replicas: list[ReplicaOutcome] = field(default_factory=list)
    accessions: list[int] = field(default_factory=list)
    log_origin: str = ""
    log_size: int = 0
    log_root: str = ""

    @property
    def failed(self) -> list[str]:
        """Names of origins and replicas that are not as they should be."""
        origins = [each.name for each in self.origins if not each.ok]
        return origins + [each.name for each in self.replicas if not each.ok]


TellOrigin = Callable[[str, RunProgress], None]


def protect(
    office: Office,
    names: Sequence[str] = (),
    *,
    reread: bool = False,
    tell: TellOrigin | None = None,
    tell_replica: Callable[[str, int, int], None] | None = None,
) -> Protection:
    """Protect some origins, or all of them.

    Raises:
        UnknownOriginError: a name that is none, or no origin at all; nothing was done.
        VaultLockedError, OldCopyError: nothing was done.
        VaultWriteError: what was acknowledged before stays.
    """
    origins = [office.origin(name) for name in names] or list(office.settings.origins.values())
    if not origins:
        office.origin("")
    done = Protection(log_origin=office.keyring.log.origin)
    with office.lock("protect"):
        ledger = read_ledger(office.folder.state)
        with office.intake() as place:
            _refuse_old_copy(office)
            for origin in origins:
                result = _protect_one(office, place, origin, reread, tell)
                done.origins.append(result)
                done.accessions += result.accessions
                _note(ledger, result, clock.to_text(office.clock()))
                write_ledger(office.folder.state, ledger)
            done.log_size, done.log_root = place.log.size, place.log.root.hex()
        if office.settings.cosigners:
            from standfast.assembly.cosigning import ask_cosigners

            done.cosigners = ask_cosigners(office, ledger)
        done.timestamps = stamp_newest(office, ledger)
        done.renewed, _ = renew_stamps(office, ledger)
        write_ledger(office.folder.state, ledger)
        if office.settings.replicas:
            from standfast.assembly.replication import sync_replicas

            done.replicas = sync_replicas(office, ledger, tell=tell_replica)
            write_ledger(office.folder.state, ledger)
    return done


def _refuse_old_copy(office: Office) -> None:
    """Their rooms are not even loaded where there is nobody to ask: a night on which nothing is new is short."""
    if office.settings.replicas or office.settings.cosigners:
        from standfast.assembly.replication import refuse_old_copy

        refuse_old_copy(office)


def _protect_one(
    office: Office, place: IntakePlace, origin: Origin, reread: bool, tell: TellOrigin | None
) -> RunResult:
    kind, location = location_of(origin)
    say = (lambda progress: tell(origin.name, progress)) if tell else None
    try:
        capture = capture_of(office, origin, reread=reread)
        if kind != "files":
            return bring_in(place, capture, origin=origin.name, kind=kind, location=location, tell=say)
        watch = ProofWatch()
        result = bring_in(place, capture, origin=origin.name, kind=kind, location=location, tell=say, held=watch.held)
        result.accessions += watch.keep_findings(office, place)
        return result
    except StandfastError as why:
        if why.code.startswith(("CAP-", "SET-", "IMP-")):
            failed = RunResult(name=origin.name, kind=kind)
            failed.fail(location, f"{why}; {why.step()}")
            return failed
        raise


def _note(ledger: Ledger, result: RunResult, now: str) -> None:
    note = ledger.origin(result.name)
    if result.ok:
        note.protected_at, note.partly_at = now, ""
    else:
        note.partly_at = now
