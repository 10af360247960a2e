"""`standfast restore continuity`: what somebody needs who has lost an address."""

from __future__ import annotations

from pathlib import Path

import click

from standfast.cli.context import Invocation
from standfast.cli.moments import parse_day
from standfast.cli.progress import progress
from standfast.cli.restore import restore, say_restored
from standfast.cli.unlocking import unlock


@restore.command(
    "continuity", example="standfast restore continuity office --to for-ruth --since 2030-01-01 --language ar"
)
@click.argument("origin")
@click.option(
    "--to", "folder", required=True, type=click.Path(path_type=Path), metavar="DIR", help="A new or empty folder."
)
@click.option("--own", multiple=True, metavar="ADDRESS", help="An address of the account; found by itself as a rule.")
@click.option("--since", metavar="DAY", help="Only what came on that day or later.")
@click.option("--people", default=50, show_default=True, type=click.IntRange(0, 2000), help="For how many an mbox.")
@click.option(
    "--language", type=click.Choice(["en", "ar", "fr", "es"]), default="en", show_default=True, help="Of the page."
)
@click.pass_obj
def continuity(
    run: Invocation,
    /,
    origin: str,
    folder: Path,
    own: tuple[str, ...],
    since: str | None,
    people: int,
    language: str,
) -> None:
    """Make a page for whoever lost a mail address: whom to tell, which accounts hang on it, which lists write to it.

    Beside it a vCard of all correspondents and an mbox for each of the nearest. It names people, so it is made only
    when asked for, for its owner's eyes alone, and written into custody as a restore is.
    """
    from standfast.assembly.office import open_office
    from standfast.assembly.standing_up import bring_back_continuity
    from standfast.restore.mail.continuity.write import ContinuityOptions

    options = ContinuityOptions(own=own, since=parse_day(since), language=language, people=people)
    office = open_office(run.vault_folder())
    identities = unlock(run, office)
    with progress(run.output, f"restore {origin}") as meter:
        result = bring_back_continuity(
            office, identities, origin, folder, options, tell=lambda done, total: meter.at_count(done, total, 0)
        )
    say_restored(run, result)
