"""Taking a mailbox's bytes from a Dovecot on loopback: our IMAP layer beside the standard library's imaplib.

    .venv/bin/python bench/bench_imap.py [--messages 5000] [--large 50] [--pairs 5]

Both fetch UID, flags, date and bytes of every message of every folder, 200 to a command, into memory, and take no
digest. Ours has four commands on the way; imaplib can have one. One connection, no TLS, no DEFLATE.
"""

from __future__ import annotations

import argparse
import imaplib
import statistics
import sys
import tempfile
import time
from pathlib import Path

from standfast.imap.access import ImapAccess, Secret
from standfast.imap.commands import astring
from standfast.imap.connection import Connection
from standfast.imap.responses import Data

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from dovecot_fixture import PASSWORD, Dovecot, running_dovecot

WHAT = "(UID FLAGS INTERNALDATE BODY.PEEK[])"
BATCH, IN_FLIGHT = 200, 4


def ours(server: Dovecot, folders: list[bytes]) -> tuple[int, int]:
    """Messages and bytes."""
    access = ImapAccess(
        host="127.0.0.1",
        port=server.port,
        user="ruth",
        security="plain",
        secret=lambda: Secret("password", PASSWORD),
    )
    count = size = 0
    with Connection.open(access) as connection:
        for folder in folders:
            done = connection.wait(connection.send(b"EXAMINE ", astring(folder)))
            exists = next(each.number or 0 for each in done.data("EXISTS"))
            batches = [b"%d:%d" % (n, min(exists, n + BATCH - 1)) for n in range(1, exists + 1, BATCH)]
            tags = []
            for batch in [*batches, *[b""] * IN_FLIGHT]:
                if batch:
                    tags.append(connection.send(b"FETCH ", batch, b" ", WHAT.encode()))
                if tags and (not batch or len(tags) >= IN_FLIGHT):
                    for answer in connection.results(tags.pop(0)):
                        if isinstance(answer, Data) and answer.kind == "FETCH":
                            count += 1
                            size += len(answer.values[0][-1])  # type: ignore[index, arg-type]
    return count, size


def theirs(server: Dovecot, folders: list[bytes]) -> tuple[int, int]:
    """The same by imaplib."""
    count = size = 0
    client = imaplib.IMAP4("127.0.0.1", server.port)
    client.login("ruth", PASSWORD)
    for folder in folders:
        quoted = b'"' + folder.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
        exists = int(client.select(quoted.decode(), readonly=True)[1][0] or 0)
        for n in range(1, exists + 1, BATCH):
            for part in client.fetch(f"{n}:{min(exists, n + BATCH - 1)}", WHAT)[1]:
                if isinstance(part, tuple):
                    count += 1
                    size += len(part[1])
    client.logout()
    return count, size


def main() -> None:
    """Run the pairs, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=5000)
    parser.add_argument("--large", type=int, default=50)
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()
    times: dict[str, list[tuple[float, float]]] = {"standfast": [], "imaplib": []}
    with tempfile.TemporaryDirectory() as name, running_dovecot() as server:
        server.fill("ruth", Path(name), messages=options.messages, large=options.large, format="none")
        client = imaplib.IMAP4("127.0.0.1", server.port)
        client.login("ruth", PASSWORD)
        listed = [line for line in client.list()[1] if isinstance(line, bytes) and b"\\Noselect" not in line]
        client.logout()
        raw = [line.split(b'"/" ', 1)[1] for line in listed]
        folders = [
            name[1:-1].replace(b'\\"', b'"').replace(b"\\\\", b"\\") if name[:1] == b'"' else name for name in raw
        ]
        for _ in range(options.pairs):
            seen = []
            for each, take in (("standfast", ours), ("imaplib", theirs)):
                wall, cpu = time.perf_counter(), time.process_time()
                seen.append(take(server, folders))
                times[each].append((time.perf_counter() - wall, time.process_time() - cpu))
            assert seen[0] == seen[1], seen
        print(f"{seen[0][0]:,} messages, {seen[0][1] / 1e6:,.0f} MB, {options.pairs} pairs\n")
    print("| | wall s | processor s |\n|---|---|---|")
    for each, runs in times.items():
        walls, cpus = zip(*runs, strict=True)
        print(f"| {each} | {statistics.median(walls):.2f} | {statistics.median(cpus):.2f} |")
    for n, what in enumerate(("wall", "processor")):
        ratios = [a[n] / b[n] for a, b in zip(times["standfast"], times["imaplib"], strict=True)]
        print(f"{what}, ours over imaplib: {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
