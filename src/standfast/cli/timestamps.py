"""`standfast timestamps`: time from outside."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from standfast.cli.context import Invocation, group
from standfast.cli.progress import progress

if TYPE_CHECKING:
    from standfast.assembly.stamping import StampTold


@group(
    "timestamps",
    example="standfast timestamps add one https://stamps.authority.example/tsr --roots authority-root.pem\n"
    "standfast timestamps list",
)
def timestamps() -> None:
    """Time from outside: authorities that say by when the log stood as it stands.

    They learn the digest of a checkpoint, and nothing else. `protect` asks them each time; take two or more.
    """


@timestamps.command(
    "add",
    example="standfast timestamps add one https://stamps.authority.example/tsr --roots authority-root.pem",
)
@click.argument("name")
@click.argument("url")
@click.option(
    "--roots",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The authority's root certificate, PEM: from its own pages, compared by another way.",
)
@click.option(
    "--ca",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="For an https address that no public authority vouches for: the certificates to trust, PEM.",
)
@click.pass_obj
def add(run: Invocation, name: str, url: str, roots: Path, ca: Path | None) -> None:
    """Add an authority (RFC 3161): it is asked for a trial stamp, which must verify.

    Plain http is taken too: what an authority answers is signed, and bound to the question.
    """
    from standfast.assembly.office import open_office
    from standfast.assembly.stamping import add_one_authority

    if not url.startswith(("https://", "http://")):
        raise click.BadParameter(f"{url} is not an http or https address", param_hint="URL")
    office = open_office(run.vault_folder())
    signer, digests = add_one_authority(office, name, url, roots, ca)
    run.output.document({"name": name, "url": url, "signer": signer, "roots_sha256": digests})
    run.output.line(f"added     {name} ({url})")
    run.output.line(f"signs as  {signer}")
    for digest in digests:
        run.output.line(f"root      SHA-256 {digest}: compare it with what the authority publishes")
    run.output.line("next      standfast timestamps renew, or the next `protect`")


@timestamps.command("list", example="standfast timestamps list")
@click.pass_obj
def list_timestamps(run: Invocation) -> None:
    """List the authorities, what each has stamped, and what is not stamped yet."""
    from standfast.assembly.ledger import read_ledger
    from standfast.assembly.office import open_office
    from standfast.assembly.stamping import stamp_state

    office = open_office(run.vault_folder())
    ledger, state = read_ledger(office.folder.state), stamp_state(office)
    rows = []
    for name, each in office.settings.timestamps.items():
        note = ledger.authority(name)
        rows.append(
            {
                "name": name,
                "url": each.url,
                "size": state.sizes[name],
                "stamped_at": note.stamped_at or None,
                "ok": note.ok,
                "why": note.why,
            }
        )
        said = f"{state.sizes[name]:,} of {state.log_size:,} entries" if state.sizes[name] else "nothing yet"
        run.output.line(f"{name}  {each.url}  stamped {said}" + (f" at {note.stamped_at[:19]}" * bool(note.stamped_at)))
        if note.why:
            run.output.line(f"  {note.why}")
    due = ledger.renew_stamps_at
    run.output.document(
        {
            "timestamps": rows,
            "log_size": state.log_size,
            "cosigned_size": state.cosigned_size,
            "stamped_size": state.covered_size,
            "renew_at": due or None,
        }
    )
    if due:
        run.output.line(f"the first stamp is due for renewal on {due[:10]}")
    if not rows:
        run.output.line("none: standfast timestamps add NAME URL --roots FILE")


@timestamps.command("renew", example="standfast timestamps renew")
@click.pass_obj
def renew(run: Invocation) -> None:
    """Have stamped what is not stamped yet, and renew what is due. `protect` does both by itself.

    A stamp is due when its certificates have less than a year left, or when it rests on something that the settings
    mark as ageing.
    """
    from standfast.assembly.ledger import read_ledger, write_ledger
    from standfast.assembly.office import open_office
    from standfast.assembly.stamping import renew_stamps, stamp_newest
    from standfast.errors.stamping import StampsIncompleteError

    office = open_office(run.vault_folder())
    with office.lock("timestamps renew"), progress(run.output, "stamps") as meter:
        ledger = read_ledger(office.folder.state)
        stamped = stamp_newest(office, ledger, by_hand=True)
        done, failures = renew_stamps(office, ledger, by_hand=True, tell=lambda count: meter.at_count(count, None, 0))
        write_ledger(office.folder.state, ledger)
    run.output.document(
        {
            "ok": not failures and all(each.ok for each in stamped),
            "stamped": [stamp_document(each) for each in stamped],
            "renewed": done,
            "failures": [{"what": what, "why": why} for what, why in failures],
        }
    )
    for each in stamped:
        run.output.line(stamp_line(each))
    for name in done:
        run.output.line(f"renewed   {name}")
    for what, why in failures:
        run.output.line(f"NOT renewed: {what}: {why}")
    if not stamped and not done and not failures:
        run.output.line("every authority has stamped the newest checkpoint, and no stamp is due for renewal")
    failed = [each.name for each in stamped if not each.ok] + [what for what, _ in failures]
    if failed:
        raise StampsIncompleteError("stamps were asked for and renewed", failed)


@timestamps.command("check", example="standfast timestamps check")
@click.pass_obj
def check(run: Invocation) -> None:
    """Verify every stamp and renewal that is kept, against the expected roots and the log. Asks nobody."""
    from standfast.assembly.office import open_office
    from standfast.assembly.stamping import check_stamps
    from standfast.errors.stamping import StampsIncompleteError

    office = open_office(run.vault_folder())
    with progress(run.output, "stamps") as meter:
        checked = check_stamps(office, tell=lambda count: meter.at_count(count, None, 0))
    run.output.document(
        {
            "ok": all(each.ok for each in checked),
            "stamps": [
                {
                    "name": each.name,
                    "authority": each.authority,
                    "size": each.size,
                    "ok": each.ok,
                    "time": each.time or None,
                    "signer": each.signer,
                    "not_after": each.not_after or None,
                    "renewals": each.renewals,
                    "revocation": list(each.revocation),
                    "why": each.why,
                }
                for each in checked
            ],
        }
    )
    for each in checked:
        if each.ok:
            renewed = f", renewed {each.renewals} times" if each.renewals else ""
            run.output.line(
                f"{each.name}: {each.size:,} entries by {each.time[:19]}; good until {each.not_after[:10]}{renewed}"
            )
        else:
            run.output.line(f"{each.name}: DOES NOT HOLD: {each.why}")
    if not checked:
        run.output.line("there is no stamp yet")
    bad = [each.name for each in checked if not each.ok]
    if bad:
        raise StampsIncompleteError("stamps were checked, and hold", bad)


def stamp_line(told: StampTold) -> str:
    """What one authority gave, for a person."""
    if told.ok:
        return f"{told.name}: stamped {told.size:,} entries at {told.time[:19]}"
    return f"{told.name}: NOT stamped: {told.why}"


def stamp_document(told: StampTold) -> dict[str, object]:
    """The same, for a machine."""
    return {
        "name": told.name,
        "ok": told.ok,
        "size": told.size,
        "time": told.time or None,
        "revocation": list(told.revocation),
        "why": told.why,
    }
