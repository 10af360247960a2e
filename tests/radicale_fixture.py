"""A real server of contacts and calendars (Radicale) on loopback, with one password for every user."""

from __future__ import annotations

import base64
import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PASSWORD = "an-example-password"
START_S = 20


class Radicale:
    """One server."""

    def __init__(self, port: int, store: Path) -> None:
        self.url, self._store = f"http://127.0.0.1:{port}", store

    def lay(self, path: str, tag: str, name: str, cards: dict[str, bytes]) -> None:
        """A collection as it lies in the store, for many cards at once: `VADDRESSBOOK` or `VCALENDAR`."""
        folder = self._store / "collection-root" / path
        folder.mkdir(parents=True)
        (folder / ".Radicale.props").write_text(json.dumps({"tag": tag, "D:displayname": name}))
        for file, raw in cards.items():
            (folder / file).write_bytes(raw)

    def ask(self, method: str, path: str, body: bytes = b"", user: str = "ruth", **headers: str) -> bytes:
        """One question as this user; the answer's body."""
        secret = base64.b64encode(f"{user}:{PASSWORD}".encode()).decode()
        said = {"Authorization": f"Basic {secret}", **{key.replace("_", "-"): value for key, value in headers.items()}}
        request = urllib.request.Request(self.url + path, data=body or None, method=method, headers=said)
        with urllib.request.urlopen(request, timeout=30) as answer:
            found: bytes = answer.read()
        return found

    def put(self, path: str, raw: bytes, user: str = "ruth") -> None:
        kind = "text/vcard" if path.endswith(".vcf") else "text/calendar"
        self.ask("PUT", path, raw, user, Content_Type=kind)

    def make(self, path: str, kind: str, name: str, user: str = "ruth") -> None:
        """A collection: `CR:addressbook` or `C:calendar`."""
        spaces = 'xmlns="DAV:" xmlns:CR="urn:ietf:params:xml:ns:carddav" xmlns:C="urn:ietf:params:xml:ns:caldav"'
        kinds = f"<resourcetype><collection/><{kind}/></resourcetype>"
        body = f"<mkcol {spaces}><set><prop>{kinds}<displayname>{name}</displayname></prop></set></mkcol>"
        self.ask("MKCOL", path, body.encode(), user)


@contextmanager
def running_radicale(room: Path) -> Iterator[Radicale]:
    """A server that runs as long as the context does."""
    (room / "users").write_text("".join(f"{user}:{PASSWORD}\n" for user in ("ruth", "amal")))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (room / "config").write_text(
        f"[server]\nhosts = 127.0.0.1:{port}\n[auth]\ntype = htpasswd\nhtpasswd_filename = {room / 'users'}\n"
        "htpasswd_encryption = plain\ndelay = 0\n[web]\ntype = none\n"
        f"[storage]\nfilesystem_folder = {room / 'store'}\n"
    )
    with (room / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "radicale", "--config", str(room / "config")], stdout=log, stderr=log
        )
    try:
        until = time.monotonic() + START_S
        while time.monotonic() < until and process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        else:
            raise AssertionError(f"radicale did not start\n{(room / 'log').read_text()}")
        yield Radicale(port, room / "store")
    finally:
        process.terminate()
        process.wait(20)
