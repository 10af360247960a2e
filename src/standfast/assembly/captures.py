"""Which capture serves which origin."""

from __future__ import annotations

import os

from standfast import __version__
from standfast.assembly.office import Office
from standfast.capture.landing import Capture
from standfast.capture.origin import FilesOrigin
from standfast.settings import Origin


def location_of(origin: Origin) -> tuple[str, str]:
    """The origin's kind, and where it lies, for manifests and messages."""
    if isinstance(origin, FilesOrigin):
        return "files", origin.path
    return "web", origin.url


def capture_of(office: Office, origin: Origin, *, reread: bool = False) -> Capture:
    """The capture of an origin, ready to run.

    `reread`: distrust what is remembered of files. The web capture always asks the server.
    """
    tool = f"standfast/{__version__}"
    if isinstance(origin, FilesOrigin):
        from standfast.capture.files import FilesCapture

        mine = os.stat(office.folder.root)
        return FilesCapture(
            origin, tool=f"{tool} files", skip=((mine.st_dev, mine.st_ino),), reread=reread, clock=office.clock
        )
    from standfast.capture.web.crawl import WebCapture

    return WebCapture(origin, tool=f"{tool} web", clock=office.clock)
