"""ProofMode zips: a photo or video with its proof files, each signed by the key that the phone made for itself.

Verified are the digest of each medium that has a proof, and the OpenPGP signatures over media and proofs, by the key in
the zip, or by one of `trusted/openpgp` where it is there. What the proof files say (place, device, network) is the
phone's word. Source: proofmode.org, and the zips that the application shares.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from standfast.proofs.archive import Archive
from standfast.proofs.finding import Finding, finding
from standfast.proofs.openpgp import dearmored, verify_detached, version

PROOF = re.compile(r"(?:.*/)?([0-9a-f]{64})\.proof\.(?:csv|json)")
FILES_LIMIT = 200
_KEY_NAMES = ("pubkey.asc", "pubkey.pub")


def verify_proofmode(path: Path, keys: list[bytes], *, sha256: str = "") -> Finding | None:
    """Verify a ProofMode zip; None for a zip that is none."""
    try:
        with Archive(path) as archive:
            names = archive.names
            if not any(PROOF.fullmatch(name) for name in names):
                return None
            return _verify(archive, keys, sha256)
    except ValueError as why:
        if "no zip" in str(why):
            return None
        return finding("proofmode", "failed", version(), str(why), sha256=sha256)


def _verify(archive: Archive, keys: list[bytes], sha256: str) -> Finding:
    tool, names = version(), archive.names
    if len(names) > FILES_LIMIT:
        return finding("proofmode", "not checked", tool, f"it holds more than {FILES_LIMIT} files", sha256=sha256)
    proved = {found[1] for name in names if (found := PROOF.fullmatch(name))}
    there = {archive.sha256(name): name for name in names if not name.endswith(".asc") and not PROOF.fullmatch(name)}
    missing = sorted(proved - there.keys())
    if missing:
        return finding("proofmode", "failed", tool, f"no file has the digest {missing[0]} of its proof", sha256=sha256)
    own = next((name for name in names if name.rpartition("/")[2].lower() in _KEY_NAMES), None)
    brought = [dearmored(archive.read(own))] if own else []
    unsigned = {name for name in names if PROOF.fullmatch(name)} | {there[digest] for digest in proved}
    by_own_word, signed, reasons = False, 0, []
    with tempfile.TemporaryDirectory(prefix="standfast-proofmode-") as room:
        for name in sorted(names):
            target = _signed_by(name, names, there)
            if not name.endswith(".asc") or name == own or target is None:
                continue
            (Path(room) / "signature").write_bytes(archive.read(name))
            (Path(room) / "file").write_bytes(archive.read(target))
            checked = verify_detached(Path(room) / "signature", Path(room) / "file", keys)
            if checked.outcome != "passed" and brought:
                checked = verify_detached(Path(room) / "signature", Path(room) / "file", brought)
                by_own_word = True
            if checked.outcome != "passed":
                return finding("proofmode", checked.outcome, tool, f"{target}: {checked.reasons[0]}", sha256=sha256)
            unsigned.discard(target)
            signed += 1
            reasons.append(f"{target}: {checked.reasons[0]}")
    if not signed:
        return finding("proofmode", "not checked", tool, "no signature in it is over a file in it", sha256=sha256)
    if unsigned:
        return finding("proofmode", "not checked", tool, f"no signature is over {min(unsigned)}", sha256=sha256)
    word = "by the key that the zip brings; whose it is, the zip can't show" if by_own_word else ""
    return finding("proofmode", "passed", tool, *([word] if word else []), *reasons, sha256=sha256)


def _signed_by(name: str, names: frozenset[str], by_digest: dict[str, str]) -> str | None:
    """Which file a signature is over: that of its own name, or the medium whose digest is its name."""
    stem = name.removesuffix(".asc")
    return stem if stem in names else by_digest.get(stem.rpartition("/")[2])
