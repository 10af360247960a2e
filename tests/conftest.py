"""Rules that hold for every test: no network but loopback, none at all in unit tests, and skips are counted.

tests/skips.txt names every test that may be skipped, one a line. A run fails when a test is skipped that is not named
there, when one that is named there runs, and, when everything is run, when one that is named there is no more.
"""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

# Two cores, shared: how long one example takes says nothing about the code.
hypothesis.settings.register_profile("standfast", deadline=None)
hypothesis.settings.load_profile("standfast")

TESTS = Path(__file__).parent
SKIPS = TESTS / "skips.txt"
_ADDRESSED = {"socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"}
_closed: set[str] = set()
"""Holds "all" while a unit test runs."""


class NetworkUsedError(BaseException):
    """A test went out. Not an Exception: nothing under test may handle it."""


def _guard(event: str, arguments: tuple[object, ...]) -> None:
    if event not in _ADDRESSED and event != "socket.getaddrinfo":
        return
    address = arguments[0] if event == "socket.getaddrinfo" else (arguments[1] if len(arguments) > 1 else None)
    host = address[0] if isinstance(address, tuple) else address
    if not isinstance(address, tuple) and event in _ADDRESSED:
        return  # a socket in the file system
    if _closed:
        raise NetworkUsedError(f"a unit test used the network: {event} {host!r}")
    if not _is_here(host):
        raise NetworkUsedError(f"a test went beyond this machine: {event} {host!r}")


def _is_here(host: object) -> bool:
    if host in (None, "", b"", "localhost", b"localhost", "0.0.0.0", "::"):
        return True
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return text.endswith(".localhost")


sys.addaudithook(_guard)


@pytest.fixture(autouse=True)
def _network(request: pytest.FixtureRequest) -> Iterator[None]:
    """Close every socket to unit tests."""
    if not request.path.is_relative_to(TESTS / "unit"):
        yield
        return
    _closed.add("all")
    yield
    _closed.clear()


class SkipCount:
    """Compares what was skipped in this run with what may be."""

    def __init__(self, allowed: set[str]) -> None:
        """`allowed`: node ids, as pytest prints them."""
        self.allowed, self.skipped, self.run = allowed, set[str](), set[str]()

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A module that skips itself."""
        if report.skipped:
            self.skipped.add(report.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test that skips itself, or is expected to fail: both show nothing."""
        if report.skipped:
            self.skipped.add(report.nodeid)
        elif report.when == "call":
            self.run.add(report.nodeid)

    def differences(self, everything_was_run: bool) -> list[str]:
        """What to say; empty when all is as it should be."""
        found = [f"skipped, and not named in tests/skips.txt: {test}" for test in sorted(self.skipped - self.allowed)]
        found += [f"named in tests/skips.txt, and it runs: {test}" for test in sorted(self.allowed & self.run)]
        if everything_was_run:
            gone = self.allowed - self.run - self.skipped
            found += [f"named in tests/skips.txt, and there is no such test: {test}" for test in sorted(gone)]
        return found


def allowed_skips(text: str) -> set[str]:
    """The node ids in skips.txt: a line each, comments begin with #."""
    lines = (line.strip() for line in text.splitlines())
    return {line for line in lines if line and not line.startswith("#")}


def pytest_configure(config: pytest.Config) -> None:
    """Count from the start."""
    config.pluginmanager.register(SkipCount(allowed_skips(SKIPS.read_text())), "skip-count")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a run whose skips are not the ones that are allowed."""
    count = session.config.pluginmanager.get_plugin("skip-count")
    assert isinstance(count, SkipCount)
    options = session.config.option
    selected = options.keyword or options.markexpr or options.collectonly or options.deselect
    everything = session.config.args_source is pytest.Config.ArgsSource.TESTPATHS and not selected
    found = count.differences(everything and exitstatus == pytest.ExitCode.OK)
    if found:
        session.config.stash[_FOUND] = found
        if exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


_FOUND = pytest.StashKey[list[str]]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say why."""
    for line in terminalreporter.config.stash.get(_FOUND, []):
        terminalreporter.write_line(f"SKIPS {line}", red=True)
