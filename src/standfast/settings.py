"""standfast.toml: what is protected, and where the copies are. It holds no secret.

Every key is known or an error: a slip there could leave something unprotected. `settings_list` is the whole list;
docs/settings.md is made from it, and a test compares it with the fields below.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from standfast import durable
from standfast.capture.origin import ExportOrigin, FilesOrigin, MailOrigin, WebOrigin
from standfast.errors.settings import (
    BadNameError,
    BadSettingError,
    NameTakenError,
    UnknownSettingError,
    UnreadableSettingsError,
)
from standfast.holdings.identifiers import ORIGIN_NAME
from standfast.settings_list import SETTINGS as SETTINGS

FILE_LIMIT = 1024 * 1024
Origin = FilesOrigin | WebOrigin | MailOrigin | ExportOrigin
ORIGIN_KINDS: dict[str, type[Origin]] = {
    "files": FilesOrigin,
    "web": WebOrigin,
    "mail": MailOrigin,
    "export": ExportOrigin,
}
RESERVED_ORIGIN = "standfast"
"""Standfast's own items (drills, custody events) come from an origin of this name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultSettings:
    """Table `[vault]`."""

    name: str
    pack_mib: int = 64
    shares: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaSettings:
    """Table `[replicas.NAME]`."""

    name: str
    location: str
    """A path on this machine, `s3://bucket/prefix`, or `sftp://user@host[:port]/path`."""
    endpoint: str = ""
    region: str = ""
    conditional: bool = True
    host_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthSettings:
    """Table `[oauth.NAME]`: how this program is known to a provider of mail. A client id is no secret."""

    name: str
    client_id: str
    device_url: str = ""
    token_url: str = ""
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CosignerSettings:
    """Table `[cosigners.NAME]`."""

    name: str
    vkeys: tuple[str, ...]
    url: str = ""
    organisation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CosigningSettings:
    """Table `[cosigning]`."""

    quorum: int = 0
    rhythm_hours: int = 24
    understood: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthoritySettings:
    """Table `[timestamps.NAME]`."""

    name: str
    url: str
    roots: str = ""
    ca: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StampingSettings:
    """Table `[stamping]`."""

    ageing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All of standfast.toml."""

    file: Path
    text: str
    vault: VaultSettings
    origins: Mapping[str, Origin] = field(default_factory=dict)
    replicas: Mapping[str, ReplicaSettings] = field(default_factory=dict)
    cosigners: Mapping[str, CosignerSettings] = field(default_factory=dict)
    cosigning: CosigningSettings = CosigningSettings()
    oauth: Mapping[str, OAuthSettings] = field(default_factory=dict)
    timestamps: Mapping[str, AuthoritySettings] = field(default_factory=dict)
    stamping: StampingSettings = StampingSettings()


T = TypeVar("T")


def read_settings(file: Path) -> Settings:
    """Read and check the whole file.

    Raises:
        UnreadableSettingsError: no file, no UTF-8, no TOML, or over 1 MiB.
        UnknownSettingError, BadSettingError, BadNameError: a key or a value that can't be.
    """
    try:
        with file.open("rb") as handle:
            raw = handle.read(FILE_LIMIT + 1)
        if len(raw) > FILE_LIMIT:
            raise UnreadableSettingsError(file, "larger than 1 MiB")
        return parse_settings(raw.decode("utf-8"), file)
    except (OSError, UnicodeDecodeError) as why:
        raise UnreadableSettingsError(file, str(why)) from why


def parse_settings(text: str, file: Path) -> Settings:
    """As `read_settings`, from the text itself; `file` is for what errors say."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as why:
        raise UnreadableSettingsError(file, str(why)) from why
    known = ["vault", "origins", "replicas", "cosigners", "cosigning", "oauth", "timestamps", "stamping"]
    for key in tables:
        if key not in known:
            raise UnknownSettingError(file, key, known)
    if "vault" not in tables:
        raise BadSettingError(file, "vault", "the table is missing")
    origins = {}
    for name, table in _named(tables, "origins", file):
        kind = table.pop("kind", None)
        if kind not in ORIGIN_KINDS:
            raise BadSettingError(file, f"origins.{name}.kind", f"one of {', '.join(sorted(ORIGIN_KINDS))}")
        origins[name] = _value(ORIGIN_KINDS[kind], {"name": name, **table}, f"origins.{name}", file)
    replicas = {
        name: _value(ReplicaSettings, {"name": name, **table}, f"replicas.{name}", file)
        for name, table in _named(tables, "replicas", file)
    }
    oauth = {
        name: _value(OAuthSettings, {"name": name, **table}, f"oauth.{name}", file)
        for name, table in _named(tables, "oauth", file)
    }
    cosigners, cosigning = _cosigners(tables, file)
    timestamps = {
        name: _value(AuthoritySettings, {"name": name, **table}, f"timestamps.{name}", file)
        for name, table in _named(tables, "timestamps", file)
    }
    stamping = _value(StampingSettings, dict(_table(tables, "stamping", file)), "stamping", file)
    vault = _value(VaultSettings, dict(tables["vault"]), "vault", file)
    if not 8 <= vault.pack_mib <= 512:
        raise BadSettingError(file, "vault.pack_mib", "between 8 and 512")
    return Settings(
        file=file,
        text=text,
        vault=vault,
        origins=origins,
        replicas=replicas,
        cosigners=cosigners,
        cosigning=cosigning,
        oauth=oauth,
        timestamps=timestamps,
        stamping=stamping,
    )


def new_settings_text(name: str, shares: str) -> str:
    """The file of a new vault."""
    import tomlkit

    document = tomlkit.document()
    document.add(tomlkit.comment("Standfast's settings. No secret stands here. Keys: docs/settings.md"))
    document.add("vault", tomlkit.item({"name": name, "shares": shares}))
    return tomlkit.dumps(document)


def add_origin(settings: Settings, origin: Origin) -> str:
    """Write one more origin, keeping what a person wrote as it is. Returns the new text.

    Raises:
        BadNameError, NameTakenError: the name.
    """
    if origin.name in settings.origins or origin.name == RESERVED_ORIGIN:
        raise NameTakenError("an origin", origin.name)
    kind = next(kind for kind, cls in ORIGIN_KINDS.items() if isinstance(origin, cls))
    return _add(settings, "origins", origin.name, {"kind": kind, **_told(origin)})


def add_replica(settings: Settings, replica: ReplicaSettings) -> str:
    """Write one more replica; as `add_origin`."""
    if replica.name in settings.replicas:
        raise NameTakenError("a replica", replica.name)
    return _add(settings, "replicas", replica.name, _told(replica))


def add_cosigner(settings: Settings, cosigner: CosignerSettings) -> str:
    """Write one more cosigner; as `add_origin`."""
    if cosigner.name in settings.cosigners:
        raise NameTakenError("a cosigner", cosigner.name)
    return _add(settings, "cosigners", cosigner.name, _told(cosigner))


def add_authority(settings: Settings, authority: AuthoritySettings) -> str:
    """Write one more time-stamping authority; as `add_origin`."""
    if authority.name in settings.timestamps:
        raise NameTakenError("a time-stamping authority", authority.name)
    return _add(settings, "timestamps", authority.name, _told(authority))


def set_cosigning(settings: Settings, cosigning: CosigningSettings) -> str:
    """Write the table `[cosigning]` in place of what it says now. Returns the new text."""
    import tomlkit  # a night only reads

    document = tomlkit.parse(settings.text)
    document["cosigning"] = {each.name: getattr(cosigning, each.name) for each in dataclasses.fields(cosigning)}
    text = tomlkit.dumps(document)
    parse_settings(text, settings.file)
    durable.write_atomically(settings.file, text.encode())
    return text


def check_name(name: str) -> str:
    """The name, when it can stand in settings, commands and file names.

    Raises:
        BadNameError: it can't.
    """
    if not ORIGIN_NAME.fullmatch(name):
        raise BadNameError(name)
    return name


def _add(settings: Settings, section: str, name: str, table: dict[str, Any]) -> str:
    check_name(name)
    import tomlkit  # a night only reads

    document = tomlkit.parse(settings.text)
    if section not in document:
        document.add(section, tomlkit.table(is_super_table=True))
    document[section][name] = table
    text = tomlkit.dumps(document)
    parse_settings(text, settings.file)
    durable.write_atomically(settings.file, text.encode())
    return text


def _told(value: Any) -> dict[str, Any]:
    """The fields that differ from their defaults, for the file; the name is the table's."""
    out = {}
    for each in dataclasses.fields(value):
        said = getattr(value, each.name)
        default = each.default_factory() if each.default_factory is not dataclasses.MISSING else each.default
        if each.name != "name" and said != default:
            out[each.name] = list(said) if isinstance(said, tuple) else said
    return out


def _cosigners(tables: Mapping[str, Any], file: Path) -> tuple[dict[str, CosignerSettings], CosigningSettings]:
    cosigners = {
        name: _value(CosignerSettings, {"name": name, **table}, f"cosigners.{name}", file)
        for name, table in _named(tables, "cosigners", file)
    }
    cosigning = _value(CosigningSettings, dict(_table(tables, "cosigning", file)), "cosigning", file)
    if cosigning.quorum < 0 or not 1 <= cosigning.rhythm_hours <= 8_760:
        raise BadSettingError(file, "cosigning", "a quorum of 0 or more, and a rhythm of 1 to 8760 hours")
    return cosigners, cosigning


def _table(tables: Mapping[str, Any], section: str, file: Path) -> Mapping[str, Any]:
    found = tables.get(section, {})
    if not isinstance(found, dict):
        raise BadSettingError(file, section, "a table")
    return found


def _named(tables: Mapping[str, Any], section: str, file: Path) -> list[tuple[str, dict[str, Any]]]:
    found = tables.get(section, {})
    if not isinstance(found, dict) or not all(isinstance(each, dict) for each in found.values()):
        raise BadSettingError(file, section, "a table of tables")
    for name in found:
        check_name(name)
    return [(name, dict(table)) for name, table in found.items()]


def _value(kind: type[T], table: dict[str, Any], where: str, file: Path) -> T:
    known = [each.name for each in dataclasses.fields(kind)]  # type: ignore[arg-type]
    for key in table:
        if key not in known:
            raise UnknownSettingError(file, f"{where}.{key}", known)
    try:
        return msgspec.convert(table, kind)
    except (msgspec.ValidationError, ValueError) as why:
        raise BadSettingError(file, where, str(why)) from why
