"""`schedule install`: `protect` every night, by systemd where it runs for this user, else by cron."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from standfast import durable
from standfast.errors.settings import ScheduleError

MARK = "# standfast"
TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """What was installed."""

    by: str
    """`systemd` or `cron`."""
    name: str
    command: str
    files: tuple[Path, ...] = ()


def install_schedule(root: Path, at: str, *, prefer: str = "", home: Path | None = None) -> Schedule:
    """Run `protect` on this vault every day at a time; installed again, it takes the place of the older one.

    Args:
        root: the vault's folder.
        at: `HH:MM` by this machine's clock.
        prefer: `systemd` or `cron`; whichever works, when empty.
        home: where systemd's user units lie; the user's own home when not given.

    Raises:
        ScheduleError: neither is there, or what is there refuses.
    """
    if not TIME.fullmatch(at):
        raise ScheduleError(f"{at} is no time of day, as 03:30 is")
    command = [_program(), "-C", str(root.resolve()), "--quiet", "protect"]
    name = "standfast-" + hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:8]
    if prefer == "systemd" or (not prefer and _systemd_runs()):
        return _install_timer(name, command, at, home or Path.home())
    return _install_cron(name, command, at)


def _install_timer(name: str, command: list[str], at: str, home: Path) -> Schedule:
    folder = home / ".config" / "systemd" / "user"
    durable.make_folder(folder)
    service, timer = folder / f"{name}.service", folder / f"{name}.timer"
    # A percent sign and a dollar mean something to systemd; a path may hold both.
    line = " ".join('"' + word.replace("%", "%%").replace("$", "$$").replace('"', '\\"') + '"' for word in command)
    durable.write_atomically(
        service,
        f"[Unit]\nDescription=Standfast protects\n\n[Service]\nType=oneshot\nNice=10\nExecStart={line}\n".encode(),
    )
    durable.write_atomically(
        timer,
        (
            f"[Unit]\nDescription=Standfast protects every day\n\n[Timer]\nOnCalendar=*-*-* {at}:00\n"
            "RandomizedDelaySec=15min\nPersistent=true\n\n[Install]\nWantedBy=timers.target\n"
        ).encode(),
    )
    for words in (["daemon-reload"], ["enable", "--now", timer.name]):
        _run(["systemctl", "--user", *words])
    return Schedule(by="systemd", name=name, command=shlex.join(command), files=(service, timer))


def _install_cron(name: str, command: list[str], at: str) -> Schedule:
    if not shutil.which("crontab"):
        raise ScheduleError("neither systemd for this user nor cron is there")
    hour, minute = at.split(":")
    listed = subprocess.run(["crontab", "-l"], capture_output=True, text=True, check=False, timeout=30)
    kept = [line for line in listed.stdout.splitlines() if not line.endswith(f"{MARK} {name}")]
    # cron takes a percent sign for the end of the line.
    text = shlex.join(command).replace("%", "\\%")
    kept.append(f"{int(minute)} {int(hour)} * * * {text} {MARK} {name}")
    _run(["crontab", "-"], "\n".join(kept) + "\n")
    return Schedule(by="cron", name=name, command=shlex.join(command))


def _program() -> str:
    beside = Path(sys.executable).with_name("standfast")
    found = str(beside) if beside.exists() else shutil.which("standfast")
    if not found:
        raise ScheduleError("the program itself can't be found on this machine")
    return found


def _systemd_runs() -> bool:
    if not shutil.which("systemctl"):
        return False
    asked = subprocess.run(
        ["systemctl", "--user", "is-system-running"], capture_output=True, text=True, check=False, timeout=30
    )
    return asked.stdout.strip() in ("running", "degraded", "starting")


def _run(words: list[str], text: str | None = None) -> None:
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        raise ScheduleError(f"{words[0]} refused: {done.stderr.strip()[:200] or 'no reason given'}")
