"""Signed web archives (WACZ): the signature, and that no file of the archive was changed since.

 1. datapackage-digest.json names the digest of datapackage.json, and the signature is over that digest
 2. datapackage.json is the file with that digest
 3. every file that it lists has the digest that it lists, and none stands in the archive that it does not list
 4. a domain's certificate holds the signature's key, names the domain, and leads to a root that the reader trusts

Sources: specs.webrecorder.net/wacz and wacz-auth. A signature by a key that comes with the archive shows that nothing
was changed since whoever has that key signed; who that is, it does not show.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from standfast import __version__
from standfast.clock import machine_clock
from standfast.errors.base import StandfastError
from standfast.errors.stamping import UnknownSignerError
from standfast.proofs.archive import Archive
from standfast.proofs.finding import Finding, Outcome, finding
from standfast.seal.outside import certificate_names, require_chain, verify_with_certificate, verify_with_key

TOOL = f"standfast/{__version__} wacz"
DIGEST, PACKAGE = "datapackage-digest.json", "datapackage.json"
_UNLISTED = {DIGEST, PACKAGE}
CHANGED_NAMED = 5


def verify_wacz(path: Path, roots_pem: bytes, *, sha256: str = "") -> Finding | None:
    """Verify a signed archive; None for one that carries no signature.

    Args:
        path: the archive.
        roots_pem: what a domain's certificate may lead to; may be empty.
        sha256: of the archive, for the finding.
    """
    try:
        with Archive(path) as archive:
            if DIGEST not in archive.names:
                return None
            said = json.loads(archive.read(DIGEST))
            signed = said.get("signedData") if isinstance(said, dict) else None
            if not signed:
                return None
            outcome, reasons = _verify(archive, said, signed, roots_pem)
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError) as why:
        return finding("wacz", "failed", TOOL, f"its signature can't be read: {why}", sha256=sha256)
    return finding("wacz", outcome, TOOL, *reasons, sha256=sha256)


def _verify(
    archive: Archive, said: Mapping[str, Any], signed: Mapping[str, Any], roots_pem: bytes
) -> tuple[Outcome, list[str]]:
    expected = str(signed["hash"])
    package = archive.read(PACKAGE)
    if "sha256:" + hashlib.sha256(package).hexdigest() != expected or said.get("hash", expected) != expected:
        return "failed", [f"{PACKAGE} is not the file that was signed"]
    changed = _changed(archive, json.loads(package))
    if changed:
        return "failed", ["changed since it was signed: " + ", ".join(changed[:CHANGED_NAMED])]
    signature = _decoded(str(signed["signature"]))
    when = f"stated time {str(signed.get('created', ''))[:40]}"
    try:
        if signed.get("domainCert"):
            return _by_domain(signed, signature, expected, roots_pem, when)
        key = _decoded(str(signed["publicKey"]))
        verify_with_key(key, signature, expected.encode(), signer="the key in the archive")
    except StandfastError as why:
        return "failed", [str(why)]
    identity = hashlib.sha256(key).hexdigest()
    return "passed", [
        f"unchanged since it was signed by the key that it brings, SHA-256 {identity}, {when}",
        "whose key that is, the archive can't show",
    ]


def _by_domain(
    signed: Mapping[str, Any], signature: bytes, expected: str, roots_pem: bytes, when: str
) -> tuple[Outcome, list[str]]:
    chain, domain = str(signed["domainCert"]).encode(), str(signed.get("domain", ""))[:253]
    verify_with_certificate(chain, signature, expected.encode())
    if domain not in certificate_names(chain):
        return "failed", [f"the certificate is not for {domain}"]
    unchanged = f"unchanged since it was signed with a certificate for {domain}, {when}"
    if not roots_pem:
        return "not checked", [unchanged, "no root in trusted/wacz says whether the certificate is genuine"]
    # The time that the archive names is signed by nobody: a certificate that leaked later could name any.
    try:
        root = require_chain(chain, roots_pem, machine_clock())
    except UnknownSignerError as why:
        return "not checked", [unchanged, f"by today's date: {why}"]
    return "passed", [unchanged, f"the certificate leads to {root}"]


def _changed(archive: Archive, package: Mapping[str, Any]) -> list[str]:
    listed: dict[str, str] = {str(each["path"]): str(each["hash"]) for each in package["resources"]}
    changed = [name for name in sorted(archive.names - _UNLISTED) if name not in listed]
    for name, expected in sorted(listed.items()):
        algorithm, _, digest = expected.rpartition(":")
        if algorithm not in ("sha256", "") or name not in archive.names or archive.sha256(name) != digest:
            changed.append(name[:200])
    return changed


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("a part of it is not base64") from None
