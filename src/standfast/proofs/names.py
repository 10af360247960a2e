"""Which files can carry a proof, by name alone: nearly all can't, and cost one look into a table."""

from __future__ import annotations

import os
from dataclasses import dataclass

from standfast.proofs.finding import System

SIDECARS: dict[str, System] = {
    ".asc": "openpgp",
    ".sig": "openpgp",
    ".tsr": "rfc3161",
    ".tst": "rfc3161",
    ".ots": "opentimestamps",
}
"""Endings of a proof that stands beside the file it is over, under its name and this."""
EMBEDDED: dict[str, System] = {
    ".wacz": "wacz",
    ".zip": "proofmode",
    **dict.fromkeys(
        (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".gif", ".heic", ".heif", ".avif", ".dng", ".svg"), "c2pa"
    ),
    **dict.fromkeys((".mp4", ".mov", ".m4a", ".m4v", ".avi", ".wav", ".mp3", ".flac", ".jxl", ".pdf", ".c2pa"), "c2pa"),
}
"""Endings of files that may hold one."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """A file that may carry a proof."""

    system: System
    path: bytes
    """The file that the proof is over."""
    proof: bytes
    """The proof's own file; the same where it is embedded."""


def carrier_of(path: bytes) -> Carrier | None:
    """What the file at this path may carry; None for nearly all. Nothing is opened.

    Example:
        >>> carrier_of(b"/example/letter.pdf.asc").path
        b'/example/letter.pdf'
        >>> carrier_of(b"/example/letter.txt") is None
        True
    """
    stem, ending = os.path.splitext(path)
    named = ending.decode("ascii", "replace").lower()
    if beside := SIDECARS.get(named):
        return Carrier(beside, stem, path)
    if within := EMBEDDED.get(named):
        return Carrier(within, path, path)
    return None
