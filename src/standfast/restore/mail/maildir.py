r"""A Maildir++: the INBOX is the folder itself, every other folder a `.Name.Sub` in it.

Flags stand in files' names; keywords too, as letters that the folder's `dovecot-keywords` explains. INTERNALDATE is the
file's time. UIDs and UIDVALIDITY are given back by `dovecot-uidlist`, so that mail programs which knew the old server
fetch nothing again. Special use has no place in a Maildir: it stands in the listing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from standfast.holdings.mailbox import MessageLine, received_moment
from standfast.restore.mail.choice import ChosenFolder
from standfast.restore.mail.disk_names import maildir_name
from standfast.restore.mail.target import MailTarget, Parts

LETTERS = {"\\Draft": "D", "\\Flagged": "F", "\\Answered": "R", "\\Seen": "S", "\\Deleted": "T"}
KEYWORDS_NAME, UIDS_NAME, SUBSCRIBED_NAME = b"dovecot-keywords", b"dovecot-uidlist", b"subscriptions"
KEYWORDS_LIMIT = 26
"""A Maildir's letters from a to z."""
FILE_LIMIT_BYTES = 1 << 20
Complain = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class MessageFile:
    """A message, and the file that it becomes."""

    line: MessageLine
    parts: Parts
    aside: Parts | None
    mtime_s: int | None
    there: bool
    """It was restored before: what stands there is left as it is, whatever became of its flags."""


def place_of(folder: ChosenFolder) -> Parts:
    """Where a folder lies below the target."""
    name = maildir_name(folder.head.folder, folder.head.delimiter)
    return (name,) if name else ()


def plan_maildir(target: MailTarget, at: Parts, folder: ChosenFolder, complain: Complain) -> list[MessageFile]:
    """Make the folder, and say which files it gets.

    Raises:
        OSError: the folder can't be made.
    """
    for sub in (b"cur", b"new", b"tmp"):
        target.make_folder((*at, sub))
    there = {name.partition(b",")[0]: (sub, name) for sub in (b"new", b"cur") for name in target.names((*at, sub))}
    letters = _keywords(target, at, folder, complain)
    if at and not target.exists((*at, b"maildirfolder")):
        target.place((*at, b"maildirfolder"), ())
    files: list[MessageFile] = []
    copies: Counter[str] = Counter()
    for line in folder.lines:
        moment = received_moment(line.received)
        time_s = int(moment.timestamp()) if moment else 0
        stem = f"{max(0, time_s)}.{line.sha256[:40]}n{copies[line.sha256]}.standfast".encode()
        copies[line.sha256] += 1
        name = b"%b,S=%d:2,%b" % (stem, line.size_bytes, _letters(line.flags, letters).encode())
        known = there.get(stem)
        parts = (*at, *known) if known else (*at, b"cur", name)
        mtime_s = time_s if moment else None
        files.append(MessageFile(line, parts, (*at, b"tmp", stem), mtime_s, known is not None))
    if not there and not target.exists((*at, UIDS_NAME)):
        _give_uids(target, at, folder, files)
    return files


def subscribe(target: MailTarget, places: Iterable[Parts]) -> None:
    """Name every folder as one that mail programs show, unless somebody chose already."""
    if not target.exists((SUBSCRIBED_NAME,)):
        lines = [place[0][1:] + b"\n" for place in places if place]
        target.place((SUBSCRIBED_NAME,), [b"INBOX\n", *lines])


def _letters(flags: tuple[str, ...], keywords: dict[str, str]) -> str:
    return "".join(sorted({LETTERS.get(flag) or keywords.get(flag, "") for flag in flags}))


def _keywords(target: MailTarget, at: Parts, folder: ChosenFolder, complain: Complain) -> dict[str, str]:
    """The letter of each keyword. What the folder's own file says already stays."""
    raw = target.read((*at, KEYWORDS_NAME), FILE_LIMIT_BYTES) or b""
    known: dict[str, int] = {}
    for text in raw.decode("ascii", "replace").splitlines():
        number, _, keyword = text.partition(" ")
        if number.isdecimal() and int(number) < KEYWORDS_LIMIT:
            known[keyword] = int(number)
    wanted = Counter(flag for line in folder.lines for flag in line.flags if not flag.startswith("\\"))
    free = [number for number in range(KEYWORDS_LIMIT) if number not in known.values()]
    new = [keyword for keyword, _ in wanted.most_common() if keyword not in known]
    for keyword in new[len(free) :]:
        said = (
            f"a Maildir's folder has room for {KEYWORDS_LIMIT} keywords; {wanted[keyword]:,} messages came back without"
        )
        complain(folder.head.folder, f"{said} {keyword}")
    known.update(zip(new, free, strict=False))
    if new and free:
        lines = sorted((number, keyword) for keyword, number in known.items())
        target.place((*at, KEYWORDS_NAME), [f"{number} {keyword}\n".encode("ascii") for number, keyword in lines])
    return {keyword: chr(ord("a") + number) for keyword, number in known.items()}


def _give_uids(target: MailTarget, at: Parts, folder: ChosenFolder, files: list[MessageFile]) -> None:
    """Dovecot's own list, version 3. Only where the server's UIDVALIDITY is known, and nothing is there yet."""
    if not folder.head.uid_validity or not files:
        return
    lines = [f"3 V{folder.head.uid_validity} N{files[-1].line.uid + 1}\n".encode("ascii")]
    lines += [b"%d :%b\n" % (file.line.uid, file.parts[-1].partition(b":")[0]) for file in files]
    target.place((*at, UIDS_NAME), lines)
