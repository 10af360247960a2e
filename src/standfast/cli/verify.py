"""`standfast verify`: every byte held, with the reading identity."""

from __future__ import annotations

import click

from standfast.cli.context import Invocation, command
from standfast.cli.progress import progress, size_in_words
from standfast.cli.unlocking import unlock


@command("verify", example="standfast verify\nstandfast verify --replica partner")
@click.option("--replica", metavar="NAME", help="Verify this copy in place of the vault's own holdings.")
@click.pass_obj
def verify(run: Invocation, replica: str | None) -> None:
    """Read everything: every byte stored, every chunk opened, every item compared with its record, the log."""
    from standfast.assembly.office import open_office
    from standfast.assembly.verification import verify_all
    from standfast.errors.vault import FaultsFoundError

    office = open_office(run.vault_folder())
    identities = unlock(run, office)
    with progress(run.output, "verify") as meter:
        done = verify_all(office, identities, replica=replica, tell=meter.at_bytes)
    run.output.document(
        {
            "ok": not done.faults,
            "objects": done.objects,
            "bytes": done.bytes,
            "entries": done.entries,
            "items": done.items,
            "faults": [{"object": each.object, "kind": each.kind, "detail": each.detail} for each in done.faults],
        }
    )
    for fault in done.faults:
        run.output.line(f"FAULT  {fault.kind:<12} {fault.object}: {fault.detail}")
    run.output.line(
        f"{'no fault' if not done.faults else f'{len(done.faults):,} faults'}: {done.items:,} items, "
        f"{done.objects:,} objects, {size_in_words(done.bytes)}, {done.entries:,} entries of the log"
    )
    if done.faults:
        raise FaultsFoundError(len(done.faults))
