"""Files beside restic and borg, in one go: first protect, again, after an edit, restore, verify, audit; time and size.

    .venv/bin/python bench/bench_files.py --corpus small [--pairs 5] [--scale 1.0] [--folder DIR]

Each pair runs ours and each peer in turn on the same files, in new stores on the same disk. Figures are of whole
processes: wall seconds, processor seconds, peak memory. Medians and ratios of medians are printed as a Markdown
table. Our times include unlocking where a command needs it (scrypt, 2^16). The peers run with their defaults.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
STANDFAST = Path(sys.executable).with_name("standfast")
EDIT_SHARE = {"big": "0.1", "mixed": "0.1", "small": "0.01"}
PHASES = ("first", "again", "edited", "restore", "verify", "audit")
PASSWORD = "example"


@dataclass(frozen=True)
class Figure:
    """One whole process."""

    wall_s: float
    cpu_s: float
    peak_mib: float


def measure(command: list[str], environment: dict[str, str], folder: Path) -> Figure:
    """Run a command to its end; one that fails ends the benchmark."""
    began = time.perf_counter()
    with tempfile.TemporaryFile() as told:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=told, stderr=told)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            told.seek(0)
            sys.exit(f"{' '.join(command)}\nended with {process.returncode}\n{told.read().decode(errors='replace')}")
    return Figure(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


class Contender:
    """One program with a store of its own."""

    name: str

    def __init__(self, room: Path, files: Path) -> None:
        """`room`: an empty folder for everything of this run."""
        self.room, self.files = room, files
        self.environment = {**os.environ, "HOME": str(room), "XDG_STATE_HOME": str(room / "state")}
        room.mkdir(parents=True)
        self.prepare()

    def prepare(self) -> None:
        """Make the store; not measured."""

    def run(self, *command: str) -> Figure:
        """Measure one command."""
        return measure(list(command), self.environment, self.room)

    def phase(self, phase: str) -> Figure | None:
        """Measure a phase; None where the program has no such thing."""
        step: Callable[[], Figure | None] = getattr(self, phase)
        return step()

    def stored_mib(self) -> float:
        """What the store takes."""
        return sum(f.stat().st_size for f in (self.room / "store").rglob("*") if f.is_file()) / 2**20

    def audit(self) -> Figure | None:
        """Check without a key."""
        return None


class Ours(Contender):
    """Standfast."""

    name = "standfast"

    def prepare(self) -> None:
        """A vault with the folder as its origin."""
        word = self.room / "passphrase"
        word.write_text(PASSWORD)
        word.chmod(0o600)
        self.environment["STANDFAST_PASSPHRASE_FILE"] = str(word)
        self.environment["STANDFAST_DIR"] = str(self.room / "store")
        self.run(str(STANDFAST), "init", "store", "--name", "bench", "--shares-dir", "shares")
        self.run(str(STANDFAST), "add", "files", str(self.files), "--name", "files")

    def first(self) -> Figure:
        """Everything is new."""
        return self.run(str(STANDFAST), "protect")

    def again(self) -> Figure:
        """Nothing changed."""
        return self.run(str(STANDFAST), "protect")

    def edited(self) -> Figure:
        """A share of the files changed."""
        return self.run(str(STANDFAST), "protect")

    def restore(self) -> Figure:
        """Everything, to an empty folder."""
        return self.run(str(STANDFAST), "restore", "files", "files", "--to", "out")

    def verify(self) -> Figure:
        """Every byte decrypted and compared."""
        return self.run(str(STANDFAST), "verify")

    def audit(self) -> Figure:
        """Without a key."""
        return self.run(str(STANDFAST), "audit", "store/holdings")


class Restic(Contender):
    """restic, defaults."""

    name = "restic"

    def prepare(self) -> None:
        """A repository."""
        self.environment |= {"RESTIC_PASSWORD": PASSWORD, "RESTIC_REPOSITORY": str(self.room / "store")}
        self.run("restic", "init")

    def first(self) -> Figure:
        """Everything is new."""
        return self.run("restic", "backup", "--quiet", str(self.files))

    again = edited = first

    def restore(self) -> Figure:
        """Everything, to an empty folder."""
        return self.run("restic", "restore", "--quiet", "latest", "--target", "out")

    def verify(self) -> Figure:
        """Every byte decrypted and compared."""
        return self.run("restic", "check", "--read-data", "--quiet")


class Borg(Contender):
    """borg, defaults."""

    name = "borg"

    def prepare(self) -> None:
        """A repository."""
        self.environment |= {"BORG_PASSPHRASE": PASSWORD, "BORG_REPO": str(self.room / "store")}
        self.run("borg", "init", "--encryption", "repokey-blake2")
        self.count = 0

    def first(self) -> Figure:
        """Everything is new."""
        self.count += 1
        return self.run("borg", "create", f"::{self.count}", str(self.files))

    again = edited = first

    def restore(self) -> Figure:
        """Everything, to an empty folder."""
        (self.room / "out").mkdir()
        return measure(["borg", "extract", f"::{self.count}"], self.environment, self.room / "out")

    def verify(self) -> Figure:
        """Every byte decrypted and compared."""
        return self.run("borg", "check", "--verify-data")


class Sha256sum(Contender):
    """What any auditor has: the packs' digests, and nothing about what is missing or forged."""

    name = "sha256sum"

    def audit(self) -> Figure:
        """Without a key."""
        packs = sorted(str(f) for f in (self.room.parent / "standfast/store/holdings/packs").rglob("*") if f.is_file())
        return self.run("sha256sum", *packs)


def one_pair(contenders: list[type[Contender]], corpus: Path, room: Path, kind: str) -> dict[tuple[str, str], Figure]:
    """All phases of one pair, the programs in turn in each; also the stored sizes, as phase `stored`."""
    files = room / "files"
    shutil.copytree(corpus, files)
    running = [each(room / each.name, files) for each in contenders]
    figures: dict[tuple[str, str], Figure] = {}
    for phase in PHASES:
        if phase == "edited":
            make("edit", files, "--share", EDIT_SHARE[kind])
        for each in running:
            if isinstance(each, Sha256sum) and phase != "audit":
                continue
            figure = each.phase(phase)
            if figure:
                figures[each.name, phase] = figure
            if phase == "first":
                figures[each.name, "stored"] = Figure(each.stored_mib(), 0, 0)
    return figures


def make(*arguments: str | Path) -> None:
    """Run the generator of the corpus."""
    kind, folder, *rest = map(str, arguments)
    script = str(HERE / "corpora" / "make_files.py")
    subprocess.run([sys.executable, script, kind, "--to", folder, *rest], check=True, stdout=subprocess.DEVNULL)


def table(figures: list[dict[tuple[str, str], Figure]], names: list[str]) -> str:
    """Medians, and our ratio to each peer."""
    lines = ["| phase | " + " | ".join(names) + " | ours over each |", "|---" * (len(names) + 2) + "|"]
    for phase in (*PHASES, "stored"):
        cells, ratios = [], []
        ours = [each["standfast", phase] for each in figures]
        for name in names:
            found = [each[name, phase] for each in figures if (name, phase) in each]
            if not found:
                cells.append("")
                continue
            wall = statistics.median(figure.wall_s for figure in found)
            if phase == "stored":
                cells.append(f"{wall:.0f} MiB")
            else:
                cpu = statistics.median(figure.cpu_s for figure in found)
                peak = statistics.median(figure.peak_mib for figure in found)
                cells.append(f"{wall:.2f} s ({cpu:.2f}), {peak:.0f} MiB")
            if name != "standfast":
                pairs = [mine.wall_s / theirs.wall_s for mine, theirs in zip(ours, found, strict=True)]
                ratios.append(f"{name} {statistics.median(pairs):.2f}")
        lines.append(f"| {phase} | " + " | ".join(cells) + f" | {', '.join(ratios)} |")
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", choices=sorted(EDIT_SHARE), default="small")
    parser.add_argument("--pairs", type=int, default=1)
    parser.add_argument("--scale", default="1.0")
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder when not given")
    asked = parser.parse_args()
    for peer in ("restic", "borg"):
        if not shutil.which(peer):
            sys.exit(f"{peer} is the peer here; `make bench-setup` installs it")
    contenders: list[type[Contender]] = [Ours, Restic, Borg, Sha256sum]
    figures = []
    with tempfile.TemporaryDirectory(dir=asked.folder, prefix="standfast-bench-") as scratch:
        corpus = Path(scratch) / "corpus"
        make(asked.corpus, corpus, "--scale", asked.scale)
        for pair in range(asked.pairs):
            # Each in front once in a while: what runs first finds the cache as the one before left it.
            order = contenders[:1] + contenders[1:3][:: (-1) ** pair] + contenders[3:]
            room = Path(scratch) / f"pair-{pair}"
            room.mkdir()
            figures.append(one_pair(order, corpus, room, asked.corpus))
            shutil.rmtree(room)
    print(f"corpus {asked.corpus}, scale {asked.scale}, {asked.pairs} pair(s); wall s (processor s), peak memory\n")
    print(table(figures, [each.name for each in contenders]))


if __name__ == "__main__":
    main()
