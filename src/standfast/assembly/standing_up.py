"""Brings origins back, and a whole vault: custody is written first, then the bytes leave."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from standfast.assembly.custody import CustodyEvent, record_event
from standfast.assembly.office import Office
from standfast.errors.capture import BadMailboxError
from standfast.errors.keys import KeyFileMissingError
from standfast.holdings.item import CardFacts
from standfast.holdings.mail_listing import Form
from standfast.restore.files import restore_files
from standfast.restore.mail.choice import MailChoice
from standfast.restore.plan import RestoreResult, Tell

if TYPE_CHECKING:
    from standfast.assembly.mail_access import SecretSource
    from standfast.dav.multistatus import Kind
    from standfast.imap.oauth import DevicePrompt
    from standfast.restore.mail.continuity.write import ContinuityOptions


def bring_back_files(
    office: Office,
    identities: Sequence[str],
    origin: str,
    folder: Path,
    *,
    at: datetime | None = None,
    path_globs: Sequence[str] = (),
    force: bool = False,
    tell: Tell | None = None,
) -> RestoreResult:
    """Restore a files origin; errors as `restore_files`."""
    reader = office.reader(identities)
    _record(office, origin)
    return restore_files(
        reader, origin, folder, at=at, path_globs=path_globs, force=force, tell=tell, clock=office.clock
    )


def bring_back_web(
    office: Office,
    identities: Sequence[str],
    origin: str,
    folder: Path,
    *,
    at: datetime | None = None,
    base_url: str | None = None,
    force: bool = False,
    tell: Tell | None = None,
) -> RestoreResult:
    """Restore a web origin as static files; errors as `restore_site`."""
    from standfast.restore.site.restore import restore_site

    reader = office.reader(identities)
    _record(office, origin)
    return restore_site(reader, origin, folder, at=at, base_url=base_url, force=force, tell=tell, clock=office.clock)


def bring_back_mail(
    office: Office,
    identities: Sequence[str],
    origin: str,
    folder: Path,
    *,
    form: Form = "maildir",
    choice: MailChoice | None = None,
    at: datetime | None = None,
    force: bool = False,
    tell: Tell | None = None,
) -> RestoreResult:
    """Restore a mail origin, or one of an export, into a folder; errors as `restore_mail`."""
    from standfast.restore.mail.folder import restore_mail

    reader = office.reader(identities)
    _record(office, origin)
    return restore_mail(
        reader, origin, folder, form=form, choice=choice, at=at, force=force, tell=tell, clock=office.clock
    )


def bring_back_mail_to_server(
    office: Office,
    identities: Sequence[str],
    origin: str,
    url: str,
    source: SecretSource,
    *,
    pinned_sha256: str = "",
    choice: MailChoice | None = None,
    at: datetime | None = None,
    tell: Tell | None = None,
    show: Callable[[DevicePrompt], None] | None = None,
) -> RestoreResult:
    """Restore a mail origin, or one of an export, to an account on a server; errors as `restore_to_server`.

    `source`, `pinned_sha256` and `show` as in `mail_access.access_to`.

    Raises:
        BadMailboxError: `url` is no address of a mailbox.
    """
    from standfast.assembly.mail_access import access_to
    from standfast.restore.mail.server import restore_to_server

    try:
        access = access_to(office, url, source, pinned_sha256=pinned_sha256, tell=show)
    except ValueError as why:
        raise BadMailboxError(url, str(why)) from why
    reader = office.reader(identities)
    _record(office, origin)
    return restore_to_server(reader, origin, access, choice=choice, at=at, tell=tell, clock=office.clock)


def bring_back_cards(
    office: Office,
    identities: Sequence[str],
    origin: str,
    places: Mapping[Kind, str],
    source: SecretSource,
    result: RestoreResult,
    *,
    at: datetime | None = None,
) -> None:
    """Restore contacts or calendars of a mail origin to servers of them, and add that to the result.

    `places`: an address `https://user@host/…` for each kind.

    Raises:
        DavError, NetworkError, SecretMissingError: a server can't be worked with.
    """
    from standfast.assembly.dav_access import book_at
    from standfast.restore.mail.cards_server import restore_cards

    if not places:
        return
    reader = office.reader(identities)
    cards = [held for held in reader.items(origin, at) if isinstance(held.record.facts, CardFacts)]
    for kind, url in places.items():
        restore_cards(reader, cards, kind, book_at(url, source), result)


def bring_back_continuity(
    office: Office,
    identities: Sequence[str],
    origin: str,
    folder: Path,
    options: ContinuityOptions,
    *,
    tell: Tell | None = None,
) -> RestoreResult:
    """Make a continuity page of a mail origin; errors as `restore_continuity`.

    The user of the account's address is one of its own, where that is an address.
    """
    from standfast.capture.origin import MailOrigin
    from standfast.imap.access import parse_imap_url
    from standfast.restore.mail.continuity.write import restore_continuity

    known = office.settings.origins.get(origin)
    if isinstance(known, MailOrigin):
        user = parse_imap_url(known.url, certificate_expected=bool(known.pinned_sha256)).user
        if "@" in user:
            options = dataclasses.replace(options, own=(*options.own, user))
    reader = office.reader(identities)
    _record(office, origin)
    return restore_continuity(reader, origin, folder, options, tell=tell, clock=office.clock)


def _record(office: Office, origin: str) -> None:
    try:
        record_event(office, CustodyEvent(event="restore", origin=origin, outcome="begun"))
    except KeyFileMissingError:
        # Rebuilt from the identity alone: this machine can add nothing, and on the day of need that must not stop it.
        return
