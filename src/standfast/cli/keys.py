"""`standfast keys`: who may add, read and decide."""

from __future__ import annotations

from pathlib import Path

import click

from standfast.cli.context import Invocation, group


@group("keys", example="standfast keys list\nstandfast keys drill --share share-1.txt --share share-3.txt")
def keys() -> None:
    """The vault's keys: list them, try the recovery shares, recover with them, change the passphrase."""


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


@keys.command("drill", example="standfast keys drill --share share-1.txt --share share-3.txt")
@click.pass_obj
def drill(run: Invocation) -> None:
    """Show that recovery shares (--share, as many as are needed) open this vault.

    Every manifest and the newest item are opened with what the shares give, and with nothing else. Nothing secret is
    written. Do it when shares are handed out, and once a year with each holder: a share that can't be found or read is
    better missed today.
    """
    from standfast.assembly.key_care import drill_shares
    from standfast.assembly.office import open_office
    from standfast.cli.unlocking import share_texts

    office = open_office(run.vault_folder())
    tried = drill_shares(office, share_texts(run))
    run.output.document(
        {
            "ok": True,
            "given": tried.given,
            "threshold": tried.threshold,
            "count": tried.count,
            "accessions": tried.accessions_opened,
            "items": tried.items_named,
        }
    )
    run.output.line(
        f"the {tried.given} shares open this vault: {tried.items_named:,} items in {tried.accessions_opened:,} "
        f"accessions, and the newest item was read"
    )
    run.output.line("note      the other holders' shares were not tried: any they can't find is missing on the day")


@keys.command("recover", example="standfast keys recover --share share-1.txt --share share-3.txt")
@click.pass_obj
def recover(run: Invocation) -> None:
    """Put the reading identity and the custody key back on this machine, from recovery shares (--share).

    For a passphrase that was forgotten, or a machine that held none. Sets a new passphrase. It is written into the
    vault's custody, where everyone who reads can see it.
    """
    from standfast.assembly import key_care
    from standfast.assembly.office import open_office
    from standfast.cli.unlocking import share_texts

    office = open_office(run.vault_folder())
    key_care.recover(office, share_texts(run), run.new_passphrase)
    run.output.document({"ok": True, "identity_present": True})
    run.output.line("this machine reads again, with the new passphrase")
    run.output.line("next      standfast verify")


@keys.command("passphrase", example="standfast keys passphrase\nstandfast keys passphrase --new-passphrase-file FILE")
@click.option(
    "--new-passphrase-file",
    "new_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="The new passphrase, on one line. Without it, a terminal asks twice.",
)
@click.pass_obj
def passphrase(run: Invocation, new_file: Path | None) -> None:
    """Change the passphrase. What is held and the recovery shares stay as they are."""
    from standfast.assembly.key_care import set_passphrase
    from standfast.assembly.office import open_office
    from standfast.cli import secrets

    office = open_office(run.vault_folder())
    old = run.passphrase("Passphrase of this vault until now")
    new = (
        secrets.read_passphrase_file(new_file, run.output)
        if new_file
        else secrets.ask_new_passphrase("New passphrase for this vault")
    )
    set_passphrase(office, old, new)
    run.output.document({"ok": True})
    run.output.line("the passphrase is changed; copies of keys/ made before still open with the old one")
