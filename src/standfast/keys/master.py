"""The one secret of a vault, and every key that comes from it. Labels: docs/formats/keys.md. No disk, no clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from standfast.seal import age
from standfast.seal.derive import derive

MASTER_BYTES = 32
DedupKind = Literal["own", "strangers"]


@dataclass(frozen=True, slots=True)
class MasterKeys:
    """All keys of a vault. Who holds this can read and decide everything; it is kept only as shares."""

    master: bytes = field(repr=False)

    @classmethod
    def from_master(cls, master: bytes) -> MasterKeys:
        """From 32 random bytes, or from what the shares gave back."""
        if len(master) != MASTER_BYTES:
            raise ValueError(f"a master secret is {MASTER_BYTES} bytes")
        return cls(master)

    @property
    def identity(self) -> str:
        """The reading identity, as age writes it."""
        return age.identity_from(derive(self.master, "standfast/identity/v1"))

    @property
    def recipient(self) -> str:
        """Whom packs are sealed to."""
        return age.recipient_of(self.identity)

    @property
    def custody_ed25519_seed(self) -> bytes:
        """One half of the custody key, 32 bytes."""
        return derive(self.master, "standfast/custody/ed25519/v1")

    @property
    def custody_ml_dsa_seed(self) -> bytes:
        """Its post-quantum half, 32 bytes."""
        return derive(self.master, "standfast/custody/ml-dsa-44/v1")

    def dedup_key(self, generation: int, kind: DedupKind) -> bytes:
        """Names chunks; `strangers` for origins that anybody can write to, as mailboxes."""
        return derive(self.master, f"standfast/dedup/{kind}/{generation}/v1")

    def log_seeds(self, generation: int) -> tuple[bytes, bytes]:
        """Ed25519 and ML-DSA-44 seeds that sign checkpoints, 32 bytes each."""
        return (
            derive(self.master, f"standfast/log/ed25519/{generation}/v1"),
            derive(self.master, f"standfast/log/ml-dsa-44/{generation}/v1"),
        )
