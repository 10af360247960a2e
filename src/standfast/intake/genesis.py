"""Makes the holdings of a new vault: format, words for whoever finds a copy, keyring 0, the first leaf of the log."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime

from standfast import durable
from standfast.holdings.digest import sha256_hex
from standfast.intake.how_to_open import HOW_TO_OPEN
from standfast.keys.master import MasterKeys
from standfast.keys.roster import CustodyKey, KeyringFile, control_statement, first_keyring, make_keyring, open_keyring
from standfast.tlog.append import LogWriter
from standfast.tlog.checkpoint import LogSigner
from standfast.tlog.leaf import dummy_leaf, leaf_of, padded_count
from standfast.vault.folder import FORMAT_NAME, FORMAT_TEXT, HOW_TO_OPEN_NAME, VaultFolder, keyring_name


def make_vault(
    folder: VaultFolder,
    master: MasterKeys,
    signer: LogSigner,
    *,
    at: datetime,
    random: Callable[[int], bytes] = os.urandom,
) -> KeyringFile:
    """Make holdings/ and state/ in a folder that has neither; the checkpoint is written last.

    Cut off before it, what is there is no vault yet: `open_office` says so, and nothing was held.

    Raises:
        OSError: the disk could not take it.
    """
    for each in (folder.holdings, folder.tlog, folder.held("packs"), folder.held("inventory"), folder.held("keyring")):
        durable.make_folder(each)
    durable.make_folder(folder.state, mode=0o700)
    documents = {FORMAT_NAME: FORMAT_TEXT, HOW_TO_OPEN_NAME: HOW_TO_OPEN}
    for name, content in documents.items():
        durable.write_atomically(folder.held(name), content)
    custody = CustodyKey(master.custody_ed25519_seed, master.custody_ml_dsa_seed)
    keyring = first_keyring(
        custody,
        log_origin=signer.origin,
        vkeys=signer.vkeys,
        recipients=(master.recipient,),
        documents={name: sha256_hex(content) for name, content in documents.items()},
        created_at=at,
    )
    count, salt = padded_count(1), random(32)
    raw = make_keyring(keyring, custody, index=0, count=count, salt=salt)
    durable.write_atomically(folder.held(keyring_name(0)), raw)
    file = open_keyring(raw)
    leaves = [leaf_of(control_statement(file), salt), *(dummy_leaf(random(64)) for _ in range(count - 1))]
    LogWriter(folder.tlog, signer).append(leaves, at)
    return file
