"""`standfast audit`: any copy, by anyone, without a key that reads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from standfast.cli.context import Invocation, command
from standfast.cli.progress import progress, size_in_words
from standfast.cli.reaching import reach_from, reach_options

if TYPE_CHECKING:
    from standfast.replicas.findings import AuditResult


@command(
    "audit", example="standfast audit /media/copy --log 'example.standfast/5d41+…' --log 'example.standfast/5d41+…'"
)
@click.argument("location")
@click.option(
    "--log", "vkeys", multiple=True, metavar="VKEY", help="A key of the log; all that are given must have signed."
)
@click.option(
    "--newest",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="CHECKPOINT",
    help="A checkpoint that the copy must be as new as.",
)
@reach_options
@click.pass_obj
def audit(run: Invocation, /, location: str, vkeys: tuple[str, ...], newest: Path | None, **reach: Any) -> None:
    """Check a whole copy without any key that reads.

    Names every object that is missing, damaged, withheld or unexpected. Without --log, the keys of the vault that is
    meant are taken. Whether the copy is the newest is checked against --newest, or what this auditor saw last.
    """
    from standfast.assembly.destinations import reach_of
    from standfast.assembly.office import open_office
    from standfast.assembly.replication import audit_location, note_audit
    from standfast.errors.replicas import FaultsInCopyError

    office = None if vkeys else open_office(run.vault_folder())
    keys = vkeys or (office.vkeys if office else ())
    known = {each.name: each for each in office.settings.replicas.values()} if office else {}
    mine = reach_of(office.folder, known[location]) if office and location in known else None
    place = known[location].location if location in known else location
    with progress(run.output, f"audit {location}") as meter:
        result = audit_location(
            place,
            keys,
            newest=newest.read_bytes() if newest else None,
            reach=mine or reach_from(**reach),
            tell=meter.at_bytes,
        )
    if office and location in known:
        note_audit(office, location, result)
    _say(run, result)
    if not result.ok:
        raise FaultsInCopyError(place, len(result.faults) + result.faults_left_off)


def _say(run: Invocation, result: AuditResult) -> None:
    run.output.document(
        {
            "ok": result.ok,
            "objects": result.objects,
            "bytes": result.bytes,
            "entries": result.entries,
            "faults": [{"object": each.object, "kind": each.kind, "detail": each.detail} for each in result.faults],
            "notes": [{"object": each.object, "kind": each.kind, "detail": each.detail} for each in result.notes],
            "not_checked": list(result.not_checked),
            "freshness": result.freshness,
        }
    )
    for fault in result.faults:
        run.output.line(f"FAULT  {fault.kind:<12} {fault.object}: {fault.detail}")
    for note in result.notes:
        run.output.line(f"note   {note.kind:<12} {note.object}: {note.detail}")
    for what in result.not_checked:
        run.output.line(f"not checked: {what}")
    verdict = "no fault" if not result.faults else f"{len(result.faults):,} faults"
    run.output.line(
        f"{verdict}: {result.objects:,} objects, {size_in_words(result.bytes)}, {result.entries:,} entries of the log; "
        f"freshness {result.freshness}"
    )
