"""From a passphrase to a reader of what is held."""

from __future__ import annotations

from typing import TYPE_CHECKING

from standfast.cli.context import Invocation

if TYPE_CHECKING:
    from standfast.assembly.office import Office
    from standfast.vault.reader import VaultReader


def unlock(run: Invocation, office: Office) -> tuple[str, ...]:
    """The reading identities, after the passphrase.

    Raises:
        KeyFileMissingError: this machine holds none; asked before the passphrase is.
        WrongPassphraseError: it is another one.
    """
    from standfast.errors.keys import KeyFileMissingError
    from standfast.keys.keyholder import IDENTITY_NAME, has_identity, unlock_identities

    if not has_identity(office.folder.keys):
        raise KeyFileMissingError(IDENTITY_NAME)
    return unlock_identities(office.folder.keys, run.passphrase())


def unlocked_reader(run: Invocation) -> VaultReader:
    """A reader of the vault that is meant."""
    from standfast.assembly.office import open_office

    office = open_office(run.vault_folder())
    return office.reader(unlock(run, office))
