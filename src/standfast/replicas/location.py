"""Whether a folder may become the place of a copy: asked once, at `replicas add`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from standfast import durable
from standfast.errors.replicas import RefusedLocationError, ReplicaUnreachableError
from standfast.errors.vault import NewerFormatError, NoVaultError
from standfast.vault.folder import FORMAT_NAME, check_format


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedLocation:
    """A folder that is there, and either empty or the beginning of a copy."""

    folder: Path
    same_disk: bool
    """On the same file system as the vault: what takes one takes both. A person should be told."""
    holds_copy: bool
    """A copy of some vault stands there already; `copy_to` finds out of which."""


def prepare_location(folder: Path, vault: Path) -> PreparedLocation:
    """Require a fit folder for a copy of the vault, and make it if only its last part is missing.

    Args:
        folder: as the person wrote it, relative to the current folder if it is.
        vault: the vault's own folder.

    Raises:
        RefusedLocationError: inside the vault, around it, not a folder, or filled with other things.
        ReplicaUnreachableError: the folder above it is not there: a disk that is not plugged in.
        NewerFormatError: a copy that a later version wrote.
    """
    place, home = folder.resolve(), vault.resolve()
    if place == home or home in place.parents:
        raise RefusedLocationError(str(place), "it lies inside the vault's own folder")
    if place in home.parents:
        raise RefusedLocationError(str(place), "the vault lies inside it")
    try:
        if not place.exists():
            if not place.parent.is_dir():
                raise ReplicaUnreachableError(str(place), f"there is no folder {place.parent}")
            durable.make_folder(place)
        if not place.is_dir():
            raise RefusedLocationError(str(place), "it is not a folder")
        names = os.listdir(place)
        holds_copy = FORMAT_NAME in names and _is_format(place / FORMAT_NAME)
        if not holds_copy and any(not name.endswith(durable.UNFINISHED) for name in names):
            raise RefusedLocationError(str(place), "other things lie in it; an auditor would report them for ever")
        same_disk = os.stat(place).st_dev == os.stat(home).st_dev
    except OSError as why:
        raise RefusedLocationError(str(place), why.strerror or str(why)) from why
    return PreparedLocation(folder=place, same_disk=same_disk, holds_copy=holds_copy)


def _is_format(path: Path) -> bool:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        raw = file.read(64)
    try:
        check_format(raw)
    except NewerFormatError:
        raise
    except NoVaultError:
        return False
    return True
