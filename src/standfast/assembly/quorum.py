"""Whose cosignatures count, how many must be there, and the policy files that say so to strangers.

Organisations count, not keys: all cosigners of one organisation are one voice, and the vault's own is none.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from standfast.assembly.office import Office
from standfast.errors.cosigning import WeakQuorumError
from standfast.errors.tlog import MalformedNoteError
from standfast.settings import CosignerSettings, CosigningSettings, Settings
from standfast.tlog.checkpoint import ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE
from standfast.tlog.cosign import COSIGNATURE_KINDS
from standfast.tlog.note import VerifierKey, parse_vkey
from standfast.tlog.policy import (
    NO_QUORUM,
    Policy,
    PolicyGroup,
    PolicyLog,
    PolicyWitness,
    explain_quorum,
    recommended_quorum,
    tolerated,
    write_policy,
)

COSIGNERS_LIMIT = 16
"""With two keys each, a cosigned checkpoint stays below its 64 KiB."""
CLASSIC_NAME, PQ_NAME = "tlog/policy/classic", "tlog/policy/pq"
_ONE_FAMILY = {CLASSIC_NAME: ED25519_COSIGNATURE, PQ_NAME: ML_DSA_44_COSIGNATURE}


def keys_of(cosigner: CosignerSettings) -> tuple[VerifierKey, ...]:
    """The keys that settings give a cosigner: one or two, of different families.

    Raises:
        MalformedNoteError: they can't be.
    """
    keys = tuple(parse_vkey(vkey) for vkey in cosigner.vkeys)
    kinds = [key.kind for key in keys]
    if not keys or len(set(kinds)) < len(kinds) or not set(kinds) <= set(COSIGNATURE_KINDS):
        raise MalformedNoteError(
            "cosigner's keys", "one Ed25519 (0x04) or ML-DSA-44 (0x06) cosigner key, or one of each"
        )
    return keys


def organisations(settings: Settings) -> dict[str, list[CosignerSettings]]:
    """Cosigners by who runs them, in the order of the settings; the vault's own organisation is left out."""
    own, found = _plain(settings.vault.name), dict[str, list[CosignerSettings]]()
    for cosigner in settings.cosigners.values():
        organisation = _plain(cosigner.organisation or cosigner.name)
        if organisation != own:
            found.setdefault(organisation, []).append(cosigner)
    return found


def quorum_of(settings: Settings) -> tuple[int, int]:
    """How many organisations must have cosigned, of how many; 0 of 0 where nobody cosigns."""
    count = len(organisations(settings))
    chosen = settings.cosigning.quorum
    return (min(chosen, count) if chosen else recommended_quorum(count) if count else 0), count


def require_quorum(settings: Settings, *, understood: bool) -> None:
    """Require that a chosen quorum tolerates one liar, where any of so many organisations would.

    Raises:
        WeakQuorumError: it tolerates none, and that was not understood.
    """
    chosen, count = settings.cosigning.quorum, len(organisations(settings))
    if not chosen or understood:
        return
    best = recommended_quorum(count) if count else 1
    if chosen > count:
        raise WeakQuorumError(f"{chosen} of {count} organisations can never be met", f"`--quorum {best}`")
    if tolerated(chosen, count) < 1:
        raise WeakQuorumError(explain_quorum(chosen, count), f"`--quorum {best}`")


def chosen_quorum(settings: Settings, quorum: int | None, *, understood: bool) -> CosigningSettings:
    """The table `[cosigning]` with another quorum; None leaves it."""
    old = settings.cosigning
    if quorum is None:
        return replace(old, understood=old.understood or understood)
    return replace(old, quorum=quorum, understood=understood)


def is_met(settings: Settings, signed: Collection[VerifierKey]) -> bool:
    """Whether enough organisations have cosigned with at least one key; False where nobody is asked to."""
    quorum, _ = quorum_of(settings)
    return 0 < quorum <= len(signers(settings, signed))


def signers(settings: Settings, signed: Collection[VerifierKey]) -> set[str]:
    """The organisations that have cosigned."""
    return {
        name
        for name, cosigners in organisations(settings).items()
        if any(key in signed for cosigner in cosigners for key in keys_of(cosigner))
    }


def policies(office: Office) -> dict[str, bytes]:
    """The two policy files, by their paths below holdings/: one for each family of signatures."""
    return {name: _policy(office, kind) for name, kind in _ONE_FAMILY.items()}


def _policy(office: Office, kind: int) -> bytes:
    quorum, count = quorum_of(office.settings)
    logs = tuple(PolicyLog(key) for key in map(parse_vkey, office.vkeys) if (key.kind == kind) == _is_pq(kind))
    witnesses: list[PolicyWitness] = []
    groups: list[PolicyGroup] = []
    voices: list[str] = []
    for cosigners in organisations(office.settings).values():
        have = [
            PolicyWitness(each.name, key, each.url) for each in cosigners for key in keys_of(each) if key.kind == kind
        ]
        witnesses += have
        if len(have) > 1:
            groups.append(PolicyGroup(f"organisation:{have[0].name}", 1, tuple(each.name for each in have)))
        if have:
            voices.append(groups[-1].name if len(have) > 1 else have[0].name)
    words = [explain_quorum(quorum, count)] if count else ["nobody outside cosigns this log"]
    if len(voices) < count:
        words.append(f"only {len(voices)} of {count} organisations have a key of this family")
    name = NO_QUORUM
    if voices:
        k = min(quorum, len(voices))
        name = f"quorum:{k}-of-{len(voices)}"
        groups.append(PolicyGroup(name, k, tuple(voices)))
    policy = Policy(logs=logs, witnesses=tuple(witnesses), groups=tuple(groups), quorum=name)
    return write_policy(policy, "\n".join(words))


def _is_pq(kind: int) -> bool:
    return kind == ML_DSA_44_COSIGNATURE


def same_key(settings: Settings, keys: Collection[VerifierKey]) -> str:
    """The cosigner that has one of these keys already, whatever name the key has; empty for none."""
    public: Mapping[bytes, str] = {
        key.public: each.name for each in settings.cosigners.values() for key in keys_of(each)
    }
    return next((public[key.public] for key in keys if key.public in public), "")


def _plain(organisation: str) -> str:
    return " ".join(organisation.split()).casefold()
