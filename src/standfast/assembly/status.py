"""What one screen has to say: what is protected, what was drilled, where copies are, what to do next. No passphrase."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from standfast import clock
from standfast.assembly.captures import location_of
from standfast.assembly.ledger import Ledger, read_ledger
from standfast.assembly.office import Office
from standfast.assembly.quorum import quorum_of
from standfast.assembly.stamping import RECOMMENDED, stamp_state
from standfast.intake.place import newest_acknowledged
from standfast.tlog.policy import explain_quorum, tolerated

PROTECT_EVERY = timedelta(days=2)
DRILL_EVERY = timedelta(days=92)
SHARES_EVERY = timedelta(days=366)
AUDIT_EVERY = timedelta(days=31)
COSIGNED_WITHIN_RHYTHMS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginStatus:
    """One origin. Times as text, None when never."""

    name: str
    kind: str
    protected_at: str | None
    drilled_at: str | None
    recovery_time_s: float | None
    loss_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaStatus:
    """One replica."""

    name: str
    location: str
    synced_at: str | None
    audited_at: str | None
    ok: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CosignerStatus:
    """One cosigner."""

    name: str
    organisation: str
    url: str
    cosigned_at: str | None
    size: int
    """Leaves that it cosigned last, as far as is known."""
    ok: bool | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToDo:
    """Something that is missing, and the command that mends it."""

    what: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityStatus:
    """One time-stamping authority."""

    name: str
    url: str
    stamped_at: str | None
    size: int
    """Leaves that it has stamped."""
    ok: bool | None
    why: str


@dataclass(slots=True, kw_only=True)
class Status:
    """All of it."""

    origins: list[OriginStatus] = field(default_factory=list)
    replicas: list[ReplicaStatus] = field(default_factory=list)
    cosigners: list[CosignerStatus] = field(default_factory=list)
    quorum: int = 0
    organisations: int = 0
    """That cosign."""
    cosigned_size: int = 0
    """Leaves of the greatest checkpoint that a quorum has cosigned."""
    authorities: list[AuthorityStatus] = field(default_factory=list)
    stamped_size: int = 0
    """Leaves that two authorities have stamped, or the only one."""
    todo: list[ToDo] = field(default_factory=list)
    log_origin: str = ""
    log_size: int = 0
    accessions: int = 0
    unproved: int = 0
    """Accessions whose packs no reading identity has opened on this machine yet."""
    shares: str = ""


def status_of(office: Office) -> Status:
    """Read what this machine knows. Costs the same however much is held."""
    ledger, now = read_ledger(office.folder.state), office.clock()
    size = office.checkpoint().size
    accessions = newest_acknowledged(office.folder, size)
    status = Status(
        log_origin=office.keyring.log.origin,
        log_size=size,
        accessions=accessions,
        unproved=max(0, accessions - ledger.proved_accession),
        shares=office.settings.vault.shares,
    )
    for name, origin in office.settings.origins.items():
        note = ledger.origin(name)
        status.origins.append(
            OriginStatus(
                name=name,
                kind=location_of(origin)[0],
                protected_at=note.protected_at or None,
                drilled_at=note.drilled_at or None,
                recovery_time_s=note.recovery_time_s,
                loss_s=note.loss_s,
            )
        )
    for name, replica in office.settings.replicas.items():
        copy = ledger.replica(name)
        status.replicas.append(
            ReplicaStatus(
                name=name,
                location=replica.location,
                synced_at=copy.synced_at or None,
                audited_at=copy.audited_at or None,
                ok=copy.ok,
            )
        )
    _add_cosigners(status, office, ledger)
    _add_authorities(status, office, ledger)
    status.todo = _to_do(office, ledger, now) + _cosigning_to_do(status, office, now)
    status.todo += _stamping_to_do(status, ledger, now)
    if status.unproved:
        status.todo.append(
            ToDo(
                what=f"{status.unproved} accession(s) were never opened with the passphrase", command="standfast verify"
            )
        )
    return status


def _to_do(office: Office, ledger: Ledger, now: datetime) -> list[ToDo]:
    todo = []
    if not office.settings.origins:
        todo.append(ToDo(what="nothing is protected yet", command="standfast add web URL, or add files PATH"))
    for name in office.settings.origins:
        note = ledger.origin(name)
        if note.partly_at:
            todo.append(ToDo(what=f"{name} was protected in part only", command=f"standfast protect {name}"))
        elif _older(note.protected_at, now, PROTECT_EVERY):
            todo.append(ToDo(what=f"{name} was not protected lately", command=f"standfast protect {name}"))
        if note.drilled_at and not note.drill_ok:
            todo.append(ToDo(what=f"the last drill of {name} failed", command=f"standfast drill {name}"))
        elif _older(note.drilled_at, now, DRILL_EVERY):
            todo.append(ToDo(what=f"{name} was not drilled lately", command=f"standfast drill {name}"))
    if _older(ledger.shares_drilled_at, now, SHARES_EVERY):
        todo.append(
            ToDo(what="the recovery shares were not tried lately", command="standfast keys drill --share FILE…")
        )
    if len(office.settings.replicas) < 2:
        have = "no copy" if not office.settings.replicas else "only one copy"
        todo.append(ToDo(what=f"there is {have} in other hands", command="standfast replicas add NAME LOCATION"))
    for name in office.settings.replicas:
        copy = ledger.replica(name)
        if copy.ok is False:
            todo.append(ToDo(what=f"the copy {name} has faults or can't be reached", command="standfast replicas heal"))
        elif _older(copy.synced_at, now, PROTECT_EVERY):
            todo.append(ToDo(what=f"the copy {name} is behind", command=f"standfast replicas sync {name}"))
        if _older(copy.audited_at, now, AUDIT_EVERY):
            todo.append(ToDo(what=f"the copy {name} was not audited lately", command=f"standfast audit {name}"))
    return todo


def _add_cosigners(status: Status, office: Office, ledger: Ledger) -> None:
    status.quorum, status.organisations = quorum_of(office.settings)
    status.cosigned_size = ledger.cosigned_size
    for name, cosigner in office.settings.cosigners.items():
        note = ledger.cosigner(name)
        status.cosigners.append(
            CosignerStatus(
                name=name,
                organisation=cosigner.organisation or name,
                url=cosigner.url,
                cosigned_at=note.cosigned_at or None,
                size=note.known_size,
                ok=note.ok,
                why=note.why,
            )
        )


def _cosigning_to_do(status: Status, office: Office, now: datetime) -> list[ToDo]:
    todo, stale = [], COSIGNED_WITHIN_RHYTHMS * timedelta(hours=office.settings.cosigning.rhythm_hours)
    if not status.cosigners:
        return [
            ToDo(
                what="nobody outside has seen that this log only grows",
                command="standfast cosigners add NAME VKEY VKEY --url URL",
            )
        ]
    for each in status.cosigners:
        by_file = f"standfast cosigners request {each.name} FILE"
        if each.ok is False and each.url:
            todo.append(
                ToDo(what=f"{each.name} has not cosigned: {each.why}", command=f"standfast cosigners ask {each.name}")
            )
        elif _older(each.cosigned_at or "", now, stale):
            command = f"standfast cosigners ask {each.name}" if each.url else by_file
            todo.append(ToDo(what=f"{each.name} has not cosigned lately", command=command))
        elif not each.url and each.size < status.log_size:
            todo.append(ToDo(what=f"{each.name} is asked by files, and is behind", command=by_file))
    if status.cosigned_size < status.log_size:
        todo.append(
            ToDo(
                what=f"the newest entries are not cosigned by {status.quorum} of {status.organisations} organisations",
                command="standfast cosigners ask",
            )
        )
    if tolerated(status.quorum, status.organisations) < 1 and not office.settings.cosigning.understood:
        todo.append(
            ToDo(
                what=f"the quorum is weak: {explain_quorum(status.quorum, status.organisations)}",
                command="standfast cosigners add NAME VKEY VKEY --url URL",
            )
        )
    return todo


def _add_authorities(status: Status, office: Office, ledger: Ledger) -> None:
    state = stamp_state(office)
    status.stamped_size = state.covered_size
    for name, each in office.settings.timestamps.items():
        note = ledger.authority(name)
        status.authorities.append(
            AuthorityStatus(
                name=name,
                url=each.url,
                stamped_at=note.stamped_at or None,
                size=state.sizes[name],
                ok=note.ok,
                why=note.why,
            )
        )


def _stamping_to_do(status: Status, ledger: Ledger, now: datetime) -> list[ToDo]:
    add, ask = "standfast timestamps add NAME URL --roots FILE", "standfast timestamps renew"
    if not status.authorities:
        return [ToDo(what="nobody outside says by when the log stood as it stands", command=add)]
    todo = []
    if len(status.authorities) < RECOMMENDED:
        todo.append(ToDo(what="a single authority gives the time: one that lies would not show", command=add))
    for each in status.authorities:
        if each.ok is False:
            todo.append(ToDo(what=f"{each.name} has not stamped: {each.why}", command=ask))
    missing = status.log_size - status.stamped_size
    if missing:
        todo.append(ToDo(what=f"the newest {missing:,} entries are not stamped yet", command=ask))
    if ledger.renew_stamps_at and clock.from_text(ledger.renew_stamps_at) <= now:
        todo.append(ToDo(what="stamps are due for renewal", command=ask))
    return todo


def _older(moment: str, now: datetime, limit: timedelta) -> bool:
    return not moment or now - clock.from_text(moment) > limit
