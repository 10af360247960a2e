"""A mailbox put back on an empty server: ours from the sealed vault, beside mbsync's push from a Maildir, interleaved.

    .venv/bin/python bench/bench_mail_restore.py [--messages 1001] [--pairs 5] [--fsync optimized]

Both push the same messages in the same folders to a new account of one Dovecot, in turn, without TLS or DEFLATE.
Figures are of whole processes: wall and processor seconds. Ours includes the interpreter's start, unlocking (scrypt,
2^16), the custody event and asking again for what went in; mbsync's does not look at anything again. mbsync runs with
its defaults (FSync yes), and with FSync no.
"""

from __future__ import annotations

import argparse
import imaplib
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from bench_files import PASSWORD, STANDFAST, Figure, measure

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from dovecot_fixture import Dovecot, running_dovecot

MBSYNC = """\
FSync {fsync}
IMAPAccount far
Host 127.0.0.1
Port {port}
User {user}
Pass {password}
SSLType None
AuthMechs LOGIN
DisableExtension COMPRESS=DEFLATE

IMAPStore far
Account far

MaildirStore near
Inbox {maildir}/
SubFolders Maildir++

Channel push
Far :far:
Near :near:
Patterns *
Create Far
Sync Push
SyncState {state}/
"""


def make_vault(room: Path, server: Dovecot, messages: int) -> dict[str, str]:
    """A vault that holds the corpus; returns the environment that it is worked in."""
    word, mail_word = room / "passphrase", room / "mail-password"
    word.write_text(PASSWORD)
    word.chmod(0o600)
    mail_word.write_text(server.password)
    environment = {
        **os.environ,
        "HOME": str(room),
        "STANDFAST_PASSPHRASE_FILE": str(word),
        "STANDFAST_DIR": str(room / "vault"),
    }
    server.fill("ruth", room / "corpus", messages=messages, large=0, malformed=0.05)
    for command in (
        ("init", "vault", "--name", "bench", "--shares-dir", "shares"),
        ("add", "mail", server.url("ruth"), "--name", "office", "--password-file", str(mail_word)),
        ("protect",),
    ):
        measure([str(STANDFAST), *command], environment, room)
    return environment


def ours(room: Path, server: Dovecot, environment: dict[str, str], user: str) -> Figure:
    """Restore from the vault."""
    command = ["restore", "mail", "office", "--to", server.url(user), "--password-file", str(room / "mail-password")]
    return measure([str(STANDFAST), *command], environment, room)


def theirs(room: Path, server: Dovecot, environment: dict[str, str], user: str, fsync: str) -> Figure:
    """Push from a fresh copy of the Maildir, since mbsync writes into it."""
    place = room / user
    shutil.copytree(room / "maildir", place / "maildir")
    (place / "state").mkdir()
    settings = MBSYNC.format(
        fsync=fsync,
        port=server.port,
        user=user,
        password=server.password,
        maildir=place / "maildir",
        state=place / "state",
    )
    (place / "mbsyncrc").write_text(settings)
    figure = measure(["mbsync", "-c", str(place / "mbsyncrc"), "-a"], environment, room)
    shutil.rmtree(place)
    return figure


def count(server: Dovecot, user: str) -> int:
    """How many messages the account has."""
    client = imaplib.IMAP4("127.0.0.1", server.port)
    client.login(user, server.password)
    total = 0
    for line in client.list()[1]:
        assert isinstance(line, bytes)
        if b"\\Noselect" not in line:
            name = line.split(b'"/" ', 1)[1]
            answer = client.status(name.decode("latin-1"), "(MESSAGES)")[1][0]
            total += int(answer.rsplit(b"MESSAGES ", 1)[1].rstrip(b")"))
    client.logout()
    return total


def main() -> None:
    """Run the pairs, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=1001)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--fsync", default="optimized", choices=["never", "optimized", "always"], help="of the server")
    options = parser.parse_args()
    times: dict[str, list[Figure]] = {"standfast": [], "mbsync FSync yes": [], "mbsync FSync no": []}
    with tempfile.TemporaryDirectory() as name, running_dovecot(fsync=options.fsync) as server:
        room = Path(name)
        environment = make_vault(room, server, options.messages)
        measure([str(STANDFAST), "restore", "mail", "office", "--to", "maildir"], environment, room)
        wanted = count(server, "ruth")
        for pair in range(options.pairs):
            times["standfast"].append(ours(room, server, environment, f"ours{pair}"))
            times["mbsync FSync yes"].append(theirs(room, server, environment, f"yes{pair}", "yes"))
            times["mbsync FSync no"].append(theirs(room, server, environment, f"no{pair}", "no"))
            counts = {each: count(server, f"{each}{pair}") for each in ("ours", "yes", "no")}
            shown = ", ".join(f"{each} {runs[-1].wall_s:.2f} s" for each, runs in times.items())
            print(f"pair {pair + 1}: {shown}; of {wanted} messages: {counts}", flush=True)
            assert counts["ours"] == wanted
    print("\n| | wall s | processor s |\n|---|---|---|")
    for each, runs in times.items():
        walls, cpus = ([run.wall_s for run in runs], [run.cpu_s for run in runs])
        print(f"| {each} | {statistics.median(walls):.2f} | {statistics.median(cpus):.2f} |")
    for peer in ("mbsync FSync yes", "mbsync FSync no"):
        ratios = [a.wall_s / b.wall_s for a, b in zip(times["standfast"], times[peer], strict=True)]
        print(f"ours over {peer}: {statistics.median(ratios):.2f} (each pair {', '.join(f'{r:.2f}' for r in ratios)})")


if __name__ == "__main__":
    main()
