"""Detached OpenPGP signatures, by GnuPG's own verifier `gpgv`: it knows the keys it is given and no others.

Keys come from the vault's `trusted/openpgp/`; without the key of a signature, it is not checked. Nothing is asked of a
key server, and no key of this machine's user is seen.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from standfast.errors.proofs import TrustedFileError
from standfast.proofs.finding import Finding, Outcome, finding

SIGNATURE_BYTES_LIMIT = 1024 * 1024
KEY_BYTES_LIMIT = 8 * 1024 * 1024
SECONDS_LIMIT = 600
"""A signature over several GB is digested at some 300 MB/s."""
_ARMOR = re.compile(
    rb"-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n(?:[^\n]+\r?\n)*\r?\n([A-Za-z0-9+/=\s]+?)(?:\n=[^\n]*)?\s*-----END",
    re.S,
)
_ENDINGS = (".asc", ".gpg", ".pgp", ".key")


def trusted_keys(folder: Path) -> list[bytes]:
    """The keys of a folder, each file in binary form.

    Raises:
        TrustedFileError: a file holds none.
    """
    if not folder.is_dir():
        return []
    return [_key_in(path) for path in sorted(folder.iterdir()) if path.suffix.lower() in _ENDINGS]


def _key_in(path: Path) -> bytes:
    try:
        raw = path.read_bytes() if path.stat().st_size <= KEY_BYTES_LIMIT else b""
        return dearmored(raw)
    except (OSError, ValueError) as why:
        raise TrustedFileError(str(path), str(why)) from None


def dearmored(raw: bytes) -> bytes:
    """A public key in binary form.

    Raises:
        ValueError: it is none.
    """
    if raw[:1] and raw[0] & 0x80:
        return raw
    blocks = _ARMOR.findall(raw)
    if not blocks:
        raise ValueError("it holds no public key")
    try:
        return b"".join(base64.b64decode(b"".join(block.split()), validate=True) for block in blocks)
    except binascii.Error:
        raise ValueError("its public key is damaged") from None


def version() -> str:
    """The verifier and its version; what it is called where it is missing."""
    program = shutil.which("gpgv")
    if not program:
        return "gpgv"
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=30).stdout
    return "gpgv " + (said.split("\n", 1)[0].rpartition(" ")[2] or "?")


def verify_detached(signature: Path, path: Path, keys: list[bytes], *, sha256: str = "", proof: str = "") -> Finding:
    """Verify a signature beside a file. Only a key of `keys` can make it pass."""
    tool = version()
    program = shutil.which("gpgv")
    if not program:
        return finding("openpgp", "not checked", tool, "gpgv is not installed", sha256=sha256, proof=proof)
    if signature.stat().st_size > SIGNATURE_BYTES_LIMIT:
        return finding("openpgp", "not checked", tool, "it is too long for a signature", sha256=sha256, proof=proof)
    with tempfile.TemporaryDirectory(prefix="standfast-gpgv-") as room:
        ring = Path(room) / "keys.gpg"
        ring.write_bytes(b"".join(keys))
        words = [
            program,
            "--homedir",
            room,
            "--keyring",
            str(ring),
            "--status-fd",
            "1",
            "--",
            str(signature),
            str(path),
        ]
        environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "GNUPGHOME": room}
        try:
            done = subprocess.run(
                words, capture_output=True, check=False, timeout=SECONDS_LIMIT, env=environment, cwd=room
            )
        except subprocess.TimeoutExpired:
            return finding("openpgp", "not checked", tool, "it takes too long", sha256=sha256, proof=proof)
    outcome, reasons = _judge(done.stdout.decode("utf-8", "replace"))
    return finding("openpgp", outcome, tool, *reasons, sha256=sha256, proof=proof)


def _judge(status: str) -> tuple[Outcome, list[str]]:
    lines = [line.removeprefix("[GNUPG:] ").split(" ") for line in status.splitlines() if line.startswith("[GNUPG:] ")]
    said = {words[0]: words[1:] for words in lines}
    if "BADSIG" in said:
        return "failed", [f"the signature by {' '.join(said['BADSIG'][1:])} is not over this file"]
    for word, why in (
        ("EXPKEYSIG", "has expired"),
        ("REVKEYSIG", "was revoked"),
        ("EXPSIG", "states an end that is over"),
    ):
        if word in said:
            return "failed", [f"the signature holds, but the key or signature of {' '.join(said[word][1:])} {why}"]
    if "GOODSIG" in said and "VALIDSIG" in said:
        fingerprint, _, moment = said["VALIDSIG"][:3]
        return "passed", [
            f"signed by {' '.join(said['GOODSIG'][1:])}, key {fingerprint}, stated time {moment} (seconds)"
        ]
    if "NO_PUBKEY" in said:
        return "not checked", [f"there is no key {said['NO_PUBKEY'][0]} in trusted/openpgp"]
    if "NODATA" in said or not lines:
        return "failed", ["it is no OpenPGP signature"]
    return "not checked", ["gpgv says neither that it holds nor that it fails"]
