"""`standfast export`: the plain bytes of items, and a record beside each."""

from __future__ import annotations

from pathlib import Path

import click

from standfast.cli.context import Invocation, command
from standfast.cli.unlocking import unlock


@command("export", example="standfast export iabcdefghijklmnop --to evidence")
@click.argument("items", nargs=-1, required=True, metavar="ITEM…")
@click.option(
    "--to", "folder", required=True, type=click.Path(path_type=Path), metavar="DIR", help="A folder for them."
)
@click.pass_obj
def export(run: Invocation, items: tuple[str, ...], folder: Path) -> None:
    """Write items out as plain files, with the record and salt of each.

    It is written into the vault's custody before it begins.
    """
    from standfast.assembly.exporting import export_items
    from standfast.assembly.office import open_office

    office = open_office(run.vault_folder())
    written = export_items(office, unlock(run, office), items, folder)
    run.output.document(
        {"items": [{"id": each.item, "file": str(each.file), "record": str(each.record)} for each in written]}
    )
    for each in written:
        run.output.line(f"{each.item}  {each.file}")
