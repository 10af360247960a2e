"""OAuth 2 for programs without a browser (RFC 8628): a person confirms a code, and the program gets a token.

Tokens lie in one file each, 0600, written anew at each renewal: whoever reads it can read the mailbox, until the
account's owner withdraws it.
"""

from __future__ import annotations

import hashlib
import os
import stat
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode

import msgspec

from standfast import clock, durable, http_client
from standfast.clock import Clock
from standfast.errors.mail import LogInRefusedError, SecretMissingError, StrangeAnswerError
from standfast.imap.access import Secret
from standfast.imap.providers import Provider

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
ANSWER_LIMIT = 256 * 1024
TIMEOUT_S = 30.0
EARLY_S = 120
"""A token is renewed that long before it ends, so that none ends while it is on its way."""
LONGEST_WAIT_S = 1800
SLOW_DOWN_S = 5
"""RFC 8628, section 3.5."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DevicePrompt:
    """What a person must do so that the program gets its token."""

    url: str
    user_code: str
    valid_s: int


class _DeviceAnswer(msgspec.Struct):
    device_code: str
    user_code: str
    verification_uri: str
    expires_in: int = 900
    interval: int = 5


class _TokenAnswer(msgspec.Struct):
    access_token: str
    expires_in: int = 3600
    refresh_token: str = ""
    token_type: str = "Bearer"


class _Refusal(msgspec.Struct):
    error: str
    error_description: str = ""


class _Kept(msgspec.Struct, kw_only=True):
    """The file."""

    access_token: str
    ends_at: str
    refresh_token: str = ""
    user: str
    format: str = "standfast/oauth/v1"


class TokenKeeper:
    """The token of one user with one provider. Safe to call from several threads: one of them renews."""

    def __init__(
        self,
        folder: Path,
        name: str,
        provider: Provider,
        user: str,
        *,
        tell: Callable[[DevicePrompt], None] | None = None,
        now: Clock = clock.machine_clock,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Asks nobody yet.

        Args:
            folder: keys/ of the vault.
            name: the provider's, for the file.
            provider: where to ask.
            user: whose mailbox it is.
            tell: shows a person what to do when there is no token; None when nobody is there.
            now: the time, for when a token ends.
            sleep: waits between two questions.
        """
        self._provider, self._user, self._tell = provider, user, tell
        self._name, self._now, self._sleep = name, now, sleep
        self._file = folder / f"oauth-{name}-{hashlib.sha256(user.encode()).hexdigest()[:16]}.json"
        self._lock = threading.Lock()

    def secret(self) -> Secret:
        """A token that holds for a while: the kept one, a renewed one, or one that a person confirms now.

        Raises:
            SecretMissingError: there is none, and nobody there who could confirm one.
            LogInRefusedError: the person said no.
            NetworkError: the provider can't be asked.
        """
        with self._lock:
            kept = self._read()
            if kept and clock.from_text(kept.ends_at) > self._now() + timedelta(seconds=EARLY_S):
                return Secret("token", kept.access_token)
            return self._fresh(kept)

    def renewed(self) -> Secret:
        """Another token than the kept one, which a server refused."""
        with self._lock:
            return self._fresh(self._read())

    def _fresh(self, kept: _Kept | None) -> Secret:
        if kept and kept.refresh_token:
            answer = self._ask_token({"grant_type": "refresh_token", "refresh_token": kept.refresh_token})
            if isinstance(answer, _TokenAnswer):
                return self._keep(answer, kept.refresh_token)
            if answer.error not in ("invalid_grant", "interaction_required"):
                raise self._refused(answer)
        if self._tell is None:
            raise SecretMissingError(
                self._name, self._user, f"{self._name} has given no token, or takes it no more, and nobody is asked now"
            )
        return self._by_device(self._tell)

    def _by_device(self, tell: Callable[[DevicePrompt], None]) -> Secret:
        if not self._provider.device_url:
            raise SecretMissingError(self._name, self._user, f"{self._name} lets no program log in by the device flow")
        asked = {"client_id": self._provider.client_id, "scope": " ".join(self._provider.scopes)}
        device = self._ask(self._provider.device_url, asked, _DeviceAnswer)
        if isinstance(device, _Refusal):
            raise self._refused(device)
        valid_s = max(1, min(device.expires_in, LONGEST_WAIT_S))
        tell(DevicePrompt(device.verification_uri, device.user_code, valid_s))
        until = self._now() + timedelta(seconds=valid_s)
        wait_s = float(max(0, min(device.interval, 60)))
        while self._now() < until:
            self._sleep(wait_s)
            answer = self._ask_token({"grant_type": DEVICE_GRANT, "device_code": device.device_code})
            if isinstance(answer, _TokenAnswer):
                return self._keep(answer, "")
            if answer.error == "slow_down":
                wait_s += SLOW_DOWN_S
            elif answer.error != "authorization_pending":
                raise self._refused(answer)
        raise LogInRefusedError(self._name, self._user, "the code was not confirmed in time")

    def _ask_token(self, fields: dict[str, str]) -> _TokenAnswer | _Refusal:
        fields["client_id"] = self._provider.client_id
        return self._ask(self._provider.token_url, fields, _TokenAnswer)

    def _ask(self, url: str, fields: dict[str, str], kind: type[T]) -> T | _Refusal:
        answer = http_client.ask(
            "POST",
            url,
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            body=urlencode(fields).encode(),
            limit_bytes=ANSWER_LIMIT,
            timeout_s=TIMEOUT_S,
        )
        try:
            # Some give numbers as text: not strict.
            if answer.status != 200:
                return msgspec.json.decode(answer.body, type=_Refusal)
            return msgspec.json.decode(answer.body, type=kind, strict=False)
        except msgspec.MsgspecError as why:
            raise StrangeAnswerError(f"{self._name} answered {answer.status}, and no token: {why}") from why

    def _refused(self, why: _Refusal) -> LogInRefusedError:
        return LogInRefusedError(self._name, self._user, why.error_description[:200] or why.error[:200])

    def _keep(self, answer: _TokenAnswer, former_refresh: str) -> Secret:
        """Write it down before it is used: some providers take the former one back at once."""
        if answer.token_type.lower() != "bearer":
            raise StrangeAnswerError(f"{self._name} gave a token of a kind that mail servers don't take")
        ends: datetime = self._now() + timedelta(seconds=max(0, min(answer.expires_in, 10 * 366 * 86400)))
        kept = _Kept(
            access_token=answer.access_token,
            ends_at=clock.to_text(ends),
            refresh_token=answer.refresh_token or former_refresh,
            user=self._user,
        )
        durable.write_atomically(self._file, msgspec.json.encode(kept), mode=0o600)
        return Secret("token", answer.access_token)

    def _read(self) -> _Kept | None:
        try:
            handle = os.open(self._file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        with os.fdopen(handle, "rb") as file:
            if os.fstat(handle).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise SecretMissingError(
                    self._name, self._user, f"others can read {self._file.name}; close it with `chmod 600`"
                )
            raw = file.read(ANSWER_LIMIT)
        try:
            kept = msgspec.json.decode(raw, type=_Kept)
            clock.from_text(kept.ends_at)
        except (msgspec.MsgspecError, ValueError):
            return None
        return kept if kept.user == self._user else None
