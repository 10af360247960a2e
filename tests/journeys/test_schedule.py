"""`schedule install`, with the real crontab of this machine, which is put back as it was."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from program import STANDFAST, Program


@pytest.fixture
def table_of_cron() -> Iterator[None]:
    """The crontab of whoever runs the tests, kept aside."""
    before = subprocess.run(["crontab", "-l"], capture_output=True, check=False)
    subprocess.run(["crontab", "-"], input=b"# an example line of somebody else\n", check=True)
    yield
    if before.returncode:
        subprocess.run(["crontab", "-r"], check=True)
    else:
        subprocess.run(["crontab", "-"], input=before.stdout, check=True)


def lines() -> list[str]:
    """What cron has."""
    return subprocess.run(["crontab", "-l"], capture_output=True, text=True, check=True).stdout.splitlines()


@pytest.mark.usefixtures("table_of_cron")
def test_a_line_of_cron_that_runs_protect(tmp_path: Path) -> None:
    program = Program(tmp_path)
    program.vault = tmp_path / "a vault, 100% example"
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents/example.txt").write_text("an example")
    program.init()
    program("add", "files", "documents", "--name", "docs")
    program("schedule", "install", "--at", "03:30", "--by", "cron")
    done = program.json("schedule", "install", "--at", "04:15", "--by", "cron")
    first, ours = lines()
    assert first == "# an example line of somebody else"
    assert ours.startswith("15 4 * * * ")
    # What cron hands to the shell: up to the mark, percent signs given back.
    command = ours.removeprefix("15 4 * * * ").rpartition(" # standfast")[0].replace("\\%", "%")
    assert shlex.split(command)[0] == str(STANDFAST)
    assert command == done["command"]
    subprocess.run(["sh", "-c", command], check=True, env=program.environment, cwd="/")
    assert [item["name"] for item in program.json("items")["items"]] == ["example.txt"]


def test_a_time_that_is_none(tmp_path: Path) -> None:
    program = Program(tmp_path)
    program.init()
    assert program.json("schedule", "install", "--at", "25:00", status=8)["error"]["code"] == "SET-008"
