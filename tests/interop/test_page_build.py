"""verify.html is what page/ builds: the same bytes from the same sources and lock, and its types hold."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from verify_page import PAGE, ROOT

SOURCES = ROOT / "page"


def run(*words: str) -> None:
    done = subprocess.run(words, cwd=SOURCES, capture_output=True, text=True, check=False, timeout=120)
    assert not done.returncode, done.stdout + done.stderr


def test_a_rebuild_gives_the_same_bytes(tmp_path: Path) -> None:
    run("node", "build.mjs", str(tmp_path / "verify.html"))
    assert (tmp_path / "verify.html").read_bytes() == PAGE.read_bytes(), "run `npm run build` in page/ and commit it"


def test_its_types_hold() -> None:
    run("node", "node_modules/typescript/bin/tsc", "--noEmit")


def test_what_it_is_built_from_is_locked_by_digest_and_names_no_host() -> None:
    lock = json.loads((SOURCES / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: each for name, each in lock["packages"].items() if name}
    assert packages
    assert all(each["integrity"].startswith("sha512-") and "resolved" not in each for each in packages.values())


def test_no_source_can_make_markup_of_text() -> None:
    ways = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "srcdoc")
    found = [(path.name, way) for path in SOURCES.rglob("src/*.ts") for way in ways if way in path.read_text("utf-8")]
    assert found == []
