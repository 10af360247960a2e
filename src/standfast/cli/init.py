"""`standfast init`: a new vault and its recovery shares."""

from __future__ import annotations

from pathlib import Path

import click

from standfast.cli.context import Invocation, command


@command(
    "init",
    example="standfast init vault --name 'Example Office' --shares 2/3\n"
    "standfast init vault --name 'Example Office' --shares-dir /media/usb --passphrase-file F",
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--name", required=True, metavar="NAME", help="What you call this vault. Partners see it in the log's name."
)
@click.option("--shares", "plan_text", default="2/3", metavar="M/N", show_default=True, help="M of N shares open it.")
@click.option(
    "--shares-dir",
    type=click.Path(path_type=Path),
    metavar="D",
    help="Write one file a share to D, outside DIR, in place of showing them.",
)
@click.option(
    "--no-identity", is_flag=True, help="Leave no key that reads on this machine: it can add, and opens nothing."
)
@click.pass_obj
def init(run: Invocation, folder: Path, name: str, plan_text: str, shares_dir: Path | None, no_identity: bool) -> None:
    """Make a new vault.

    The recovery shares are shown once and asked for again. Give each to another person, on paper, best in different
    places and countries: any M of them open everything, fewer open nothing. Without enough shares and without the
    passphrase what the vault holds is lost for ever.
    """
    from standfast.assembly import founding
    from standfast.keys.shares import SharePlan

    try:
        plan = SharePlan.parse(plan_text)
    except ValueError as why:
        raise click.BadParameter(str(why), param_hint="--shares") from why
    founding.require_empty(folder)
    passphrase = None if no_identity else run.new_passphrase()
    preparation = founding.prepare(name, plan)
    files: list[Path] = []
    if shares_dir is None:
        _show_and_ask_back(run, preparation)
    else:
        files = founding.write_share_files(preparation, shares_dir, folder)
    office = founding.found(folder, name, preparation, passphrase=passphrase)
    run.output.document(
        {
            "name": name,
            "dir": str(folder),
            "log": {"origin": office.keyring.log.origin, "vkeys": list(office.vkeys)},
            "recipients": list(office.keyring.recipients),
            "identity_present": not no_identity,
            "shares": {"threshold": plan.threshold, "count": plan.count, "files": [str(file) for file in files]},
        }
    )
    run.output.line(f"vault     {folder}")
    run.output.line(f"log       {office.keyring.log.origin}")
    for file in files:
        run.output.line(f"share     {file}")
    if files:
        run.output.line(f"Give each share to another person; any {plan.threshold} of {plan.count} open everything.")
    run.output.line("Keys that a partner needs to audit a copy:")
    for vkey in office.vkeys:
        run.output.line(f"  {vkey}")
    run.output.line(f"next      standfast -C {folder} add web URL, or add files PATH")


def _show_and_ask_back(run: Invocation, preparation: object) -> None:
    from standfast.assembly.founding import Preparation
    from standfast.cli.secrets import require_terminal
    from standfast.errors.keys import SharesError

    assert isinstance(preparation, Preparation)
    require_terminal("--shares-dir D")
    plan = preparation.plan
    for number, words in enumerate(preparation.shares, 1):
        run.output.show(f"\nShare {number} of {plan.count}. Write it down; it is not shown again.\n")
        listed = words.split()
        for at in range(0, len(listed), 6):
            numbered = (f"{place:2} {word:<12}" for place, word in enumerate(listed[at : at + 6], at + 1))
            run.output.show("  " + " ".join(numbered))
        click.pause("\nPress any key when it is written down.", err=True)
        click.clear()
    while True:
        given = [
            click.prompt(f"Type share {number} again, words with spaces between", err=True)
            for number in range(1, plan.threshold + 1)
        ]
        try:
            preparation.require_shares(given)
        except SharesError as why:
            run.output.show(f"{why}; type them again, or stop with Ctrl-C and nothing is made")
            continue
        click.clear()
        return
