"""standfast.toml: what is protected, and where the copies are. It holds no secret.

Every key is known or an error: a slip there could leave something unprotected. `SETTINGS` is the whole list;
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
import tomlkit

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


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of standfast.toml, for the documentation."""

    key: str
    default: str
    unit: str
    meaning: str


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


SETTINGS: tuple[Setting, ...] = (
    Setting("vault.name", "", "", "What the organisation calls this vault; asked for by `init`."),
    Setting("vault.pack_mib", "64", "MiB", "A pack of this size is full. Smaller for bad lines: a cut costs one."),
    Setting("vault.shares", "", "", "How many recovery shares open, of how many, as `2/3`; written by `init`."),
    Setting("origins.NAME.kind", "", "", "`files`, `web`, `mail` or `export`; written by `add`."),
    Setting(
        "origins.NAME.path", "", "", "Files: the folder, absolute, links kept and never followed. Export: the file."
    ),
    Setting("origins.NAME.form", "", "", "Export: what it is, as `add export --kind` takes it; else it shows in it."),
    Setting(
        "origins.NAME.signatures",
        "recent",
        "",
        "Mail, export: whose DKIM and ARC are checked: `recent` (30 days), `all` or `none`. DNS hears who wrote.",
    ),
    Setting(
        "origins.NAME.exclude",
        "[]",
        "",
        "What is left out: files as in .gitignore, addresses and folders of mail with `*`.",
    ),
    Setting("origins.NAME.one_file_system", "true", "", "Files: do not go into what is mounted below the folder."),
    Setting("origins.NAME.url", "", "", "Web: the first page, and what is below it. Mail: `imaps://user@host[:port]`."),
    Setting("origins.NAME.mine", "false", "", "Web: one's own site; robots.txt is not obeyed, and the record says so."),
    Setting("origins.NAME.also", "[]", "", "Web: further hosts that are part of the site."),
    Setting("origins.NAME.max_pages", "20000", "addresses", "Web: how many are asked for in a run."),
    Setting("origins.NAME.max_bytes", "21474836480", "bytes", "Web: of all answers of a run together."),
    Setting("origins.NAME.max_answer_bytes", "536870912", "bytes", "Web: of one answer, also when unpacked."),
    Setting("origins.NAME.max_depth", "50", "links", "Web: how far from the first page."),
    Setting("origins.NAME.max_duration_s", "21600", "seconds", "Web: how long a run takes."),
    Setting(
        "origins.NAME.engine",
        "auto",
        "",
        "Web: `auto` opens pages in a browser where that brings more, `plain` none, `browser` all of them.",
    ),
    Setting("origins.NAME.screenshots", "browser", "", "Web: `browser` pictures the pages that it opens, or `none`."),
    Setting("origins.NAME.rate", "8.0", "requests a second", "Web: to one host."),
    Setting("origins.NAME.password_file", "", "", "Mail: its first line is the password; 0600."),
    Setting(
        "origins.NAME.password_command", "", "", "Mail: run by the shell; its first line of output is the password."
    ),
    Setting("origins.NAME.oauth", "", "", "Mail: log in by OAuth 2 with this provider's preset, or `[oauth.NAME]`."),
    Setting(
        "origins.NAME.pinned_sha256", "", "", "Mail: trust just the certificate with this SHA-256 (of its DER form)."
    ),
    Setting("origins.NAME.also_contacts", "", "", "Mail: the account's address book (CardDAV), an https address."),
    Setting("origins.NAME.also_calendar", "", "", "Mail: the account's calendars (CalDAV), an https address."),
    Setting("origins.NAME.connections", "2", "connections", "Mail: how many at once, if the server allows them."),
    Setting("origins.NAME.max_message_bytes", "268435456", "bytes", "Mail: a larger message is not taken, and told."),
    Setting(
        "replicas.NAME.location",
        "",
        "",
        "Where the copy is: a path on this machine, `s3://bucket/prefix`, or `sftp://user@host[:port]/path`.",
    ),
    Setting("replicas.NAME.endpoint", "", "", "S3: the store's https address; without it, the one of the region."),
    Setting("replicas.NAME.region", "us-east-1", "", "S3: the store's region."),
    Setting(
        "replicas.NAME.conditional",
        "true",
        "",
        "S3: the store knows create-only and If-Match; written by `replicas add`, which tries it.",
    ),
    Setting("replicas.NAME.host_key", "", "", "SFTP: the host's public key, pinned by `replicas add`."),
    Setting("oauth.NAME.client_id", "", "", "Your own registration with a provider of mail; it is no secret."),
    Setting("oauth.NAME.device_url", "", "", "Where a code to confirm is asked for (RFC 8628), without a preset."),
    Setting("oauth.NAME.token_url", "", "", "Where a token is asked for, without a preset."),
    Setting("oauth.NAME.scopes", "[]", "", "What is asked for, without a preset: the right to read mail by IMAP."),
    Setting("cosigners.NAME.vkeys", "", "", "Its public keys, at most one of each family; written by `cosigners add`."),
    Setting("cosigners.NAME.url", "", "", "Where it is asked; without one, by files (`cosigners request`, `import`)."),
    Setting("cosigners.NAME.organisation", "", "", "Who runs it: organisations count, not keys. Else its name."),
    Setting(
        "cosigning.quorum", "0", "organisations", "How many must have cosigned; 0: the fewest that stand one liar."
    ),
    Setting(
        "cosigning.rhythm_hours", "24", "hours", "Cosigners are asked again after this, also when nothing changed."
    ),
    Setting("cosigning.understood", "false", "", "A quorum that tolerates no liar was taken with `--i-understand`."),
    Setting("timestamps.NAME.url", "", "", "Where the authority is asked (RFC 3161); written by `timestamps add`."),
    Setting("timestamps.NAME.roots", "", "", "Its root certificates, PEM, in the vault's folder: what is expected."),
    Setting("timestamps.NAME.ca", "", "", "For an https address that no public authority vouches for: its own, PEM."),
    Setting("stamping.ageing", "[]", "", "What no stamp may rest on any more, as `sha256` or `rsa`: renewed at once."),
)
