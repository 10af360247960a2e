"""Every command that there is, in the order of the help. A command stands here when its module does.

A new one is its module and one line. The summary is written here so that `standfast --help` imports no command;
a test compares it with the command's own.
"""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """One command."""

    name: str
    target: str
    """`module:attribute` of its click command or group."""
    summary: str
    """The first sentence of its help, without the full stop."""


class Section(NamedTuple):
    """Commands that belong together, under a heading."""

    title: str
    entries: tuple[Entry, ...]


SECTIONS: tuple[Section, ...] = ()
