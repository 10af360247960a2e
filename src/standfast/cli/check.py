"""`standfast check`: a bundle, by anyone, without a vault."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from standfast.cli.context import Invocation, command
from standfast.cli.progress import progress

if TYPE_CHECKING:
    from standfast.verify.results import Report
    from standfast.verify.steps import Trust

AUTHORITY_FILES_LIMIT = 1_000


@command("check", example="standfast check proof.zip --policy partner-policy --authorities roots")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option(
    "--policy",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Your own policy: which log and cosigners count. Without it, the bundle's own is taken, and said so.",
)
@click.option(
    "--authorities",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Your own time-stamping authorities: a folder of root certificates, NAME.pem each.",
)
@click.pass_obj
def check(run: Invocation, bundle: Path, policy: Path | None, authorities: Path | None) -> None:
    """Check a bundle that a vault disclosed: numbered steps, each passed, failed or not checked.

    Needs no vault, no key, no network, and no certificates of this machine.
    """
    from standfast.errors.verify import StepsFailedError
    from standfast.verify.steps import check_bundle

    trust = _trust(policy, authorities)
    with progress(run.output, "check") as meter:
        report = check_bundle(bundle, trust, meter.at_bytes)
    _say(run, report)
    if report.failed:
        raise StepsFailedError(report.failed)


def _trust(policy: Path | None, authorities: Path | None) -> Trust:
    from standfast.errors.tlog import MalformedNoteError
    from standfast.errors.verify import PolicyUnusableError
    from standfast.tlog.policy import POLICY_LIMIT_BYTES, parse_policy
    from standfast.verify.steps import Trust

    chosen = None
    if policy is not None:
        try:
            with policy.open("rb") as file:
                chosen = parse_policy(file.read(POLICY_LIMIT_BYTES + 1))
        except OSError as why:
            raise PolicyUnusableError(policy, why.strerror or str(why)) from why
        except MalformedNoteError as why:
            raise PolicyUnusableError(policy, why.why) from why
    return Trust(policy=chosen, roots_pem=_roots(authorities) if authorities is not None else None)


def _roots(folder: Path) -> bytes:
    from standfast.errors.stamping import MalformedStampError
    from standfast.errors.verify import AuthoritiesUnusableError
    from standfast.seal.certificates import PEM_BYTES_LIMIT, certificates_in

    found = []
    try:
        for file in sorted(folder.iterdir())[:AUTHORITY_FILES_LIMIT]:
            if file.suffix == ".pem" and file.is_file():
                with file.open("rb") as opened:
                    found.append(opened.read(PEM_BYTES_LIMIT + 1))
                certificates_in(found[-1])
    except OSError as why:
        raise AuthoritiesUnusableError(folder, why.strerror or str(why)) from why
    except MalformedStampError as why:
        raise AuthoritiesUnusableError(file, str(why)) from why
    if not found:
        raise AuthoritiesUnusableError(folder, "there is no file NAME.pem in it")
    return b"\n".join(found)


def _say(run: Invocation, report: Report) -> None:
    from standfast import clock
    from standfast.verify.results import words

    said = words("en")["steps"]
    run.output.document(
        {
            "ok": not report.failed,
            "steps": [
                {
                    "n": each.n,
                    "name": each.name,
                    "result": each.result,
                    "detail": each.detail,
                    **({"item": each.item} if each.item is not None else {}),
                    **({"checkpoint": each.checkpoint} if each.checkpoint is not None else {}),
                    **({"authority": each.authority} if each.authority else {}),
                    "means": said[each.name]["means"],
                    "does_not_mean": said[each.name]["not"],
                }
                for each in report.sorted()
            ],
            "windows": [
                {
                    "item": each.item,
                    "not_before": clock.to_text(each.not_before) if each.not_before else None,
                    "not_after": clock.to_text(each.not_after) if each.not_after else None,
                    "says": each.says,
                }
                for each in report.windows
            ],
        }
    )
    before = 0
    for each in report.sorted():
        if each.n != before:
            run.output.line(f"{each.n:>2}. {said[each.name]['title']}")
            run.output.line(f"      means:    {said[each.name]['means']}")
            run.output.line(f"      does not: {said[each.name]['not']}")
            before = each.n
        about = "".join(
            (
                f"item {each.item}: " if each.item is not None else "",
                f"checkpoint {each.checkpoint}: " if each.checkpoint is not None else "",
                f"{each.authority}: " if each.authority else "",
            )
        )
        run.output.line(
            f"    {each.result.upper() if each.result != 'passed' else each.result:<12} {about}{each.detail}"
        )
    counts = {word: sum(each.result == word for each in report.steps) for word in ("passed", "failed", "not checked")}
    run.output.line(", ".join(f"{count} {word}" for word, count in counts.items()))
