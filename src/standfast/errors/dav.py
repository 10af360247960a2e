"""Errors of speaking CardDAV and CalDAV.

StandfastError
  DavError
    DavRefusedError           DAV-210, exit 210
    NotDavError               DAV-211, exit 211
    NoCollectionError         DAV-212, exit 212
"""

from __future__ import annotations

from standfast.errors.base import StandfastError


class DavError(StandfastError):
    """Something about a server of contacts or calendars."""


class DavRefusedError(DavError):
    """The server refuses: the account, or what was asked."""

    code, exit_status = "DAV-210", 210
    next_step = "check the address, the user and the password of the account; {url} may want one of its own"

    def __init__(self, url: str, status: int) -> None:
        """The address, and the status of its answer."""
        self.url, self.status = url, status
        super().__init__(f"{url} answered with status {status}")


class NotDavError(DavError):
    """What answers there is no such server, or says what can't be understood."""

    code, exit_status = "DAV-211", 211
    next_step = "ask whoever runs the server for its CardDAV or CalDAV address, and give that one"

    def __init__(self, url: str, why: str) -> None:
        """The address and the reason."""
        self.url, self.why = url, why
        super().__init__(f"{url} is no server of contacts or calendars: {why}")


class NoCollectionError(DavError):
    """A server with no address book or calendar for this account."""

    code, exit_status = "DAV-212", 212
    next_step = "give the address of the address book or calendar itself"

    def __init__(self, url: str, kind: str) -> None:
        """The address, and what was looked for."""
        self.url, self.kind = url, kind
        super().__init__(f"no {kind} was found at {url}")
