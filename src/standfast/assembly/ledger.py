"""What this machine did last, for `status`: moments and measures, in `state/`. Can be lost without loss.

It names origins and replicas, which stand in the settings anyway, and nothing that is held.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from standfast import durable


class OriginNote(msgspec.Struct, omit_defaults=True):
    """Of one origin. Moments as `clock.to_text` writes them; empty when never."""

    protected_at: str = ""
    partly_at: str = ""
    """A run that failed in part, if it is the newest."""
    drilled_at: str = ""
    drill_ok: bool = False
    recovery_time_s: float | None = None
    loss_s: float | None = None


class ReplicaNote(msgspec.Struct, omit_defaults=True):
    """Of one replica."""

    synced_at: str = ""
    synced_size: int = 0
    """Leaves of the log that it had then."""
    audited_at: str = ""
    ok: bool | None = None
    """What the newest sync or audit said; None before the first."""


class CosignerNote(msgspec.Struct, omit_defaults=True):
    """Of one cosigner."""

    known_size: int = 0
    """Leaves that it cosigned last, as far as we know."""
    cosigned_at: str = ""
    """The newest moment that a cosignature of it states."""
    ok: bool | None = None
    """What asking it last gave; None before the first time."""
    why: str = ""
    failures: int = 0
    """In a row."""
    ask_after: str = ""
    """After a failure: not before this moment, unless a person asks."""


class AuthorityNote(msgspec.Struct, omit_defaults=True):
    """Of one time-stamping authority."""

    stamped_at: str = ""
    """The newest time that it gave."""
    stamped_size: int = 0
    """Leaves that it stamped then."""
    ok: bool | None = None
    """What asking it last gave; None before the first time."""
    why: str = ""
    failures: int = 0
    """In a row."""
    ask_after: str = ""
    """After a failure: not before this moment, unless a person asks."""


class Ledger(msgspec.Struct, omit_defaults=True):
    """All of it."""

    origins: dict[str, OriginNote] = {}
    replicas: dict[str, ReplicaNote] = {}
    cosigners: dict[str, CosignerNote] = {}
    cosigned_size: int = 0
    """Leaves of the greatest checkpoint that a quorum has cosigned."""
    authorities: dict[str, AuthorityNote] = {}
    renew_stamps_at: str = ""
    """When the first stamp falls due for renewal; empty where that is not known."""
    shares_drilled_at: str = ""
    proved_accession: int = 0
    """All packs up to this accession were opened by the reading identity on this machine."""

    def origin(self, name: str) -> OriginNote:
        """The note of an origin, made when there is none."""
        return self.origins.setdefault(name, OriginNote())

    def replica(self, name: str) -> ReplicaNote:
        """The note of a replica, made when there is none."""
        return self.replicas.setdefault(name, ReplicaNote())

    def cosigner(self, name: str) -> CosignerNote:
        """The note of a cosigner, made when there is none."""
        return self.cosigners.setdefault(name, CosignerNote())

    def authority(self, name: str) -> AuthorityNote:
        """The note of a time-stamping authority, made when there is none."""
        return self.authorities.setdefault(name, AuthorityNote())


def read_ledger(state: Path) -> Ledger:
    """The ledger; an empty one where there is none, or none that can be read."""
    try:
        return msgspec.json.decode((state / "ledger.json").read_bytes(), type=Ledger)
    except (FileNotFoundError, msgspec.MsgspecError):
        return Ledger()


def write_ledger(state: Path, ledger: Ledger) -> None:
    """Put it in place of the older one."""
    durable.write_atomically(state / "ledger.json", msgspec.json.encode(ledger), mode=0o600)
