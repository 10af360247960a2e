"""`rebuild`: from a location and words on paper to a vault that works."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from standfast import clock
from standfast.assembly.destinations import Reach, open_destination, open_own
from standfast.assembly.founding import require_empty
from standfast.assembly.ledger import Ledger, write_ledger
from standfast.assembly.office import open_office
from standfast.errors.keys import WrongVaultSharesError
from standfast.keys.master import MasterKeys
from standfast.keys.shares import combine, words_of
from standfast.restore.rebuild import RebuildResult, keyrings_of, rebuild
from standfast.seal.age import recipient_of


def rebuild_vault(
    location: str,
    root: Path,
    *,
    shares: Sequence[str],
    identity: str,
    ask_passphrase: Callable[[], str],
    reach: Reach | None = None,
    tell: Callable[[int, int], None] | None = None,
) -> RebuildResult:
    """Rebuild; the passphrase is asked for only when shares or identity have proved to be of this vault.

    Raises:
        VaultExistsError: something lies in `root`.
        SharesError, WrongVaultSharesError, MalformedAgeFileError: the shares or the identity. Nothing was made.
        Errors of `restore.rebuild.rebuild`.
    """
    require_empty(root)
    master = MasterKeys.from_master(combine([words_of(text) for text in shares])) if shares else None
    lines = [line.strip() for line in identity.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    with open_destination(location, reach) as copy:
        keyring = keyrings_of(copy)[-1]
        readers = [master.identity] if master else lines
        if not any(recipient_of(reader) in keyring.recipients for reader in readers):
            raise WrongVaultSharesError(keyring.log.origin)
        result = rebuild(copy, open_own, root, master=master, identities=lines, passphrase=ask_passphrase(), tell=tell)
    office = open_office(root)
    ledger = Ledger()
    for replica in office.settings.replicas.values():
        if replica.location == location or Path(replica.location).resolve() == Path(location).resolve():
            note = ledger.replica(replica.name)
            note.synced_at, note.synced_size, note.ok = clock.to_text(office.clock()), result.log_size, result.ok
    write_ledger(office.folder.state, ledger)
    return result
