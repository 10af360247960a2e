"""`standfast restore`: for real."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from standfast.cli.context import Invocation, group
from standfast.cli.moments import parse_day, parse_moment
from standfast.cli.progress import progress, size_in_words
from standfast.cli.unlocking import unlock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from standfast.assembly.office import Office
    from standfast.dav.multistatus import Kind
    from standfast.holdings.mail_listing import Form
    from standfast.restore.plan import RestoreResult


@group(
    "restore",
    example="standfast restore files documents --to /home/office/documents\nstandfast restore web site --to site",
)
def restore() -> None:
    """Bring an origin back, elsewhere or where it was."""


@restore.command("files", example="standfast restore files documents --to out --path 'letters/*'")
@click.argument("origin")
@click.option(
    "--to", "folder", required=True, type=click.Path(path_type=Path), metavar="DIR", help="A new or empty folder."
)
@click.option("--at", "moment", metavar="TIME", help="As it was then.")
@click.option("--path", "globs", multiple=True, metavar="GLOB", help="Only what matches; * matches / too.")
@click.option("--force", is_flag=True, help="Write over what is in the way.")
@click.pass_obj
def files(run: Invocation, origin: str, folder: Path, moment: str | None, globs: tuple[str, ...], force: bool) -> None:
    """Bring a folder back: content, names, links, modes, owners, times."""
    from standfast.assembly.office import open_office
    from standfast.assembly.standing_up import bring_back_files

    office = open_office(run.vault_folder())
    identities = unlock(run, office)
    with progress(run.output, f"restore {origin}") as meter:
        result = bring_back_files(
            office,
            identities,
            origin,
            folder,
            at=parse_moment(moment),
            path_globs=globs,
            force=force,
            tell=lambda done, total: meter.at_count(done, total, 0),
        )
    say_restored(run, result)


@restore.command("web", example="standfast restore web site --to public --base-url https://example.net/")
@click.argument("origin")
@click.option(
    "--to", "folder", required=True, type=click.Path(path_type=Path), metavar="DIR", help="A new or empty folder."
)
@click.option("--at", "moment", metavar="TIME", help="As it was then.")
@click.option("--base-url", metavar="URL", help="Where it will stand, for feeds and canonical links.")
@click.option("--force", is_flag=True, help="Write over what is in the way.")
@click.pass_obj
def web(run: Invocation, origin: str, folder: Path, moment: str | None, base_url: str | None, force: bool) -> None:
    """Bring a site back as files that any web server, or a double click, serves."""
    from standfast.assembly.office import open_office
    from standfast.assembly.standing_up import bring_back_web

    office = open_office(run.vault_folder())
    identities = unlock(run, office)
    with progress(run.output, f"restore {origin}") as meter:
        result = bring_back_web(
            office,
            identities,
            origin,
            folder,
            at=parse_moment(moment),
            base_url=base_url,
            force=force,
            tell=lambda done, total: meter.at_count(done, total, 0),
        )
    say_restored(run, result)


@restore.command(
    "mail",
    example="standfast restore mail office --to mailbox\n"
    "standfast restore mail office --to out --as eml --folder 'Cases*' --since 2031-01-01\n"
    "standfast restore mail office --to imaps://ruth@mail.example.net --password-file new-password",
)
@click.argument("origin")
@click.option("--to", "target", required=True, metavar="DIR|URL", help="A folder, or imaps://user@host.")
@click.option(
    "--as",
    "form",
    type=click.Choice(["maildir", "mbox", "eml"]),
    default="maildir",
    show_default=True,
    help="What a folder becomes.",
)
@click.option("--at", "moment", metavar="TIME", help="As the mailbox was then.")
@click.option("--since", metavar="DAY", help="Only what came on that day or later.")
@click.option("--before", metavar="DAY", help="Only what came before that day.")
@click.option("--folder", "globs", multiple=True, metavar="GLOB", help="Only these folders and those below them.")
@click.option("--words", metavar="WORDS", help="Only messages that `find` finds by these; its terms too.")
@click.option("--force", is_flag=True, help="DIR: add to what lies there; nothing is replaced.")
@click.option("--contacts-to", metavar="URL", help="Also put contacts there: CardDAV, https://user@host/…")
@click.option("--calendar-to", metavar="URL", help="Also put calendars there: CalDAV, https://user@host/…")
@click.option("--password-file", metavar="FILE", help="URL: its first line is the password there.")
@click.option("--password-command", metavar="COMMAND", help="URL: run by the shell; it prints the password.")
@click.option("--oauth", metavar="PROVIDER", help="URL: log in by OAuth 2; shows a code to confirm.")
@click.option("--pin", metavar="SHA256", help="URL: trust just this certificate (of its DER form).")
@click.pass_obj
def mail(
    run: Invocation,
    /,
    origin: str,
    target: str,
    form: Form,
    moment: str | None,
    since: str | None,
    before: str | None,
    globs: tuple[str, ...],
    words: str | None,
    force: bool,
    contacts_to: str | None,
    calendar_to: str | None,
    pin: str | None,
    **secrets: str | None,
) -> None:
    """Open a mailbox elsewhere: folders, flags, dates, every message byte for byte. A second run adds nothing."""
    from standfast.assembly.mail_access import SecretSource
    from standfast.assembly.office import open_office
    from standfast.assembly.standing_up import bring_back_cards, bring_back_mail, bring_back_mail_to_server
    from standfast.cli.device_code import show_code
    from standfast.restore.mail.choice import MailChoice

    office = open_office(run.vault_folder())
    identities = unlock(run, office)
    digests = _found_by(office, identities, words, origin) if words is not None else None
    choice = MailChoice(since=parse_day(since), before=parse_day(before), folders=globs, digests=digests)
    with progress(run.output, f"restore {origin}") as meter:
        told: dict[str, Any] = {
            "choice": choice,
            "at": parse_moment(moment),
            "tell": lambda done, total: meter.at_count(done, total, 0),
        }
        source = SecretSource(**{name: value or "" for name, value in secrets.items()})
        if target.startswith(("imap://", "imaps://")):
            result = bring_back_mail_to_server(
                office, identities, origin, target, source, pinned_sha256=pin or "", show=show_code(run), **told
            )
        else:
            result = bring_back_mail(office, identities, origin, Path(target), form=form, force=force, **told)
        asked: dict[Kind, str | None] = {"contacts": contacts_to, "calendar": calendar_to}
        places = {kind: url for kind, url in asked.items() if url}
        if places:
            bring_back_cards(office, identities, origin, places, source, result, at=told["at"])
    say_restored(run, result)


def _found_by(office: Office, identities: Sequence[str], words: str, origin: str) -> frozenset[str]:
    # Not at the top: what searches is heavy, and mostly not needed.
    from standfast.assembly.finding import digests_of
    from standfast.search.query import ask

    return digests_of(office, identities, ask(words, origin=origin))


def say_restored(run: Invocation, result: RestoreResult) -> None:
    """Print what came back.

    Raises:
        PartlyRestoredError: not all of it did.
    """
    from standfast.errors.restore import PartlyRestoredError

    run.output.document(
        {
            "ok": result.ok,
            "origin": result.origin,
            "kind": result.kind,
            "to": result.to,
            "items": result.items,
            "bytes": result.bytes,
            "failures": [{"what": each.what, "why": each.why} for each in result.failures],
            "notes": result.notes,
            "recovery_time_s": round(result.recovery_time_s, 3),
            "loss_s": round(result.loss_s, 3),
        }
    )
    run.output.line(
        f"{result.origin}: {result.items:,} items, {size_in_words(result.bytes)} in {result.recovery_time_s:.1f} s; "
        f"the newest is {result.loss_s / 3600:.1f} hours old"
    )
    run.output.line(f"look at   {result.to}")
    for note in result.notes[:20]:
        run.output.line(f"note      {note}")
    for failure in result.failures[:20]:
        run.output.line(f"  {failure.what}: {failure.why}")
    if not result.ok:
        raise PartlyRestoredError(result.failure_count)


# The group is whole only with its commands that stand in modules of their own; they need what is above.
from standfast.cli import continuity as _continuity  # noqa: E402, F401
