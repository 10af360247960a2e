"""Drives a real Firefox without a further program: by Marionette, its own remote protocol, over loopback.

    with firefox(tmp_path) as browser:
        browser.open(page.as_uri())
        browser.run("return document.title")

Source: firefox-source-docs.mozilla.org, testing/marionette/Protocol. A message is its length in decimal, a colon, and
JSON: [0, id, command, parameters] there, [1, id, error, result] back.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

START_LIMIT_S = 60
ANSWER_LIMIT_S = 60
PREFERENCES = {
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.safebrowsing.downloads.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "datareporting.healthreport.uploadEnabled": False,
    "extensions.update.enabled": False,
    "intl.accept_languages": "en",
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "services.settings.server": "data:,",
    "toolkit.telemetry.enabled": False,
}
"""Nothing of it asks for anything outside; a proxy that refuses sees to what is forgotten."""


class Firefox:
    """One window. Made by `firefox`, which closes it."""

    def __init__(self, connection: socket.socket) -> None:
        """Begin a session over a fresh connection."""
        self._connection, self._file, self._count = connection, connection.makefile("rb"), 0
        self._receive()
        self._ask("WebDriver:NewSession", {"capabilities": {"alwaysMatch": {"acceptInsecureCerts": False}}})
        self._ask("WebDriver:SetTimeouts", {"script": ANSWER_LIMIT_S * 1000, "pageLoad": ANSWER_LIMIT_S * 1000})

    def open(self, address: str) -> None:
        """Open a page and wait for its load."""
        self._ask("WebDriver:Navigate", {"url": address})

    def run(self, script: str, *arguments: object) -> Any:
        """What a function's body returns in the page; a promise is waited for."""
        return self._ask("WebDriver:ExecuteScript", {"script": script, "args": list(arguments)})["value"]

    def choose(self, css: str, file: Path) -> None:
        """Choose a file in a file input, as a person would."""
        found = self._ask("WebDriver:FindElement", {"using": "css selector", "value": css})["value"]
        self._ask("WebDriver:ElementSendKeys", {"id": next(iter(found.values())), "text": str(file)})

    def wait(self, condition: str, limit_s: float = ANSWER_LIMIT_S) -> None:
        """Until an expression holds in the page."""
        deadline = time.monotonic() + limit_s
        while not self.run(f"return Boolean({condition})"):
            assert time.monotonic() < deadline, f"{condition} never held"
            time.sleep(0.05)

    def close(self) -> None:
        """Ask Firefox to end, and let go of the connection."""
        with contextlib.suppress(OSError, AssertionError, ValueError):
            self._ask("Marionette:Quit", {"flags": ["eForceQuit"]})
        self._file.close()
        self._connection.close()

    def _ask(self, command: str, parameters: dict[str, object]) -> Any:
        self._count += 1
        message = json.dumps([0, self._count, command, parameters]).encode()
        self._connection.sendall(b"%d:%s" % (len(message), message))
        _, number, error, result = self._receive()
        assert number == self._count
        assert error is None, error
        return result

    def _receive(self) -> Any:
        length = b""
        while (byte := self._file.read(1)) != b":":
            assert byte, "Firefox closed the connection"
            length += byte
        return json.loads(self._file.read(int(length)))


@contextlib.contextmanager
def firefox(room: Path) -> Iterator[Firefox]:
    """A headless Firefox with a fresh profile in `room`."""
    program = shutil.which("firefox-esr") or shutil.which("firefox")
    assert program, "no Firefox: install what tools/system-packages.txt lists"
    profile = room / "profile"
    profile.mkdir(parents=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    preferences = {**PREFERENCES, "marionette.port": port}
    lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in preferences.items())
    (profile / "user.js").write_text("".join(lines), encoding="utf-8")
    words = [program, "--headless", "--no-remote", "--marionette", "--profile", str(profile)]
    environment = {**os.environ, "HOME": str(room), "MOZ_CRASHREPORTER_DISABLE": "1"}
    with (room / "firefox.log").open("wb") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log, env=environment)
        browser = None
        try:
            browser = Firefox(_connect(port, process))
            yield browser
        finally:
            if browser:
                browser.close()
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _connect(port: int, process: subprocess.Popen[bytes]) -> socket.socket:
    deadline = time.monotonic() + START_LIMIT_S
    while True:
        assert process.poll() is None, "Firefox ended"
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=ANSWER_LIMIT_S)
        except OSError:
            assert time.monotonic() < deadline, "Firefox never listened"
            time.sleep(0.1)
