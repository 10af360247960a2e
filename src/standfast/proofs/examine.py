"""One carrier, from its files to a finding. Runs in the child alone: what is read here is hostile."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from standfast.errors.proofs import TrustedFileError
from standfast.proofs.content_credentials import may_hold, verify_c2pa
from standfast.proofs.finding import Finding, System, finding
from standfast.proofs.openpgp import trusted_keys, verify_detached
from standfast.proofs.opentimestamps import PROOF_BYTES_LIMIT, parse_ots
from standfast.proofs.proofmode import verify_proofmode
from standfast.proofs.tokens import verify_stamp
from standfast.proofs.wacz import verify_wacz

PEM_BYTES_LIMIT = 1024 * 1024
OTS_TOOL = "standfast opentimestamps"


def examine(system: System, path: Path, proof: Path, trusted: Path) -> Finding | None:
    """Verify what a file carries, or what stands beside it; None where there is no proof.

    Args:
        system: which kind, as its name says.
        path: the file that the proof is over.
        proof: the proof's own file; the same where it is embedded.
        trusted: the folder of the keys and roots that the user gave.

    Raises:
        OSError: a file can't be read.
    """
    if proof == path and system == "c2pa" and not may_hold(path):
        return None
    if proof != path and not path.is_file():
        return None
    before = _state(path), _state(proof)
    sha256, own = _sha256(path), _sha256(proof) if proof != path else ""
    found = _verify(system, path, proof, trusted, sha256, own)
    if found and (_state(path), _state(proof)) != before:
        return finding(system, "not checked", found.tool, "the file changed while it was checked")
    return found


def _verify(system: System, path: Path, proof: Path, trusted: Path, sha256: str, own: str) -> Finding | None:
    try:
        match system:
            case "openpgp":
                return verify_detached(proof, path, trusted_keys(trusted / "openpgp"), sha256=sha256, proof=own)
            case "rfc3161":
                return verify_stamp(proof, path, roots_in(trusted / "timestamps"), sha256=sha256, proof=own)
            case "opentimestamps":
                return _ots(proof, sha256, own)
            case "wacz":
                return verify_wacz(path, roots_in(trusted / "wacz"), sha256=sha256)
            case "proofmode":
                return verify_proofmode(path, trusted_keys(trusted / "openpgp"), sha256=sha256)
            case "c2pa":
                return verify_c2pa(path, roots_in(trusted / "c2pa"), sha256=sha256)
    except TrustedFileError:
        # Which file is for the office's eyes: a finding goes into custody, and with a bundle to strangers.
        return finding(
            system,
            "not checked",
            system,
            "a file of the vault's own folder trusted/ can't be used",
            sha256=sha256,
            proof=own,
        )


def roots_in(folder: Path) -> bytes:
    """The PEM files of a folder, one after the other; nothing where there is none.

    Raises:
        TrustedFileError: a file is too large.
    """
    if not folder.is_dir():
        return b""
    found = []
    for path in sorted(folder.glob("*.pem")):
        if path.stat().st_size > PEM_BYTES_LIMIT:
            raise TrustedFileError(str(path), f"it has more than {PEM_BYTES_LIMIT} bytes")
        found.append(path.read_bytes().rstrip() + b"\n")
    return b"".join(found)


def _ots(proof: Path, sha256: str, own: str) -> Finding:
    try:
        with proof.open("rb") as opened:
            said = parse_ots(opened.read(PROOF_BYTES_LIMIT + 1))
    except ValueError as why:
        return finding("opentimestamps", "failed", OTS_TOOL, str(why), sha256=sha256, proof=own)
    if said.algorithm == "sha256" and said.digest.hex() != sha256:
        return finding(
            "opentimestamps", "failed", OTS_TOOL, "it is over other bytes than this file", sha256=sha256, proof=own
        )
    over = "it is over this file" if said.algorithm == "sha256" else f"it is over a digest by {said.algorithm}"
    headers = "the time takes Bitcoin's block headers, which are not here"
    return finding(
        "opentimestamps", "not checked", OTS_TOOL, over, headers, *said.attestations, sha256=sha256, proof=own
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _state(path: Path) -> tuple[int, int, int]:
    found = os.stat(path)
    return found.st_size, found.st_mtime_ns, found.st_ino
