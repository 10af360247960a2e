"""A bundle of one large item beside BagIt: written and checked, whole processes; wall, processor, peak memory.

    .venv/bin/python bench/bench_bundle.py [--mib 3072] [--folder DIR]

Ours: `disclose` (unlocking, the custody event, the zip, its own check) and `check`. Beside it the Library of Congress's
`bagit` with the same two digests: making a bag of the same file in place and `--validate`, each with one process, and
`zip -0` in between, which a bag needs to be one file.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BIN = Path(sys.executable).parent


def measure(what: str, command: list[str], folder: Path, environment: dict[str, str]) -> None:
    """Run one command and print a row of the table; one that fails ends the benchmark."""
    began = time.perf_counter()
    process = subprocess.Popen(command, env=environment, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)}\nended with {process.returncode}\n{said.decode(errors='replace')}")
    wall = time.perf_counter() - began
    print(f"| {what} | {wall:.1f} | {usage.ru_utime + usage.ru_stime:.1f} | {usage.ru_maxrss / 1024:.0f} |", flush=True)


def main() -> None:
    """Make the vault, then measure."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--mib", type=int, default=3072)
    asked.add_argument("--folder", type=Path)
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
        room = Path(scratch)
        (room / "documents").mkdir()
        with (room / "documents/example.bin").open("wb") as file:
            for _ in range(options.mib):
                file.write(os.urandom(1 << 20))
        (room / "word").write_text("an example passphrase\n")
        (room / "word").chmod(0o600)
        environment = {**os.environ, "HOME": str(room), "STANDFAST_PASSPHRASE_FILE": str(room / "word")}
        ours = [str(BIN / "standfast"), "-C", "vault"]
        for words in (
            [ours[0], "init", "vault", "--name", "Example", "--shares", "2/3", "--shares-dir", "shares"],
            [*ours, "add", "files", "documents", "--name", "docs"],
            [*ours, "protect"],
        ):
            subprocess.run(words, cwd=room, env=environment, check=True, stdout=subprocess.DEVNULL)
        listed = subprocess.run([*ours, "items"], cwd=room, env=environment, check=True, capture_output=True, text=True)
        item = next(line.split()[0] for line in listed.stdout.splitlines() if "example.bin" in line)
        print(f"| {options.mib} MiB | wall s | processor s | peak MiB |\n|---|---|---|---|")
        words = ["disclose", item, "--to", "example.zip", "--recipient", "Example", "--purpose", "An example"]
        measure("standfast disclose", [*ours, *words], room, environment)
        measure("standfast check", [ours[0], "check", "example.zip"], room, environment)
        (room / "example.zip").unlink()
        shutil.copytree(room / "documents", room / "bag")
        bagit = [sys.executable, str(BIN / "bagit.py"), "--quiet"]
        measure("bagit, making", [*bagit, "--sha256", "--sha512", "bag"], room, environment)
        measure("zip -0", ["zip", "-q", "-0", "-r", "bag.zip", "bag"], room, environment)
        measure("bagit --validate", [*bagit, "--validate", "bag"], room, environment)


if __name__ == "__main__":
    main()
