"""What is known of providers of mail: where they are, and how one logs in there. Data: providers.toml."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Literal

import msgspec


class Provider(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One provider."""

    hosts: tuple[str, ...] = ()
    """Its IMAP servers."""
    port: int = 993
    password: Literal["account", "program", "none"] = "account"
    """Whether the account's own password serves, one made for programs, or none at all."""
    device_url: str = ""
    """Where a program asks for a code that a person confirms (RFC 8628)."""
    token_url: str = ""
    scopes: tuple[str, ...] = ()
    client_id: str = ""
    """Which program asks: one's own registration with the provider."""


@functools.cache
def presets() -> Mapping[str, Provider]:
    """The providers that are known without any settings."""
    text = resources.files(__package__).joinpath("providers.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Provider])


def provider_at(host: str) -> tuple[str, Provider] | None:
    """The provider whose server that is, and its name."""
    return next(((name, each) for name, each in presets().items() if host.lower() in each.hosts), None)
