"""Lets a real mail server, Dovecot, read a restored Maildir, and says what it shows.

One process of it, spoken to over a pipe as mail programs do over a tunnel: it listens nowhere and knows no password. It
gets the folder as an open descriptor, so that no other folder has to be opened to it. Dovecot serves no mail to root: a
drill that root makes gives the mail to `nobody` for as long as the process runs.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pwd
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

PROGRAMS = ("/usr/lib/dovecot/imap", "/usr/libexec/dovecot/imap", "/usr/local/libexec/dovecot/imap")
ACCOUNT = "nobody"
SILENCE_S = 120.0
"""A server that says nothing for so long is given up."""
LINE_LIMIT = 1 << 20
PIECE_BYTES = 1 << 20
_BARE = re.compile(rb"(?<!\r)\n")
_LITERAL = re.compile(rb"\{(\d+)\}$")
_FETCHED = re.compile(rb'UID (\d+) FLAGS \(([^)]*)\) INTERNALDATE "([^"]*)"')

_CONFIGURATION_23 = """
base_dir = /nonexistent
log_path = /dev/null
ssl = no
mail_location = maildir:{folder}:INDEX=MEMORY
mail_plugins = listescape
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 1
first_valid_gid = 1
namespace inbox {{
  inbox = yes
  separator = /
}}
"""
_CONFIGURATION_24 = """
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
base_dir = /nonexistent
log_path = /dev/null
ssl = no
mail_driver = maildir
mail_path = {folder}
mail_index_path = MEMORY
mailbox_list_storage_escape_char = "\\\\"
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 1
first_valid_gid = 1
namespace inbox {{
  inbox = yes
  separator = /
}}
"""


class MailServerError(Exception):
    """The server ended, or said something that can't be understood."""


@dataclass(frozen=True, slots=True)
class ServedMessage:
    """One message as the server gives it."""

    uid: int
    flags: frozenset[str]
    date: str
    sha256: str


def find_program() -> Path | None:
    """Where Dovecot's IMAP program is; None where there is none."""
    return next((Path(path) for path in PROGRAMS if os.access(path, os.X_OK)), None)


class MailServer:
    """Dovecot over one Maildir. Use it in a `with`."""

    def __init__(self, program: Path, maildir: Path, *, silence_s: float = SILENCE_S) -> None:
        """Nothing is started yet."""
        self._program, self._maildir, self._silence_s = program, maildir, silence_s
        self._stack = contextlib.ExitStack()
        self._number = 0
        self._out: IO[bytes]
        self._in: IO[bytes]
        self._watch = _Watch(silence_s)

    def __enter__(self) -> MailServer:
        """Start it.

        Raises:
            MailServerError, OSError: it could not be started.
        """
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it, and take the mail back."""
        self._stack.close()

    def examine(self, folder: bytes) -> int | None:
        """Open a folder by its name on the wire, changing nothing: how many messages it has; None where it is not."""
        count: list[int] = []

        def take(line: bytes) -> None:
            if found := re.fullmatch(rb"\* (\d+) EXISTS", line):
                count.append(int(found[1]))

        return (count[-1] if count else 0) if self._ask(b"EXAMINE " + _string(folder), take) else None

    def fetch(self) -> list[ServedMessage]:
        """All messages of the open folder. Each is digested as it comes, and never in memory as a whole."""
        served: list[ServedMessage] = []
        running: list[hashlib._Hash] = []

        def take(line: bytes) -> None:
            if running and (found := _FETCHED.search(line)):
                flags = frozenset(found[2].decode("ascii", "replace").split()) - {"\\Recent"}
                date = found[3].decode("ascii", "replace")
                served.append(ServedMessage(int(found[1]), flags, date, running.pop().hexdigest()))

        def begin() -> hashlib._Hash:
            running[:] = [hashlib.sha256()]
            return running[0]

        if not self._ask(b"UID FETCH 1:* (UID FLAGS INTERNALDATE BODY.PEEK[])", take, begin):
            raise MailServerError("it refused to give messages")
        return served

    def _start(self) -> None:
        account = pwd.getpwnam(ACCOUNT) if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        if os.geteuid() == 0:
            _give(self._maildir, account.pw_uid, account.pw_gid)
            self._stack.callback(_give, self._maildir, 0, 0)
        folder = os.open(self._maildir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._stack.callback(os.close, folder)
        settings = os.memfd_create("dovecot")
        self._stack.callback(os.close, settings)
        written = _configuration().format(folder=f"/proc/self/fd/{folder}", uid=account.pw_uid, gid=account.pw_gid)
        os.write(settings, written.encode())
        dropped = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        process = subprocess.Popen(  # type: ignore[call-overload]
            [str(self._program), "-c", f"/proc/self/fd/{settings}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"USER": "drill", "HOME": "/nonexistent", "PATH": os.environ.get("PATH", os.defpath)},
            pass_fds=(folder, settings),
            **dropped,
        )
        self._stack.callback(_end, process)
        self._in, self._out = process.stdin, process.stdout
        self._watch = _Watch(self._silence_s, process.kill)
        self._stack.callback(self._watch.stop)
        if not self._line().startswith(b"* PREAUTH"):
            raise MailServerError("it did not begin as a mail server does")

    def _ask(
        self, command: bytes, take: Callable[[bytes], None], begin: Callable[[], hashlib._Hash] | None = None
    ) -> bool:
        """One command to its end: whether it was done. `begin` gives what each literal is digested with."""
        self._number += 1
        tag = b"D%d" % self._number
        try:
            self._in.write(tag + b" " + command + b"\r\n")
            self._in.flush()
        except OSError as why:
            raise MailServerError("it ended") from why
        while True:
            line = self._whole_line(begin)
            if line.startswith(tag + b" "):
                return line.startswith(tag + b" OK")
            take(line)

    def _whole_line(self, begin: Callable[[], hashlib._Hash] | None) -> bytes:
        """A line with what stands around its literals; the literals are digested, or passed over."""
        whole = b""
        while True:
            line = self._line()
            found = _LITERAL.search(line)
            whole += line
            if not found:
                return whole
            self._literal(int(found[1]), begin() if begin else hashlib.sha256())
            if len(whole) > LINE_LIMIT:
                raise MailServerError("an answer is too long")

    def _literal(self, size: int, running: hashlib._Hash) -> None:
        while size:
            piece = self._out.read(min(size, PIECE_BYTES))
            self._watch.heard()
            if not piece:
                raise MailServerError("it ended in the middle of an answer")
            running.update(piece)
            size -= len(piece)

    def _line(self) -> bytes:
        line = self._out.readline(LINE_LIMIT)
        self._watch.heard()
        if not line.endswith(b"\n"):
            raise MailServerError("it ended, or its answer is too long")
        return line.rstrip(b"\r\n")


class _Watch:
    """Ends a process that has been silent for too long."""

    def __init__(self, silence_s: float, kill: Callable[[], None] | None = None) -> None:
        self._silence_s, self._kill = silence_s, kill
        self._heard, self._over = threading.Event(), False
        if kill:
            threading.Thread(target=self._wait, name="mail-server-watch", daemon=True).start()

    def heard(self) -> None:
        self._heard.set()

    def stop(self) -> None:
        self._over = True
        self._heard.set()

    def _wait(self) -> None:
        while self._heard.wait(self._silence_s):
            self._heard.clear()
            if self._over:
                return
        if self._kill:
            self._kill()


def served_digest(pieces: Iterable[bytes]) -> str:
    """The digest of a file's bytes as IMAP can carry them: a bare line feed gets its CR, a zero byte becomes 0x80."""
    running, before = hashlib.sha256(), b"\n"
    for piece in pieces:
        text = _BARE.sub(b"\r\n", (b"\r" if before == b"\r" else b" ") + piece)[1:]
        running.update(text.replace(b"\0", b"\x80"))
        before = piece[-1:]
    return running.hexdigest()


def _configuration() -> str:
    program = shutil.which("dovecot", path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/usr/local/sbin")
    try:
        said = subprocess.run([program or "dovecot", "--version"], capture_output=True, text=True, timeout=30).stdout
    except (OSError, subprocess.TimeoutExpired):
        said = ""
    return _CONFIGURATION_23 if said.startswith("2.3") else _CONFIGURATION_24


def _string(raw: bytes) -> bytes:
    return b'"' + raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def _give(folder: Path, uid: int, gid: int) -> None:
    for at, _, names, handle in os.fwalk(folder, follow_symlinks=False):
        for name in names:
            os.chown(name, uid, gid, dir_fd=handle, follow_symlinks=False)
        os.chown(at, uid, gid, follow_symlinks=False)


def _end(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe:
            with contextlib.suppress(OSError):
                pipe.close()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
