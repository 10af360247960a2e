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


SECTIONS: tuple[Section, ...] = (
    Section(
        "Protect",
        (
            Entry("init", "standfast.cli.init:init", "Make a new vault"),
            Entry("add", "standfast.cli.add:add", "Add an origin: something to protect"),
            Entry("protect", "standfast.cli.protect:protect", "Capture, seal, log and copy what is new or changed"),
            Entry(
                "status",
                "standfast.cli.status:status",
                "Show what is protected, what a cut would cost as measured, where copies are, and what to do next",
            ),
        ),
    ),
    Section(
        "Look at what is held",
        (
            Entry("items", "standfast.cli.items:items", "List what is held"),
            Entry(
                "find",
                "standfast.cli.find:find",
                "Find words in mail, web pages, contacts and calendars, and in the names of files",
            ),
            Entry(
                "show",
                "standfast.cli.show:show",
                "Show one item: its record, where the log commits to it, and its whole custody",
            ),
            Entry(
                "export",
                "standfast.cli.export:export",
                "Write items out as plain files, with the record and salt of each",
            ),
        ),
    ),
    Section(
        "Check",
        (
            Entry(
                "verify",
                "standfast.cli.verify:verify",
                "Read everything: every byte stored, every chunk opened, every item compared with its record, the log",
            ),
            Entry("audit", "standfast.cli.audit:audit", "Check a whole copy without any key that reads"),
        ),
    ),
    Section(
        "Stand up again",
        (
            Entry("restore", "standfast.cli.restore:restore", "Bring an origin back, elsewhere or where it was"),
            Entry(
                "drill",
                "standfast.cli.drill:drill",
                "Restore each origin into a scratch place, from a copy alone, and measure it",
            ),
        ),
    ),
    Section(
        "Copies and guards",
        (
            Entry(
                "replicas",
                "standfast.cli.replicas:replicas",
                "Copies in other hands: add, bring up to date, list, heal",
            ),
            Entry(
                "cosigners",
                "standfast.cli.cosigners:cosigners",
                "Outside parties that watch that this vault's log only grows: add, ask, list",
            ),
            Entry(
                "cosigner",
                "standfast.cli.cosigner:cosigner",
                "Be a cosigner: watch that a partner's log only grows, and say so under its checkpoints",
            ),
            Entry(
                "timestamps",
                "standfast.cli.timestamps:timestamps",
                "Time from outside: authorities that say by when the log stood as it stands",
            ),
        ),
    ),
    Section(
        "Prove to others",
        (
            Entry(
                "disclose",
                "standfast.cli.disclose:disclose",
                "Hand out items in a bundle that anybody can check, off line",
            ),
            Entry(
                "check",
                "standfast.cli.check:check",
                "Check a bundle that a vault disclosed: numbered steps, each passed, failed or not checked",
            ),
        ),
    ),
    Section(
        "Keys",
        (
            Entry(
                "keys",
                "standfast.cli.keys:keys",
                "The vault's keys: list them, try the recovery shares, recover with them, change the passphrase",
            ),
            Entry(
                "rebuild",
                "standfast.cli.rebuild:rebuild",
                "Make a working vault from any one replica, with recovery shares",
            ),
        ),
    ),
    Section(
        "Tell the public",
        (
            Entry(
                "register",
                "standfast.cli.register:register",
                "The public register: who was attacked, who reacted, what States did",
            ),
        ),
    ),
    Section(
        "By itself",
        (Entry("schedule", "standfast.cli.schedule:schedule", "Run `protect` by itself"),),
    ),
)
