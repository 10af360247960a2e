"""`standfast protect`: the main job."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from standfast.cli.context import Invocation, command
from standfast.cli.progress import Meters, size_in_words

if TYPE_CHECKING:
    from standfast.assembly.protection import Protection
    from standfast.intake.run import RunProgress, RunResult


@command("protect", example="standfast protect\nstandfast protect site documents")
@click.argument("origins", nargs=-1, metavar="[ORIGIN]…")
@click.option("--reread", is_flag=True, help="Read every file again, whatever its size and times say.")
@click.pass_obj
def protect(run: Invocation, origins: tuple[str, ...], reread: bool) -> None:
    """Capture, seal, log and copy what is new or changed.

    Needs no passphrase. It can be stopped at any time: what was acknowledged is kept, and the next run goes on.
    """
    from standfast.assembly.office import open_office
    from standfast.assembly.protection import protect as protect_origins
    from standfast.errors.intake import PartlyProtectedError

    office = open_office(run.vault_folder())
    with Meters(run.output) as meters:
        done = protect_origins(
            office,
            origins,
            reread=reread,
            tell=lambda name, now: _tell(meters, name, now),
            tell_replica=lambda name, done, total: meters.turn_to(f"copy to {name}").at_bytes(done, total),
        )
    run.output.document(_document(done))
    for result in done.origins:
        _say_origin(run, result)
    for cosigner in done.cosigners:
        told = f"cosigned {cosigner.size:,} entries" if cosigner.ok else f"not cosigned yet: {cosigner.why}"
        run.output.line(f"{cosigner.name}: {told}")
    for stamped in done.timestamps:
        told = f"stamped {stamped.size:,} entries" if stamped.ok else f"not stamped yet: {stamped.why}"
        run.output.line(f"{stamped.name}: {told}")
    if done.renewed:
        run.output.line(f"renewed {len(done.renewed):,} stamps")
    for copy in done.replicas:
        if copy.ok:
            run.output.line(f"{copy.name}: copied {copy.objects_sent} objects, {size_in_words(copy.bytes_sent)}")
        else:
            run.output.line(f"{copy.name}: NOT copied: {copy.why}")
    if done.failed:
        raise PartlyProtectedError(done.failed)


def _tell(meters: Meters, name: str, now: RunProgress) -> None:
    meters.turn_to(f"protect {name}").at_count(now.items_seen, now.total_count, now.bytes_seen)


def _say_origin(run: Invocation, result: RunResult) -> None:
    state = "protected" if result.ok else "PARTLY protected"
    run.output.line(
        f"{result.name}: {state}. {result.items_seen:,} seen, {result.items_new:,} new or changed, "
        f"{result.items_gone:,} gone; {size_in_words(result.bytes_seen)} seen, "
        f"{size_in_words(result.bytes_stored)} stored, {result.duration_s:.1f} s"
    )
    if result.passed_over:
        what = ", ".join(f"{kind} {count:,}" for kind, count in result.passed_over.items())
        run.output.line(f"  passed over, as they hold nothing: {what}")
    for failure in result.failures[:20]:
        run.output.line(f"  {failure.what}: {failure.why}")
    if result.failure_count > 20:
        run.output.line(f"  and {result.failure_count - 20:,} more; --json lists up to 1,000")


def _document(done: Protection) -> dict[str, object]:
    return {
        "origins": [
            {
                "name": each.name,
                "kind": each.kind,
                "ok": each.ok,
                "items_seen": each.items_seen,
                "items_new": each.items_new,
                "items_gone": each.items_gone,
                "bytes_seen": each.bytes_seen,
                "bytes_stored": each.bytes_stored,
                "duration_s": round(each.duration_s, 3),
                "failures": [{"what": failure.what, "why": failure.why} for failure in each.failures],
                "passed_over": each.passed_over,
            }
            for each in done.origins
        ],
        "accessions": done.accessions,
        "checkpoint": {"origin": done.log_origin, "size": done.log_size, "root": done.log_root},
        "cosigners": [
            {"name": each.name, "ok": each.ok, "size": each.size, "why": each.why} for each in done.cosigners
        ],
        "timestamps": [
            {"name": each.name, "ok": each.ok, "size": each.size, "time": each.time or None, "why": each.why}
            for each in done.timestamps
        ],
        "renewed": done.renewed,
        "replicas": [
            {
                "name": each.name,
                "ok": each.ok,
                "objects_sent": each.objects_sent,
                "bytes_sent": each.bytes_sent,
                "why": each.why,
            }
            for each in done.replicas
        ],
    }
