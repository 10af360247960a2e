"""Content Credentials (C2PA) in photos, sound, films and documents, by the library of the standard's authors.

It asks nobody for anything: no manifest from afar, no revocation over the network. So a manifest that stands elsewhere
is not checked. A signature that holds by a certificate that leads to no root of `trusted/c2pa` is not checked either:
anybody can make one.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from standfast.proofs.finding import Finding, Outcome, finding

MARKS = (b"c2pa", b"jumb")
SCANNED_BYTES = 1024 * 1024
"""At either end of a file: where every container puts its manifest, and cheap to look through."""


def may_hold(path: Path) -> bool:
    """Whether the beginning or the end of a file looks as if it held a manifest. Cheap, and never sure."""
    with path.open("rb") as opened:
        head = opened.read(SCANNED_BYTES)
        size = opened.seek(0, 2)
        opened.seek(max(len(head), size - SCANNED_BYTES))
        tail = opened.read(SCANNED_BYTES)
    # A manifest that stands elsewhere is named in XMP.
    elsewhere = b"provenance" in head and b"dcterms" in head
    return elsewhere or any(mark in part for mark in MARKS for part in (head, tail))


def settings(roots_pem: bytes) -> dict[str, Any]:
    """What the library is told before it reads anything."""
    trust = {"trust": {"user_anchors": roots_pem.decode("ascii")}} if roots_pem else {}
    return {
        "verify": {
            "verify_after_reading": True,
            "verify_trust": True,
            "ocsp_fetch": False,
            "remote_manifest_fetch": False,
        },
        **trust,
    }


def verify_c2pa(path: Path, roots_pem: bytes, *, sha256: str = "") -> Finding | None:
    """Verify what a file says of its own origin; None where it says nothing."""
    import c2pa

    tool = f"c2pa-python/{c2pa.__version__} c2pa-rs/{c2pa.sdk_version()}"
    try:
        context = c2pa.Context(c2pa.Settings.from_dict(settings(roots_pem)))
        reader = c2pa.Reader(str(path), context=context)
    except c2pa.C2paError as why:
        kind = type(why).__name__
        if "ManifestNotFound" in kind or "JumbfNotFound" in str(why) or "no JUMBF" in str(why):
            return None
        outcome: Outcome = "not checked" if "Remote" in str(why) or "NotSupported" in kind else "failed"
        return finding("c2pa", outcome, tool, f"it can't be read: {why}", sha256=sha256)
    try:
        said = json.loads(reader.json())
    finally:
        reader.close()
    return _judge(said, tool, sha256)


def _judge(said: dict[str, Any], tool: str, sha256: str) -> Finding:
    state = said.get("validation_state")
    active = said.get("manifests", {}).get(said.get("active_manifest"), {})
    signature = active.get("signature_info", {})
    who = f"signed by {signature.get('common_name') or signature.get('issuer') or 'nobody named'}"
    if signature.get("time"):
        who += f", stated time {signature['time']}"
    wrong = [f"{each.get('code')}: {each.get('explanation', '')}" for each in said.get("validation_status", [])]
    if state == "Trusted":
        return finding("c2pa", "passed", tool, who, sha256=sha256)
    if state == "Valid":
        why = "the signature holds; its certificate leads to no root in trusted/c2pa"
        return finding("c2pa", "not checked", tool, who, why, *wrong, sha256=sha256)
    return finding("c2pa", "failed", tool, who, *wrong, sha256=sha256)
