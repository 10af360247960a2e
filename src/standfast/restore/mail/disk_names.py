r"""Folders' names as names on a disk. Whoever could write to the mailbox chose them.

Two ways. Maildir++ joins the levels with dots, in modified UTF-7, and escapes what it can't hold as the listescape
plugin of Dovecot does (`\2e` for a dot within a level). In trees of files each level is a folder, in letters that
people read, with `%HH` for what would act on some system: separators, control and direction characters, reserved marks,
a dot or a space at an end, names that Windows keeps for devices.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

from standfast.holdings.identifiers import unescape_name
from standfast.imap.names import encode_name

NAME_BYTES = 200
"""Of one level. Leaves room, below the 255 that file systems take, for what is put before and behind it."""
_MARKS = frozenset('<>:"/\\|?*%')
_HIDING = ("Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp")
_JOINERS = "\u200c\u200d"
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_LISTESCAPED = re.compile(r"[./\\]")


def levels(folder: str, delimiter: str) -> list[str]:
    """The levels of a folder's name, none of them empty; joined by the delimiter they are the name again.

    Bytes of a name that were no text stand as lone surrogates.

    Example:
        >>> levels("Archive/2011", "/"), levels("a//b/", "/"), levels("a/b", "")
        (['Archive', '2011'], ['a', '/b/'], ['a/b'])
    """
    name = unescape_name(folder).decode("utf-8", "surrogateescape")
    if not delimiter:
        return [name]
    parts = name.split(delimiter)
    while len(parts) > 1 and "" in parts:
        at = parts.index("")
        # What is empty stays part of its neighbour, with the delimiter between them.
        start = max(0, at - 1) if at == len(parts) - 1 else at
        parts[start : start + 2] = [delimiter.join(parts[start : start + 2])]
    return parts


def is_first_folder(folder: str) -> bool:
    """The one name that IMAP spells in any case."""
    return folder.upper() == "INBOX"


def maildir_name(folder: str, delimiter: str) -> bytes:
    r"""The name of a folder's own folder in a Maildir++; empty for the INBOX, which is the Maildir itself.

    Example:
        >>> maildir_name("Archive/2011", "/"), maildir_name("a.b", "/"), maildir_name("الوارد", "/")
        (b'.Archive.2011', b'.a\\2eb', b'.&BicGRAZIBicGMQYv-')
    """
    if is_first_folder(folder):
        return b""
    parts: list[bytes] = []
    for level in levels(folder, delimiter):
        escaped = _LISTESCAPED.sub(lambda found: f"\\{ord(found[0]):02x}", level)
        escaped = "\\7e" + escaped[1:] if escaped.startswith("~") and not parts else escaped
        parts.append(encode_name(escaped))
    return _short(b"." + b".".join(parts), folder)


def tree_names(folder: str, delimiter: str) -> tuple[bytes, ...]:
    """The names of folders, one in the other, that a folder of mail becomes in a tree of files.

    Example:
        >>> [name.decode() for name in tree_names("قضايا/حلب ٢٠١٦", "/")], tree_names("..", "/"), tree_names("a:b ", "")
        (['قضايا', 'حلب ٢٠١٦'], (b'%2E%2E',), (b'a%3Ab%20',))
    """
    if is_first_folder(folder):
        return (b"INBOX",)
    return tuple(safe_name(level) for level in levels(folder, delimiter))


def safe_name(untrusted_text: str) -> bytes:
    """Text as one name that every usual system takes, and that shows all of itself.

    Example:
        >>> safe_name("invoice\u202efdp.exe"), safe_name("con"), safe_name(".profile")
        (b'invoice%E2%80%AEfdp.exe', b'%63on', b'%2Eprofile')
    """
    out = []
    for at, char in enumerate(untrusted_text):
        acts = char in _MARKS or (char not in _JOINERS and unicodedata.category(char) in _HIDING)
        ends = at == len(untrusted_text) - 1 and char in ". "
        out.append(_percent(char) if acts or ends or (at == 0 and char in ".~ ") else char)
    text = "".join(out) or "%00"
    if _DEVICES.fullmatch(text):
        text = _percent(text[0]) + text[1:]
    return _short(text.encode("utf-8"), untrusted_text)


def other_name(name: bytes, folder: str) -> bytes:
    """A name that differs from that of every other folder, where the disk takes this one for another's."""
    return name[: NAME_BYTES - 9].decode("utf-8", "ignore").encode("utf-8") + b"-" + _digest(folder)


def _short(name: bytes, whole: str) -> bytes:
    return name if len(name) <= NAME_BYTES else other_name(name, whole)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:8].encode()


def _percent(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogateescape"))
