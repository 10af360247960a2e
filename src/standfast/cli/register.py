"""`standfast register`: the public register of attacks and of what States did."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from standfast.cli.context import Invocation, group

if TYPE_CHECKING:
    from standfast.register.evidence import EvidenceStore
    from standfast.register.store import RegisterData

DATA = click.option(
    "--data", type=click.Path(path_type=Path), metavar="DIR", help="Your own register; else the one that ships."
)
VAULT = click.option("--vault", is_flag=True, help="Look for the bytes of sources in the vault too (-C, passphrase).")
PUBLISHED = click.option("--published-only", is_flag=True, help="Leave drafts and reviewed claims out.")


class Day(click.ParamType[date]):
    """A day, `2026-11-24`."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The day, or a usage error."""
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a day like 2026-11-24", param, ctx)


@group("register", example="standfast register asof 2025-09-04\nstandfast register build --to site")
def register() -> None:
    """The public register: who was attacked, who reacted, what States did."""


def read_data(data: Path | None) -> RegisterData:
    """The register meant."""
    from standfast.register.store import read_register, shipped_folder

    return read_register(data or shipped_folder())


def evidence_of(run: Invocation, data: RegisterData, vault: bool) -> EvidenceStore:
    """Where the bytes of its sources are: beside it, and in the vault when asked."""
    from standfast.register.evidence import FolderEvidence, SeveralStores

    shipped = FolderEvidence(data.folder / "evidence")
    if not vault:
        return shipped
    from standfast.assembly.office import open_office
    from standfast.assembly.registering import vault_evidence
    from standfast.cli.unlocking import unlock

    office = open_office(run.vault_folder())
    return SeveralStores([shipped, vault_evidence(office, unlock(run, office))])


def _now() -> datetime:
    from standfast.clock import machine_clock

    return machine_clock()


def _person(name: str) -> Callable[[Any], Any]:
    return click.option(
        f"--{name}", required=True, metavar="NAME", help="Who does it, as the register shall name them."
    )


@register.command(
    "add", example="standfast register add claim.json --author reviewer-2 --capture https://www.example.org/statement"
)
@click.argument("file", type=click.File("rb"), required=False)
@_person("author")
@DATA
@click.option("--corrects", metavar="CLAIM", default="", help="The claim that this one replaces.")
@click.option("--correction", type=click.Choice(["error", "update"]), default=None, help="Why; with --corrects.")
@click.option("--withdraw", metavar="CLAIM", help="Withdraw a claim for safety; no FILE.")
@click.option("--capture", "urls", multiple=True, metavar="URL", help="Capture this source into the vault first.")
@click.pass_obj
def add(
    run: Invocation,
    file: Any,
    author: str,
    data: Path | None,
    corrects: str,
    correction: str | None,
    withdraw: str | None,
    urls: tuple[str, ...],
) -> None:
    """Add a claim from a JSON file (`-`: standard input), as a draft. docs/register/method.md shows one."""
    from standfast.register import adding

    if bool(file) == bool(withdraw) or bool(corrects) != bool(correction) or (withdraw and (corrects or urls)):
        raise click.UsageError(
            "give FILE, with --corrects and --correction together or not at all, or --withdraw alone"
        )
    here = read_data(data)
    if withdraw:
        line = adding.withdraw(here, withdraw, author=author, at=_now())
        captures: dict[str, str] = {}
    else:
        new = adding.parse_new_claim(file.read(adding.INPUT_LIMIT_BYTES + 1))
        captures = _capture(run, urls)
        line = adding.add(
            here, new, author=author, at=_now(), captures=captures, corrects=corrects, correction=correction or ""
        )
    run.output.document(
        {
            "claim": line.id,
            "series": line.claim.series,
            "status": "draft",
            "captures": [{"url": url, "sha256": digest} for url, digest in captures.items()],
        }
    )
    run.output.line(f"added     {line.id} (draft)")
    run.output.line(f"next      standfast register review {line.id} --by ANOTHER-PERSON")


def _capture(run: Invocation, urls: tuple[str, ...]) -> dict[str, str]:
    if not urls:
        return {}
    from standfast.assembly.office import open_office
    from standfast.assembly.registering import capture_source
    from standfast.cli.unlocking import unlock

    office = open_office(run.vault_folder())
    identities = unlock(run, office)
    return {url: capture_source(office, identities, url) for url in urls}


@register.command("review", example="standfast register review 772f8202323eab10febd73babe4e0e64 --by reviewer-2")
@click.argument("claims", nargs=-1, required=True, metavar="CLAIM…")
@_person("by")
@DATA
@click.pass_obj
def review(run: Invocation, claims: tuple[str, ...], by: str, data: Path | None) -> None:
    """Record that you compared claims with their held sources. Never one's own."""
    from standfast.register import adding

    acts = adding.review(read_data(data), claims, by=by, at=_now())
    run.output.document({"reviewed": [each.claim for each in acts], "by": by})
    run.output.line(f"reviewed  {len(acts)} claim(s)")


@register.command("publish", example="standfast -C vault register publish --by editor --all-reviewed")
@click.argument("claims", nargs=-1, metavar="[CLAIM]…")
@_person("by")
@click.option("--all-reviewed", is_flag=True, help="Every reviewed claim that may be published.")
@click.option("--not-logged", is_flag=True, help="Without a vault: no log commits to this release.")
@DATA
@click.pass_obj
def publish(
    run: Invocation, claims: tuple[str, ...], by: str, all_reviewed: bool, not_logged: bool, data: Path | None
) -> None:
    """Make a release of reviewed claims: id, difference, and a manifest that the vault's signed log commits to."""
    from standfast.errors.register import RegisterFaultsError
    from standfast.register import release
    from standfast.register.check import check_register
    from standfast.register.view import view_of

    if bool(claims) == all_reviewed:
        raise click.UsageError("name the claims, or give --all-reviewed")
    here = read_data(data)
    log = None
    evidence = evidence_of(run, here, vault=not not_logged)
    if not not_logged:
        from standfast.assembly.office import open_office
        from standfast.assembly.registering import VaultReleaseLog
        from standfast.cli.unlocking import unlock

        office = open_office(run.vault_folder())
        log = VaultReleaseLog(office, unlock(run, office))
    problems = [*check_register(here, evidence), *release.check_releases(here)]
    if problems:
        raise RegisterFaultsError(len(problems), str(problems[0]))
    view = view_of(here)
    wanted = claims or release.publishable(view)
    key, manifest, receipt = release.publish(view, wanted, by=by, at=_now(), log=log)
    run.output.document(
        {
            "release": key,
            "number": manifest.number,
            "published": list(manifest.published),
            "corrections": [{"old": each.old, "new": each.new, "kind": each.kind} for each in manifest.corrections],
            "withdrawn": list(manifest.withdrawn),
            "log": {"origin": receipt.log_origin, "index": receipt.log_index} if receipt else None,
        }
    )
    run.output.line(f"released  {key}, number {manifest.number}, {len(manifest.published)} claim(s)")
    run.output.line(f"in log    {f'{receipt.log_origin}, leaf {receipt.log_index}' if receipt else 'none'}")


@register.command("check", example="standfast register check")
@DATA
@VAULT
@click.pass_obj
def check(run: Invocation, data: Path | None, vault: bool) -> None:
    """Read the whole register and every held source, and name all that may not stand."""
    from standfast.errors.register import RegisterFaultsError
    from standfast.register.check import check_register, problems_json
    from standfast.register.release import check_releases

    here = read_data(data)
    problems = [*check_register(here, evidence_of(run, here, vault)), *check_releases(here)]
    run.output.document({"ok": not problems, "claims": len(here.lines), "problems": problems_json(problems)})
    for each in problems:
        run.output.line(str(each))
    run.output.line(f"{len(here.lines)} claims, {len(here.sources)} sources, {len(problems)} problem(s)")
    if problems:
        raise RegisterFaultsError(len(problems), str(problems[0]))


@register.command("asof", example="standfast register asof 2026-05-14 --said-on 2026-11-24 --json")
@click.argument("day", type=Day(), metavar="DATE")
@click.option("--said-on", type=Day(), metavar="DATE", help="By what the register said at the end of that day.")
@PUBLISHED
@DATA
@click.pass_obj
def asof(run: Invocation, day: date, said_on: date | None, published_only: bool, data: Path | None) -> None:
    """Show what was the case on a day."""
    from standfast.register.asof import asof_document
    from standfast.register.view import view_of

    document = asof_document(
        view_of(read_data(data), said_on=said_on, published_only=published_only), day, said_on=said_on
    )
    run.output.document(document)
    run.output.line(f"on {day}: {document['parties']} States Parties, {document['parties_disputed']} more disputed")
    for each in document["subjects"]:
        if each["kind"] != "state" and each["state"] != "none":
            run.output.line(f"{each['name']}: {each['state']}")
    told = [each for each in document["cells"] if each["value"] != "no information"]
    run.output.line(
        f"{len(told)} of {len(document['cells'])} cells have a source; the others say nothing about the State"
    )


@register.command("diff", example="standfast register diff 2026-11-01 2026-11-30")
@click.argument("old", metavar="DATE|RELEASE")
@click.argument("new", metavar="DATE|RELEASE")
@DATA
@click.pass_obj
def diff(run: Invocation, old: str, new: str, data: Path | None) -> None:
    """Show what changed in the register between two days or releases."""
    from standfast.register.diff import diff_document

    document = diff_document(read_data(data), old, new)
    run.output.document(document)
    for name in ("added", "corrected", "reviewed", "published"):
        run.output.line(f"{name:10}{len(document[name])}")


@register.command("export", example="standfast register export --to folder")
@click.option("--to", required=True, type=click.Path(path_type=Path), metavar="DIR", help="The folder to write into.")
@click.option("--day", type=Day(), metavar="DATE", help="The day of the table; else today.")
@PUBLISHED
@DATA
@VAULT
@click.pass_obj
def export(run: Invocation, to: Path, day: date | None, published_only: bool, data: Path | None, vault: bool) -> None:
    """Write the register as CSV, as JSON with every version, and as FollowTheMoney entities."""
    from standfast.register.export import NOTICE, write_exports
    from standfast.register.view import view_of

    here = read_data(data)
    files = write_exports(
        view_of(here, published_only=published_only), evidence_of(run, here, vault), day or _now().date(), to
    )
    run.output.document({"to": str(to), "files": files, "notice": NOTICE})
    run.output.line(f"wrote     {', '.join(files)}")
    run.output.line(NOTICE)


@register.command("build", example="standfast register build --to site")
@click.option(
    "--to",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The site's folder: new, empty, or one we built.",
)
@click.option("--day", type=Day(), metavar="DATE", help="The day that the pages call today; else today.")
@PUBLISHED
@DATA
@VAULT
@click.pass_obj
def build(run: Invocation, to: Path, day: date | None, published_only: bool, data: Path | None, vault: bool) -> None:
    """Build the static site in four languages, once everything checks."""
    from standfast.errors.register import RegisterFaultsError
    from standfast.register.check import problems_json
    from standfast.register.site.build import build_site

    here = read_data(data)
    built = build_site(here, evidence_of(run, here, vault), to, day=day or _now().date(), published_only=published_only)
    run.output.document(
        {
            "ok": not built.problems,
            "pages": built.pages,
            "languages": list(built.languages),
            "release": built.release or None,
            "problems": problems_json(built.problems),
        }
    )
    for each in built.problems:
        run.output.line(str(each))
    if built.problems:
        raise RegisterFaultsError(len(built.problems), str(built.problems[0]))
    run.output.line(f"built     {built.pages} pages in {len(built.languages)} languages")
    run.output.line(f"open      {to / 'index.html'}")
