"""A real S3-compatible server on loopback, for as long as a test needs it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BUCKET = "vault-one"
KEY_ID, SECRET = "example", "example-secret"
START_S = 40


@dataclass(frozen=True)
class Weed:
    """A running server."""

    endpoint: str
    process: subprocess.Popen[bytes]


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on, also 10,000 above: the server takes those for its own talk."""
    found: list[int] = []
    while len(found) < count:
        with socket.create_server(("127.0.0.1", 0)) as first:
            port = int(first.getsockname()[1])
        if port < 55_000 and port not in found:
            found.append(port)
    return found


@contextmanager
def seaweed(folder: Path) -> Iterator[Weed]:
    """Start it in a folder of its own; its bucket is made."""
    s3, master, volume, filer, admin = free_ports(5)
    command = [
        str(Path(sys.executable).with_name("weed")),
        "mini",
        f"-dir={folder}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        f"-s3.port={s3}",
        f"-master.port={master}",
        f"-volume.port={volume}",
        f"-filer.port={filer}",
        f"-admin.port={admin}",
        "-master.telemetry=false",
        "-webdav=false",
        "-admin.ui=false",
        "-s3.port.iceberg=0",
        "-s3.metricsPort=0",
        f"-bucket={BUCKET}",
    ]
    keys = {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET}
    log = folder / "server.log"
    with log.open("wb") as told:
        process = subprocess.Popen(command, env=os.environ | keys, stdout=told, stderr=told, cwd=folder)
    try:
        _wait(f"http://127.0.0.1:{s3}", process, log)
        yield Weed(f"http://127.0.0.1:{s3}", process)
    finally:
        process.kill()
        process.wait()


def _wait(endpoint: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until the bucket is there: the server listens a moment before."""
    import obstore
    from obstore.exceptions import BaseError

    from standfast.replicas.s3_store import S3Access, open_store

    access = S3Access(location=f"s3://{BUCKET}/", endpoint=endpoint, key_id=KEY_ID, secret=SECRET)
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        try:
            next(iter(obstore.list(open_store(access, retries=0))), None)
        except BaseError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"the S3 server did not start: {log.read_text(errors='replace')[-2000:]}")
