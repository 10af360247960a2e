"""`standfast drill`: rehearse, measured."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from standfast.cli.context import Invocation, command
from standfast.cli.progress import Meters
from standfast.cli.unlocking import unlock

if TYPE_CHECKING:
    from standfast.drill.result import DrillResult

LANGUAGES = ("en", "ar", "fr", "es")
SIGNS = {"passed": "passed", "failed": "FAILED", "not checked": "not checked"}


@command("drill", example="standfast drill\nstandfast drill site --from partner --language ar")
@click.argument("origins", nargs=-1, metavar="[ORIGIN]…")
@click.option(
    "--from",
    "replica",
    default="",
    metavar="REPLICA",
    help="Restore from this copy; else the first that can be reached.",
)
@click.option("--language", type=click.Choice(LANGUAGES), help="Of the report; else that of this machine.")
@click.option("--scratch", type=click.Path(path_type=Path), metavar="DIR", help="Where to restore to for a while.")
@click.option("--keep", is_flag=True, help="Leave what was restored, in plain text, and say where.")
@click.option("--report-dir", type=click.Path(path_type=Path), metavar="DIR", help="Where to write the report.")
@click.pass_obj
def drill(
    run: Invocation,
    origins: tuple[str, ...],
    replica: str,
    language: str | None,
    scratch: Path | None,
    keep: bool,
    report_dir: Path | None,
) -> None:
    """Restore each origin into a scratch place, from a copy alone, and measure it.

    Checks what came back a second time, writes the result into the vault and a report, and leaves nothing else.
    """
    from standfast.assembly.drilling import drill as rehearse
    from standfast.assembly.office import open_office
    from standfast.errors.drill import DrillFailedError

    office = open_office(run.vault_folder())
    identities = unlock(run, office)
    with Meters(run.output) as meters:
        done = rehearse(
            office,
            identities,
            origins,
            replica=replica,
            language=language or _language_of(os.environ.get("LANG", "")),
            scratch=scratch,
            keep=keep,
            report_folder=report_dir,
            tell=lambda origin, step, done, total: _tell(meters, origin, step, done, total),
        )
    _say(run, done.result, done.report.html)
    if done.result.failed:
        raise DrillFailedError(done.result.failed)


def _tell(meters: Meters, origin: str, step: str, done: int, total: int) -> None:
    meters.turn_to(f"drill {origin}: {step}" if origin else f"drill: {step}").at_count(done, total, 0)


def _say(run: Invocation, result: DrillResult, report: Path) -> None:
    from standfast.drill.result import drill_json

    run.output.document({"drills": [drill_json(each) for each in result.drills], "report": str(report)})
    for each in result.drills:
        verdict = "passed" if each.ok else "FAILED"
        loss = "nothing came back" if each.loss_s is None else f"loss {each.loss_s:.0f} s"
        run.output.line(
            f"{each.origin} ({each.kind}) from {each.copy}: {verdict}. {each.items_identical:,} of "
            f"{each.items_expected:,} identical; recovery time {each.recovery_time_s:.1f} s, {loss}"
        )
        for check in each.checks:
            found = "—" if check.found is None else f"{check.found:,}"
            run.output.line(f"  {SIGNS[check.outcome]:<12}{check.name}: {found} of {check.expected:,}")
            for example in check.examples[:3]:
                run.output.line(f"    {example.name}: {example.why}")
    if result.kept:
        run.output.line(f"kept      {result.kept}")
    run.output.line(f"report    {report}")


def _language_of(locale: str) -> str:
    return locale[:2] if locale[:2] in LANGUAGES else "en"
