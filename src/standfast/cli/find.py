"""`standfast find`: words in what is held."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from standfast.cli.context import Invocation, command
from standfast.cli.moments import parse_day
from standfast.cli.progress import progress
from standfast.cli.unlocking import unlock

if TYPE_CHECKING:
    from standfast.search.index import Hit

STATES = {"held": "", "gone": "gone from its origin; held here", "replaced": "an older version"}


@command(
    "find",
    example="standfast find witness statement from:ruth date:2031-05\n"
    "standfast find 'شهادة' --folder 'Cases*' --has attachment",
)
@click.argument("words", nargs=-1)
@click.option("--from", "sender", default="", metavar="WHO", help="Who wrote it: words of a name or an address.")
@click.option("--to", "recipient", default="", metavar="WHO", help="To whom it went.")
@click.option("--since", metavar="DAY", help="On that day or later.")
@click.option("--before", metavar="DAY", help="Before that day.")
@click.option("--has", multiple=True, type=click.Choice(["attachment"]), help="Only what has one.")
@click.option("--origin", default="", metavar="NAME", help="Only this origin's.")
@click.option("--folder", default="", metavar="GLOB", help="Only mail of these folders.")
@click.option("--older", is_flag=True, help="Also versions that later ones replaced.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 10_000), help="How many are shown.")
@click.option("--anew", is_flag=True, help="Make the index again first.")
@click.pass_obj
def find(
    run: Invocation,
    words: tuple[str, ...],
    sender: str,
    recipient: str,
    since: str | None,
    before: str | None,
    has: tuple[str, ...],
    origin: str,
    folder: str,
    older: bool,
    limit: int,
    anew: bool,
) -> None:
    """Find words in mail, web pages, contacts and calendars, and in the names of files.

    All words must be there; "words in quotes" together; word* begins so; -word, after --, must not be there. Among the
    words may stand from:WHO, to:WHO, subject:WORD, date:2031-05, date:2031..2032, has:attachment, folder:GLOB and
    origin:NAME.
    Letters are compared without case, accents and vowel marks; an Arabic word is found behind its article too.
    """
    from standfast.assembly import finding
    from standfast.assembly.office import open_office
    from standfast.search.query import ask

    question = ask(
        " ".join(_as_typed(word) for word in words),
        sender=sender,
        recipient=recipient,
        has=has,
        since=parse_day(since),
        before=parse_day(before),
        origin=origin,
        folder=folder,
        older=older,
    )
    office = open_office(run.vault_folder())
    identities = unlock(run, office)
    with progress(run.output, "read what is new") as meter:
        hits, indexed, unread = finding.find(
            office,
            identities,
            question,
            limit=limit,
            anew=anew,
            tell=lambda done, total: meter.at_count(done, total, 0),
        )
    results = [{**asdict(hit), "folders": list(hit.folders)} for hit in hits.hits]
    run.output.document({"results": results, "total": hits.total, "indexed": indexed, "not_read_whole": unread})
    for hit in hits.hits:
        _say(run, hit)
    run.output.line(f"{hits.total:,} found, of {indexed:,} things")
    if unread:
        run.output.note(f"of {unread:,} things not everything could be read; what could is in the index")


def _as_typed(word: str) -> str:
    """What the shell took as one word, because it stood in quotes, stands together here too."""
    return f'"{word}"' if " " in word and not set('":-*') & set(word) else word


def _say(run: Invocation, hit: Hit) -> None:
    run.output.line(f"{hit.item}  {hit.date or 'no date':<25}  {hit.subject or hit.name}")
    state = STATES[hit.state]
    where = ", ".join(filter(None, (hit.origin, *hit.folders, hit.sender, state)))
    run.output.line(f"    {where}")
    if hit.snippet:
        run.output.line(f"    {hit.snippet}")
