"""What there is to capture: one class a kind, each a table of standfast.toml."""

from __future__ import annotations

from dataclasses import dataclass

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
