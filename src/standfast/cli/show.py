"""`standfast show`: one item with its whole custody."""

from __future__ import annotations

import click
import msgspec

from standfast.cli.context import Invocation, command
from standfast.cli.unlocking import unlocked_reader


@command("show", example="standfast show iabcdefghijklmnop")
@click.argument("item")
@click.pass_obj
def show(run: Invocation, item: str) -> None:
    """Show one item: its record, where the log commits to it, and its whole custody."""
    from standfast.assembly.custody_of import history_of

    found = history_of(unlocked_reader(run), item)
    record = found.held.record
    run.output.document(
        {
            "record": msgspec.to_builtins(record),
            "accession": found.held.accession,
            "log_index": found.held.leaf,
            "salt": found.held.salt.hex(),
            "custody": [{"at": each.at, "event": each.event, "detail": each.detail} for each in found.events],
        }
    )
    for label, value in (
        ("id", record.id),
        ("name", record.name),
        ("origin", record.origin),
        ("size", f"{record.size_bytes:,} bytes"),
        ("type", record.media_type),
        ("sha256", record.sha256),
        ("blake3", record.blake3),
        ("captured", f"{record.captured_at} by {record.tool}"),
        ("quality", record.quality),
        ("log entry", str(found.held.leaf)),
    ):
        run.output.line(f"{label:<10}{value}")
    for name, value in msgspec.to_builtins(record.facts).items():
        run.output.line(f"{name:<10}{value}")
    run.output.line("custody")
    for event in found.events:
        run.output.line(f"  {event.at[:19]}  {event.event:<10} {event.detail}")
