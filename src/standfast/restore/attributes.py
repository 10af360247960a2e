"""Gives owner, attributes, mode and times back to what was written. What can't be given back is said, and stays away.

Owners are given back when run as root, by name where this machine knows it, else by number; run as anyone else, what
is restored is theirs. The order matters: a change of owner clears mode bits and capabilities, attributes can't be set
on what is not writable any more, and times come last.
"""

from __future__ import annotations

import base64
import grp
import os
import pwd
from collections.abc import Callable
from functools import lru_cache

from standfast.holdings.identifiers import unescape_name
from standfast.holdings.item import FileFacts

MODE_BITS = 0o7777


def give_back(handle: int, facts: FileFacts) -> list[str]:
    """To an open file or folder. Returns what could not be given back and why, in words; nothing where all is well."""
    wanting: list[str] = []
    if os.geteuid() == 0:
        _try(wanting, "owner", os.fchown, handle, _uid(facts.owner, facts.uid), _gid(facts.group, facts.gid))
    for name, value in facts.xattrs.items():
        _try(wanting, f"attribute {name}", _set_attribute, handle, name, value)
    _try(wanting, "mode", os.fchmod, handle, facts.mode & MODE_BITS)
    _try(wanting, "time", _set_time, handle, facts.mtime_ns)
    return wanting


def give_back_to_link(folder: int, name: bytes, facts: FileFacts) -> list[str]:
    """To a symbolic link in an open folder; links have no mode. Returns as `give_back`."""
    wanting: list[str] = []
    # Not all calls take a folder and a name; the folder's entry in /proc leads to the same place.
    path = b"/proc/self/fd/%d/%b" % (folder, name)
    if os.geteuid() == 0:
        _try(wanting, "owner", os.lchown, path, _uid(facts.owner, facts.uid), _gid(facts.group, facts.gid))
    for attribute, value in facts.xattrs.items():
        _try(wanting, f"attribute {attribute}", _set_attribute, path, attribute, value)
    _try(wanting, "time", _set_time, path, facts.mtime_ns)
    return wanting


def _try(wanting: list[str], what: str, act: Callable[..., None], *arguments: object) -> None:
    # Facts come out of a record: a number may be none that the system takes.
    try:
        act(*arguments)
    except OSError as why:
        wanting.append(f"its {what} could not be given back: {why.strerror or why}")
    except (ValueError, OverflowError) as why:
        wanting.append(f"its {what} could not be given back: {why}")


def _set_attribute(target: int | bytes, name: str, value: str) -> None:
    # An open descriptor is followed to itself in any case, and the call takes no other answer for one.
    follow = isinstance(target, int)
    os.setxattr(target, unescape_name(name), base64.b64decode(value, validate=True), follow_symlinks=follow)


def _set_time(target: int | bytes, mtime_ns: str) -> None:
    times = (int(mtime_ns), int(mtime_ns))
    if isinstance(target, int):
        os.utime(target, ns=times)
    else:
        os.utime(target, ns=times, follow_symlinks=False)


@lru_cache(maxsize=1024)
def _uid(name: str, number: int) -> int:
    try:
        return pwd.getpwnam(name).pw_uid if name else number
    except KeyError:
        return number


@lru_cache(maxsize=1024)
def _gid(name: str, number: int) -> int:
    try:
        return grp.getgrnam(name).gr_gid if name else number
    except KeyError:
        return number
