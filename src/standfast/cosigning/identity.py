"""A cosigner's folder: its name and seeds in `cosigner.key`, what it has cosigned in `cosigner.sqlite`.

    standfast cosigner 1
    ngo-a.example/cosigner
    61…61        Ed25519 seed, 32 bytes in hex
    62…62        ML-DSA-44 seed

The two belong together. A key whose database is lost must not be used again: it could cosign a second history. So
neither is ever made for the other, and each names the other's public keys.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from standfast import durable
from standfast.errors.cosigning import CosignerStateError
from standfast.errors.keys import LooseKeyFileError
from standfast.seal.sign import SEED_BYTES
from standfast.tlog.cosign import Cosigner

KEY_NAME, STATE_NAME = "cosigner.key", "cosigner.sqlite"
_HEAD = "standfast cosigner 1"
_LIMIT_BYTES = 4096


def make_identity(folder: Path, name: str, random: Callable[[int], bytes]) -> Cosigner:
    """Write the key file of a new cosigner; its database is for `state.make_state`, before this.

    Raises:
        CosignerStateError: a cosigner, or a part of one, lies there already.
        MalformedNoteError: the name can't be one.
        OSError: the disk could not take it.
    """
    seeds = random(SEED_BYTES), random(SEED_BYTES)
    cosigner = Cosigner(name, *seeds)
    path = folder / KEY_NAME
    if os.path.lexists(path):
        raise CosignerStateError(folder, f"there is a {KEY_NAME} already")
    text = "\n".join((_HEAD, name, *(seed.hex() for seed in seeds), ""))
    durable.write_atomically(path, text.encode(), mode=0o600)
    return cosigner


def load_identity(folder: Path) -> Cosigner:
    """The cosigner of a folder.

    Raises:
        CosignerStateError: none lies there, or its file is damaged.
        LooseKeyFileError: others may read it.
    """
    path = folder / KEY_NAME
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as why:
        raise CosignerStateError(folder, f"there is no {KEY_NAME}") from why
    except OSError as why:
        raise CosignerStateError(folder, f"{KEY_NAME}: {why.strerror}") from why
    with os.fdopen(handle, "rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if not stat.S_ISREG(mode):
            raise CosignerStateError(folder, f"{KEY_NAME} is no regular file")
        if stat.S_IMODE(mode) & 0o077:
            raise LooseKeyFileError(path)
        raw = file.read(_LIMIT_BYTES)
    try:
        head, name, classic, hybrid, rest = raw.decode().split("\n")
        if head != _HEAD or rest:
            raise ValueError("it does not begin or end as it should")
        return Cosigner(name, bytes.fromhex(classic), bytes.fromhex(hybrid))
    except ValueError as why:
        raise CosignerStateError(folder, f"{KEY_NAME} is damaged") from why
