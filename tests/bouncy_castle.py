"""Bouncy Castle as a second reader, in a process of its own: Debian's libbcpkix-java, compiled by the tests."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

JARS = ":".join(f"/usr/share/java/{name}.jar" for name in ("bcpkix", "bcprov", "bcutil"))
SOURCES = Path(__file__).parent / "interop/java"


def compile_java(name: str, folder: Path) -> None:
    """Compile tests/interop/java/NAME.java into a folder."""
    command = ["javac", "-nowarn", "-cp", JARS, "-d", str(folder), str(SOURCES / f"{name}.java")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def run_java(name: str, folder: Path, lines: Sequence[str]) -> list[str]:
    """Run a compiled class over lines of input; one line of output for each."""
    command = ["java", "-XX:TieredStopAtLevel=1", "-cp", f"{JARS}:{folder}", name]
    text = "".join(f"{line}\n" for line in lines)
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert len(said) == len(lines), done.stderr
    return said
