"""Which capture serves which origin."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from standfast import __version__
from standfast.assembly.dns_keys import signature_check
from standfast.assembly.office import Office
from standfast.capture.landing import Capture
from standfast.capture.origin import ExportOrigin, FilesOrigin, MailOrigin
from standfast.errors.exports import ExportInVaultError
from standfast.settings import Origin

EXPORT_KINDS = (
    *("mbox", "mboxrd", "mboxo", "mboxcl", "mboxcl2", "eml", "maildir", "thunderbird", "takeout", "pst"),
    *("vcf", "ics", "files", "standfast"),
)
"""What `add export --kind` takes: the readers of capture/exports/detect.py, which a test compares with these."""


def location_of(origin: Origin) -> tuple[str, str]:
    """The origin's kind, and where it lies, for manifests and messages."""
    if isinstance(origin, FilesOrigin):
        return "files", origin.path
    if isinstance(origin, MailOrigin):
        return "mail", origin.url
    if isinstance(origin, ExportOrigin):
        return "export", origin.path
    return "web", origin.url


def capture_of(office: Office, origin: Origin, *, reread: bool = False) -> Capture:
    """The capture of an origin, ready to run.

    `reread`: distrust what is remembered of files and of mail. The web capture always asks the server.
    """
    tool = f"standfast/{__version__}"
    if isinstance(origin, FilesOrigin):
        from standfast.capture.files import FilesCapture

        return FilesCapture(origin, tool=f"{tool} files", skip=_own_places(office), reread=reread, clock=office.clock)
    if isinstance(origin, MailOrigin):
        from standfast.assembly.mail_access import access_of
        from standfast.capture.mail.capture import MailCapture

        access, check = access_of(office, origin), signature_check(office, origin.signatures)
        mail = MailCapture(origin, access, tool=f"{tool} mail", clock=office.clock, reread=reread, check=check)
        if not (origin.also_contacts or origin.also_calendar):
            return mail
        from standfast.assembly.dav_access import books_of
        from standfast.capture.mail.cards import AccountCapture

        return AccountCapture(mail, books_of(office, origin), clock=office.clock)
    if isinstance(origin, ExportOrigin):
        from standfast.capture.exports.capture import ExportCapture

        check = signature_check(office, origin.signatures)
        return ExportCapture(origin, tool=f"{tool} export", clock=office.clock, reread=reread, check=check)
    from standfast.capture.web.crawl import WebCapture

    return WebCapture(origin, tool=f"{tool} web", clock=office.clock)


def recognised_export(vault: Path, origin: ExportOrigin) -> str:
    """What kind of export lies there.

    Raises:
        UnreadableExportError, UnknownExportError, ExportInVaultError: it can't be taken in.
    """
    from standfast.capture.exports.capture import recognised

    if Path(origin.path).is_relative_to(vault.resolve()):
        raise ExportInVaultError(origin.path)
    return recognised(origin)


def _own_places(office: Office) -> list[tuple[int, int]]:
    """Device and inode of the vault's folder and of its copies: captured, they would grow with every run."""
    found = [os.stat(office.folder.root)]
    for replica in office.settings.replicas.values():
        with contextlib.suppress(OSError):  # not plugged in: then nothing of it can be captured either
            found.append(os.stat(replica.location))
    return [(place.st_dev, place.st_ino) for place in found]
