"""Writes the vectors of this folder; kept as their birth certificate. Existing files are left alone."""

from __future__ import annotations

import json
from pathlib import Path

HERE = Path(__file__).parent
HEAD = (
    r'{"attributes":["\\HasNoChildren"],"delimiter":"/","folder":"Sent","format":"standfast/mailbox/v1",'
    r'"highest_modseq":914,"uid_validity":1732450000,"use":"\\Sent"}'
)
DIGEST = "07b2f4a1" * 8
RECEIVED = "17-Jul-1996 02:44:25 -0700"


def line(uid: object, *, flags: str = "[]", received: str = RECEIVED, extra: str = "", digest: str = DIGEST) -> str:
    """One message, spelled as asked."""
    return f'{{"flags":{flags},{extra}"received":"{received}","sha256":"{digest}","size_bytes":4121,"uid":{uid}}}'


def head(old: str, new: str) -> str:
    """The first line with one thing changed."""
    assert old in HEAD
    return HEAD.replace(old, new)


def text(*lines: str) -> bytes:
    """Lines, each ended."""
    return "".join(each + "\n" for each in lines).encode()


VALID: dict[str, tuple[str, int, bytes]] = {
    "empty-folder": ("no message in it", 0, text(HEAD)),
    "one-message": ("one message", 1, text(HEAD, line(3, flags=r'["$Forwarded","\\Seen"]'))),
    "arabic-name": ("a name that is no ASCII", 0, text(head('"Sent"', '"قضايا/حلب ٢٠١٦"'))),
    "escaped-name": ("a name that was no text", 0, text(head('"Sent"', r'"a\\xff\\x00b"'))),
    "no-delimiter": ("no levels", 0, text(head('"/"', '""'))),
    "labels": ("labels", 1, text(HEAD, line(3, extra=r'"labels":["Cases/2016","\\Important"],'))),
    "no-date": ("no INTERNALDATE", 1, text(HEAD, line(3, received=""))),
    "leap-day": ("29 February of a leap year", 1, text(HEAD, line(3, received="29-Feb-2016 23:59:59 +0545"))),
    "leap-second": ("second 60", 1, text(HEAD, line(3, received="31-Dec-2016 23:59:60 +0000"))),
    "greatest-uid": ("UID 2^32 - 1", 2, text(HEAD, line(1), line(4294967295))),
    "import": ("an import: no UIDVALIDITY", 1, text(head("1732450000", "0"), line(1))),
}
INVALID: dict[str, tuple[str, bytes]] = {
    "nothing": ("no line at all", b""),
    "no-last-line-feed": ("the last line is not ended", text(HEAD, line(3))[:-1]),
    "carriage-returns": ("lines end in CR LF", text(HEAD, line(3)).replace(b"\n", b"\r\n")),
    "blank-line": ("a blank line", text(HEAD, "", line(3))),
    "other-format": ("another version", text(head("mailbox/v1", "mailbox/v2"))),
    "spaces": ("a space: not canonical", text(HEAD.replace(",", ", ", 1))),
    "member-order": ("members out of order", text(HEAD, f'{{"uid":3,{line(3)[1:-9]}}}')),
    "unknown-member": ("a member that this page does not know", text(HEAD, line(3, extra='"other":1,'))),
    "member-missing": ("a member missing", text(head(',"use":"\\\\Sent"', ""))),
    "no-name": ("an empty name", text(head('"Sent"', '""'))),
    "long-delimiter": ("a delimiter of two characters", text(head('"/"', '"//"'))),
    "modseq-too-great": ("HIGHESTMODSEQ 2^53", text(head("914", "9007199254740992"))),
    "uid-zero": ("UID 0", text(HEAD, line(0))),
    "uid-too-great": ("UID 2^32", text(HEAD, line(4294967296))),
    "uid-twice": ("one UID twice", text(HEAD, line(3), line(3))),
    "uid-descending": ("UIDs descend", text(HEAD, line(9), line(3))),
    "uid-text": ("a UID in quotes", text(HEAD, line('"3"'))),
    "uid-float": ("a UID with a fraction", text(HEAD, line("3.0"))),
    "digest-upper-case": ("a digest in capitals", text(HEAD, line(3, digest=DIGEST.upper()))),
    "digest-short": ("a digest of 63 digits", text(HEAD, line(3, digest=DIGEST[1:]))),
    "flags-unsorted": ("flags not sorted", text(HEAD, line(3, flags=r'["\\Seen","$Forwarded"]'))),
    "flag-twice": ("a flag twice", text(HEAD, line(3, flags=r'["\\Seen","\\Seen"]'))),
    "flag-recent": ("\\Recent", text(HEAD, line(3, flags=r'["\\Recent"]'))),
    "flag-other-case": ("a system flag in another case", text(HEAD, line(3, flags=r'["\\seen"]'))),
    "flag-space": ("a flag with a space", text(HEAD, line(3, flags='["two words"]'))),
    "flag-empty": ("an empty flag", text(HEAD, line(3, flags='[""]'))),
    "labels-empty": ("no labels, written as a list", text(HEAD, line(3, extra='"labels":[],'))),
    "labels-unsorted": ("labels not sorted", text(HEAD, line(3, extra='"labels":["b","a"],'))),
    "day-one-digit": ("a day of one digit", text(HEAD, line(3, received="7-Jul-1996 02:44:25 -0700"))),
    "no-such-day": ("30 February", text(HEAD, line(3, received="30-Feb-1996 02:44:25 -0700"))),
    "no-such-month": ("month Foo", text(HEAD, line(3, received="17-Foo-1996 02:44:25 -0700"))),
    "no-zone": ("no zone", text(HEAD, line(3, received="17-Jul-1996 02:44:25"))),
    "arabic-digits": ("digits that are not ASCII", text(HEAD, line(3, received="١٧-Jul-1996 02:44:25 -0700"))),
    "long-line": ("a line over 65,536 bytes", text(HEAD, line(3, extra='"labels":["' + "x" * 65536 + '"],'))),
    "not-utf8": ("bytes that are no text", text(head('"Sent"', '"S?"')).replace(b"S?", b"S\xff")),
    "not-json": ("no JSON", text("standfast/mailbox/v1")),
}


def main() -> None:
    """Write what is not there yet."""
    verdicts: dict[str, dict[str, object]] = {}
    for name, (what, count, raw) in VALID.items():
        put(HERE / "valid" / f"{name}.jsonl", raw)
        verdicts[f"valid/{name}.jsonl"] = {"what": what, "verdict": "ok", "messages": count}
    for name, (what, raw) in INVALID.items():
        put(HERE / "invalid" / f"{name}.jsonl", raw)
        verdicts[f"invalid/{name}.jsonl"] = {"what": what, "verdict": "refused"}
    (HERE / "verdicts.json").write_text(json.dumps(verdicts, indent=1, ensure_ascii=False) + "\n")


def put(file: Path, raw: bytes) -> None:
    """Write a file that does not exist."""
    if not file.exists():
        file.write_bytes(raw)


if __name__ == "__main__":
    main()
