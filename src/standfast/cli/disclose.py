"""`standfast disclose`: a bundle that a stranger can check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from standfast.cli.context import Invocation, command
from standfast.cli.progress import progress, size_in_words
from standfast.cli.unlocking import unlock

if TYPE_CHECKING:
    from standfast.verify.layout import Language


@command(
    "disclose",
    example="standfast disclose iabcdefghijklmnop --to proof.zip --recipient 'Example Court' --purpose 'Case 7'",
)
@click.argument("items", nargs=-1, required=True, metavar="ITEM…")
@click.option(
    "--to", "file", required=True, type=click.Path(path_type=Path), metavar="FILE", help="The zip to write; a new file."
)
@click.option("--recipient", required=True, metavar="WHO", help="Who gets it; stands in the bundle and in custody.")
@click.option("--purpose", required=True, metavar="WHY", help="What for; stands in the bundle and in custody.")
@click.option(
    "--language",
    type=click.Choice(["en", "ar", "fr", "es"]),
    default="en",
    show_default=True,
    help="Of the report and the instructions.",
)
@click.pass_obj
def disclose(
    run: Invocation, items: tuple[str, ...], file: Path, recipient: str, purpose: str, language: Language
) -> None:
    """Hand out items in a bundle that anybody can check, off line.

    It holds the items, their records, proofs, stamps and own custody, and says nothing of what else is held. It is
    written into the vault's custody before it begins.
    """
    from standfast.assembly.disclosing import disclose as disclose_items
    from standfast.assembly.office import open_office

    office = open_office(run.vault_folder())
    identities = unlock(run, office)
    with progress(run.output, "disclose") as meter:
        done = disclose_items(
            office,
            identities,
            items,
            file,
            recipient=recipient,
            purpose=purpose,
            language=language,
            tell=meter.at_bytes,
        )
    open_steps = sorted({each.name for each in done.report.steps if each.result == "not checked"})
    run.output.document(
        {
            "file": str(done.file),
            "items": list(done.items),
            "bytes": done.bytes,
            "not_checked": open_steps,
            "windows": [each.says for each in done.report.windows],
        }
    )
    run.output.line(f"{done.file}  {size_in_words(done.bytes)}, {len(done.items)} items")
    for window in done.report.windows:
        run.output.line(f"item {window.item}: {window.says}")
    if open_steps:
        run.output.line(f"a reader will find not checked: {', '.join(open_steps)}")
