"""Writes the continuity page of an account, a vCard of its correspondents, and an mbox for each of them.

Made on request only. It names people: every file is its owner's alone (0600), and the page says what to do with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from standfast.clock import Clock, machine_clock, monotonic_s
from standfast.errors.base import StandfastError
from standfast.errors.restore import TargetUnusableError
from standfast.restore.mail.choice import ChosenMail, choose_mail, moment_of
from standfast.restore.mail.continuity.gather import Continuity, Person, gather
from standfast.restore.mail.continuity.page import page_html
from standfast.restore.mail.disk_names import safe_name
from standfast.restore.mail.mbox import message_pieces
from standfast.restore.mail.target import MailTarget
from standfast.restore.plan import HoldingsReader, RestoreResult, Tell, loss_of
from standfast.restore.tree import prepare_target

PAGE_NAME, CARDS_NAME, ROOM = b"continuity.html", b"correspondents.vcf", b"people"
MESSAGE_LIMIT_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ContinuityOptions:
    """What is asked for."""

    own: tuple[str, ...] = ()
    since: datetime | None = None
    language: str = "en"
    people: int = 50
    """For how many people an mbox is written."""


def restore_continuity(
    reader: HoldingsReader,
    origin: str,
    to: Path,
    options: ContinuityOptions,
    *,
    tell: Tell | None = None,
    clock: Clock = machine_clock,
) -> RestoreResult:
    """Make it, in a new or empty folder.

    Raises:
        NothingHeldError: no mail is held of this origin.
        TargetNotEmptyError: nothing was written.
        TargetUnusableError: the folder can't be written to.
    """
    began = monotonic_s()
    chosen = choose_mail(reader, origin)
    prepare_target(to, force=False)
    to.chmod(0o700)
    found = gather(reader, chosen, options.own, since=options.since)
    result = RestoreResult(origin=origin, kind="mail", to=str(to), loss_s=loss_of(chosen.items(), clock()))
    target = MailTarget(to)
    try:
        target.place((PAGE_NAME,), (page_html(found, origin, options.language, clock()),))
        target.place((CARDS_NAME,), vcards(found.people))
        target.make_folder((ROOM,))
        chosen_people = found.people[: options.people]
        for n, person in enumerate(chosen_people, 1):
            _write_person(target, reader, chosen, person, result)
            if tell:
                tell(n, len(chosen_people))
        target.force_to_disk()
    except OSError as why:
        raise TargetUnusableError(to, why.strerror or str(why)) from why
    finally:
        target.close()
    result.notes.append(_told(found))
    result.recovery_time_s = monotonic_s() - began
    return result


def _told(found: Continuity) -> str:
    counts = f"{len(found.people):,} correspondents, {len(found.lists):,} lists, {len(found.services):,} services"
    return f"{counts}; open continuity.html. It names people: keep it as you keep the mail itself"


def _write_person(
    target: MailTarget, reader: HoldingsReader, chosen: ChosenMail, person: Person, result: RestoreResult
) -> None:
    """All that went between the account and one of its correspondents, in order of time."""
    moments = _moments(chosen, set(person.digests))

    def pieces() -> Iterator[bytes]:
        for digest in sorted(set(person.digests), key=lambda each: (moments.get(each, 0.0), each)):
            held = chosen.messages[digest]
            try:
                raw = reader.read(held, MESSAGE_LIMIT_BYTES)
            except (StandfastError, ValueError) as why:
                result.fail(held.record.name, str(why))
                continue
            result.items += 1
            result.bytes += len(raw)
            yield from message_pieces(held, moments.get(digest), (raw,))

    target.place((ROOM, safe_name(person.address)[:190] + b".mbox"), pieces())


def _moments(chosen: ChosenMail, wanted: set[str]) -> dict[str, float]:
    return {
        line.sha256: moment.timestamp()
        for folder in chosen.folders
        for line in folder.lines
        if line.sha256 in wanted and (moment := moment_of(line, chosen.messages.get(line.sha256)))
    }


def vcards(people: Sequence[Person]) -> Iterable[bytes]:
    """A vCard (RFC 6350) for each, as one file that any address book takes."""
    for person in people:
        name = _escaped(person.name or person.address)
        lines = ("BEGIN:VCARD", "VERSION:4.0", f"FN:{name}", f"EMAIL:{_escaped(person.address)}", "END:VCARD")
        yield "".join(_folded(line) for line in lines).encode("utf-8", "replace")


def _escaped(text: str) -> str:
    clean = "".join(char for char in text if char.isprintable())
    return clean.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;")


def _folded(line: str) -> str:
    """At most 75 bytes a line, never within a character."""
    out, size = [], 0
    for char in line:
        width = len(char.encode("utf-8", "replace"))
        if size + width > 74:
            out.append("\r\n ")
            size = 1
        out.append(char)
        size += width
    return "".join(out) + "\r\n"
