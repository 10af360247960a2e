"""`standfast rebuild`: an empty machine to a working vault."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from standfast.cli.context import Invocation, command
from standfast.cli.progress import progress
from standfast.cli.reaching import reach_from, reach_options


@command(
    "rebuild",
    example="standfast rebuild --from /media/usb/copy vault --share share-1.txt --share share-3.txt",
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--from", "location", required=True, metavar="LOCATION", help="The replica.")
@click.option(
    "--share",
    "share_files",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="A recovery share; give as many as the set asks for.",
)
@click.option(
    "--identity",
    "identity_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="In place of shares: a file with the reading identity. The vault can then be read, not added to.",
)
@reach_options
@click.pass_obj
def rebuild(
    run: Invocation,
    /,
    folder: Path,
    location: str,
    share_files: tuple[Path, ...],
    identity_file: Path | None,
    **reach: Any,
) -> None:
    """Make a working vault from any one replica, with recovery shares.

    Sets a new passphrase. What the copy holds is checked on the way; a fault in it is named, and the rest works.
    """
    from standfast.assembly.rebuilding import rebuild_vault
    from standfast.errors.replicas import FaultsInCopyError

    if bool(share_files) == bool(identity_file):
        raise click.UsageError("give either --share FILE, as many as are needed, or --identity FILE")
    shares = [file.read_text("utf-8", "replace")[:8192] for file in share_files]
    identity = identity_file.read_text("utf-8", "replace")[:65_536] if identity_file else ""
    with progress(run.output, "rebuild") as meter:
        result = rebuild_vault(
            location,
            folder,
            shares=shares,
            identity=identity,
            ask_passphrase=run.new_passphrase,
            reach=reach_from(**reach),
            tell=meter.at_bytes,
        )
    run.output.document(
        {
            "ok": result.ok,
            "accessions": result.accessions,
            "items": result.items,
            "log_size": result.log_size,
            "duration_s": round(result.duration_s, 3),
            "faults": [{"object": each.object, "kind": each.kind, "detail": each.detail} for each in result.faults],
        }
    )
    run.output.line(
        f"{folder}: {result.items:,} items of {result.accessions:,} accessions, {result.log_size:,} entries of the "
        f"log, in {result.duration_s:.1f} s"
    )
    if not result.can_add:
        run.output.line("note      without the shares this vault can be read, and nothing can be added to it")
    for fault in result.faults:
        run.output.line(f"FAULT  {fault.kind:<12} {fault.object}: {fault.detail}")
    run.output.line(f"next      standfast -C {folder} status")
    if not result.ok:
        raise FaultsInCopyError(location, len(result.faults))
