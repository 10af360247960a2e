"""A site beside wget and httrack, in one go: what each holds of the truth, time, size, and what a second run costs.

    .venv/bin/python bench/bench_site.py [--pairs 3] [--pages 60] [--folder DIR]

Each contender meets a fresh server of bench/corpora/site.py, twice in a row, with nothing changed between. The traps
without end are excluded by hand for all, robots.txt is obeyed by none (it is one's own site), nobody waits between
requests, and nobody runs scripts. Ours is the whole program: it also seals, logs and syncs what it captured.

Held: for ours, an address counts when a held record of this very address has the true payload's digest. For the
peers, whose files carry no addresses, it counts when any file has the true bytes, or, as they rewrite links, when a
file shows all the marks of that page: that is generous to them. Figures are of whole processes; medians.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SITE = HERE / "corpora" / "site.py"
STANDFAST = Path(sys.executable).with_name("standfast")
PASSWORD = "example"
PARTLY = {"standfast": (0, 60), "wget": (0, 8), "httrack": (0,)}
"""The exit statuses that say: done, or done but for some addresses, which this site always has."""
TIMEOUT_S = 300


@dataclass(frozen=True)
class Figure:
    """One run."""

    wall_s: float
    cpu_s: float
    request_count: int


@dataclass(frozen=True)
class Outcome:
    """One contender over one server."""

    first: Figure
    again: Figure
    held_count: int
    truth_count: int
    stored_mib: float


class Contender(ABC):
    """One program with a folder of its own."""

    name: str

    def __init__(self, room: Path, origin: str, cdn: str) -> None:
        """`room`: an empty folder for everything of this run."""
        self.room, self.origin, self.cdn = room, origin, cdn
        self.environment = {**os.environ, "HOME": str(room), "XDG_STATE_HOME": str(room / "state")}
        room.mkdir(parents=True)

    @abstractmethod
    def command(self) -> list[str]:
        """What is measured."""

    def store(self) -> Path:
        """Where what is held lies."""
        return self.room / "store"

    def held(self, truth: dict[str, Any]) -> int:
        """How many of the addresses."""
        return count_in_files(self.store(), truth)

    def call(self, command: list[str]) -> tuple[float, float]:
        """Run to the end; wall and processor seconds."""
        began = time.perf_counter()
        with tempfile.TemporaryFile() as told:
            process = subprocess.Popen(command, env=self.environment, cwd=self.room, stdout=told, stderr=told)
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - began
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode not in PARTLY[self.name]:
                told.seek(0)
                said = told.read().decode(errors="replace")[-3000:]
                sys.exit(f"{' '.join(command)}\nended with {process.returncode}\n{said}")
        return wall, usage.ru_utime + usage.ru_stime


class Ours(Contender):
    """Standfast, the whole program."""

    name = "standfast"

    def __init__(self, room: Path, origin: str, cdn: str) -> None:
        """Makes the vault, before the clock starts."""
        super().__init__(room, origin, cdn)
        self.prepare()

    def prepare(self) -> None:
        """A vault with the site as its origin."""
        word = self.room / "passphrase"
        word.write_text(PASSWORD)
        word.chmod(0o600)
        self.environment["STANDFAST_PASSPHRASE_FILE"] = str(word)
        self.environment["STANDFAST_DIR"] = str(self.room / "vault")
        self.call([str(STANDFAST), "init", "vault", "--name", "bench", "--shares-dir", "shares"])
        rules = ["--mine", "--rate", "10000"]
        rules += ["--exclude", "*/calendar?*", "--exclude", "*/shop?*"]
        self.call([str(STANDFAST), "add", "web", f"{self.origin}/", "--name", "site", *rules])

    def command(self) -> list[str]:
        """Capture, seal, log, sync."""
        return [str(STANDFAST), "protect"]

    def store(self) -> Path:
        """The vault's holdings."""
        return self.room / "vault" / "holdings"

    def held(self, truth: dict[str, Any]) -> int:
        """By the records that an export writes beside each item."""
        listed = subprocess.run(
            [str(STANDFAST), "items", "--origin", "site", "--json"],
            env=self.environment,
            cwd=self.room,
            check=True,
            capture_output=True,
        )
        ids = [each["id"] for each in json.loads(listed.stdout)["items"]]
        exported = subprocess.run(
            [str(STANDFAST), "export", *ids, "--to", "out", "--json"],
            env=self.environment,
            cwd=self.room,
            check=True,
            capture_output=True,
        )
        have: set[tuple[str, str]] = set()
        for each in json.loads(exported.stdout)["items"]:
            record = json.loads((self.room / each["record"]).read_text())
            facts = record.get("record", record)["facts"]
            have.add((same_spelling(facts["url"]), facts.get("payload_sha256", "")))
        return sum((same_spelling(each["url"]), each["sha256"]) in have for each in truth["urls"])


class Wget(Contender):
    """wget, mirroring both hosts, links rewritten, as its manual has it."""

    name = "wget"

    def command(self) -> list[str]:
        """The traps are excluded by hand."""
        options = ["--mirror", "-p", "-k", "-E", "-q", "-e", "robots=off", "-H", "-D", "127.0.0.1,localhost"]
        options += ["--tries=4", "--retry-on-http-error=500,503", "--reject-regex", "/calendar[?]|/shop[?]"]
        return ["wget", *options, "-P", "store", f"{self.origin}/"]


class Httrack(Contender):
    """httrack, its brakes off."""

    name = "httrack"

    def command(self) -> list[str]:
        """As fair as its flags allow."""
        options = ["-q", "-s0", "-c8", "-A1000000000", "--disable-security-limits", "-%c0", "-%k0", "-%B0", "-R3"]
        filters = [f"+{self.cdn.split('//')[1]}/*", "-*/calendar?*", "-*/shop?*"]
        update = ["--update"] if (self.room / "store" / "hts-cache").exists() else []
        return ["httrack", f"{self.origin}/", "-O", "store", *options, *update, *filters]


def same_spelling(url: str) -> str:
    """Percent-encoding in one form, as the site's own score has it."""
    from urllib.parse import quote, unquote

    return quote(unquote(url), safe="/?&=%:+,;~@!$'()*")


def count_in_files(folder: Path, truth: dict[str, Any]) -> int:
    """Addresses of which some file has the bytes, or shows the page's marks."""
    digests, texts = set(), []
    for path in folder.rglob("*"):
        if path.is_file() and "hts-cache" not in path.parts:
            data = path.read_bytes()
            digests.add(hashlib.sha256(data).hexdigest())
            if b"<" in data[:200]:
                texts.append(data.decode("utf-8", "replace"))
                texts.append(data.decode("cp1256", "replace"))
    marks = {page["url"]: page["see"] for page in truth["pages"]}
    held = 0
    for each in truth["urls"]:
        see = marks.get(each["url"])
        held += each["sha256"] in digests or bool(see and any(all(mark in text for mark in see) for text in texts))
    return held


@contextmanager
def served(pages: int, log: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """A fresh site while the block runs: its address, its other host, its truth."""
    port = free_ports()
    options = ["--port", str(port), "--pages", str(pages)]
    told = subprocess.run([sys.executable, str(SITE), "truth", *options], check=True, capture_output=True)
    server = subprocess.Popen(
        [sys.executable, str(SITE), "serve", *options, "--slow", "1.0", "--log", str(log)], stdout=subprocess.PIPE
    )
    try:
        assert server.stdout is not None
        server.stdout.readline()
        truth = json.loads(told.stdout)
        yield truth["origin"], truth["cdn"], truth
    finally:
        server.terminate()
        server.wait(timeout=TIMEOUT_S)


def free_ports() -> int:
    """The first of two neighbouring ports that are free."""
    for port in range(18_100, 19_000, 2):
        try:
            for each in (port, port + 1):
                with socket.create_server(("127.0.0.1", each)):
                    pass
        except OSError:
            continue
        return port
    sys.exit("no two neighbouring ports are free between 18100 and 19000")


def compete(kind: type[Contender], room: Path, pages: int) -> Outcome:
    """Two runs over one server."""
    log = room.with_suffix(".log")
    with served(pages, log) as (origin, cdn, truth):
        contender = kind(room, origin, cdn)
        figures = []
        for _ in range(2):
            before = len(log.read_text().splitlines())
            wall, cpu = contender.call(contender.command())
            figures.append(Figure(wall, cpu, len(log.read_text().splitlines()) - before))
        stored = sum(path.stat().st_size for path in contender.store().rglob("*") if path.is_file()) / 2**20
        return Outcome(figures[0], figures[1], contender.held(truth), len(truth["urls"]), stored)


def table(outcomes: dict[str, list[Outcome]]) -> str:
    """Medians, in Markdown."""

    def middle(values: list[float]) -> float:
        return statistics.median(values)

    rows = [("held of the truth", []), ("first run, wall s (processor s)", []), ("first run, requests", [])]
    rows += [("second run, wall s (processor s)", []), ("second run, requests", []), ("stored, MiB", [])]
    for found in outcomes.values():
        held, whole = middle([each.held_count for each in found]), found[0].truth_count
        rows[0][1].append(f"{held:.0f} of {whole}, {held / whole:.1%}")
        for at, figures in ((1, [each.first for each in found]), (3, [each.again for each in found])):
            wall, cpu = middle([each.wall_s for each in figures]), middle([each.cpu_s for each in figures])
            rows[at][1].append(f"{wall:.1f} ({cpu:.1f})")
            rows[at + 1][1].append(f"{middle([each.request_count for each in figures]):.0f}")
        rows[5][1].append(f"{middle([each.stored_mib for each in found]):.1f}")
    lines = ["| | " + " | ".join(outcomes) + " |", "|---" * (len(outcomes) + 1) + "|"]
    return "\n".join([*lines, *(f"| {name} | " + " | ".join(cells) + " |" for name, cells in rows)])


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=1, help="how often each runs")
    parser.add_argument("--pages", type=int, default=60, help="articles of the site, in each of three languages")
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder when not given")
    asked = parser.parse_args()
    contenders: list[type[Contender]] = [Ours, Wget, Httrack]
    for peer in ("wget", "httrack"):
        if not shutil.which(peer):
            sys.exit(f"{peer} is a peer here; `make bench-setup` installs it")
    outcomes: dict[str, list[Outcome]] = {each.name: [] for each in contenders}
    with tempfile.TemporaryDirectory(dir=asked.folder, prefix="standfast-bench-") as scratch:
        for pair in range(asked.pairs):
            for kind in contenders[:: (-1) ** pair]:
                outcomes[kind.name].append(compete(kind, Path(scratch) / f"{kind.name}-{pair}", asked.pages))
    print(f"{asked.pages} articles in three languages, {asked.pairs} run(s) each\n")
    print(table(outcomes))


if __name__ == "__main__":
    main()
