"""Errors of asking another machine something over HTTP.

StandfastError
  NetworkError
    UnreachableError          NET-196, exit 196
    UntrustedPeerError        NET-197, exit 197
    AnswerTooLargeError       NET-198, exit 198
    PlainHttpError            NET-199, exit 199
"""

from __future__ import annotations

from standfast.errors.base import StandfastError


class NetworkError(StandfastError):
    """Another machine could not be asked, or its answer could not be taken."""


class UnreachableError(NetworkError):
    """No answer in time."""

    code, exit_status = "NET-196", 196
    next_step = "check the address and this machine's line, then try again: nothing was changed here"

    def __init__(self, url: str, why: str) -> None:
        """The address without a query, and the reason."""
        self.url, self.why = url, why
        super().__init__(f"no answer from {url}: {why}")


class UntrustedPeerError(NetworkError):
    """The other side's certificate is not the expected one."""

    code, exit_status = "NET-197", 197
    next_step = (
        "do not go on over this line; ask the other side, by another way, for its certificate's SHA-256 "
        "and compare it with the one that you have"
    )

    def __init__(self, url: str, why: str) -> None:
        """The address without a query, and the reason."""
        self.url, self.why = url, why
        super().__init__(f"{url} could not show that it is who it should be: {why}")


class AnswerTooLargeError(NetworkError):
    """More bytes than such an answer can have."""

    code, exit_status = "NET-198", 198
    next_step = "tell the people who run {url}: no honest answer to this question is so large"

    def __init__(self, url: str, limit_bytes: int) -> None:
        """The address without a query, and what was the most that would be taken."""
        self.url, self.limit_bytes = url, limit_bytes
        super().__init__(f"{url} answered with more than {limit_bytes} bytes")


class PlainHttpError(NetworkError):
    """An address that would send in the clear what others could change or read."""

    code, exit_status = "NET-199", 199
    next_step = "use the https address of {url}"

    def __init__(self, url: str) -> None:
        """The address without a query."""
        self.url = url
        super().__init__(f"{url} is not https, and not on this machine")
