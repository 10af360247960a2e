"""The child that reads proofs, seen from outside: what it is asked, how long it may take, and what when it dies."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path

import msgspec

from standfast.proofs.child import Answer, Request
from standfast.proofs.finding import Finding, finding
from standfast.proofs.names import Carrier

SECONDS_EACH = 900.0
"""A WACZ of 100 GB is digested at some 300 MB/s; nothing else comes near."""
ANSWER_BYTES_LIMIT = 1024 * 1024
COMMAND = (sys.executable, "-m", "standfast.proofs.child")


class Examiner:
    """One child at a time, started when it is needed. Use it in a `with`; for one thread."""

    def __init__(
        self, trusted: Path, *, seconds_each: float = SECONDS_EACH, command: tuple[str, ...] = COMMAND
    ) -> None:
        """`trusted`: the folder of the keys and roots that the user gave."""
        self._trusted, self._seconds_each, self._command = trusted, seconds_each, command
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Examiner:
        """Nothing runs yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the child."""
        self._end()

    def examine(self, carrier: Carrier) -> Finding | None:
        """What a carrier shows; never raises for its sake. None where there is no proof."""
        request = Request(
            system=carrier.system,
            path=carrier.path.hex(),
            proof=carrier.proof.hex(),
            trusted=os.fsencode(self._trusted).hex(),
        )
        process = self._running()
        late = threading.Event()

        def stop() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self._seconds_each, stop)
        timer.start()
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(msgspec.json.encode(request) + b"\n")
            process.stdin.flush()
            line = process.stdout.readline(ANSWER_BYTES_LIMIT)
            answer = msgspec.json.decode(line, type=Answer)
        except (OSError, ValueError):
            self._end()
            why = "it takes too long to check" if late.is_set() else "what checks it died of it"
            return finding(carrier.system, "not checked", carrier.system, why)
        finally:
            timer.cancel()
        if answer.why:
            return finding(carrier.system, "not checked", carrier.system, answer.why)
        return answer.found

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "TMPDIR") if name in os.environ}
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
