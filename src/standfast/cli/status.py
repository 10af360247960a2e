"""`standfast status`: one screen."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import click

from standfast.cli.context import Invocation, command

if TYPE_CHECKING:
    from standfast.assembly.status import Status


@command("status", example="standfast status")
@click.pass_obj
def status(run: Invocation) -> None:
    """Show what is protected, what a cut would cost as measured, where copies are, and what to do next."""
    from standfast.assembly.office import open_office
    from standfast.assembly.status import status_of

    now = status_of(open_office(run.vault_folder()))
    run.output.document(
        {
            "origins": [dataclasses.asdict(each) for each in now.origins],
            "replicas": [dataclasses.asdict(each) for each in now.replicas],
            "cosigners": [dataclasses.asdict(each) for each in now.cosigners],
            "timestamps": [dataclasses.asdict(each) for each in now.authorities],
            "stamped_size": now.stamped_size,
            "cosigning": {
                "quorum": now.quorum,
                "organisations": now.organisations,
                "cosigned_size": now.cosigned_size,
            },
            "todo": [dataclasses.asdict(each) for each in now.todo],
            "log": {"origin": now.log_origin, "size": now.log_size},
            "accessions": now.accessions,
            "unproved": now.unproved,
            "shares": now.shares,
        }
    )
    _say(run, now)


def _say(run: Invocation, now: Status) -> None:
    line = run.output.line
    for origin in now.origins:
        line(f"{origin.name} ({origin.kind})")
        line(f"  protected  {_when(origin.protected_at)}")
        measured = (
            f"back in {_span(origin.recovery_time_s)}, losing {_span(origin.loss_s)}"
            if origin.recovery_time_s is not None
            else "recovery time and loss are not measured"
        )
        line(f"  drilled    {_when(origin.drilled_at)}; {measured}")
    for replica in now.replicas:
        state = {True: "whole when last looked at", False: "NOT as it should be", None: "never looked at"}[replica.ok]
        line(f"copy {replica.name} at {replica.location}: {state}")
        line(f"  copied     {_when(replica.synced_at)}")
        line(f"  audited    {_when(replica.audited_at)}")
    for cosigner in now.cosigners:
        line(f"cosigner {cosigner.name} ({cosigner.organisation})")
        line(f"  cosigned   {_when(cosigner.cosigned_at)}; {cosigner.size:,} entries")
    for authority in now.authorities:
        line(f"authority {authority.name} at {authority.url}")
        line(f"  stamped    {_when(authority.stamped_at)}; {authority.size:,} entries")
    if now.cosigners:
        line(f"  quorum     {now.quorum} of {now.organisations} organisations, met at {now.cosigned_size:,} entries")
    line(f"log {now.log_origin}: {now.log_size:,} entries, {now.accessions:,} accessions")
    line(f"recovery shares: {now.shares or 'unknown'}")
    if now.todo:
        line("to do")
        for todo in now.todo:
            line(f"  {todo.what}: {todo.command}")


def _when(moment: str | None) -> str:
    return f"{moment[:10]} {moment[11:16]} UTC" if moment else "never"


def _span(seconds: float | None) -> str:
    """A length of time as a person says it.

    Example:
        >>> _span(4.2), _span(300), _span(90_000)
        ('4 seconds', '5 minutes', '25 hours')
    """
    if seconds is None:
        return "an unknown time"
    for limit, unit, name in ((120, 1, "seconds"), (7200, 60, "minutes"), (172_800, 3600, "hours")):
        if seconds < limit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds / 86_400:.0f} days"
