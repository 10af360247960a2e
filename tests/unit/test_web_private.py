"""Which addresses of the network a page may send a capture to."""

from __future__ import annotations

import pytest

from standfast.capture.web.scope import is_ip, is_private, may_ask


@pytest.mark.parametrize(
    "ip",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::7f00:1",
        "no address",
        "",
    ],
)
def test_private(ip: str) -> None:
    assert is_private(ip)
    assert not may_ask(ip, ())


@pytest.mark.parametrize("ip", ["93.184.216.34", "2606:4700::1111", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"])
def test_public(ip: str) -> None:
    assert not is_private(ip)
    assert may_ask(ip, ())


def test_an_origin_on_a_private_address_opens_that_address_and_no_other() -> None:
    assert may_ask("10.0.0.5", {"10.0.0.5"})
    assert not may_ask("10.0.0.6", {"10.0.0.5"})
    assert not may_ask("127.0.0.1", {"10.0.0.5"})
    assert may_ask("::1", {"127.0.0.1"}), "names of this machine lead to either"
    assert not may_ask("10.0.0.5", {"127.0.0.1"})


def test_what_is_given_by_number() -> None:
    assert is_ip("10.0.0.1")
    assert is_ip("::1")
    assert not is_ip("example.org")
    # getaddrinfo reads these as addresses; what it answers is judged, not what was written.
    assert not is_ip("0x7f.1")
