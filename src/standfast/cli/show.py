"""`standfast show`: one item with its whole custody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from standfast.cli.context import Invocation, command
from standfast.cli.unlocking import unlocked_reader

if TYPE_CHECKING:
    from standfast.stamping.window import Bound, ItemWindow


@command("show", example="standfast show iabcdefghijklmnop")
@click.argument("item")
@click.pass_obj
def show(run: Invocation, item: str) -> None:
    """Show one item: its record, where the log commits to it, and its whole custody."""
    from standfast.assembly.custody_of import history_of
    from standfast.assembly.office import open_office
    from standfast.assembly.windows import window_of_item

    found = history_of(unlocked_reader(run), item)
    window = window_of_item(open_office(run.vault_folder()), found.held.leaf, found.held.accession)
    record = found.held.record
    run.output.document(
        {
            "record": msgspec.to_builtins(record),
            "accession": found.held.accession,
            "log_index": found.held.leaf,
            "salt": found.held.salt.hex(),
            "window": {"not_before": _side(window.not_before), "not_after": _side(window.not_after)},
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
        ("entered", _in_words(window)),
    ):
        run.output.line(f"{label:<10}{value}")
    for name, value in msgspec.to_builtins(record.facts).items():
        run.output.line(f"{name:<10}{value}")
    run.output.line("custody")
    for event in found.events:
        run.output.line(f"  {event.at[:19]}  {event.event:<10} {event.detail}")


def _side(bound: Bound | None) -> dict[str, object] | None:
    if bound is None:
        return None
    return {
        "moment": bound.moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "checkpoint": f"tlog/cosigned/{bound.size}/{bound.number}",
        "authorities": list(bound.authorities),
    }


def _in_words(window: ItemWindow) -> str:
    """The window for a person, by whose clocks."""
    if window.not_before is None and window.not_after is None:
        return "when: no authority says yet (`standfast timestamps list`)"
    parts = []
    for word, bound in (("not before", window.not_before), ("not after", window.not_after)):
        if bound:
            parts.append(f"{word} {bound.moment:%Y-%m-%d %H:%M:%S} UTC by {', '.join(bound.authorities)}")
        else:
            parts.append(f"nobody outside shows a {word}")
    return "the log " + "; ".join(parts)
