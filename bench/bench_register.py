"""The register at 50,000 synthetic claims: check and build of the whole site, wall seconds and peak memory.

    .venv/bin/python bench/bench_register.py [--claims 50000] [--folder DIR]

The claims are the shipped ones again and again under other days, series and words of summary, so that States, targets,
sources and days grow as they would. There is no peer that does this work.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import msgspec

from standfast.register.check import check_register
from standfast.register.entry import Claim, ClaimLine, Names, Subject, claim_id
from standfast.register.evidence import FolderEvidence
from standfast.register.site.build import build_site
from standfast.register.store import read_register, shipped_folder

DAY = date(2026, 11, 24)


def synthetic(claim: Claim, turn: int) -> Claim:
    """The same claim, told of another day and another series; a target of its own for each turn."""
    when = claim.when
    if len(when.at) == 10:
        when = msgspec.structs.replace(when, at=(date.fromisoformat(when.at) - timedelta(days=turn)).isoformat())
    subject = f"{claim.subject}-{turn}" if claim.predicate in ("designation", "incident") else claim.subject
    return msgspec.structs.replace(
        claim,
        series=f"{claim.series}-{turn}",
        subject=subject,
        when=when,
        note=f"Synthetic, turn {turn}.",
        draft_row="",
    )


def make(folder: Path, count: int) -> None:
    """A register of `count` claims."""
    data = read_register(shipped_folder())
    for name in ("sources.jsonl", "translations.jsonl"):
        shutil.copy(data.folder / name, folder)
    subjects = dict(data.subjects)
    lines: list[bytes] = []
    base = [each.claim for each in data.lines]
    repeated = [each for each in base if each.predicate not in ("membership", "regional group")]
    claims = list(base)
    turn = 0
    while len(claims) < count:
        turn += 1
        for each in repeated[: count - len(claims)]:
            made = synthetic(each, turn)
            if made.subject not in subjects:
                old = data.subjects[each.subject]
                subjects[made.subject] = Subject(id=made.subject, kind=old.kind, name=Names(en=f"{old.name.en} {turn}"))
            claims.append(made)
    lines = [msgspec.json.encode(ClaimLine(id=claim_id(each), claim=each)) + b"\n" for each in claims]
    (folder / "claims.jsonl").write_bytes(b"".join(lines))
    (folder / "subjects.jsonl").write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in subjects.values()))


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--claims", type=int, default=50_000)
    parser.add_argument("--folder", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as name:
        folder = Path(name) / "register"
        folder.mkdir()
        make(folder, chosen.claims)
        started = time.monotonic()
        data = read_register(folder)
        problems = check_register(data, FolderEvidence(folder / "evidence"))
        checked = time.monotonic()
        built = build_site(data, FolderEvidence(folder / "evidence"), Path(name) / "site", day=DAY)
        done = time.monotonic()
        if problems or built.problems:
            sys.exit(f"{len(problems)} problems: {problems[:3]}")
        largest = max(each.stat().st_size for each in (Path(name) / "site").rglob("*.html"))
        peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) >> 10
        print("| claims | pages | read and check s | build s | largest page bytes | peak MiB of a process |")
        print("|---|---|---|---|---|---|")
        times = f"{checked - started:.1f} | {done - checked:.1f}"
        print(f"| {len(data.lines)} | {built.pages} | {times} | {largest} | {peak} |")


if __name__ == "__main__":
    main()
