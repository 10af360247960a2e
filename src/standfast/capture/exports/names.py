"""How programs write the names of mail folders on a disk."""

from __future__ import annotations

from standfast.imap.names import decode_name


def folder_text(raw: bytes) -> str:
    """A folder's name from its file's: modified UTF-7 where it is that, else UTF-8, other bytes as surrogates."""
    return decode_name(raw)


def path_text(parts: list[bytes]) -> str:
    """Levels of a path as a folder's name with `/`."""
    return "/".join(folder_text(part) for part in parts if part)
