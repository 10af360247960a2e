"""From the greeting to the authenticated state. Nothing secret is said before the line is what it should be."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from standfast.errors.mail import CommandRefusedError, LogInRefusedError, MailServerUntrustedError
from standfast.imap.access import ImapAccess, Secret
from standfast.imap.commands import astring
from standfast.imap.responses import Status

if TYPE_CHECKING:
    from standfast.imap.connection import Connection


def begin(connection: Connection, access: ImapAccess) -> None:
    """Take the greeting, secure the line, log in.

    Raises:
        MailServerUntrustedError: the line can't be secured as asked for.
        LogInRefusedError: the server does not let the user in.
        MailServerLostError, StrangeAnswerError: nothing came of it.
    """
    greeting = connection.greeting()
    if access.security == "starttls":
        _start_tls(connection, access, greeting)
    if greeting.kind != "PREAUTH":
        connection.learn_capabilities(None if access.security == "starttls" else greeting)
        try:
            _log_in(connection, access, access.secret())
        except LogInRefusedError:
            if access.renewed is None:
                raise
            _log_in(connection, access, access.renewed())
    if not connection.capabilities:
        connection.learn_capabilities(None)


def _start_tls(connection: Connection, access: ImapAccess, greeting: Status) -> None:
    """STARTTLS. What was said before it was said by anyone, and is forgotten (RFC 9051, section 11.1).

    A PREAUTH greeting bars STARTTLS by the protocol: who stands on the way could have sent it for that.
    """
    if greeting.kind == "PREAUTH":
        raise MailServerUntrustedError(access.shown, "the server says that TLS is not needed any more")
    try:
        connection.wait(connection.send(b"STARTTLS"))
    except CommandRefusedError as why:
        raise MailServerUntrustedError(access.shown, f"the server does not begin TLS: {why.said}") from why
    connection.start_tls()


def _log_in(connection: Connection, access: ImapAccess, secret: Secret) -> None:
    offered = connection.capabilities
    try:
        if secret.kind == "token":
            done = _with_token(connection, access, secret.value)
        elif "AUTH=PLAIN" in offered:
            plain = b"\0" + access.user.encode() + b"\0" + secret.value.encode()
            done = _authenticate(connection, b"PLAIN", plain, b"*")
        elif "LOGINDISABLED" in offered:
            raise LogInRefusedError(access.shown, access.user, "it offers no way for a password")
        else:
            user, word = astring(access.user.encode()), astring(secret.value.encode())
            done = connection.wait(connection.send(b"LOGIN ", user, b" ", word)).status
    except CommandRefusedError as why:
        raise LogInRefusedError(access.shown, access.user, why.said or why.kind) from why
    # They may be others now, and a server need not say them with its OK.
    connection.learn_capabilities(done)


def _with_token(connection: Connection, access: ImapAccess, token: str) -> Status:
    """OAUTHBEARER (RFC 7628), or XOAUTH2, its forerunner."""
    if "AUTH=OAUTHBEARER" in connection.capabilities:
        named = access.user.replace("=", "=3D").replace(",", "=2C")
        said = f"n,a={named},\1host={access.host}\1port={access.port}\1auth=Bearer {token}\1\1"
        return _authenticate(connection, b"OAUTHBEARER", said.encode(), b"AQ==")
    if "AUTH=XOAUTH2" in connection.capabilities:
        said = f"user={access.user}\1auth=Bearer {token}\1\1"
        return _authenticate(connection, b"XOAUTH2", said.encode(), b"")
    raise LogInRefusedError(access.shown, access.user, "it takes no token (OAUTHBEARER or XOAUTH2)")


def _authenticate(connection: Connection, mechanism: bytes, said: bytes, gives_up: bytes) -> Status:
    """One SASL exchange in which we speak once. `gives_up`: what we say when the server asks again.

    A server that refuses a token says why in a challenge, which must be answered before its NO comes.
    """
    coded = base64.b64encode(said)
    command = b"AUTHENTICATE " + mechanism
    if "SASL-IR" in connection.capabilities:
        tag = connection.send(command, b" ", coded)
    else:
        tag = connection.send(command)
        if connection.asked(tag) is not None:
            connection.answer(coded)
    while connection.asked(tag) is not None:
        connection.answer(gives_up)
    return connection.wait(tag).status
