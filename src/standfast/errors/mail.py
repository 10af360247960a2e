"""Errors of speaking with a mail server.

StandfastError
  MailError
    MailServerLostError       IMP-200, exit 200
    MailServerUntrustedError  IMP-201, exit 201
    LogInRefusedError         IMP-202, exit 202
    StrangeAnswerError        IMP-203, exit 203
    CommandRefusedError       IMP-204, exit 204
    SecretMissingError        IMP-205, exit 205
"""

from __future__ import annotations

from standfast.errors.base import StandfastError


class MailError(StandfastError):
    """Something about mail, its server or its files."""


class MailServerLostError(MailError):
    """The server can't be reached, or the line to it broke."""

    code, exit_status = "IMP-200", 200
    next_step = "check the address {host} and this machine's line, then run it again: it goes on where it was"

    def __init__(self, host: str, why: str, response_code: str = "") -> None:
        """Host and port, what happened, and the response code of the server's BYE, such as UNAVAILABLE."""
        self.host, self.why, self.response_code = host, why, response_code
        super().__init__(f"{host}: {why}")


class MailServerUntrustedError(MailError):
    """The server could not show who it is, or would have a password sent in the clear."""

    code, exit_status = "IMP-201", 201
    next_step = (
        "do not go on over this line; if the server is your own, take its certificate's SHA-256 from the server itself "
        "and give it as `pinned_sha256`"
    )

    def __init__(self, host: str, why: str) -> None:
        """Host and port, and what is wrong."""
        self.host, self.why = host, why
        super().__init__(f"the line to {host} can't be trusted: {why}")


class LogInRefusedError(MailError):
    """The server does not let this user in."""

    code, exit_status = "IMP-202", 202
    next_step = (
        "check the user's name and the password; many providers want a password made for programs, or `--oauth` "
        "(docs/mail.md)"
    )

    def __init__(self, host: str, user: str, why: str) -> None:
        """Host and port, the user's name, and what the server said."""
        self.host, self.user, self.why = host, user, why
        super().__init__(f"{host} does not let {user} in: {why}")


class StrangeAnswerError(MailError):
    """The server answered what no answer can be, or more than can be taken."""

    code, exit_status = "IMP-203", 203
    next_step = "run it again; if it stays so, tell the people who run the server, with the words above"

    def __init__(self, why: str) -> None:
        """What is wrong with it."""
        self.why = why
        super().__init__(f"the mail server's answer can't be read: {why}")


class CommandRefusedError(MailError):
    """The server said NO or BAD to one command."""

    code, exit_status = "IMP-204", 204
    next_step = "read what the server says about it above; the people who run it can tell why"

    def __init__(self, command: str, kind: str, said: str, response_code: str = "") -> None:
        """The command's first word, NO or BAD, what the server said, and its response code such as OVERQUOTA."""
        self.command, self.kind, self.said, self.response_code = command, kind, said, response_code
        super().__init__(f"the mail server refuses {command}: {said or kind}")


class SecretMissingError(MailError):
    """There is no password and no token to log in with."""

    code, exit_status = "IMP-205", 205
    next_step = (
        "give `--password-file FILE` or `--password-command COMMAND`, or put the password in the system's key ring "
        "(`keyring set {service} {user}`); with OAuth 2, run the same `standfast add mail` again"
    )

    def __init__(self, service: str, user: str, why: str) -> None:
        """The name of the service in the key ring, the user, and what was looked for in vain."""
        self.service, self.user, self.why = service, user, why
        super().__init__(f"no password for {user}: {why}")
