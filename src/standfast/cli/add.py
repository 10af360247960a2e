"""`standfast add`: one more origin in the settings."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from standfast.cli.context import Invocation, group

if TYPE_CHECKING:
    from standfast.capture.origin import MailOrigin
    from standfast.imap.oauth import DevicePrompt
    from standfast.settings import Origin


@group(
    "add",
    example="standfast add web https://example.org/ --mine\nstandfast add files /home/office/documents\n"
    "standfast add mail imaps://ruth@mail.example.org",
)
def add() -> None:
    """Add an origin: something to protect."""


@add.command("files", example="standfast add files /home/office/documents --exclude '*.tmp' --name documents")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--name", metavar="NAME", help="What to call it; from the path when not given.")
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Leave this out; written as in .gitignore.")
@click.option("--all-file-systems", is_flag=True, help="Go into what is mounted below the folder too.")
@click.pass_obj
def files(run: Invocation, path: Path, name: str | None, exclude: tuple[str, ...], all_file_systems: bool) -> None:
    """Protect a folder on this machine."""
    from standfast.capture.origin import FilesOrigin
    from standfast.errors.capture import FolderUnreachableError

    place = path.resolve()
    if not place.is_dir():
        raise FolderUnreachableError(str(path), "there is no such folder")
    chosen = name or _name_from(place.name)
    _add(
        run,
        FilesOrigin(name=chosen, path=str(place), exclude=exclude, one_file_system=not all_file_systems),
        "files",
        str(place),
    )


@add.command("web", example="standfast add web https://example.org/ --mine --max-pages 5000")
@click.argument("url")
@click.option("--name", metavar="NAME", help="What to call it; from the address when not given.")
@click.option("--mine", is_flag=True, help="One's own site: capture what robots.txt bars too. The record says so.")
@click.option("--also", multiple=True, metavar="HOST", help="A further host that is part of the site.")
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Leave these addresses out; * for any characters.")
@click.option("--max-pages", type=click.IntRange(min=1), metavar="N", help="Addresses, at most.")
@click.option("--max-bytes", type=click.IntRange(min=1), metavar="N", help="Bytes of all answers together, at most.")
@click.option("--max-depth", type=click.IntRange(min=0), metavar="N", help="Links away from the first page, at most.")
@click.option("--max-duration", type=click.IntRange(min=1), metavar="S", help="Seconds a run takes, at most.")
@click.option("--rate", type=click.FloatRange(min=0.01), metavar="R", help="Requests a second to one host.")
@click.option(
    "--engine",
    type=click.Choice(["auto", "plain", "browser"]),
    help="Open pages in a browser where that brings more (auto), never, or always.",
)
@click.option("--screenshots", type=click.Choice(["browser", "none"]), help="Picture the pages that the browser opens.")
@click.pass_obj
def web(
    run: Invocation,
    url: str,
    name: str | None,
    mine: bool,
    also: tuple[str, ...],
    exclude: tuple[str, ...],
    max_pages: int | None,
    max_bytes: int | None,
    max_depth: int | None,
    max_duration: int | None,
    rate: float | None,
    engine: str | None,
    screenshots: str | None,
) -> None:
    """Protect a web site."""
    from urllib.parse import urlsplit

    from standfast.capture.origin import WebOrigin
    from standfast.errors.capture import BadAddressError

    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadAddressError(url, "it is no address of a web site")
    plain = WebOrigin(
        name=name or _name_from(parts.hostname),
        url=url if parts.path else url + "/",
        mine=mine,
        also=also,
        exclude=exclude,
    )
    limits: dict[str, Any] = {
        "max_pages": max_pages,
        "max_bytes": max_bytes,
        "max_depth": max_depth,
        "max_duration_s": max_duration,
        "rate": rate,
        "engine": engine,
        "screenshots": screenshots,
    }
    origin = dataclasses.replace(plain, **{key: value for key, value in limits.items() if value is not None})
    _add(run, origin, "web", origin.url)


@add.command(
    "mail",
    example="standfast add mail imaps://ruth@mail.example.org --password-file /home/ruth/.mail-password\n"
    "standfast add mail imaps://ruth@example.org@imap.example.org --name ruth --exclude Junk",
)
@click.argument("url")
@click.option("--name", metavar="NAME", help="What to call it; from the address when not given.")
@click.option("--password-file", metavar="FILE", help="Its first line is the password.")
@click.option("--password-command", metavar="COMMAND", help="Run by the shell; it prints the password.")
@click.option("--oauth", metavar="PROVIDER", help="Log in by OAuth 2; shows a code to confirm in a browser.")
@click.option("--pin", metavar="SHA256", help="Trust just this certificate (of its DER form): a server of your own.")
@click.option("--exclude", multiple=True, metavar="FOLDER", help="Leave this folder out; * for any characters.")
@click.option("--also-contacts", metavar="URL", help="Protect the account's address book too (CardDAV).")
@click.option("--also-calendar", metavar="URL", help="Protect the account's calendars too (CalDAV).")
@click.option("--connections", type=click.IntRange(1, 8), metavar="N", help="To the server at once.  [default: 2]")
@click.option("--max-message-bytes", type=click.IntRange(min=1), metavar="N", help="A larger message is not taken.")
@click.pass_obj
def mail(run: Invocation, /, url: str, name: str | None, **options: Any) -> None:
    """Protect a mailbox on a server that speaks IMAP.

    Nothing is changed there. Without --password-file, --password-command or --oauth the password is looked for in the
    system's key ring, under the host and the user.
    """
    from standfast.capture.origin import MailOrigin
    from standfast.errors.capture import BadMailboxError
    from standfast.imap.access import parse_imap_url

    if options["password_file"]:
        options["password_file"] = str(Path(options["password_file"]).absolute())
    options["pinned_sha256"] = (options.pop("pin") or "").replace(":", "").lower()
    try:
        address = parse_imap_url(url, certificate_expected=bool(options["pinned_sha256"]))
    except ValueError as why:
        raise BadMailboxError(url, str(why)) from why
    said = {key: value for key, value in options.items() if value}
    origin = MailOrigin(name=name or _name_from(address.user), url=url, **said)
    anew = _is_there(run, origin)
    if not anew:
        _add(run, origin, "mail", url)
    if origin.oauth:
        _authorise(run, origin, anew=anew)


@add.command(
    "export",
    example="standfast add export /home/ruth/takeout-20261124.zip\n"
    "standfast add export /home/ruth/.thunderbird/abcd.default --name ruth",
)
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--name", metavar="NAME", help="What to call it; from the path when not given.")
@click.option("--kind", metavar="KIND", help="What it is, where that is not recognised.")
@click.pass_obj
def export(run: Invocation, path: Path, name: str | None, kind: str | None) -> None:
    """Protect mail, contacts and calendars that a service or a program gave out as files.

    An mbox, EML files, a Maildir, an Outlook PST, a Thunderbird profile, Google Takeout, vCard and iCalendar files; in
    a folder, a zip or a tar. What it is shows in what lies in it.
    """
    from standfast.assembly.captures import EXPORT_KINDS, recognised_export
    from standfast.capture.origin import ExportOrigin

    if kind is not None and kind not in EXPORT_KINDS:
        raise click.UsageError(f"--kind is one of {', '.join(EXPORT_KINDS)}")
    origin = ExportOrigin(name=name or _name_from(path.stem), path=str(path.resolve()), form=kind or "")
    told = recognised_export(run.vault_folder(), origin)
    _add(run, origin, "export", f"{origin.path}, {told}")


def _is_there(run: Invocation, origin: MailOrigin) -> bool:
    """Whether just this account stands in the settings, so that all there is to do is to log in anew."""
    from standfast.assembly.office import open_office

    there = open_office(run.vault_folder()).settings.origins.get(origin.name)
    return bool(origin.oauth) and there == origin


def _authorise(run: Invocation, origin: MailOrigin, *, anew: bool) -> None:
    """Get a token now, while a person is there to confirm it."""
    from standfast.assembly.mail_access import access_of
    from standfast.assembly.office import open_office

    def tell(prompt: DevicePrompt) -> None:
        run.output.note(f"open {prompt.url} in a browser and enter the code {prompt.user_code}")

    access = access_of(open_office(run.vault_folder()), origin, tell=tell)
    ask = access.renewed if anew and access.renewed else access.secret
    ask()


def _add(run: Invocation, origin: Origin, kind: str, location: str) -> None:
    from standfast.assembly.office import open_office
    from standfast.settings import add_origin

    office = open_office(run.vault_folder())
    add_origin(office.settings, origin)
    run.output.document({"name": origin.name, "kind": kind, "location": location})
    run.output.line(f"added     {origin.name} ({kind}, {location})")
    run.output.line(f"next      standfast protect {origin.name}")


def _name_from(text: str) -> str:
    return re.sub("[^a-z0-9._-]+", "-", text.lower()).strip("-._")[:63] or "origin"
