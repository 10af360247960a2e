"""The public list of what each accession brought in. Format: docs/formats/inventory.md. No disk, no clock."""

from __future__ import annotations

import base64
import re
from typing import Annotated

import msgspec

from standfast.errors.vault import MalformedObjectError
from standfast.holdings.canonical import canonical_bytes, parse_canonical
from standfast.holdings.digest import sha256_hex

FORMAT = "standfast/inventory/v1"
INVENTORY_BYTES_LIMIT = 4 * 1024 * 1024
"""An accession holds at most 1 GiB, so far fewer packs than would fill this."""

EVIDENCE_LIMIT = 10_000
"""Files that one accession names; the next one goes on."""

Count = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
Sha256Hex = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
EvidenceName = Annotated[
    str,
    msgspec.Meta(pattern=r"^tlog/(?:cosigned|stamps|policy)(?:/[a-z0-9_-][a-z0-9._-]{0,63}){1,6}$", max_length=400),
]


class PackEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A pack by the digest and the size of its file."""

    bytes: Count
    sha256: Sha256Hex


class EvidenceFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A cosigned checkpoint, a stamp or a policy, by its path below holdings/ and the digest of its bytes."""

    name: EvidenceName
    sha256: Sha256Hex


class ControlLeaf(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a control leaf stands in the log, the padded size of its batch, and the salt that opens it (base64)."""

    count: Count
    index: Count
    salt: str

    def salt_bytes(self) -> bytes:
        """The salt, 32 bytes.

        Raises:
            ValueError: not canonical base64 of 32 bytes.
        """
        raw = base64.b64decode(self.salt, validate=True)
        if len(raw) != 32 or base64.b64encode(raw).decode() != self.salt:
            raise ValueError("a salt is 32 bytes in canonical base64")
        return raw


class Inventory(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One accession, as the public may see it."""

    closed_at: str
    evidence: tuple[EvidenceFile, ...] | msgspec.UnsetType = msgspec.UNSET
    """What outside parties gave of the log since the accession before; so the log commits to it. Absent when empty."""
    format: str = FORMAT
    keyring: Count
    leaf: ControlLeaf
    manifest: tuple[Sha256Hex, ...]
    number: Count
    packs: tuple[PackEntry, ...]
    previous: str
    replaced: tuple[Sha256Hex, ...] = ()

    def evidence_files(self) -> tuple[EvidenceFile, ...]:
        """The files that it names, in order; none where the member is absent."""
        return () if isinstance(self.evidence, msgspec.UnsetType) else self.evidence


def write_inventory(inventory: Inventory) -> bytes:
    """The file's bytes."""
    return canonical_bytes(inventory)


def open_inventory(raw: bytes) -> Inventory:
    """Read an inventory file; any other spelling of the same content is refused.

    Raises:
        MalformedObjectError: not an inventory of version 1.
    """
    if len(raw) > INVENTORY_BYTES_LIMIT:
        raise MalformedObjectError("an inventory", "too large")
    try:
        inventory = parse_canonical(raw, Inventory)
        inventory.leaf.salt_bytes()
    except ValueError as why:
        raise MalformedObjectError("an inventory", str(why)) from why
    names = [pack.sha256 for pack in inventory.packs]
    if inventory.format != FORMAT or inventory.number < 1 or names != sorted(set(names)):
        raise MalformedObjectError("an inventory", "wrong format, number or order of packs")
    evidence = [each.name for each in inventory.evidence_files()]
    if evidence != sorted(set(evidence)) or len(evidence) > EVIDENCE_LIMIT or (inventory.evidence == ()):
        raise MalformedObjectError("an inventory", "wrong order or number of what the log commits to")
    if any(".." in name or name.endswith("\n") for name in evidence):
        raise MalformedObjectError("an inventory", "a name that no file of the log has")
    if not re.fullmatch("[0-9a-f]{64}" if inventory.number > 1 else "", inventory.previous):
        raise MalformedObjectError("an inventory", "wrong form of the previous digest")
    return inventory


def control_statement(inventory: Inventory) -> bytes:
    """What the accession's control leaf commits to: everything the inventory says but the leaf's salt."""
    body = {name: value for name, value in msgspec.to_builtins(inventory).items() if name != "leaf"}
    return canonical_bytes(
        {
            "format": "standfast/control/v1",
            "inventory": sha256_hex(canonical_bytes(body)),
            "leaf_count": inventory.leaf.count,
            "leaf_index": inventory.leaf.index,
        }
    )
