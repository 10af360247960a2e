"""`standfast cosigner`: stand guard over somebody else's log."""

from __future__ import annotations

from pathlib import Path

import click

from standfast.cli.context import Invocation, group

PORT = 7380


@group(
    "cosigner",
    example="standfast cosigner init guard --name ngo-a.example/cosigner\nstandfast -C guard cosigner serve",
)
def cosigner() -> None:
    """Be a cosigner: watch that a partner's log only grows, and say so under its checkpoints.

    It lies in a folder of its own (-C, else the current one) and learns nothing but a log's name and size.
    """


@cosigner.command("init", example="standfast cosigner init guard --name ngo-a.example/cosigner --log VKEY --log VKEY")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--name", required=True, metavar="NAME", help="Its name for ever, as ngo-a.example/cosigner.")
@click.option("--log", "vkeys", multiple=True, metavar="VKEY", help="A key of a log to watch; give each of its keys.")
@click.pass_obj
def init(run: Invocation, folder: Path, name: str, vkeys: tuple[str, ...]) -> None:
    """Make a new cosigner, with keys of its own."""
    from standfast.assembly.cosigner_office import found_cosigner

    office = found_cosigner(folder, name, vkeys)
    run.output.document({"folder": str(folder), "name": name, "vkeys": list(office.cosigner.vkeys)})
    run.output.line(f"made      the cosigner {name} in {folder}")
    run.output.line("keys      tell these to the logs that it watches:")
    for vkey in office.cosigner.vkeys:
        run.output.line(vkey)
    run.output.line("keep      the folder whole: if it is lost, make a new cosigner with a new name")


@cosigner.command("trust", example="standfast -C guard cosigner trust VKEY VKEY")
@click.argument("vkeys", nargs=-1, required=True, metavar="VKEY…")
@click.pass_obj
def trust(run: Invocation, vkeys: tuple[str, ...]) -> None:
    """Watch one more log, known by its keys. Have them from its people, not from a request."""
    from standfast.assembly.cosigner_office import open_cosigner

    origins = open_cosigner(_folder(run)).state.trust(vkeys)
    run.output.document({"logs": origins})
    for origin in origins:
        run.output.line(f"watches   {origin}")


@cosigner.command("serve", example="standfast -C guard cosigner serve --listen 127.0.0.1:7380")
@click.option("--listen", default=f"127.0.0.1:{PORT}", show_default=True, metavar="HOST:PORT", help="Where to listen.")
@click.option("--prefix", default="", metavar="PATH", help="What stands before /add-checkpoint in addresses.")
@click.option("--rate", default=5.0, show_default=True, type=click.FloatRange(min=0.01), help="Questions a second.")
@click.pass_obj
def serve(run: Invocation, listen: str, prefix: str, rate: float) -> None:
    """Answer logs over HTTP (C2SP tlog-witness), until it is stopped.

    Set a web server with TLS before it to be reached from outside. The rate is that of one address.
    """
    import signal
    import threading

    from standfast.assembly.cosigner_office import open_cosigner
    from standfast.errors.cosigning import CosignerStateError

    host, _, port = listen.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise click.BadParameter(f"{listen} is not HOST:PORT", param_hint="--listen")
    office = open_cosigner(_folder(run))
    try:
        server = office.serve((host.strip("[]"), int(port)), prefix=prefix, rate=rate, tell=run.output.note)
    except OSError as why:
        raise CosignerStateError(office.folder, f"it can't listen on {listen}: {why.strerror}") from why
    for each in (signal.SIGTERM, signal.SIGINT):
        # In a thread of its own: the handler interrupts the very thread that `stop` waits for.
        signal.signal(each, lambda *_: threading.Thread(target=server.stop).start())
    host, port_number = server.address
    shown = f"http://{'[' + host + ']' if ':' in host else host}:{port_number}{prefix}"
    run.output.document({"name": office.cosigner.name, "url": shown})
    run.output.show(f"listens on {shown}")
    server.run()


@cosigner.command("cosign", example="standfast -C guard cosigner cosign request.txt answer.txt")
@click.argument("request", type=click.Path(path_type=Path))
@click.argument("answer", type=click.Path(path_type=Path))
@click.pass_obj
def cosign(run: Invocation, request: Path, answer: Path) -> None:
    """Cosign by files, with no server: a REQUEST that came by mail or stick, an ANSWER to send back."""
    from standfast.assembly.cosigner_office import open_cosigner

    office = open_cosigner(_folder(run))
    office.cosign_file(request, answer)
    run.output.document({"ok": True, "answer": str(answer)})
    run.output.line(f"cosigned  send back {answer}")


@cosigner.command("list", example="standfast -C guard cosigner list\nstandfast -C guard cosigner list --evidence DIR")
@click.option("--evidence", "target", type=click.Path(path_type=Path), metavar="DIR", help="Write evidence out there.")
@click.pass_obj
def list_logs(run: Invocation, target: Path | None) -> None:
    """List the logs that it watches, how far each was cosigned, and evidence of logs that lied."""
    from standfast import clock
    from standfast.assembly.cosigner_office import open_cosigner

    office = open_cosigner(_folder(run))
    logs, evidence = office.state.logs(), office.state.evidence()
    run.output.document(
        {
            "name": office.cosigner.name,
            "vkeys": list(office.cosigner.vkeys),
            "logs": [
                {
                    "origin": each.origin,
                    "vkeys": list(each.vkeys),
                    "size": each.size,
                    "root": each.root.hex(),
                    "cosigned_at": clock.to_text(each.cosigned_at) if each.cosigned_at else None,
                    "evidence": each.evidence_count,
                }
                for each in logs
            ],
            "evidence": [
                {
                    "origin": each.origin,
                    "size": each.size,
                    "found_at": clock.to_text(each.found_at),
                    "two_roots": each.two_roots,
                    "why": each.why,
                    "known": each.known.decode("utf-8", "replace"),
                    "request": each.request.decode("utf-8", "replace"),
                }
                for each in evidence
            ],
        }
    )
    run.output.line(f"cosigner  {office.cosigner.name}")
    for view in logs:
        when = f"{view.size:,} entries at {view.cosigned_at:%Y-%m-%d %H:%M} UTC" if view.cosigned_at else "nothing yet"
        run.output.line(f"{view.origin}: cosigned {when}")
    for each in evidence:
        kind = "SPLIT VIEW" if each.two_roots else "NOT PROVED"
        run.output.line(f"{kind}  {each.origin}, {each.found_at:%Y-%m-%d %H:%M} UTC: {each.why}")
    if evidence and target:
        run.output.line(f"written   {office.write_evidence(target)} files to {target}")


def _folder(run: Invocation) -> Path:
    return run.chosen_folder or Path()
