"""What was found about one outside proof. Three outcomes, never two. Format: docs/formats/proofs.md."""

from __future__ import annotations

from typing import Literal

import msgspec

Outcome = Literal["passed", "failed", "not checked"]
System = Literal["c2pa", "wacz", "openpgp", "proofmode", "rfc3161", "opentimestamps"]

REASONS_LIMIT = 20
REASON_CHARS = 300


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """About one proof: what it is over, and what it showed."""

    system: System
    outcome: Outcome
    tool: str
    """Program and version that checked it, or that would have."""
    reasons: tuple[str, ...]
    """In words: who signed what and when, or why it failed or could not be checked. Never empty."""
    sha256: str = ""
    """Of the file that it is over, as it was read for this; empty where it was not read to its end."""
    proof_sha256: str = ""
    """Of the proof's own file, where it stands beside."""


def finding(system: System, outcome: Outcome, tool: str, *reasons: str, sha256: str = "", proof: str = "") -> Finding:
    """A finding with its reasons cut to what a record may hold, each on one line."""
    said = tuple(" ".join(each.split())[:REASON_CHARS] for each in reasons[:REASONS_LIMIT] if each) or ("no reason",)
    return Finding(system=system, outcome=outcome, tool=tool, reasons=said, sha256=sha256, proof_sha256=proof)
