"""How to log in to a mail server: the address, and where its password or token comes from.

In this order: OAuth 2, a file, a command, the system's key ring. Never the command line, never standfast.toml.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from standfast.assembly.office import Office
from standfast.capture.origin import MailOrigin
from standfast.errors.mail import SecretMissingError
from standfast.errors.settings import BadSettingError
from standfast.imap.access import ImapAccess, ImapAddress, Secret, parse_imap_url

if TYPE_CHECKING:
    from standfast.imap.oauth import DevicePrompt, TokenKeeper
    from standfast.imap.providers import Provider

COMMAND_S = 120
"""A password manager may ask a person to unlock it."""
SECRET_LIMIT = 4096
Tell = Callable[["DevicePrompt"], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretSource:
    """Where the password or token is to come from; all empty means the system's key ring."""

    password_file: str = ""
    password_command: str = ""
    oauth: str = ""


def access_of(office: Office, origin: MailOrigin, *, tell: Tell | None = None) -> ImapAccess:
    """How to log in to the mailbox of an origin.

    Nothing is asked and nothing read yet: that happens at the log-in.

    Args:
        office: the vault; its keys/ holds tokens, its settings name OAuth clients.
        origin: the mailbox.
        tell: shows a person which code to confirm when a token is wanting; None when nobody is there.

    Raises:
        BadSettingError: its address is none, or its `oauth` is not known.
    """
    source = SecretSource(
        password_file=origin.password_file, password_command=origin.password_command, oauth=origin.oauth
    )
    try:
        return access_to(office, origin.url, source, pinned_sha256=origin.pinned_sha256, tell=tell)
    except ValueError as why:
        raise BadSettingError(office.settings.file, f"origins.{origin.name}.url", str(why)) from why


def access_to(
    office: Office,
    url: str,
    source: SecretSource,
    *,
    pinned_sha256: str = "",
    ca: Path | None = None,
    tell: Tell | None = None,
) -> ImapAccess:
    """As `access_of`, for an address that stands in no settings.

    Raises:
        ValueError: it is no address of a mailbox.
        BadSettingError: nothing is known of that OAuth provider.
    """
    address = parse_imap_url(url, certificate_expected=bool(pinned_sha256 or ca))
    keeper = _token_keeper(office, address, source.oauth, tell) if source.oauth else None
    return ImapAccess(
        host=address.host,
        port=address.port,
        user=address.user,
        security=address.security,
        secret=keeper.secret if keeper else lambda: find_password(address, source),
        renewed=keeper.renewed if keeper else None,
        ca=ca,
        pinned_sha256=pinned_sha256,
    )


def find_password(address: ImapAddress, source: SecretSource) -> Secret:
    """The password of an account, from where it is said to be.

    Raises:
        SecretMissingError: it isn't there.
    """
    if source.password_file:
        raw = _from_file(address, source.password_file)
    elif source.password_command:
        raw = _from_command(address, source.password_command)
    else:
        return Secret("password", _from_key_ring(address))
    line = raw.split(b"\n", 1)[0].removesuffix(b"\r")
    if not line or len(line) > SECRET_LIMIT or b"\0" in line:
        raise _missing(address, "its first line is no password")
    try:
        return Secret("password", line.decode("utf-8"))
    except UnicodeDecodeError as why:
        raise _missing(address, "it is not UTF-8 text") from why


def _from_file(address: ImapAddress, name: str) -> bytes:
    try:
        with open(name, "rb") as file:
            return file.read(SECRET_LIMIT + 2)
    except OSError as why:
        raise _missing(address, f"{name}: {why.strerror or why}") from why


def _from_command(address: ImapAddress, command: str) -> bytes:
    """Run by the shell, since that is how people write such commands. What it says goes nowhere but here."""
    # The passphrase's file is ours, not a password manager's.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("STANDFAST_")}
    try:
        ran = subprocess.run(
            command, shell=True, stdout=subprocess.PIPE, timeout=COMMAND_S, check=False, env=environment
        )
    except (OSError, subprocess.TimeoutExpired) as why:
        raise _missing(address, f"the password command did not end well: {type(why).__name__}") from why
    if ran.returncode != 0:
        raise _missing(address, f"the password command ended with status {ran.returncode}")
    return ran.stdout


def _from_key_ring(address: ImapAddress) -> str:
    # Not at the top: it looks for every key ring that there may be.
    import keyring
    from keyring.errors import KeyringError

    try:
        found = keyring.get_password(address.host, address.user)
    except KeyringError as why:
        raise _missing(address, f"the system's key ring can't be asked: {str(why)[:200]}") from why
    if not found:
        raise _missing(address, f"the system's key ring has none for {address.host}")
    return found


def _missing(address: ImapAddress, why: str) -> SecretMissingError:
    return SecretMissingError(address.host, address.user, why)


def _token_keeper(office: Office, address: ImapAddress, name: str, tell: Tell | None) -> TokenKeeper:
    from standfast.imap.oauth import TokenKeeper

    return TokenKeeper(
        office.folder.keys, name, provider_named(office, name), address.user, tell=tell, now=office.clock
    )


def provider_named(office: Office, name: str) -> Provider:
    """A provider: the preset of that name, with what standfast.toml says in `[oauth.NAME]` in its place.

    Raises:
        BadSettingError: there is neither, or no client id, or no address to ask for a token.
    """
    from standfast.imap.providers import Provider, presets

    preset, own = presets().get(name), office.settings.oauth.get(name)
    where = f"oauth.{name}"
    if own is None:
        known = ", ".join(sorted(each for each, provider in presets().items() if provider.device_url))
        raise BadSettingError(
            office.settings.file, where, f"a table with the `client_id` of your own registration; presets: {known}"
        )
    base = preset or Provider()
    chosen = Provider(
        hosts=base.hosts,
        port=base.port,
        password=base.password,
        device_url=own.device_url or base.device_url,
        token_url=own.token_url or base.token_url,
        scopes=own.scopes or base.scopes,
        client_id=own.client_id,
    )
    if not chosen.client_id or not chosen.token_url:
        raise BadSettingError(office.settings.file, where, "a `client_id`, and a `token_url` where there is no preset")
    return chosen
