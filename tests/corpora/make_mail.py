#!/usr/bin/env python3
# ruff: noqa: E501 -- kept as it came: what it makes must not change
"""A deterministic mail corpus with everything that goes wrong in real mailboxes. Standard library only.

    python make_mail.py --out D --messages 2000 --large 20                 # D/eml/NNNNNN.eml + D/truth.json
    python make_mail.py --out D --messages 2000 --format maildir           # D/Maildir (one tree of cur/new/tmp)
    python make_mail.py --out D --messages 2000 --imap 127.0.0.1:10143 --user u --password p   # also APPENDs them

truth.json: {"folders": [...], "messages": [{"n", "kind", "folder", "file", "size", "sha256", "sha256_served",
"flags", "internaldate", "message_id"}]}. `sha256` is of the bytes made here. `sha256_served` is of what Dovecot hands
back after APPEND: it turns each bare LF into CRLF and CR CR LF into CR LF. Messages holding NUL cannot be APPENDed to Dovecot as a plain
literal; the loader skips them and truth says "appendable": false.
"""

import argparse
import base64
import binascii
import hashlib
import json
import quopri
import random
import re
import socket
import time
from email.header import Header
from pathlib import Path

AR = [
    "توثيق",
    "الانتهاكات",
    "حقوق",
    "الإنسان",
    "الشاهد",
    "المحكمة",
    "تقرير",
    "صورة",
    "مقطع",
    "فيديو",
    "قصف",
    "اعتقال",
    "مدينة",
    "حلب",
    "القاهرة",
    "الخرطوم",
    "شهادة",
]
FR = [
    "témoignage",
    "violations",
    "droits",
    "avocate",
    "procédure",
    "préfecture",
    "déposition",
    "vidéo",
    "enquête",
    "événement",
    "réfugiés",
    "août",
]
EN = [
    "witness",
    "statement",
    "evidence",
    "custody",
    "hearing",
    "village",
    "detention",
    "shelling",
    "footage",
    "interview",
    "archive",
    "report",
]
FOLDERS = [
    "INBOX",
    "Sent",
    "Archive/2011",
    "Archive/2011/Q1",
    "الوارد",
    "قضايا/حلب ٢٠١٦",
    "Dossiers/Été & Hiver",
    "R&D",
    "a.b.c",
    "100% done",
    "stars * here",
    "deep/er/and/deeper/still",
    "with space ",
    'quote"d',
    "back\\slash",
    "emoji 📁",
    "~tilde",
    "-dash",
    "#hash",
]
KEYWORDS = ["$Forwarded", "$Label1", "NonJunk", "case-2016-114", "$MDNSent"]
SYSTEM = ["\\Seen", "\\Answered", "\\Flagged", "\\Draft", "\\Deleted"]
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


def utf7(name: str) -> str:
    """Modified UTF-7 of RFC 3501, section 5.1.3."""

    def run(m):
        if m.group() == "&":
            return "&-"
        return "&" + base64.b64encode(m.group().encode("utf-16-be")).decode().rstrip("=").replace("/", ",") + "-"

    return re.sub(r"&|[^\x20-\x7e]+", run, name)


def words(r, pool, n):
    return " ".join(r.choices(pool, k=n))


def fold64(data: bytes) -> bytes:
    raw = binascii.b2a_base64(data, newline=False)
    return b"\r\n".join(raw[i : i + 76] for i in range(0, len(raw), 76)) + b"\r\n"


def crlf(text) -> bytes:
    data = text.encode() if isinstance(text, str) else text
    return re.sub(rb"\r?\n", b"\r\n", data)


def rfc822_date(t: int, zone: str = "+0000") -> str:
    s = time.gmtime(t)
    return f"{DAYS[s.tm_wday]}, {s.tm_mday:02d} {MONTHS[s.tm_mon - 1]} {s.tm_year} {s.tm_hour:02d}:{s.tm_min:02d}:{s.tm_sec:02d} {zone}"


def imap_date(t: int) -> str:
    s = time.gmtime(t)
    return f"{s.tm_mday:2d}-{MONTHS[s.tm_mon - 1]}-{s.tm_year} {s.tm_hour:02d}:{s.tm_min:02d}:{s.tm_sec:02d} +0000"


class Maker:
    def __init__(self, seed: int, small: int):
        self.r = random.Random(seed)
        self.small = small
        self.ids: list[str] = []
        self.shared: dict[int, bytes] = {}  # attachments that come again in other messages

    def subject(self, text: str) -> bytes:
        if text.isascii():
            return text.encode()
        if self.r.random() < 0.5:
            return Header(text, "utf-8", maxlinelen=76).encode(linesep="\r\n").encode()
        word = "=?UTF-8?Q?" + "".join(f"={b:02X}" for b in text[:14].encode()) + "?="
        return word.encode()

    def head(self, n, t, extra=b"", subject=None, date=True, mid=None) -> bytes:
        r = self.r
        pool = r.choice([AR, FR, EN])
        mid = mid or f"<{n}.{r.getrandbits(48):012x}@example.org>"
        self.mid = mid
        lines = [
            b"Return-Path: <sender%d@example.net>" % (n % 97),
            b"Received: from mx%d.example.net (mx.example.net [192.0.2.%d])\r\n\tby mail.example.org with ESMTPS id %08x\r\n\tfor <team@example.org>; %s"
            % (n % 7, n % 250 + 1, r.getrandbits(32), rfc822_date(t).encode()),
            b"From: " + self.subject(words(r, pool, 2)) + b" <sender%d@example.net>" % (n % 97),
            b"To: team@example.org",
        ]
        if date:
            lines.append(b"Date: " + rfc822_date(t - r.randrange(90), r.choice(["+0000", "+0300", "-0500"])).encode())
        lines.append(b"Subject: " + (self.subject(words(r, pool, r.randint(3, 9))) if subject is None else subject))
        lines.append(b"Message-ID: " + mid.encode())
        if self.ids and r.random() < 0.4:
            parent = self.ids[-r.randint(1, min(30, len(self.ids)))]
            lines.append(b"In-Reply-To: %s\r\nReferences: %s" % (parent.encode(), parent.encode()))
        self.ids.append(mid)
        return b"\r\n".join(lines) + b"\r\nMIME-Version: 1.0\r\n" + extra

    def text(self, size=None) -> str:
        r, size = self.r, size or max(200, int(self.r.expovariate(1 / self.small)))
        out, total = [], 0
        while total < size:
            line = words(r, r.choice([AR, FR, EN]), r.randint(4, 10))
            out.append(line)
            total += len(line.encode()) + 2
        return "\n".join(out) + "\n"

    def attachment(self, size: int) -> bytes:
        if self.r.random() < 0.35:  # the same bytes as in an earlier message
            slot = self.r.randrange(12)
            if slot not in self.shared or not size / 2 <= len(self.shared[slot]) <= size * 2:
                self.shared[slot] = self.r.randbytes(size)
            return self.shared[slot]
        return self.r.randbytes(size)

    def part(self, name: str, data: bytes, ctype="application/octet-stream") -> bytes:
        star = (
            "filename*=UTF-8''" + "".join(f"%{b:02X}" for b in name.encode())
            if not name.isascii()
            else f'filename="{name}"'
        )
        return (
            f"Content-Type: {ctype}\r\nContent-Transfer-Encoding: base64\r\n"
            f"Content-Disposition: attachment;\r\n {star}\r\n\r\n"
        ).encode() + fold64(data)

    def multi(self, kind: str, *parts: bytes, params: str = "") -> bytes:
        b = f"=_{self.r.getrandbits(64):016x}"
        body = b"".join(b"--" + b.encode() + b"\r\n" + p.rstrip(b"\r\n") + b"\r\n" for p in parts)
        return (
            f'Content-Type: multipart/{kind}; boundary="{b}"{params}\r\n\r\n'.encode()
            + body
            + b"--"
            + b.encode()
            + b"--\r\n"
        )

    # well-formed shapes
    def plain8(self, n, t):
        return self.head(
            n, t, b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        ) + crlf(self.text())

    def base64_(self, n, t):
        return self.head(
            n, t, b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        ) + fold64(crlf(self.text()))

    def quoted(self, n, t):
        enc = self.r.choice(["iso-8859-1", "windows-1252"]) if self.r.random() < 0.4 else "utf-8"
        body = quopri.encodestring(self.text(self.small // 2).encode(enc, "replace"))
        return self.head(
            n,
            t,
            f"Content-Type: text/plain; charset={enc}\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n".encode(),
        ) + crlf(body)

    def flowed(self, n, t):
        return self.head(
            n,
            t,
            b"Content-Type: text/plain; charset=utf-8; format=flowed; delsp=yes\r\nContent-Transfer-Encoding: 8bit\r\n\r\n",
        ) + crlf(
            self.text().replace("\n", " \n") + "-- \nsignature\n>From the quoted line\nFrom a line at the start\n.\n"
        )

    def html(self, n, t):
        text = self.text(self.small // 3)
        alt = self.multi(
            "alternative",
            b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + crlf(text),
            b"Content-Type: text/html; charset=utf-8\r\n\r\n<html dir=rtl><body><p>"
            + crlf(text)
            + b"<img src=cid:x@y></body></html>\r\n",
        )
        image = b"Content-Type: image/png\r\nContent-ID: <x@y>\r\nContent-Transfer-Encoding: base64\r\n\r\n" + fold64(
            self.r.randbytes(700)
        )
        return self.head(n, t) + self.multi(
            "mixed",
            self.multi("related", alt, image),
            self.part("شهادة.pdf", self.attachment(self.r.randint(1000, self.small)), "application/pdf"),
        )

    def large(self, n, t):
        size = self.r.randint(700_000, 7_300_000)  # 1 to 10 MB once in base64
        return self.head(n, t) + self.multi(
            "mixed",
            b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + crlf(self.text(500)),
            self.part("vidéo témoin.mp4", self.attachment(size), "video/mp4"),
        )

    def nested(self, n, t):
        inner = self.plain8(n, t - 1000) if self.r.random() < 0.5 else self.html(n, t - 1000)
        return self.head(n, t) + self.multi(
            "mixed",
            b"Content-Type: text/plain\r\n\r\nforwarded\r\n",
            b"Content-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\n" + inner,
        )

    def smime(self, n, t):
        return self.head(n, t) + self.multi(
            "signed",
            b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + crlf(self.text(900)),
            self.part("smime.p7s", self.r.randbytes(1900), "application/pkcs7-signature"),
            params='; protocol="application/pkcs7-signature"; micalg=sha-256',
        )

    def pgp(self, n, t):
        armour = (
            b"-----BEGIN PGP MESSAGE-----\r\n\r\n"
            + fold64(self.r.randbytes(3000))
            + b"=abcd\r\n-----END PGP MESSAGE-----\r\n"
        )
        return self.head(n, t) + self.multi(
            "encrypted",
            b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n",
            b"Content-Type: application/octet-stream\r\n\r\n" + armour,
            params='; protocol="application/pgp-encrypted"',
        )

    def invite(self, n, t):
        s = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(t))
        ics = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//EN\nMETHOD:REQUEST\nBEGIN:VEVENT\nUID:{n}@example.org\nDTSTAMP:{s}\nDTSTART:{s}\nSUMMARY:{words(self.r, AR, 3)}\nORGANIZER:mailto:a@example.org\nEND:VEVENT\nEND:VCALENDAR\n"
        return self.head(n, t) + self.multi(
            "alternative",
            b"Content-Type: text/plain\r\n\r\ninvite\r\n",
            b"Content-Type: text/calendar; method=REQUEST; charset=utf-8\r\n\r\n" + crlf(ics),
        )

    # malformed shapes
    def no_date(self, n, t):
        return self.head(n, t, b"\r\n", date=False) + b"no date\r\n"

    def bad_date(self, n, t):
        return self.head(n, t, b"Date: Thu, 32 Foo 20166 25:61:99 +9999\r\n\r\n", date=False) + b"bad date\r\n"

    def dup_id(self, n, t):
        return self.head(n, t, b"\r\n", mid="<same-id-for-all@example.org>") + crlf(self.text(300))

    def nul(self, n, t):
        return (
            self.head(n, t, b"\r\n") + b"before\x00after\x00\r\n" + self.r.randbytes(40).replace(b"\n", b"") + b"\r\n"
        )

    def bare_lf(self, n, t):
        return (self.head(n, t, b"\r\n") + crlf(self.text(400))).replace(b"\r\n", b"\n")

    def bare_cr(self, n, t):
        return self.head(n, t, b"\r\n") + b"one\rtwo\rthree\r\n\r\rfour\nfive\r\r\nsix\r\n"

    def long_line(self, n, t):
        return self.head(n, t, b"X-Long: " + b"y" * 20_000 + b"\r\n\r\n") + b"z" * 200_000 + b"\r\n"

    def many_headers(self, n, t):
        return self.head(n, t, b"".join(b"X-H-%d: %d\r\n" % (i, i) for i in range(5000)) + b"\r\n") + b"body\r\n"

    def raw_headers(self, n, t):
        raw = self.r.choice(
            [
                words(self.r, AR, 4).encode("windows-1256", "replace"),
                words(self.r, AR, 4).encode(),
                "été".encode("latin-1"),
            ]
        )
        return self.head(n, t, b"X-Raw: " + raw + b"\r\n\r\n", subject=raw) + raw + b"\r\n"

    def bad_headers(self, n, t):
        return (
            self.head(
                n,
                t,
                b'this line has no colon\r\n: empty name\r\nX bad name : v\r\nContent-Type: text/plain; charset="no-such"; ; =;\r\n'
                b'From: <<>>@\r\nTo: =?utf-8?B?!!!?= <a@b, "unclosed\r\nContent-Transfer-Encoding: 7bit8\r\n\r\n',
            )
            + b"b\r\n"
        )

    def bad_multipart(self, n, t):
        return (
            self.head(n, t, b"Content-Type: multipart/mixed; boundary=X\r\n\r\n")
            + b"--X\r\nContent-Type: multipart/mixed; boundary=X\r\n\r\n--X\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!not base64=\r\n"
        )

    def no_body(self, n, t):
        return b"Subject: only a header\r\nMessage-ID: <%d@nobody>\r\n\r\n" % n

    def no_header(self, n, t):
        return b"\r\nno header at all %d\r\n" % n

    def no_final_newline(self, n, t):
        return self.head(n, t, b"\r\n") + b"ends without a line end"

    def deep(self, n, t):
        inner = b"Content-Type: text/plain\r\n\r\nbottom\r\n"
        for _ in range(150):
            inner = self.multi("mixed", inner)
        return self.head(n, t) + inner


GOOD = (
    ["plain8"] * 5
    + ["base64_"] * 4
    + ["quoted"] * 4
    + ["flowed"] * 2
    + ["html"] * 6
    + ["nested", "smime", "pgp", "invite"]
)
BAD = [
    "no_date",
    "bad_date",
    "dup_id",
    "nul",
    "bare_lf",
    "bare_cr",
    "long_line",
    "many_headers",
    "raw_headers",
    "bad_headers",
    "bad_multipart",
    "no_body",
    "no_header",
    "no_final_newline",
    "deep",
]


def messages(a):
    """Yields (record, bytes), the same for the same arguments."""
    m, r = Maker(a.seed, a.small), random.Random(a.seed + 1)
    every = max(1, round(1 / a.malformed)) if a.malformed else 0
    large_at = set(r.sample(range(a.messages + a.large), a.large))
    for n in range(a.messages + a.large):
        kind = "large" if n in large_at else BAD[n // every % len(BAD)] if every and n % every == 0 else r.choice(GOOD)
        t = 315_532_800 + r.randrange(1_400_000_000)  # 1980 to 2024
        raw = getattr(m, kind)(n, t)
        served = re.sub(rb"(?<!\r)\n", b"\r\n", raw.replace(b"\r\n", b"\n"))  # stored with LF, served with CRLF
        folder = FOLDERS[r.randrange(len(FOLDERS))] if r.random() < a.spread else "INBOX"
        flags = [f for f in SYSTEM if r.random() < (0.02 if f == "\\Deleted" else 0.3)] + [
            k for k in KEYWORDS if r.random() < 0.08
        ]
        yield (
            dict(
                n=n,
                kind=kind,
                folder=folder,
                file=f"{n:06d}.eml",
                size=len(raw),
                sha256=hashlib.sha256(raw).hexdigest(),
                sha256_served=hashlib.sha256(served).hexdigest(),
                appendable=b"\0" not in raw,
                flags=flags,
                internaldate=imap_date(t),
                time=t,
                message_id=getattr(m, "mid", None),
            ),
            raw,
        )


class Appender:
    """APPENDs with LITERAL+ and MULTIAPPEND, one command per run of messages of one folder."""

    def __init__(self, where, user, password):
        host, port = where.rsplit(":", 1)
        self.s = socket.create_connection((host, int(port)))
        self.f = self.s.makefile("rb")
        self.f.readline()
        self.n = 0
        self.command(f'LOGIN "{user}" "{password}"'.encode())

    def command(self, *parts: bytes, ok=True):
        self.n += 1
        self.s.sendall(b"A%d " % self.n + b"".join(parts) + b"\r\n")
        while True:
            line = self.f.readline()
            if not line:
                raise ConnectionError("server hung up")
            if line.startswith(b"A%d " % self.n):
                if ok and not line.split(b" ", 2)[1] == b"OK":
                    raise RuntimeError(line.decode("utf-8", "replace")[:300])
                return line

    @staticmethod
    def name(folder: str) -> bytes:
        return b'"' + utf7(folder).replace("\\", "\\\\").replace('"', '\\"').encode() + b'"'

    def append(self, folder, batch):
        if batch:
            self.command(
                b"APPEND ",
                self.name(folder),
                *[
                    b' (%s) "%s" {%d+}\r\n%s'
                    % (" ".join(x["flags"]).encode(), x["internaldate"].encode(), len(raw), raw)
                    for x, raw in batch
                ],
            )


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--messages", type=int, default=1000)
    p.add_argument("--large", type=int, default=5, help="messages of 1 to 10 MB, besides")
    p.add_argument("--small", type=int, default=5000, help="mean size of a body, before encoding")
    p.add_argument("--malformed", type=float, default=0.05, help="share of malformed messages")
    p.add_argument("--spread", type=float, default=0.6, help="share of messages outside INBOX, roughly")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--format", choices=["eml", "maildir", "none"], default="eml")
    p.add_argument("--imap", metavar="HOST:PORT", help="APPEND them there as well")
    p.add_argument("--user", default="u")
    p.add_argument("--password", default="p")
    a = p.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    records, pending, box, refused = [], {}, None, {}
    if a.imap:
        box = Appender(a.imap, a.user, a.password)
        for folder in FOLDERS[1:]:
            answer = box.command(b"CREATE ", box.name(folder), ok=False)
            if b" OK" not in answer and b"ALREADYEXISTS" not in answer:
                refused[folder] = answer.decode("utf-8", "replace").strip()
    for record, raw in messages(a):
        if record["folder"] in refused:
            record["folder"] = "INBOX"
        if a.format == "eml":
            (a.out / "eml").mkdir(exist_ok=True)
            (a.out / "eml" / record["file"]).write_bytes(raw)
        elif a.format == "maildir":
            root = (
                a.out / "Maildir" / ("" if record["folder"] == "INBOX" else utf7(record["folder"]).replace(".", "%2E"))
            )
            for sub in ("cur", "new", "tmp"):
                (root / sub).mkdir(parents=True, exist_ok=True)
            letters = "".join(
                sorted(
                    {"\\Seen": "S", "\\Answered": "R", "\\Flagged": "F", "\\Draft": "D", "\\Deleted": "T"}.get(f, "")
                    for f in record["flags"]
                )
            )
            record["file"] = str(
                (root / "cur" / f"{record['time']}.M{record['n']}P1.host:2,{letters}").relative_to(a.out)
            )
            (a.out / record["file"]).write_bytes(raw)
            __import__("os").utime(a.out / record["file"], (record["time"], record["time"]))
        if box and record["appendable"]:
            batch = pending.setdefault(record["folder"], [])
            batch.append((record, raw))
            if len(batch) >= 100 or sum(len(x[1]) for x in batch) > 4_000_000:
                box.append(record["folder"], pending.pop(record["folder"]))
        records.append(record)
    for folder, batch in pending.items():
        box.append(folder, batch)
    truth = dict(
        seed=a.seed, folders=[dict(name=f, utf7=utf7(f), refused=refused.get(f)) for f in FOLDERS], messages=records
    )
    (a.out / "truth.json").write_text(json.dumps(truth, ensure_ascii=False, indent=0))
    print(
        json.dumps(
            dict(messages=len(records), bytes=sum(x["size"] for x in records), refused=refused), ensure_ascii=False
        )
    )


if __name__ == "__main__":
    main()
