"""What a person does with shares and passphrase once a vault stands: try them, recover with them, change it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from standfast import clock
from standfast.assembly.custody import CustodyEvent, record_event
from standfast.assembly.ledger import read_ledger, write_ledger
from standfast.assembly.office import Office
from standfast.errors.keys import SharesError, WrongVaultSharesError
from standfast.keys.keyholder import change_passphrase, write_secrets
from standfast.keys.master import MasterKeys
from standfast.keys.shares import SharePlan, combine, words_of


@dataclass(frozen=True, slots=True, kw_only=True)
class SharesTried:
    """What a drill of the shares showed."""

    given: int
    threshold: int
    count: int
    accessions_opened: int
    items_named: int
    """By the manifests that the shares' own reading identity has opened: all of the vault's."""


def master_of(office: Office, share_texts: Sequence[str]) -> MasterKeys:
    """The vault's one secret, from enough shares.

    Raises:
        SharesError: a slip, too few, of different sets.
        WrongVaultSharesError: of another vault.
    """
    if not share_texts:
        raise SharesError("none is given")
    master = MasterKeys.from_master(combine([words_of(text) for text in share_texts]))
    if master.recipient not in office.keyring.recipients:
        raise WrongVaultSharesError(office.keyring.log.origin)
    return master


def drill_shares(office: Office, share_texts: Sequence[str]) -> SharesTried:
    """Show that these shares open every manifest, and the newest item. Nothing secret is written anywhere.

    Raises:
        SharesError, WrongVaultSharesError: they don't.
        VaultError: they fit, and what they should open is damaged.
    """
    master = master_of(office, share_texts)
    reader = office.reader((master.identity,))
    newest, named = None, 0
    for held in reader.every_item():
        newest, named = held, named + 1
    for _ in reader.pieces(newest) if newest else ():
        pass
    said = office.settings.vault.shares
    plan = SharePlan.parse(said) if said else SharePlan(threshold=len(share_texts), count=len(share_texts))
    ledger = read_ledger(office.folder.state)
    ledger.shares_drilled_at = clock.to_text(office.clock())
    write_ledger(office.folder.state, ledger)
    return SharesTried(
        given=len(share_texts),
        threshold=plan.threshold,
        count=plan.count,
        accessions_opened=len(reader.history),
        items_named=named,
    )


def recover(office: Office, share_texts: Sequence[str], new_passphrase: Callable[[], str]) -> None:
    """Put the reading identity and the custody key back on this machine, under a new passphrase.

    Written into custody first: who can read from now on is something that the others should be able to see.

    Raises:
        SharesError, WrongVaultSharesError: the shares. Nothing has changed.
        KeyFileMissingError: this machine has no key to add with.
    """
    master = master_of(office, share_texts)
    passphrase = new_passphrase()
    record_event(office, CustodyEvent(event="recover keys", outcome="begun", detail={"shares": len(share_texts)}))
    write_secrets(office.folder.keys, master, passphrase)


def set_passphrase(office: Office, old: str, new: str) -> None:
    """As `keyholder.change_passphrase`."""
    with office.lock("keys passphrase"):
        change_passphrase(office.folder.keys, old, new)
