"""`standfast keys`: who may add, read and decide."""

from __future__ import annotations

import click

from standfast.cli.context import Invocation, group


@group("keys", example="standfast keys list")
def keys() -> None:
    """Show the vault's keys."""


@keys.command("list", example="standfast keys list --json")
@click.pass_obj
def list_keys(run: Invocation) -> None:
    """List the public keys, who is sealed to, and how many recovery shares there are."""
    from standfast.assembly.office import open_office
    from standfast.keys.keyholder import has_identity
    from standfast.keys.shares import SharePlan

    office = open_office(run.vault_folder())
    said = office.settings.vault.shares
    plan = SharePlan.parse(said) if said else None
    present = has_identity(office.folder.keys)
    run.output.document(
        {
            "name": office.settings.vault.name,
            "dir": str(office.folder.root),
            "log": {"origin": office.keyring.log.origin, "vkeys": list(office.vkeys)},
            "recipients": list(office.keyring.recipients),
            "identity_present": present,
            "shares": {
                "threshold": plan.threshold if plan else None,
                "count": plan.count if plan else None,
                "files": [],
            },
        }
    )
    run.output.line(f"vault     {office.settings.vault.name} ({office.folder.root})")
    run.output.line(f"keyring   number {office.keyring.number}")
    run.output.line(f"log       {office.keyring.log.origin}; its checkpoints are signed by")
    for vkey in office.vkeys:
        run.output.line(f"  {vkey}")
    run.output.line("sealed to")
    for recipient in office.keyring.recipients:
        run.output.line(f"  {recipient[:40]}…")
    run.output.line(f"reading   {'with the passphrase' if present else 'not on this machine'}")
    run.output.line(f"shares    {f'any {plan.threshold} of {plan.count}' if plan else 'unknown'}")
