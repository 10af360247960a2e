"""Tells the whole story on this machine: protect, lose everything, stand up again, prove. Real, and gone when it ends.

    .venv/bin/python demo/run.py [--keep DIR]

Everything lies in one temporary folder; nothing but loopback is asked; nothing runs on afterwards. With --keep the
folder stays, so that the restored site and the drill's report can be looked at.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import site_of_an_office  # noqa: E402 - beside this file

from standfast.restore.site.browser import load_pages  # noqa: E402 - not a command: the demo looks at the files itself

STANDFAST = Path(sys.executable).with_name("standfast")
PASSPHRASE = "an example passphrase, chosen for this demo"


class Story:
    """Runs the program, shows what was typed, and how long it took."""

    def __init__(self, room: Path) -> None:
        """`room`: an empty folder for all of it."""
        self.room, self.began = room, time.monotonic()
        word = room / "passphrase.txt"
        word.write_text(PASSPHRASE)
        word.chmod(0o600)
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("STANDFAST_", "XDG_"))},
            "HOME": str(room),
            "STANDFAST_PASSPHRASE_FILE": str(word),
        }
        if os.environ.get("STANDFAST_CHROMIUM"):
            self.environment["STANDFAST_CHROMIUM"] = os.environ["STANDFAST_CHROMIUM"]

    def chapter(self, number: int, title: str) -> None:
        """A heading."""
        print(f"\n\033[1m{number}. {title}\033[0m" if sys.stdout.isatty() else f"\n{number}. {title}", flush=True)

    def say(self, text: str) -> None:
        """A line of the story."""
        print(f"   {text}", flush=True)

    def run(self, *words: object, vault: Path | None = None, status: int = 0) -> Any:
        """Type a command, require its exit status, and return what --json printed."""
        typed = ["-C", str(vault), *map(str, words)] if vault else [str(word) for word in words]
        shown = " ".join(word.replace(str(self.room) + "/", "") for word in typed)
        print(f"   $ standfast {shown if len(shown) < 110 else shown[:107] + '…'}", flush=True)
        done = subprocess.run(
            [str(STANDFAST), *typed, "--json"],
            cwd=self.room,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        if done.returncode != status:
            sys.exit(
                f"this should have ended with {status}, and ended with {done.returncode}:\n"
                f"{done.stdout.decode()}\n{done.stderr.decode()}"
            )
        return json.loads(done.stdout)


def make_documents(folder: Path) -> None:
    """A folder as offices have them."""
    (folder / "letters").mkdir(parents=True)
    for number in range(12):
        (folder / f"letters/example-{number}.txt").write_text(f"An example letter, number {number}.\n" * 40)
    (folder / "تقرير-مثال.txt").write_text("مثال على تقرير.\n" * 30)
    (folder / "rapport-exemple.txt").write_text("Un exemple de rapport.\n" * 30)
    (folder / "example.pdf").write_bytes(site_of_an_office.pdf("An example") * 50)
    (folder / "example-recording.bin").write_bytes(os.urandom(3_000_000))
    (folder / "latest").symlink_to("letters/example-11.txt")
    os.utime(folder / "letters/example-0.txt", ns=(1, 1_700_000_000_123_456_789))
    (folder / "letters").chmod(0o750)


def make_mail(file: Path) -> list[bytes]:
    """Three letters as a provider gives them out, in an mbox; the letters."""
    letters = [
        b"From: Ruth <ruth@example.org>\nTo: Amal <amal@example.net>\nSubject: =?utf-8?b?2KrZgtix2YrYsQ==?=\n"
        b"Date: Sun, 04 May 2031 12:00:0%d +0000\nMessage-ID: <%d@example.org>\n\nAn example letter.\n" % (n, n)
        for n in range(3)
    ]
    file.write_bytes(b"".join(b"From ruth@example.org Sun May  4 12:00:00 2031\n" + each + b"\n" for each in letters))
    return letters


def picture(folder: Path) -> dict[str, tuple[object, ...]]:
    """Names, content, modes and times of a tree."""
    seen: dict[str, tuple[object, ...]] = {}
    for path in sorted(folder.rglob("*")):
        found = path.lstat()
        content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        seen[str(path.relative_to(folder))] = (content, found.st_mode, found.st_mtime_ns)
    return seen


def told(origin: dict[str, Any]) -> str:
    """What protecting an origin did."""
    return (
        f"{origin['name']}: {origin['items_seen']} seen, {origin['items_new']} new or changed, "
        f"{origin['bytes_stored'] / 1000:,.0f} kB stored, {origin['duration_s']:.1f} s"
    )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="do it in DIR, new or empty, and leave it there")
    asked = parser.parse_args()
    with room_for(asked.keep) as room:
        tell(room, kept=asked.keep is not None)


@contextmanager
def room_for(keep: Path | None) -> Iterator[Path]:
    """The folder for all of it."""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        if any(keep.iterdir()):
            sys.exit(f"{keep} is not empty")
        yield keep.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="standfast-demo-") as folder:
        yield Path(folder)


def tell(room: Path, *, kept: bool) -> None:
    """The whole story."""
    story = Story(room)
    documents, vault = room / "documents", room / "vault"
    make_documents(documents)
    letters = make_mail(room / "ruth.mbox")
    with site_of_an_office.serve() as site:
        vkeys = protect(story, site, documents, vault)
        audit_and_heal(story, vault, vkeys)
        before = picture(documents)
    measures = stand_up_again(story, documents, vault, before)
    open_mail(story, vault, letters)
    hand_out(story, vault)
    story.chapter(6, "What that day cost")
    for line in measures:
        story.say(line)
    if kept:
        story.say(f"restored site: {room / 'public/index.html'}")
    else:
        story.say("to look at the restored site and the report: make demo KEEP=/some/new/folder")
    story.say(f"the whole story took {time.monotonic() - story.began:.0f} s")


def protect(story: Story, site: site_of_an_office.Server, documents: Path, vault: Path) -> list[str]:
    """The first night and the second. Returns the log's keys, as options."""
    story.chapter(1, "An office protects its site, its documents and a mailbox that its provider gave out")
    made = story.run("init", vault, "--name", "Example Office", "--shares", "2/3", "--shares-dir", "shares")
    story.say(f"log {made['log']['origin']}; recovery shares: any 2 of 3, one file each, for three people")
    story.run("add", "web", f"{site.origin}/", "--name", "site", "--mine", "--rate", 200, vault=vault)
    story.run("add", "files", documents, "--name", "documents", vault=vault)
    story.run("add", "export", story.room / "ruth.mbox", "--name", "ruth", vault=vault)
    for name in ("partner", "second"):
        story.run("replicas", "add", name, story.room / f"copy-{name}", vault=vault)
    first = story.run("protect", vault=vault)
    for origin in first["origins"]:
        story.say(told(origin))
    story.say(f"log: {first['checkpoint']['size']} entries; copies: {len(first['replicas'])}, both up to date")

    story.chapter(2, "The next night: a page has changed, a file came in")
    site.turn_to(2)
    (documents / "letters/example-new.txt").write_text("A new example letter.\n")
    before = site.requests, site.unchanged
    for origin in story.run("protect", vault=vault)["origins"]:
        story.say(told(origin))
    asked, unchanged = site.requests - before[0], site.unchanged - before[1]
    story.say(f"the site was asked {asked} times, and answered “not changed” to {unchanged} of them")
    return [word for key in made["log"]["vkeys"] for word in ("--log", key)]


def audit_and_heal(story: Story, vault: Path, vkeys: list[str]) -> None:
    """The partner looks, a byte flips, and the copy is mended."""
    copy = story.room / "copy-partner"
    story.chapter(3, "The partner audits the copy, with no key that reads")
    audited = story.run("audit", copy, *vkeys)
    story.say(f"{audited['objects']} objects, {audited['entries']} entries of the log: no fault")
    pack = max((path for path in (copy / "packs").rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
    with pack.open("r+b") as file:
        file.seek(pack.stat().st_size // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))
    story.say("one bit of the copy is turned over")
    for fault in story.run("audit", copy, *vkeys, status=70)["faults"]:
        story.say(f"{fault['kind']}: {fault['object'][:30]}…")
    for healed in story.run("replicas", "heal", "partner", vault=vault)["healed"]:
        story.say(f"healed {healed['object'][:30]}… from {Path(healed['from']).name}")
    story.say(f"audited again: {'no fault' if story.run('audit', copy, *vkeys)['ok'] else 'FAULTS'}")


def stand_up_again(story: Story, documents: Path, vault: Path, before: dict[str, tuple[object, ...]]) -> list[str]:
    """The day. Returns what it cost."""
    story.chapter(4, "The day: the site is off, the office's vault and documents are gone")
    shutil.rmtree(vault)
    shutil.rmtree(documents)
    shutil.rmtree(story.room / "copy-second")
    story.say("left: one copy at the partner's, and two of the three shares")
    began = time.monotonic()
    shares = ("--share", "shares/share-1.txt", "--share", "shares/share-3.txt")
    rebuilt = story.run("rebuild", "--from", story.room / "copy-partner", vault, *shares)
    story.say(f"{rebuilt['items']} items, {rebuilt['log_size']} entries of the log, {rebuilt['duration_s']:.1f} s")
    web = story.run("restore", "web", "site", "--to", "public", vault=vault)
    files = story.run("restore", "files", "documents", "--to", documents, vault=vault)
    recovery_s = time.monotonic() - began
    if picture(documents) != before:
        sys.exit("the documents are not as they were")
    story.say(f"{files['items']} documents: content, names, modes and times as they were")
    look_at_site(story, web)
    drilled = story.run("drill", "--from", "partner", "--report-dir", story.room / "reports", vault=vault)
    measures = [f"back at work {recovery_s:.1f} s after the rebuild began"]
    for drill in drilled["drills"]:
        checks = drill["checks"]
        passed = sum(1 for check in checks if check["ok"])
        measures.append(
            f"{drill['origin']}: {drill['items_identical']} of {drill['items_expected']} identical, "
            f"recovery time {drill['recovery_time_s']:.1f} s, loss {drill['loss_s']:.0f} s, "
            f"{passed} of {len(checks)} checks passed"
        )
        pages = [check for check in checks if drill["kind"] == "web" and "page" in check["name"]]
        measures += [f"  {check['name']}: {check['found']} of {check['expected']}" for check in pages]
    measures.append(f"drill report: {drilled['report']}")
    return measures


def open_mail(story: Story, vault: Path, letters: list[bytes]) -> None:
    """The mailbox, opened elsewhere."""
    opened = story.room / "mail"
    story.run("restore", "mail", "ruth", "--to", opened, "--as", "eml", vault=vault)
    if sorted(path.read_bytes() for path in opened.rglob("*.eml")) != sorted(letters):
        sys.exit("the messages are not as they were")
    story.say(f"{len(letters)} messages, byte for byte")


def hand_out(story: Story, vault: Path) -> None:
    """One document for a stranger, who needs no vault."""
    story.chapter(5, "A court asks for one document, and trusts nobody here")
    items = story.run("items", "--origin", "documents", vault=vault)["items"]
    chosen = next(item for item in items if item["name"].endswith(".txt"))
    to = ("--recipient", "Registry", "--purpose", "Exhibit 12")
    story.run("disclose", chosen["id"], "--to", story.room / "bundle.zip", *to, vault=vault)
    size = (story.room / "bundle.zip").stat().st_size
    steps = story.run("check", story.room / "bundle.zip")["steps"]
    counts = [
        f"{sum(step['result'] == result for step in steps)} {result}" for result in ("passed", "failed", "not checked")
    ]
    story.say(f"a bundle of {size // 1000:,} kB, opened by itself: {', '.join(counts)}")
    for step in steps:
        if step["result"] == "not checked":
            story.say(f"not checked: {step['name']}")
    story.say("cosigners and time-stamps would answer those: docs/cosigner.md, docs/timestamps.md")


def look_at_site(story: Story, web: dict[str, Any]) -> None:
    """Serve the restored site, and load each of its pages in a browser that can reach nothing else."""
    public = story.room / "public"
    places = sorted(str(path.relative_to(public)) for path in public.rglob("*.html") if path.name != "404.html")
    verdicts = load_pages(public, places)
    bad = [verdict for verdict in verdicts if not verdict.ok]
    if bad:
        sys.exit(f"not every page of the restored site loads: {bad[:3]}")
    pictures = sum(verdict.image_count for verdict in verdicts)
    story.say(
        f"{web['items']} files of the site; served, a browser loaded {len(verdicts)} pages and {pictures} pictures: "
        "no request failed, none went elsewhere"
    )


if __name__ == "__main__":
    main()
