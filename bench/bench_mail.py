"""Mail beside mbsync, in one go: first pull, nothing new, new mail and changed flags, and a bad line.

    .venv/bin/python bench/bench_mail.py [--messages 20000] [--large 200] [--pairs 5] [--line] [--folder DIR]

A real Dovecot on loopback, without TLS, is filled once with the corpus of hostile mail. Each pair runs ours and mbsync
in turn from empty stores on the same disk: mbsync with `FSync yes` and with `FSync no`, compression off on both sides.
Ours writes into the sealed, logged vault, durably, and reads every message's facts; figures are of the whole program,
interpreter start included. `--line` runs the last part alone: a relay that lets 2 Mbit/s through with a round trip of
150 ms, DEFLATE offered to both, and what crosses it counted.
"""

from __future__ import annotations

import argparse
import heapq
import imaplib
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from dovecot_fixture import Dovecot, running_dovecot  # noqa: E402

STANDFAST = Path(sys.executable).with_name("standfast")
USER = "ruth"
LINE_BYTES_S = 2_000_000 / 8
LINE_ROUND_TRIP_S = 0.15
NEW, FLAGGED = 201, 210
PHASES = ("first", "again", "changed")


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


class Ours:
    """Standfast, into a vault of its own."""

    name: ClassVar[str] = "standfast"

    def __init__(self, room: Path, port: int, password: str) -> None:
        """An empty vault, the mailbox its only origin; not measured."""
        self.room = room
        room.mkdir(parents=True)
        for name, secret in (("passphrase", "example"), ("password", password)):
            (room / name).write_text(secret)
            (room / name).chmod(0o600)
        self.environment = {
            # As installed: compiled once, not at each start.
            **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
            "HOME": str(room),
            "XDG_STATE_HOME": str(room / "state"),
            "STANDFAST_PASSPHRASE_FILE": str(room / "passphrase"),
            "STANDFAST_DIR": str(room / "vault"),
        }
        url = f"imap://{USER}@127.0.0.1:{port}"
        self._run("init", "vault", "--name", "bench", "--shares-dir", "shares")
        self._run("add", "mail", url, "--name", "mail", "--password-file", str(room / "password"))

    def pull(self) -> Figure:
        """Capture what is there."""
        return self._run("protect")

    def _run(self, *words: str) -> Figure:
        return measure([str(STANDFAST), *words], self.environment, self.room)


class Mbsync:
    """mbsync, into a Maildir of its own."""

    name: ClassVar[str] = "mbsync, FSync yes"
    fsync: ClassVar[str] = "yes"
    deflate: ClassVar[bool] = False

    def __init__(self, room: Path, port: int, password: str) -> None:
        """An empty store; not measured."""
        self.room = room
        (room / "mail").mkdir(parents=True)
        off = "" if self.deflate else 'DisableExtensions "COMPRESS=DEFLATE"\n'
        (room / "mbsyncrc").write_text(
            f"FSync {self.fsync}\n\nIMAPAccount box\nHost 127.0.0.1\nPort {port}\nUser {USER}\nPass {password}\n"
            f"SSLType None\nAuthMechs PLAIN\n{off}\nIMAPStore far\nAccount box\n\n"
            f"MaildirStore near\nPath {room}/mail/\nInbox {room}/mail/INBOX\nSubFolders Verbatim\n\n"
            "Channel all\nFar :far:\nNear :near:\nPatterns *\nCreate Near\nSync Pull\nExpunge None\nSyncState *\n"
        )

    def pull(self) -> Figure:
        """Sync what is there."""
        command = ["mbsync", "-q", "-c", str(self.room / "mbsyncrc"), "all"]
        return measure(command, {**os.environ, "HOME": str(self.room)}, self.room)


class MbsyncNoFsync(Mbsync):
    """As it is without waiting for the disk."""

    name = "mbsync, FSync no"
    fsync = "no"


class MbsyncDeflate(Mbsync):
    """As it is where the line is slow."""

    name = "mbsync, DEFLATE"
    deflate = True


Contender = type[Ours] | type[Mbsync]


def change(server: Dovecot, round_: int) -> None:
    """New mail and changed flags, as a busy night brings them."""
    with imaplib.IMAP4("127.0.0.1", server.port) as client:
        client.login(USER, server.password)
        for n in range(NEW):
            text = b"From: example@example.org\r\nSubject: new %d-%d\r\n\r\n%s\r\n" % (round_, n, b"example " * 500)
            client.append("INBOX" if n % 3 else "Sent", "", imaplib.Time2Internaldate(time.time()), text)
        client.select("INBOX")
        first = 1 + round_ * FLAGGED
        sign = "+" if round_ % 2 == 0 else "-"
        client.store(f"{first}:{first + FLAGGED - 1}", f"{sign}FLAGS", r"(\Flagged)")


class Line:
    """A bad line: so many bytes a second each way, and half a round trip of delay each way."""

    def __init__(self, port: int) -> None:
        """`port`: the server's."""
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.crossed_bytes = 0
        self._free_at = [0.0, 0.0]
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            server = socket.create_connection(("127.0.0.1", self._target))
            for way, (a, b) in enumerate(((client, server), (server, client))):
                queue: list[tuple[float, int, bytes]] = []
                ready = threading.Condition()
                threading.Thread(target=self._take, args=(a, queue, ready, way), daemon=True).start()
                threading.Thread(target=self._give, args=(b, queue, ready), daemon=True).start()

    def _take(
        self, side: socket.socket, queue: list[tuple[float, int, bytes]], ready: threading.Condition, way: int
    ) -> None:
        number = 0
        while True:
            try:
                block = side.recv(4096)
            except OSError:
                block = b""
            with self._lock:
                self.crossed_bytes += len(block)
                free_at = max(self._free_at[way], time.monotonic()) + len(block) / LINE_BYTES_S
                self._free_at[way] = free_at
            number += 1
            with ready:
                heapq.heappush(queue, (free_at + LINE_ROUND_TRIP_S / 2, number, block))
                ready.notify()
            if not block:
                return
            time.sleep(max(0.0, free_at - time.monotonic()))

    def _give(self, side: socket.socket, queue: list[tuple[float, int, bytes]], ready: threading.Condition) -> None:
        while True:
            with ready:
                while not queue:
                    ready.wait()
                at, _, block = heapq.heappop(queue)
            time.sleep(max(0.0, at - time.monotonic()))
            try:
                if not block:
                    side.shutdown(socket.SHUT_WR)
                    return
                side.sendall(block)
            except OSError:
                return


def one_pair(contenders: list[Contender], server: Dovecot, room: Path, round_: int) -> dict[tuple[str, str], Figure]:
    """All phases, the programs in turn in each."""
    running = [each(room / each.name.replace(" ", "-"), server.port, server.password) for each in contenders]
    figures: dict[tuple[str, str], Figure] = {}
    for phase in PHASES:
        if phase == "changed":
            change(server, round_)
        for each in running:
            os.sync()
            figures[each.name, phase] = each.pull()
            print(f"  {phase:8} {each.name:20} {figures[each.name, phase].wall_s:8.3f} s", file=sys.stderr, flush=True)
    return figures


def table(figures: list[dict[tuple[str, str], Figure]], names: list[str]) -> str:
    """Medians, and the median of the pairs' ratios."""
    lines = ["| phase | " + " | ".join(names) + " | ours over each |", "|---" * (len(names) + 2) + "|"]
    for phase in PHASES:
        cells, ratios = [], []
        for name in names:
            found = [each[name, phase] for each in figures]
            wall, cpu, peak = (
                statistics.median(getattr(figure, what) for figure in found) for what in ("wall_s", "cpu_s", "peak_mib")
            )
            cells.append(f"{wall:.2f} s ({cpu:.2f}), {peak:.0f} MiB")
            if name != Ours.name:
                pairs = [each[Ours.name, phase].wall_s / each[name, phase].wall_s for each in figures]
                ratios.append(f"{name} {statistics.median(pairs):.2f}")
        lines.append(f"| {phase} | " + " | ".join(cells) + f" | {'; '.join(ratios)} |")
    return "\n".join(lines)


def on_a_bad_line(server: Dovecot, room: Path) -> str:
    """First pull and nothing new over the line: bytes that crossed it, and seconds."""
    lines = [
        "| over the line | first, bytes | first, s | nothing new, bytes | nothing new, s |",
        "|---|---|---|---|---|",
    ]
    for contender in (Ours, MbsyncDeflate):
        line = Line(server.port)
        running = contender(room / contender.name.replace(" ", "-"), line.port, server.password)
        cells = []
        for _ in range(2):
            before = line.crossed_bytes
            figure = running.pull()
            cells += [f"{line.crossed_bytes - before:,}", f"{figure.wall_s:.1f}"]
        lines.append(f"| {contender.name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=0, help="small ones; 20,000, or 300 with --line")
    parser.add_argument("--large", type=int, default=-1, help="of 1 to 10 MB; 200, or 1 with --line")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--line", action="store_true")
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder when not given")
    asked = parser.parse_args()
    if not shutil.which("mbsync"):
        sys.exit("mbsync is the peer here; `make bench-setup` installs it")
    messages = asked.messages or (300 if asked.line else 20_000)
    large = asked.large if asked.large >= 0 else (1 if asked.line else 200)
    with (
        running_dovecot(compress=asked.line) as server,
        tempfile.TemporaryDirectory(dir=asked.folder, prefix="standfast-bench-") as scratch,
    ):
        room = Path(scratch)
        server.fill(USER, room / "corpus", messages=messages, large=large, format="none")
        if asked.line:
            print(f"{messages} messages and {large} large, 2 Mbit/s, 150 ms\n\n{on_a_bad_line(server, room)}")
            return
        contenders: list[Contender] = [Ours, Mbsync, MbsyncNoFsync]
        figures = []
        for pair in range(asked.pairs):
            turned = contenders[pair % 3 :] + contenders[: pair % 3]
            figures.append(one_pair(turned, server, room / f"pair-{pair}", pair))
            shutil.rmtree(room / f"pair-{pair}")
    print(f"{messages} messages and {large} large, {asked.pairs} pair(s); wall s (processor s), peak memory\n")
    print(table(figures, [each.name for each in contenders]))


if __name__ == "__main__":
    main()
