"""`standfast add`: one more origin in the settings."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from standfast.cli.context import Invocation, group

if TYPE_CHECKING:
    from standfast.settings import Origin


@group("add", example="standfast add web https://example.org/ --mine\nstandfast add files /home/office/documents")
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
    }
    origin = dataclasses.replace(plain, **{key: value for key, value in limits.items() if value is not None})
    _add(run, origin, "web", origin.url)


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
