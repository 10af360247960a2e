"""docs/flow.md is executed: what it shows is what the program prints.

Every ```console block is run, in order, in one shell, in an empty folder. A line that begins with `$ ` is a command,
the lines below it are all that it prints on both streams; `…` in a line stands for anything, and alone for any
number of lines. `[exit 26]` as the last line says that it ends so; without it the command must end with 0. A folder
`site` that the page makes is served at $SITE.
"""

from __future__ import annotations

import http.server
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "flow.md"
LIMIT_S = 300
MARK = "standfast-flow-mark"


def steps_of(text: str) -> list[tuple[str, list[str]]]:
    """Each command with the lines expected of it."""
    steps: list[tuple[str, list[str]]] = []
    for block in re.findall(r"^```console\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                steps.append((line[2:], []))
            elif steps and steps[-1][0].endswith("\\"):
                steps[-1] = (f"{steps[-1][0]}\n{line}", [])
            else:
                steps[-1][1].append(line)
    return steps


def pattern_of(expected: list[str]) -> str:
    """A regular expression for what is printed, exit status included."""
    status = 0
    if expected and (said := re.fullmatch(r"\[exit (\d+)\]", expected[-1])):
        status, expected = int(said[1]), expected[:-1]
    lines = [
        r"(?:.*\n)*" if line.strip() == "…" else "[^\n]*".join(re.escape(part) for part in line.split("…")) + "\n"
        for line in expected
    ]
    return f"{''.join(lines)}{MARK} {status}\n"


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A server that does not write to the test's output."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """The address at which the folder `site` is served."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "site"))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_what_the_page_shows_is_what_happens(tmp_path: Path, site: str) -> None:
    steps = steps_of(PAGE.read_text())
    assert steps
    script = "".join(f"{{ {command}\n}} 2>&1; echo {MARK} $?\n" for command, _ in steps)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STANDFAST")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"
    ended = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={**kept, "PATH": path, "SITE": site, "HOME": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    printed = re.findall(rf"(?:.*\n)*?.*{MARK} \d+\n", ended.stdout)
    assert len(printed) == len(steps), ended.stdout + ended.stderr
    for (command, expected), found in zip(steps, printed, strict=True):
        assert re.fullmatch(pattern_of(expected), found), f"$ {command}\n{found}\nbut {PAGE.name} says\n" + "\n".join(
            expected
        )


@pytest.mark.parametrize(
    ("expected", "printed", "fits"),
    [
        (["held: …, 3 items"], "held: example, 3 items\n", True),
        (["held"], "held\nmore\n", False),
        (["a", "…", "z"], "a\nb\nc\nz\n", True),
        (["a", "…", "z"], "a\nb\n", False),
        ([], "", True),
        ([], "said\n", False),
    ],
)
def test_expected_lines_are_compared_in_full(expected: list[str], printed: str, fits: bool) -> None:
    assert bool(re.fullmatch(pattern_of(expected), f"{printed}{MARK} 0\n")) is fits
    assert not re.fullmatch(pattern_of(expected), f"{printed}{MARK} 26\n")
    assert bool(re.fullmatch(pattern_of([*expected, "[exit 26]"]), f"{printed}{MARK} 26\n")) is fits
