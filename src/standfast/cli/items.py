"""`standfast items`: the catalogue."""

from __future__ import annotations

import click

from standfast.cli.context import Invocation, command
from standfast.cli.moments import parse_moment
from standfast.cli.progress import size_in_words
from standfast.cli.unlocking import unlocked_reader


@command("items", example="standfast items --origin site\nstandfast items --at 2031-05-04")
@click.option("--origin", metavar="NAME", help="Only this origin's.")
@click.option("--at", "moment", metavar="TIME", help="As it was then.")
@click.option("--all", "every", is_flag=True, help="Those too that were replaced or are gone.")
@click.pass_obj
def items(run: Invocation, origin: str | None, moment: str | None, every: bool) -> None:
    """List what is held.

    Needs the passphrase: nothing on this machine names what is held otherwise.
    """
    reader = unlocked_reader(run)
    held = reader.every_item() if every else reader.items(origin, parse_moment(moment))
    rows = []
    count = total = 0
    for item in held:
        record = item.record
        if origin and record.origin != origin:
            continue
        count, total = count + 1, total + record.size_bytes
        if run.output.json:
            rows.append(
                {
                    "id": record.id,
                    "origin": record.origin,
                    "name": record.name,
                    "sha256": record.sha256,
                    "size_bytes": record.size_bytes,
                    "media_type": record.media_type,
                    "captured_at": record.captured_at,
                    "accession": item.accession,
                }
            )
        else:
            size = size_in_words(record.size_bytes)
            run.output.line(f"{record.id}  {record.captured_at[:19]}  {size:>9}  {record.origin}  {record.name}")
    run.output.document({"items": rows})
    run.output.note(f"{count:,} items, {size_in_words(total)}")
