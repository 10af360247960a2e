"""`standfast schedule`: protect every night."""

from __future__ import annotations

import click

from standfast.cli.context import Invocation, group


@group("schedule", example="standfast schedule install --at 03:30")
def schedule() -> None:
    """Run `protect` by itself."""


@schedule.command("install", example="standfast schedule install --at 03:30")
@click.option("--at", default="03:00", show_default=True, metavar="HH:MM", help="By this machine's clock.")
@click.option("--by", type=click.Choice(["systemd", "cron"]), help="A systemd timer, or a line of cron.")
@click.pass_obj
def install(run: Invocation, at: str, by: str | None) -> None:
    """Protect every day at a set time: a systemd timer of this user, else a cron line."""
    from standfast.assembly.office import open_office
    from standfast.assembly.scheduling import install_schedule

    office = open_office(run.vault_folder())
    done = install_schedule(office.folder.root, at, prefer=by or "")
    run.output.document(
        {"by": done.by, "name": done.name, "command": done.command, "files": [str(file) for file in done.files]}
    )
    run.output.line(f"installed {done.name} ({done.by}), every day at {at}")
    run.output.line(f"runs      {done.command}")
