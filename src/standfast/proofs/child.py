"""The process that reads hostile proofs: `python -m standfast.proofs.child`. A line of JSON in, a line of JSON out.

Bounded in memory, in what it may write and in open files before it reads anything; in time by its parent, which kills
it. It is given paths and the folder of trusted keys, no key of the vault, and asks no network.
"""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

import msgspec

from standfast.proofs.finding import Finding, System

MEMORY_BYTES = 2 * 1024 * 1024 * 1024
WRITE_BYTES = 256 * 1024 * 1024
"""ProofMode media are laid beside their signatures for gpgv, in a folder that is removed."""
OPEN_FILES = 128


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One carrier. Paths in hexadecimal: they need not be text."""

    system: System
    path: str
    proof: str
    trusted: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What was found; `why` where the files could not be read."""

    found: Finding | None = None
    why: str = ""


def main() -> None:
    """Answer requests until the input ends."""
    for limit, value in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, WRITE_BYTES),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))
    from standfast.proofs.examine import examine

    for line in sys.stdin.buffer:
        request = msgspec.json.decode(line, type=Request)
        path, proof, trusted = (
            Path(os.fsdecode(bytes.fromhex(each))) for each in (request.path, request.proof, request.trusted)
        )
        try:
            answer = Answer(found=examine(request.system, path, proof, trusted))
        except OSError as why:
            answer = Answer(why=f"it can't be read: {why.strerror or why}")
        except MemoryError:
            answer = Answer(why="it takes too much memory")
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
