"""Brings origins back, and a whole vault: custody is written first, then the bytes leave."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from standfast.assembly.custody import CustodyEvent, record_event
from standfast.assembly.office import Office
from standfast.errors.keys import KeyFileMissingError
from standfast.holdings.mail_listing import Form
from standfast.restore.files import restore_files
from standfast.restore.mail.choice import MailChoice
from standfast.restore.plan import RestoreResult, Tell


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


def _record(office: Office, origin: str) -> None:
    try:
        record_event(office, CustodyEvent(event="restore", origin=origin, outcome="begun"))
    except KeyFileMissingError:
        # Rebuilt from the identity alone: this machine can add nothing, and on the day of need that must not stop it.
        return
