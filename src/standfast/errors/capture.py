"""Errors of capture: nothing of an origin could be reached.

A part that fails is no error but a `landing.Failure`.

    StandfastError
      CaptureError
        FolderUnreachableError    CAP-045, exit 45
        BadPatternError           CAP-046, exit 46
        SiteUnreachableError      CAP-047, exit 47
        SiteSuspendedError        CAP-048, exit 48
        BadAddressError           CAP-049, exit 49
        RobotsBarredError         CAP-050, exit 50
        SiteMovedError            CAP-051, exit 51
        OriginInVaultError        CAP-052, exit 52
        BadMailboxError           CAP-053, exit 53
    NoBrowserError            CAP-059, exit 59
"""

from __future__ import annotations

from standfast.errors.base import StandfastError


class CaptureError(StandfastError):
    """Something about obtaining things from an origin."""


class FolderUnreachableError(CaptureError):
    """The folder of a files origin can't be listed."""

    code, exit_status = "CAP-045", 45
    next_step = "plug in or mount the disk that holds it, or correct the path of this origin in standfast.toml"

    def __init__(self, path: str, why: str) -> None:
        """The folder, and what the system said."""
        self.path, self.why = path, why
        super().__init__(f"{path} can't be read: {why}")


class OriginInVaultError(CaptureError):
    """The folder of a files origin is the vault's own, or lies in it, or is a copy of the vault."""

    code, exit_status = "CAP-052", 52
    next_step = "choose another folder: correct the path of this origin in standfast.toml, or remove the origin there"

    def __init__(self, path: str) -> None:
        """The folder."""
        self.path = path
        super().__init__(f"{path} lies in the vault or in a copy of it; a vault does not hold itself")


class BadPatternError(CaptureError):
    """An exclude pattern that is none."""

    code, exit_status = "CAP-046", 46
    next_step = "correct the pattern in standfast.toml; they are written as in .gitignore"

    def __init__(self, pattern: str, why: str) -> None:
        """The pattern, and what is wrong."""
        self.pattern, self.why = pattern, why
        super().__init__(f"the pattern {pattern!r} can't be used: {why}")


class SiteUnreachableError(CaptureError):
    """The first page of a site did not come."""

    code, exit_status = "CAP-047", 47
    next_step = "open {url} in a browser on this machine; if it opens there, run `standfast protect` again"

    def __init__(self, url: str, why: str) -> None:
        """The address, and what happened."""
        self.url, self.why = url, why
        super().__init__(f"{url} can't be captured: {why}")


class SiteSuspendedError(CaptureError):
    """The site shows its host's notice, or a log-in page, in place of itself."""

    code, exit_status = "CAP-048", 48
    next_step = (
        "what was captured before stays the newest good capture: `standfast restore web` puts it back on the air"
    )

    def __init__(self, url: str, why: str) -> None:
        """The address, and what was seen there."""
        self.url, self.why = url, why
        super().__init__(f"{url} does not show the site: {why}")


class BadAddressError(CaptureError):
    """An address that can't be captured."""

    code, exit_status = "CAP-049", 49
    next_step = "give an address that begins with http:// or https://"

    def __init__(self, url: str, why: str) -> None:
        """The address, and what is wrong."""
        self.url, self.why = url, why
        super().__init__(f"{url} can't be captured: {why}")


class RobotsBarredError(CaptureError):
    """The site's robots.txt bars even the first page."""

    code, exit_status = "CAP-050", 50
    next_step = "if the site is your own, set `mine = true` for this origin in standfast.toml (or `add web … --mine`)"

    def __init__(self, url: str) -> None:
        """The address."""
        self.url = url
        super().__init__(f"robots.txt of the site asks not to fetch {url}")


class SiteMovedError(CaptureError):
    """The first page leads to another site: it moved, or somebody else has its name now."""

    code, exit_status = "CAP-051", 51
    next_step = (
        "if that is where the site is now, `standfast add web {target}`, or name its host under `also` of this origin; "
        "if not, what was captured before stays the newest good capture"
    )

    def __init__(self, url: str, target: str) -> None:
        """The address, and where it leads."""
        self.url, self.target = url, target
        super().__init__(f"{url} leads to another site, {target}")


class BadMailboxError(CaptureError):
    """An address of a mailbox that is none."""

    code, exit_status = "CAP-053", 53
    next_step = "give an address such as imaps://ruth@mail.example.org, without a password"

    def __init__(self, url: str, why: str) -> None:
        """The address, and what is wrong. One that may hold a password is not shown."""
        self.url, self.why = url, why
        super().__init__(f"no mailbox is at that address: {why}")


class NoBrowserError(CaptureError):
    """Pages are to be opened in a browser, and there is none that starts."""

    code, exit_status = "CAP-059", 59
    next_step = (
        "install Chromium (Debian: `apt-get install chromium`), set STANDFAST_CHROMIUM to its path, or put "
        "`engine = 'plain'` into this origin's settings"
    )

    def __init__(self, why: str) -> None:
        """What was found."""
        self.why = why
        super().__init__(f"no browser can be used: {why}")
