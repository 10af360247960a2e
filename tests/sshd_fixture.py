"""A real sshd on loopback that speaks SFTP, for as long as a test needs it."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from standfast.replicas.sftp_line import SftpAccess

START_S = 20


@dataclass(frozen=True)
class Sshd:
    """A running server, and what a user of it has."""

    port: int
    host_key: str
    key_file: Path
    process: subprocess.Popen[bytes]

    def access(self, folder: Path) -> SftpAccess:
        """How a folder of this machine is reached through it."""
        location = f"sftp://{getpass.getuser()}@127.0.0.1:{self.port}{folder}"
        return SftpAccess(location=location, host_key=self.host_key, key_file=self.key_file)


@contextmanager
def sshd(folder: Path, *, subsystem: str = "internal-sftp") -> Iterator[Sshd]:
    """Start it with keys of its own. `subsystem`: with options, such as `internal-sftp -P remove`."""
    program = shutil.which("sshd") or "/usr/sbin/sshd"
    host, user = folder / "host_key", folder / "user_key"
    for key in (host, user):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    shutil.copy(user.with_suffix(".pub"), folder / "authorized_keys")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # its privilege separation wants it
    config = folder / "sshd_config"
    config.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {host}\nAuthorizedKeysFile {folder}/authorized_keys\n"
        f"PidFile {folder}/pid\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\n"
        f"MaxStartups 100\nSubsystem sftp {subsystem}\n"
    )
    log = folder / "log"
    with log.open("wb") as told:
        process = subprocess.Popen([program, "-D", "-e", "-f", config], stderr=told, stdin=subprocess.DEVNULL)
    try:
        _wait(port, process, log)
        key = " ".join(host.with_suffix(".pub").read_text().split()[:2])
        yield Sshd(port, key, user, process)
    finally:
        process.terminate()
        process.wait()


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"sshd did not start: {log.read_text()}")
