r"""Folders on another server: what each of ours is called there, made where it is missing, its special use kept.

A folder goes to the one of its name; where there is none and the server has one for the same special use under another
name (`Sent Items` for `Sent`), to that. The levels of a name are joined by the server's own delimiter.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from standfast.errors.mail import CommandRefusedError
from standfast.holdings.mailbox import MailboxHead
from standfast.imap.commands import Part, astring
from standfast.imap.connection import Connection
from standfast.imap.responses import Value
from standfast.restore.mail.disk_names import is_first_folder, levels

CREATED_USES = {"\\archive", "\\drafts", "\\junk", "\\sent", "\\trash"}
r"""A folder can be made for these; `\All`, `\Flagged` and `\Important` are views that a server makes itself."""
_RISKY = str.maketrans(dict.fromkeys('~%*"\\/.#&', "_"))
_BARREN = {"\\noselect", "\\nonexistent"}


@dataclass(slots=True)
class ServerFolders:
    """What folders the target has, by the names that people see."""

    delimiter: str
    prefix: str
    """Of the user's own folders, such as `INBOX.`; mostly empty."""
    there: dict[str, bytes] = field(default_factory=dict)
    """Names, decoded, and as the server spells them."""
    by_use: dict[str, str] = field(default_factory=dict)
    """Special uses in lower case, and which folder has them."""
    placed: dict[str, str] = field(default_factory=dict)
    """Which of our folders went where."""

    @classmethod
    def learn(cls, connection: Connection) -> ServerFolders:
        """Ask the server.

        Raises:
            MailError: it does not answer.
        """
        delimiter, prefix = "", ""
        if "NAMESPACE" in connection.capabilities:
            for answer in connection.wait(connection.send(b"NAMESPACE")).data("NAMESPACE"):
                own = answer.values[0] if answer.values else None
                first = own[0] if isinstance(own, list) and own else None
                if isinstance(first, list) and len(first) >= 2:
                    prefix, delimiter = connection.shown_name(_bytes(first[0])), _text(first[1])
        folders = cls(delimiter, prefix)
        uses = b" RETURN (SPECIAL-USE)" if "SPECIAL-USE" in connection.capabilities else b""
        listed = connection.wait(connection.send(b'LIST "" "*"', uses)).data("LIST")
        for answer in listed:
            if len(answer.values) >= 3:
                folders._take(connection, *answer.values[:3])
        if not folders.delimiter:
            for answer in connection.wait(connection.send(b'LIST "" ""')).data("LIST"):
                folders.delimiter = _text(answer.values[1]) if len(answer.values) > 1 else ""
        return folders

    def place(self, connection: Connection, head: MailboxHead) -> tuple[bytes, str]:
        """Where a folder of ours goes, made if it was missing: its name on the wire, and as people see it.

        Raises:
            CommandRefusedError: the server takes no name that could stand for it.
            MailError: the line broke.
        """
        # Over a new line it goes where it went before, also when somebody removed that folder in between.
        name = self.placed.get(head.folder) or self._name(head)
        use = head.use.lower()
        if name not in self.there and self.by_use.get(use, name) not in (name, *self.placed.values()):
            name = self.by_use[use]
        if name not in self.there:
            name = self._create(connection, name, head)
        self.placed[head.folder] = name
        return self.there[name], name

    def wanted_name(self, head: MailboxHead) -> str:
        """What a folder would be called if its name alone decided."""
        return "INBOX" if is_first_folder(head.folder) else self._joined(head)

    def _name(self, head: MailboxHead) -> str:
        name = self.wanted_name(head)
        if name in self.placed.values() and not is_first_folder(head.folder):
            name = _marked(name, head)
        return name

    def _joined(self, head: MailboxHead) -> str:
        parts = [_sayable(part) for part in levels(head.folder, head.delimiter)]
        if self.prefix and len(parts) > 1 and parts[0].upper() == self.prefix.rstrip(self.delimiter).upper():
            parts = parts[1:]
        if self.delimiter:
            # A level that holds what divides levels here would become two.
            parts = [part.replace(self.delimiter, "_") for part in parts]
            return self.prefix + self.delimiter.join(parts)
        return self.prefix + "_".join(parts)

    def _create(self, connection: Connection, name: str, head: MailboxHead) -> str:
        """Make it, under another name where this one is refused.

        Raises:
            CommandRefusedError: every name is.
        """
        between = self.delimiter or "/"
        safe = between.join(part.translate(_RISKY) for part in name.split(between))
        others = [each for each in (safe, _marked(safe, head)) if each != name]
        for attempt in (name, *others):
            try:
                self._create_as(connection, attempt, head.use)
                return attempt
            except CommandRefusedError as why:
                if attempt == (others or [name])[-1]:
                    raise
                if why.response_code == "OVERQUOTA":
                    raise
        raise AssertionError("unreachable: the last attempt raises or returns")

    def _create_as(self, connection: Connection, name: str, use: str) -> None:
        raw = connection.raw_name(name)
        parts: list[Part] = [b"CREATE ", astring(raw)]
        marked = use.lower() in CREATED_USES and use.lower() not in self.by_use
        if marked and "CREATE-SPECIAL-USE" in connection.capabilities:
            try:
                connection.wait(connection.send(*parts, b" (USE (" + use.encode("ascii") + b"))"))
                self.by_use[use.lower()] = name
            except CommandRefusedError as why:
                if why.response_code != "USEATTR":
                    raise
                connection.wait(connection.send(*parts))
        else:
            try:
                connection.wait(connection.send(*parts))
            except CommandRefusedError as why:
                if why.response_code != "ALREADYEXISTS":
                    raise
        self.there[name] = raw
        try:
            connection.wait(connection.send(b"SUBSCRIBE ", astring(raw)))
        except CommandRefusedError:
            return  # what a mail program shows first is no part of what is kept

    def _take(self, connection: Connection, attributes: Value, delimiter: Value, name: Value) -> None:
        raw = _bytes(name)
        shown = "INBOX" if raw.upper() == b"INBOX" else connection.shown_name(raw)
        said = {each.lower() for each in attributes if isinstance(each, str)} if isinstance(attributes, list) else set()
        self.delimiter = self.delimiter or _text(delimiter)
        if not said & _BARREN:
            self.there[shown] = raw
            for use in said & CREATED_USES:
                self.by_use.setdefault(use, shown)


def _marked(name: str, head: MailboxHead) -> str:
    """A name that no other folder of ours has."""
    return f"{name}-{hashlib.sha256(head.folder.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"


def _sayable(part: str) -> str:
    """A level without what no protocol can say: bytes that were no text, control characters."""
    text = part.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join("_" if ord(char) < 0x20 or ord(char) == 0x7F else char for char in text) or "_"


def _bytes(value: Value) -> bytes:
    return value if isinstance(value, bytes) else value.encode() if isinstance(value, str) else b""


def _text(value: Value) -> str:
    return _bytes(value).decode("utf-8", "replace")[:1]
