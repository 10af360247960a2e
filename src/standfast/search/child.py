"""The process that reads hostile texts, seen from outside: what it is sent, what it may take, and what when it dies.

Messages over its pipes are a length of four bytes and MessagePack. It is sent one thing and answers before the next. A
thing that makes it die, or that takes too long, is noted as not read, and another process goes on with the next.
"""

from __future__ import annotations

import contextlib
import math
import os
import struct
import subprocess
import threading
from collections.abc import Sequence
from typing import IO

import msgspec

from standfast import clock
from standfast.errors.search import TextReaderError

SECONDS_EACH = 20.0
ANSWER_LIMIT_BYTES = 64 * 1024 * 1024
SENT_LIMIT_BYTES = 32 * 1024 * 1024
"""Of one thing. Texts stand before the files in almost all mail; what lies beyond is said not to be read."""
DEATHS_IN_A_ROW = 20


class ToRead(msgspec.Struct, frozen=True, array_like=True):
    """One thing, as it is sent."""

    kind: str
    """`mail`, `web`, `text`; the child knows what to do with each."""
    raw: bytes


class ReadText(msgspec.Struct, frozen=True, array_like=True):
    """What it says."""

    title: str
    text: str
    unread: str


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(ReadText)


class TextReader:
    """One child at a time. Use it in a `with`; for one thread."""

    def __init__(self, command: Sequence[str], *, seconds_each: float = SECONDS_EACH) -> None:
        """`command`: what to run."""
        self._command, self._seconds_each = command, seconds_each
        self._process: subprocess.Popen[bytes] | None = None
        self._deaths = 0
        self._until = math.inf
        """When what is read at present takes too long."""
        self._late = False
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._watch_over, name="text-reader", daemon=True)

    def __enter__(self) -> TextReader:
        """Nothing runs before the first thing is read."""
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._over.set()
        self._watch.join()
        self._end()

    def read(self, kind: str, raw: bytes) -> ReadText:
        """What can be read of a thing; never raises for the thing's sake.

        Raises:
            TextReaderError: the child dies of everything.
        """
        cut = "only its beginning was read" if len(raw) > SENT_LIMIT_BYTES else ""
        process = self._running()
        self._late, self._until = False, clock.monotonic_s() + self._seconds_each
        try:
            answer = self._exchange(process, _ENCODER.encode(ToRead(kind, raw[:SENT_LIMIT_BYTES])))
        except (OSError, EOFError, ValueError) as why:
            self._until = math.inf
            self._end()
            self._deaths += 1
            if self._deaths >= DEATHS_IN_A_ROW:
                raise TextReaderError(str(why)) from why
            return ReadText("", "", "it takes too long to read" if self._late else "it can't be read within bounds")
        self._until = math.inf
        self._deaths = 0
        return msgspec.structs.replace(answer, unread="; ".join(filter(None, (answer.unread, cut))))

    def _watch_over(self) -> None:
        """One thread for all: starting one for each thing would cost more than reading it."""
        while not self._over.wait(min(0.25, self._seconds_each / 2)):
            process = self._process
            if process is not None and clock.monotonic_s() > self._until:
                self._late = True
                process.kill()

    @staticmethod
    def _exchange(process: subprocess.Popen[bytes], sent: bytes) -> ReadText:
        assert process.stdin is not None
        assert process.stdout is not None
        write_message(process.stdin, sent)
        return _DECODER.decode(read_message(process.stdout, ANSWER_LIMIT_BYTES))

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            # Nothing of our environment goes along: what is read there must learn nothing of this machine.
            kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**kept, "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"},
                cwd="/",
            )
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()
        process.wait()


def write_message(pipe: IO[bytes], sent: bytes) -> None:
    """One message."""
    pipe.write(struct.pack(">I", len(sent)))
    pipe.write(sent)
    pipe.flush()


def read_message(pipe: IO[bytes], limit_bytes: int) -> bytes:
    """The next message.

    Raises:
        EOFError: there is none, or not all of it.
        ValueError: a longer one.
    """
    head = pipe.read(4)
    if len(head) < 4:
        raise EOFError("it ended")
    (size,) = struct.unpack(">I", head)
    if size > limit_bytes:
        raise ValueError("a message beyond its limit")
    raw = pipe.read(size)
    if len(raw) < size:
        raise EOFError("it ended in the middle of a message")
    return raw
