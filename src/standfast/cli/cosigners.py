"""`standfast cosigners`: outside parties that watch this vault's log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from standfast.cli.context import Invocation, group

if TYPE_CHECKING:
    from standfast.assembly.cosigning import CosignerOutcome
    from standfast.assembly.office import Office


@group(
    "cosigners",
    example="standfast cosigners add ngo-a VKEY VKEY --url https://cosign.ngo-a.example\nstandfast cosigners ask",
)
def cosigners() -> None:
    """Outside parties that watch that this vault's log only grows: add, ask, list.

    They learn the log's name and size, and nothing else. `protect` asks them each time.
    """


@cosigners.command(
    "add", example="standfast cosigners add ngo-a VKEY VKEY --url https://cosign.ngo-a.example --organisation 'NGO A'"
)
@click.argument("name")
@click.argument("vkeys", nargs=-1, required=True, metavar="VKEY…")
@click.option("--url", default="", metavar="URL", help="Where it is asked; without one, it is asked by files.")
@click.option("--organisation", default="", metavar="NAME", help="Who runs it; NAME itself when not given.")
@click.option("--quorum", type=click.IntRange(min=0), metavar="K", help="Organisations that must have cosigned.")
@click.option("--i-understand", "understood", is_flag=True, help="Take a quorum that tolerates no liar.")
@click.pass_obj
def add(
    run: Invocation,
    name: str,
    vkeys: tuple[str, ...],
    url: str,
    organisation: str,
    quorum: int | None,
    understood: bool,
) -> None:
    """Add a cosigner by its keys. Have them from its people, by another way than its address."""
    from standfast.assembly.cosigning import add_one_cosigner
    from standfast.assembly.office import open_office
    from standfast.settings import CosignerSettings

    if url and not url.startswith(("https://", "http://")):
        raise click.BadParameter(f"{url} is not an http or https address", param_hint="--url")
    cosigner = CosignerSettings(name=name, vkeys=vkeys, url=url, organisation=organisation)
    office = add_one_cosigner(open_office(run.vault_folder()), cosigner, quorum=quorum, understood=understood)
    run.output.line(f"added     {name}" + (f" ({url})" if url else ", asked by files"))
    _say_quorum(run, office, {"name": name, "url": url})
    run.output.line("keys      tell its people this log's keys, so that it watches it:")
    for vkey in office.vkeys:
        run.output.line(vkey)
    run.output.line("next      " + ("standfast cosigners ask" if url else f"standfast cosigners request {name} FILE"))


@cosigners.command("quorum", example="standfast cosigners quorum 3")
@click.argument("quorum", type=click.IntRange(min=0), metavar="K")
@click.option("--i-understand", "understood", is_flag=True, help="Take a quorum that tolerates no liar.")
@click.pass_obj
def choose(run: Invocation, quorum: int, understood: bool) -> None:
    """Choose how many organisations must have cosigned; 0 for the fewest that tolerate one liar.

    Of N organisations, K must sign. A log that lies can show two histories only if more than 2K - N - 1 of them lie
    with it: 2 of 3 tolerates none, 3 of 4 tolerates one.
    """
    from standfast.assembly.cosigning import choose_quorum
    from standfast.assembly.office import open_office

    _say_quorum(run, choose_quorum(open_office(run.vault_folder()), quorum, understood=understood), {})


@cosigners.command("list", example="standfast cosigners list")
@click.pass_obj
def list_cosigners(run: Invocation) -> None:
    """List the cosigners, what each has cosigned, and what the quorum is worth."""
    from standfast.assembly.ledger import read_ledger
    from standfast.assembly.office import open_office

    office = open_office(run.vault_folder())
    ledger = read_ledger(office.folder.state)
    rows = []
    for name, each in office.settings.cosigners.items():
        note = ledger.cosigner(name)
        rows.append(
            {
                "name": name,
                "organisation": each.organisation or name,
                "url": each.url,
                "vkeys": list(each.vkeys),
                "size": note.known_size,
                "cosigned_at": note.cosigned_at or None,
                "ok": note.ok,
                "why": note.why,
            }
        )
        said = f"{note.known_size:,} entries at {note.cosigned_at[:19]}" if note.cosigned_at else "nothing yet"
        run.output.line(f"{name}  {each.organisation or name}  {each.url or 'by files'}  cosigned {said}")
        if note.why:
            run.output.line(f"  {note.why}")
    _say_quorum(run, office, {"cosigners": rows, "cosigned_size": ledger.cosigned_size})


@cosigners.command("ask", example="standfast cosigners ask\nstandfast cosigners ask ngo-a")
@click.argument("names", nargs=-1, metavar="[NAME]…")
@click.pass_obj
def ask(run: Invocation, names: tuple[str, ...]) -> None:
    """Ask for cosignatures now, of all or of some. `protect` does it by itself."""
    from standfast.assembly.cosigning import ask_cosigners
    from standfast.assembly.ledger import read_ledger, write_ledger
    from standfast.assembly.office import open_office
    from standfast.assembly.replication import refuse_old_copy
    from standfast.errors.cosigning import CosignerAnswerError

    office = open_office(run.vault_folder())
    with office.lock("cosigners ask"):
        refuse_old_copy(office)
        ledger = read_ledger(office.folder.state)
        wanted = names or [name for name, each in office.settings.cosigners.items() if each.url]
        outcomes = ask_cosigners(office, ledger, wanted)
        write_ledger(office.folder.state, ledger)
    _say_outcomes(run, outcomes)
    failed = [each for each in outcomes if not each.ok]
    if failed:
        raise CosignerAnswerError(", ".join(each.name for each in failed), "what each of them said stands above")


@cosigners.command("request", example="standfast cosigners request ngo-b request.txt")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def request(run: Invocation, name: str, file: Path) -> None:
    """Write a request into FILE, for a cosigner that has no server: send it by mail or stick."""
    from standfast.assembly.cosigning import write_request_file
    from standfast.assembly.ledger import read_ledger
    from standfast.assembly.office import open_office

    office = open_office(run.vault_folder())
    with office.lock("cosigners request"):
        size = write_request_file(office, read_ledger(office.folder.state), name, file)
    run.output.document({"name": name, "file": str(file), "size": size})
    run.output.line(f"written   {file}, for {size:,} entries")
    run.output.line(f"there     standfast cosigner cosign {file.name} answer.txt")
    run.output.line(f"then      standfast cosigners import {name} answer.txt")


@cosigners.command("import", example="standfast cosigners import ngo-b answer.txt")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def take(run: Invocation, name: str, file: Path) -> None:
    """Take in a cosigner's answer, after checking it."""
    from standfast.assembly.cosigning import take_answer_file
    from standfast.assembly.ledger import read_ledger, write_ledger
    from standfast.assembly.office import open_office
    from standfast.errors.cosigning import CosignerAnswerError

    office = open_office(run.vault_folder())
    with office.lock("cosigners import"):
        ledger = read_ledger(office.folder.state)
        outcome = take_answer_file(office, ledger, name, file)
        write_ledger(office.folder.state, ledger)
    _say_outcomes(run, [outcome])
    if not outcome.ok:
        raise CosignerAnswerError(name, outcome.why)


def _say_outcomes(run: Invocation, outcomes: list[CosignerOutcome]) -> None:
    run.output.document(
        {
            "cosigners": [
                {"name": each.name, "ok": each.ok, "size": each.size, "why": each.why, "code": each.code}
                for each in outcomes
            ]
        }
    )
    for each in outcomes:
        run.output.line(f"{each.name}: " + (f"cosigned {each.size:,} entries" if each.ok else f"NOT: {each.why}"))


def _say_quorum(run: Invocation, office: Office, document: dict[str, object]) -> None:
    from standfast.assembly.quorum import quorum_of
    from standfast.tlog.policy import explain_quorum, tolerated

    quorum, count = quorum_of(office.settings)
    worth = explain_quorum(quorum, count) if count else "nobody cosigns"
    liars = max(0, tolerated(quorum, count)) if count else 0
    run.output.document({**document, "quorum": quorum, "organisations": count, "tolerates": liars, "worth": worth})
    run.output.line(f"quorum    {worth}")
