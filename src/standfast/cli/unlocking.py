"""From a passphrase to a reader of what is held."""

from __future__ import annotations

from typing import TYPE_CHECKING

from standfast.cli.context import Invocation

if TYPE_CHECKING:
    from standfast.assembly.office import Office
    from standfast.vault.reader import VaultReader


def unlock(run: Invocation, office: Office) -> tuple[str, ...]:
    """The reading identities, after the passphrase, or from recovery shares.

    Raises:
        KeyFileMissingError: this machine holds none; asked before the passphrase is.
        WrongPassphraseError: it is another one.
        SharesError, WrongVaultSharesError: the shares don't fit, or are of another vault.
    """
    if run.share_files:
        return (_from_shares(run, office),)
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


def share_texts(run: Invocation) -> list[str]:
    """What the files given with `--share` say.

    Raises:
        SharesError: one can't be read.
    """
    from standfast.errors.keys import SharesError
    from standfast.keys.shares import FILE_LIMIT

    texts = []
    for file in run.share_files:
        try:
            with file.open("rb") as handle:
                texts.append(handle.read(FILE_LIMIT + 1).decode("utf-8", "replace"))
        except OSError as why:
            raise SharesError(f"{file} can't be read: {why.strerror or why}") from why
    return texts


def _from_shares(run: Invocation, office: Office) -> str:
    from standfast.assembly.key_care import master_of

    return master_of(office, share_texts(run)).identity
