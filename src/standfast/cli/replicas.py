"""`standfast replicas`: copies in other hands."""

from __future__ import annotations

from typing import Any

import click

from standfast.cli.context import Invocation, group
from standfast.cli.progress import progress, size_in_words
from standfast.cli.reaching import reach_from, reach_options


@group("replicas", example="standfast replicas add partner /media/usb/copy\nstandfast replicas heal")
def replicas() -> None:
    """Copies in other hands: add, bring up to date, list, heal."""


@replicas.command(
    "add",
    example="standfast replicas add partner /media/usb/copy\n"
    "standfast replicas add store s3://bucket/office --endpoint https://s3.example.org --credentials FILE\n"
    "standfast replicas add coalition sftp://office@copies.example.org/office --key-file FILE --host-key SHA256:…",
)
@click.argument("name")
@click.argument("location")
@reach_options
@click.pass_obj
def add(run: Invocation, /, name: str, location: str, **reach: Any) -> None:
    """Add a place for a copy: an empty folder, bucket or SFTP account, best in other hands.

    The place is tried first. Credentials are copied into the vault's keys/, readable by this account alone.
    """
    from standfast.assembly.adding_replicas import add_replica_at
    from standfast.assembly.office import open_office

    _, added = add_replica_at(open_office(run.vault_folder()), name, location, reach_from(**reach))
    place = added.replica.location
    run.output.document({"name": name, "location": place, "same_disk": added.same_disk})
    run.output.line(f"added     {name} ({place})")
    if added.same_disk:
        run.output.line("note      it lies on the vault's own disk: what takes one takes both")
    if not added.replica.conditional:
        run.output.line("note      this store knows no conditional writes: no second machine may write to this copy")
    run.output.line("next      standfast replicas sync")


@replicas.command("sync", example="standfast replicas sync")
@click.argument("names", nargs=-1, metavar="[NAME]…")
@click.pass_obj
def sync(run: Invocation, names: tuple[str, ...]) -> None:
    """Bring copies up to date. `protect` does it too."""
    from standfast.assembly.ledger import read_ledger, write_ledger
    from standfast.assembly.office import open_office
    from standfast.assembly.replication import refuse_old_copy, sync_replicas
    from standfast.errors.intake import PartlyProtectedError

    office = open_office(run.vault_folder())
    with office.lock("replicas sync"), progress(run.output, "copy") as meter:
        refuse_old_copy(office)
        ledger = read_ledger(office.folder.state)
        outcomes = sync_replicas(office, ledger, names=names, tell=lambda _, done, total: meter.at_bytes(done, total))
        write_ledger(office.folder.state, ledger)
    run.output.document(
        {
            "replicas": [
                {
                    "name": each.name,
                    "ok": each.ok,
                    "objects_sent": each.objects_sent,
                    "bytes_sent": each.bytes_sent,
                    "why": each.why,
                }
                for each in outcomes
            ]
        }
    )
    for each in outcomes:
        told = (
            f"copied {each.objects_sent} objects, {size_in_words(each.bytes_sent)}"
            if each.ok
            else f"NOT copied: {each.why}"
        )
        run.output.line(f"{each.name}: {told}")
    failed = [each.name for each in outcomes if not each.ok]
    if failed:
        raise PartlyProtectedError(failed)


@replicas.command("list", example="standfast replicas list")
@click.pass_obj
def list_replicas(run: Invocation) -> None:
    """List the copies and when each was brought up to date and audited."""
    from standfast.assembly.ledger import read_ledger
    from standfast.assembly.office import open_office

    office = open_office(run.vault_folder())
    ledger = read_ledger(office.folder.state)
    rows = []
    for name, replica in office.settings.replicas.items():
        note = ledger.replica(name)
        rows.append(
            {
                "name": name,
                "location": replica.location,
                "synced_at": note.synced_at or None,
                "audited_at": note.audited_at or None,
                "ok": note.ok,
            }
        )
        copied, audited = note.synced_at[:19] or "never", note.audited_at[:19] or "never"
        run.output.line(f"{name}  {replica.location}  copied {copied}  audited {audited}")
    run.output.document({"replicas": rows})


@replicas.command("heal", example="standfast replicas heal\nstandfast replicas heal partner")
@click.argument("names", nargs=-1, metavar="[NAME]…")
@click.pass_obj
def heal(run: Invocation, names: tuple[str, ...]) -> None:
    """Repair copies, and the vault itself, from any copy that is good."""
    from standfast.assembly.office import open_office
    from standfast.assembly.replication import heal_copies
    from standfast.errors.replicas import HealIncompleteError

    office = open_office(run.vault_folder())
    with progress(run.output, "heal") as meter:
        results = heal_copies(office, names, tell=lambda _, done, total: meter.at_bytes(done, total))
    healed = [
        {"object": each.object, "from": each.source, "in": name} for name, result in results for each in result.healed
    ]
    lost = [{"object": each.object, "why": each.why, "in": name} for name, result in results for each in result.lost]
    run.output.document({"ok": not lost, "healed": healed, "lost": lost})
    for row in healed:
        run.output.line(f"healed  {row['object']} in {row['in']}, from {row['from']}")
    for row in lost:
        run.output.line(f"LOST    {row['object']} in {row['in']}: {row['why']}")
    for name, result in results:
        for strange in result.unexpected:
            run.output.line(f"strange {strange} in {name}: left where it is")
    if not healed and not lost:
        run.output.line("every copy that could be reached is whole")
    if lost:
        raise HealIncompleteError(", ".join(sorted({row["in"] for row in lost})), len(lost))
