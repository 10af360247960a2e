"""Time-stamps: after `protect`, by hand, their renewal, and what they are worth.

Nothing here keeps `protect` from its work: an authority that can't be reached is asked again later. What is not
stamped yet is seen from the files.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from standfast import clock, durable
from standfast.assembly.ledger import AuthorityNote, Ledger
from standfast.assembly.office import Office
from standfast.errors.base import StandfastError
from standfast.errors.settings import BadSettingError, NameTakenError
from standfast.errors.stamping import MalformedStampError
from standfast.intake.place import newest_acknowledged
from standfast.settings import AuthoritySettings, add_authority, check_name
from standfast.tlog.cosigned import CosignedFolder, cosigned_name, open_cosigned
from standfast.vault.evidence import PendingEvidence
from standfast.vault.folder import CHECKPOINT_NAME

if TYPE_CHECKING:
    from standfast.stamping.authority import Authority
    from standfast.stamping.shelf import StampShelf

AUTHORITIES = "authorities"
"""In the vault's folder: the roots of each, PEM."""
RECOMMENDED = 2
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=5), timedelta(hours=24)
"""After a failure; doubled with each further one."""
RENEWED_AT_ONCE = 200
"""In one `protect`: some seconds of work on a quiet machine. The others wait for the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StampTold:
    """What asking one authority gave, for a person."""

    name: str
    ok: bool
    size: int = 0
    time: str = ""
    revocation: tuple[str, ...] = ()
    why: str = ""
    code: str = ""


@dataclass(slots=True, kw_only=True)
class StampState:
    """What is stamped and what is not."""

    log_size: int = 0
    cosigned_size: int = 0
    """Leaves of the newest checkpoint that can be stamped; 0 for none yet."""
    sizes: dict[str, int] = field(default_factory=dict)
    """Of each authority of the settings: leaves of the newest checkpoint that it has stamped; 0 for none."""

    @property
    def covered_size(self) -> int:
        """Leaves that at least two authorities have stamped, or the one there is."""
        ordered = sorted(self.sizes.values(), reverse=True)[:RECOMMENDED]
        return ordered[-1] if ordered else 0


def add_one_authority(office: Office, name: str, url: str, roots: Path, ca: Path | None) -> tuple[str, list[str]]:
    """Ask an authority for a trial stamp, and write it into the settings when what it answers verifies.

    Returns:
        The subject of its certificate, and the SHA-256 of each root: what a person compares.

    Raises:
        NameTakenError, BadNameError: the name.
        MalformedStampError: the file of roots.
        NetworkError, StampError: it does not answer as it should. Nothing was changed.
    """
    from standfast.holdings.digest import sha256_hex
    from standfast.seal.certificates import roots_in
    from standfast.seal.timestamp import verify_timestamp
    from standfast.stamping.authority import Authority, ask_authority, sha512
    from standfast.stamping.stamps import ASKING_S

    check_name(name)
    if name in office.settings.timestamps:
        raise NameTakenError("a time-stamping authority", name)
    pem = _read_pem(roots)
    found = roots_in(pem)
    if not found:
        raise MalformedStampError(f"{roots} holds no root: no certificate in it names itself as its issuer")
    authority = Authority(name=name, url=url, roots_pem=pem, ca=ca)
    digest = sha512(secrets.token_bytes(64))
    asked = ask_authority(authority, "sha512", digest, within_s=ASKING_S)
    facts = verify_timestamp(asked.response, digest, pem, nonce=asked.nonce)
    with office.lock("timestamps add"):
        folder = office.folder.root / AUTHORITIES
        durable.make_folder(folder)
        durable.write_atomically(folder / f"{name}.pem", pem)
        told = AuthoritySettings(name=name, url=url, roots=f"{AUTHORITIES}/{name}.pem")
        if ca:
            durable.write_atomically(folder / f"{name}.ca.pem", _read_pem(ca))
            told = AuthoritySettings(name=name, url=url, roots=told.roots, ca=f"{AUTHORITIES}/{name}.ca.pem")
        add_authority(office.settings, told)
    return facts.signer, [sha256_hex(each) for each in found]


def stamp_newest(office: Office, ledger: Ledger, *, by_hand: bool = False) -> list[StampTold]:
    """Have the newest cosigned checkpoint stamped by those that have not. Hold the vault's lock.

    A vault without cosigners has its own checkpoint stamped. `by_hand`: also those that failed a short while ago.

    Raises:
        OSError: what they gave could not be kept.
    """
    if not office.settings.timestamps:
        return []
    from standfast.stamping.renewing import mend_newest
    from standfast.stamping.stamps import Stampable, is_wanting, stamp

    found = _newest_cosigned(office)
    if found is None:
        return []
    newest = Stampable(*found)
    cosigned, shelf, now = CosignedFolder(office.folder.tlog), _shelf(office), office.clock()
    mend_newest(shelf, cosigned.read, all_roots(office))
    older = {k: cosigned.read(newest.size, k) for k in cosigned.numbers(newest.size) if k != newest.number}
    told, due = [], []
    for name, each in office.settings.timestamps.items():
        note = ledger.authority(name)
        if not is_wanting(shelf, name, newest, older, now):
            continue
        if note.ask_after and now < clock.from_text(note.ask_after) and not by_hand:
            continue
        try:
            due.append(_authority(office, each))
        except StandfastError as why:
            told.append(_noted(ledger, StampTold(name=name, ok=False, why=f"{why}; {why.step()}", code=why.code), now))
    for outcome in stamp(shelf, due, newest):
        time = clock.to_text(outcome.time) if outcome.time else ""
        what = StampTold(
            name=outcome.name,
            ok=outcome.ok,
            size=outcome.size,
            time=time,
            revocation=outcome.revocation,
            why=outcome.why,
            code=outcome.code,
        )
        told.append(_noted(ledger, what, now))
        if outcome.not_after:
            _fall_due(ledger, outcome.not_after)
    return told


def renew_stamps(
    office: Office, ledger: Ledger, *, by_hand: bool = False, tell: Callable[[int], None] | None = None
) -> tuple[list[str], list[tuple[str, str]]]:
    """Renew what is due, as evidence records. Hold the vault's lock.

    Without `by_hand`, only when something is due as the ledger has it, and a bounded number.

    Returns:
        Names of the stamps that were renewed, and what failed with the reason.
    """
    settings = office.settings
    if not by_hand and not settings.timestamps:
        return [], []
    from standfast.stamping.renewing import renew

    shelf = _shelf(office)
    known = ledger.renew_stamps_at
    waiting = bool(known) and clock.from_text(known) > office.clock()
    if not by_hand and (waiting or not shelf.sizes()):
        return [], []
    failures = []
    authorities = []
    for each in settings.timestamps.values():
        try:
            authorities.append(_authority(office, each))
        except StandfastError as why:
            failures.append((each.name, str(why)))
    done = renew(
        shelf,
        authorities,
        CosignedFolder(office.folder.tlog).read,
        all_roots(office),
        now=office.clock(),
        ageing=settings.stamping.ageing,
        limit=1_000_000 if by_hand else RENEWED_AT_ONCE,
        tell=tell,
    )
    ledger.renew_stamps_at = clock.to_text(done.next_due) if done.next_due else ""
    return [place.name for place in done.renewed], failures + done.failures


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedStamp:
    """One stamp, looked at from its first link to its newest."""

    name: str
    authority: str
    size: int
    ok: bool
    time: str = ""
    signer: str = ""
    not_after: str = ""
    renewals: int = 0
    revocation: tuple[str, ...] = ()
    why: str = ""


def check_stamps(office: Office, *, tell: Callable[[int], None] | None = None) -> list[CheckedStamp]:
    """Verify every stamp against the roots that are expected, and its checkpoint against the log. Asks nobody."""
    from standfast.stamping.renewing import all_places, standing_of
    from standfast.stamping.shelf import StampPlace

    shelf, cosigned, roots = _shelf(office), CosignedFolder(office.folder.tlog), all_roots(office)
    log, now = office.log_reader(), office.clock()

    def one(place: StampPlace) -> CheckedStamp:
        name, whose, size = place.name, place.authority, place.size
        try:
            standing = standing_of(shelf, place, cosigned.read, roots)
            checkpoint = open_cosigned(standing.note, place.size, office.vkeys)
            if place.size > log.size or log.root_at(place.size) != checkpoint.root:
                raise MalformedStampError(f"the log had another root at {place.size} leaves")
        except (StandfastError, OSError) as why:
            return CheckedStamp(name=name, authority=whose, size=size, ok=False, why=str(why))
        expired = standing.newest.chain_not_after < now
        return CheckedStamp(
            name=name,
            authority=whose,
            size=size,
            ok=not expired,
            time=clock.to_text(standing.time),
            signer=standing.newest.signer,
            not_after=clock.to_text(standing.newest.chain_not_after),
            renewals=standing.renewals,
            revocation=tuple(shelf.revocation(place)),
            why="its certificates have run out, and it was not renewed before" if expired else "",
        )

    checked = []
    for place in all_places(shelf):
        checked.append(one(place))
        if tell:
            tell(len(checked))
    return checked


def stamp_state(office: Office) -> StampState:
    """What is stamped, from the files: no stamp is opened, and nothing is asked."""
    log_size = office.checkpoint().size
    state = StampState(log_size=log_size, sizes=dict.fromkeys(office.settings.timestamps, 0))
    if not state.sizes:
        return state
    sizes = CosignedFolder(office.folder.tlog).sizes()
    state.cosigned_size = sizes[-1] if sizes else 0
    shelf = _shelf(office)
    missing = set(state.sizes)
    for size in reversed(shelf.sizes()):
        for name in {place.authority for place in shelf.places(size)} & missing:
            state.sizes[name] = size
            missing.discard(name)
        if not missing:
            break
    return state


def all_roots(office: Office) -> bytes:
    """The roots of all authorities, also of those that are asked no more: their stamps stay."""
    folder = office.folder.root / AUTHORITIES
    files = sorted(folder.glob("*.pem")) if folder.is_dir() else []
    return b"".join(_read_pem(file) for file in files if not file.name.endswith(".ca.pem"))


def _newest_cosigned(office: Office) -> tuple[int, int, bytes] | None:
    """The checkpoint to have stamped. Without cosigners our own becomes one."""
    folder = CosignedFolder(office.folder.tlog)
    if not office.settings.cosigners:
        size = office.checkpoint().size
        if size and not folder.numbers(size):
            _evidence(office).note(cosigned_name(size, 0))
            folder.write(size, office.folder.held(CHECKPOINT_NAME).read_bytes())
    sizes = folder.sizes()
    if not sizes:
        return None
    newest = folder.find_newest(sizes[-1])
    return (sizes[-1], *newest) if newest else None


def _authority(office: Office, settings: AuthoritySettings) -> Authority:
    from standfast.stamping.authority import Authority

    root = office.folder.root
    return Authority(
        name=settings.name,
        url=settings.url,
        roots_pem=_read_pem(root / (settings.roots or f"{AUTHORITIES}/{settings.name}.pem")),
        ca=root / settings.ca if settings.ca else None,
    )


def _read_pem(file: Path) -> bytes:
    from standfast.seal.certificates import PEM_BYTES_LIMIT

    try:
        with file.open("rb") as opened:
            return opened.read(PEM_BYTES_LIMIT + 1)
    except OSError as why:
        raise BadSettingError("standfast.toml", "timestamps", f"{file}: {why.strerror}") from why


def _noted(ledger: Ledger, told: StampTold, now: datetime) -> StampTold:
    note: AuthorityNote = ledger.authority(told.name)
    note.ok = told.ok
    if told.ok:
        note.stamped_at, note.stamped_size, note.why, note.failures, note.ask_after = told.time, told.size, "", 0, ""
        return told
    note.failures, note.why = note.failures + 1, told.why
    wait = min(FIRST_WAIT * 2 ** min(note.failures - 1, 20), LONGEST_WAIT)
    note.ask_after = clock.to_text(now + wait)
    return told


def _fall_due(ledger: Ledger, not_after: datetime) -> None:
    from standfast.stamping.renewing import RENEW_BEFORE

    due = clock.to_text(not_after - RENEW_BEFORE)
    ledger.renew_stamps_at = min(ledger.renew_stamps_at or due, due)


def _shelf(office: Office) -> StampShelf:
    from standfast.stamping.shelf import StampShelf

    return StampShelf(office.folder.holdings, _evidence(office).note)


def _evidence(office: Office) -> PendingEvidence:
    return PendingEvidence(office.folder, lambda: newest_acknowledged(office.folder, office.checkpoint().size))
