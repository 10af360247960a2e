"""Runs the real program as its user would, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STANDFAST = Path(sys.executable).with_name("standfast")
PASSPHRASE = "an example passphrase"


@dataclass
class Ran:
    """How one call ended."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """What --json printed."""
        return json.loads(self.out)


class Program:
    """Calls `standfast` with an empty home and a passphrase file, all below one folder."""

    def __init__(self, room: Path) -> None:
        self.room = room
        self.vault = room / "vault"
        word = room / "passphrase"
        word.write_text(PASSPHRASE + "\n")
        word.chmod(0o600)
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("STANDFAST", "XDG"))},
            "HOME": str(room / "home"),
            "STANDFAST_PASSPHRASE_FILE": str(word),
            "STANDFAST_DEBUG": "1",
        }
        (room / "home").mkdir(exist_ok=True)

    def __call__(self, *words: object, status: int = 0) -> Ran:
        """Run to the end and require an exit status."""
        ran = self.start(*words)
        out, err = ran.communicate(timeout=300)
        done = Ran(ran.returncode, out.decode(), err.decode())
        assert done.status == status, (
            f"standfast {words} ended with {done.status}, not {status}\n{done.out}\n{done.err}"
        )
        return done

    def json(self, *words: object, status: int = 0) -> Any:
        """As calling it, with --json; returns the document."""
        return self(*words, "--json", status=status).document

    def start(self, *words: object) -> subprocess.Popen[bytes]:
        """Start it and return at once."""
        command = [str(STANDFAST), "-C", str(self.vault), *map(str, words)]
        if words[0] in ("init", "rebuild"):
            command = [str(STANDFAST), *map(str, words)]
        return subprocess.Popen(
            command,
            env=self.environment,
            cwd=self.room,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def init(self) -> Any:
        """A new vault in `vault`, its shares in `shares`."""
        return self.json("init", self.vault, "--name", "Example Office", "--shares", "2/3", "--shares-dir", "shares")

    @property
    def vkeys(self) -> list[str]:
        """--log and a key, for each of the log's keys."""
        return [word for key in self.json("keys", "list")["log"]["vkeys"] for word in ("--log", key)]
