"""Cut fifty times at random: the line dropped, the server killed, us killed with -9. Nothing lost, nothing twice."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from dovecot_fixture import Dovecot, running_dovecot
from imap_relay import Relay, relay_to
from mail_fixture import MailVault, same_as_served, served

CUTS = 50
USER = "ruth"
TESTS = Path(__file__).parents[1]
CHILD = """
import sys
from pathlib import Path
from mail_fixture import MailVault
from standfast.intake import run
run.ACCESSION_ITEMS, run.BATCH_ITEMS = 40, 8
result = MailVault(Path(sys.argv[1]), fresh=False).protect(int(sys.argv[2]), sys.argv[3])
print(result.ok)
"""


def drop_the_line(box: MailVault, relay: Relay, rnd: random.Random) -> None:
    """Connections that live for some bytes; many in one run."""
    relay.break_after = lambda: rnd.randrange(200, 90_000)
    box.protect(relay.port, USER)


def kill_the_server(box: MailVault, relay: Relay, server: Dovecot, rnd: random.Random) -> None:
    """In the middle of a run, and it comes back."""
    after_s = rnd.uniform(0.0, 0.3)

    def kill() -> None:
        time.sleep(after_s)
        server.kill()
        server.start()

    killing = threading.Thread(target=kill)
    killing.start()
    box.protect(relay.port, USER)
    killing.join()


def kill_us(box: MailVault, relay: Relay, rnd: random.Random, whole_s: float) -> bool:
    """With -9, in the middle of a run; whether it was."""
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(box.room), str(relay.port), USER],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        stdout=subprocess.DEVNULL,
    )
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(rnd.uniform(whole_s / 4, whole_s * 3 / 4))
        return False
    process.send_signal(signal.SIGKILL)
    process.wait()
    return True


def test_fifty_cuts(tmp_path: Path) -> None:
    rnd = random.Random(11)
    box = MailVault(tmp_path)
    with running_dovecot() as server, relay_to(server.port) as relay:
        arrived = [server.fill(USER, tmp_path / "mail-0", messages=100, large=1)]
        began = time.monotonic()
        assert not kill_us(box, relay, rnd, 600.0)
        whole_s = time.monotonic() - began
        known, killed = set(box.all_items()), 0
        for n in range(CUTS):
            if n % 3 == 1 or n % 6 == 0:
                room = tmp_path / f"mail-{n + 1}"
                arrived.append(server.fill(USER, room, messages=60, large=n % 9 // 8, seed=100 + n, small=2000))
            relay.break_after = lambda: None
            if n % 3 == 0:
                drop_the_line(box, relay, rnd)
            elif n % 3 == 1:
                killed += kill_us(box, relay, rnd, whole_s)
            else:
                kill_the_server(box, relay, server, rnd)
            if n % 10 == 9:
                held = set(box.all_items())
                assert known <= held, "something acknowledged is gone"
                known = held
        assert relay.broken >= CUTS // 3, "the line was not cut often enough to show anything"
        assert killed >= CUTS // 6, "the kills came too late to show anything"

        relay.break_after = lambda: None
        result = box.protect(relay.port, USER)
        assert (result.ok, result.failures) == (True, [])
        same_as_served(box, server.port, USER)
        times = Counter(name for name in box.all_items() if name.endswith(".eml"))
        assert not [name for name, count in times.items() if count > 1], "twice"
        wanted = Counter(each["sha256_served"] for truth in arrived for each in truth["messages"] if each["appendable"])
        assert {name.removesuffix(".eml") for name in times} == set(wanted), "lost"
        lists = Counter(line.sha256 for lines in box.lists().values() for line in lines)
        shown = Counter(digest for folder in served(server.port, USER).values() for digest, _, _ in folder.values())
        assert lists == shown == wanted
