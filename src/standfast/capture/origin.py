"""What there is to capture: one class a kind, each a table of standfast.toml."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesOrigin:
    """A folder on this machine."""

    name: str
    path: str
    """Absolute. May itself be a symbolic link; none below it is followed."""
    exclude: tuple[str, ...] = ()
    """Patterns as in .gitignore, relative to the folder."""
    one_file_system: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class WebOrigin:
    """A web site."""

    name: str
    url: str
    mine: bool = False
    """One's own site: what robots.txt bars is captured too, and the record says so."""
    also: tuple[str, ...] = ()
    """Further hosts that are part of the site."""
    exclude: tuple[str, ...] = ()
    """Patterns of addresses that are left out, `*` for any characters."""
    max_pages: int = 20_000
    max_bytes: int = 20 * 1024 * MIB
    """Of all answers together."""
    max_answer_bytes: int = 512 * MIB
    """Of one answer."""
    max_depth: int = 50
    """Links away from the first page."""
    max_duration_s: int = 6 * 3600
    rate: float = 8.0
    """Requests a second to one host."""
    engine: Literal["auto", "plain", "browser"] = "auto"
    """Whether pages are opened in a browser too: where it brings more, never, or all of them."""
    screenshots: Literal["browser", "none"] = "browser"
    """Whether pages that the browser opened are pictured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailOrigin:
    """A mailbox on a server that speaks IMAP. No secret stands here."""

    name: str
    url: str
    """`imaps://user@host[:port]`, or `imap://` with STARTTLS; without TLS on loopback only."""
    password_file: str = ""
    password_command: str = ""
    """Run by the shell; its first line of output is the password."""
    oauth: str = ""
    """A provider of capture/mail's presets or a name of one's own; tokens lie in keys/."""
    pinned_sha256: str = ""
    """Of the server's certificate (DER): for a server of one's own, whose certificate no authority signed."""
    exclude: tuple[str, ...] = ()
    """Folders that are left out, `*` for any characters."""
    also_contacts: str = ""
    also_calendar: str = ""
    connections: int = 2
    max_message_bytes: int = 256 * MIB
    signatures: Literal["recent", "all", "none"] = "recent"
    """Whose DKIM and ARC are checked: of messages of the last 30 days, of all, of none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOrigin:
    """A file or folder that a service or a program gave out: mail, contacts, calendars."""

    name: str
    path: str
    """Absolute."""
    form: str = ""
    """What it is, by a name of capture/exports/detect.py; told by what lies in it when empty."""
    signatures: Literal["recent", "all", "none"] = "recent"
    """Whose DKIM and ARC are checked: of messages of the last 30 days, of all, of none."""
