"""The pages that are made from the program are the ones that it makes now."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_commands_errors_and_settings_are_documented_as_they_are() -> None:
    ended = subprocess.run(
        [sys.executable, "tools/make_docs.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, f"run `make docs`\n{ended.stdout}{ended.stderr}"
