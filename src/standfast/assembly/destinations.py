"""Which destination serves which location, and what it is reached with."""

from __future__ import annotations

import configparser
import os
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from standfast.assembly.office import Office
from standfast.errors.replicas import RefusedLocationError
from standfast.replicas.destination import Destination
from standfast.replicas.local_disk import LocalDisk
from standfast.replicas.reading import CopySource
from standfast.settings import ReplicaSettings
from standfast.vault.folder import VaultFolder
from standfast.vault.source import FolderSource, Source

if TYPE_CHECKING:
    from standfast.replicas.s3_store import S3Access

CREDENTIALS_BYTES_LIMIT = 64 * 1024


class Opened(Destination, AbstractContextManager["Opened"], Protocol):
    """A destination that is closed when the `with` ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What a place on another machine is reached with, besides its location."""

    endpoint: str = ""
    region: str = ""
    credentials_file: Path | None = None
    """S3: a file of the form that most programs read, `aws_access_key_id = …` and `aws_secret_access_key = …`."""
    conditional: bool = True
    key_file: Path | None = None
    """SFTP: a private key without a passphrase."""
    host_key: str = ""
    """SFTP: the host's public key."""


def open_destination(location: str, reach: Reach | None = None) -> Opened:
    """The destination at a location: a path on this machine, `s3://bucket/prefix`, or `sftp://user@host/path`.

    Raises:
        RefusedLocationError: it is none of these, or what it is reached with is missing.
    """
    reach = reach or Reach()
    if location.startswith("s3://"):
        from standfast.replicas.s3 import S3

        return S3(s3_access(location, reach), conditional=reach.conditional)
    if location.startswith("sftp://"):
        from standfast.replicas.sftp import Sftp
        from standfast.replicas.sftp_line import SftpAccess

        if not reach.key_file or not reach.host_key:
            raise RefusedLocationError(location, "over SFTP, a key file and the host's key are needed")
        return Sftp(SftpAccess(location=location, host_key=reach.host_key, key_file=reach.key_file))
    if "://" in location:
        raise RefusedLocationError(location, "a copy lies at a path, at s3://bucket/prefix or at sftp://user@host/path")
    return LocalDisk(Path(location))


def open_replica(office: Office, name: str) -> Opened:
    """A replica of the settings, with the credentials that lie in keys/."""
    replica = office.settings.replicas[name]
    return open_destination(replica.location, reach_of(office.folder, replica))


def reach_of(folder: VaultFolder, replica: ReplicaSettings) -> Reach:
    """What a replica of the settings is reached with."""
    credentials = credentials_path(folder, replica)
    return Reach(
        endpoint=replica.endpoint,
        region=replica.region,
        credentials_file=credentials if replica.location.startswith("s3://") else None,
        conditional=replica.conditional,
        key_file=credentials if replica.location.startswith("sftp://") else None,
        host_key=replica.host_key,
    )


def credentials_path(folder: VaultFolder, replica: ReplicaSettings) -> Path:
    """Where a replica's credentials lie: 0600, beside the log's keys."""
    return folder.keys / "replicas" / replica.name


def is_local(location: str) -> bool:
    """Whether a location is a path on this machine."""
    return "://" not in location


def open_own(holdings: Path) -> LocalDisk:
    """The vault's own holdings, as one more copy."""
    return LocalDisk(holdings)


def source_of(copy: Destination) -> Source:
    """A copy to read packs from."""
    return FolderSource(Path(copy.location)) if isinstance(copy, LocalDisk) else CopySource(copy)


def s3_access(location: str, reach: Reach) -> S3Access:
    """How a bucket is reached: from the credentials file, else from the environment as other programs read it.

    Raises:
        RefusedLocationError: there are no credentials, or they can't be read.
    """
    from standfast.replicas.s3_store import S3Access

    if reach.credentials_file is None:
        told = {name: os.environ.get(f"AWS_{name.upper()}", "") for name in _WORDS}
    else:
        told = _read_credentials(location, reach.credentials_file)
    if not told["access_key_id"] or not told["secret_access_key"]:
        raise RefusedLocationError(location, "the access key and its secret are not given")
    return S3Access(
        location=location,
        endpoint=reach.endpoint or told["endpoint_url"],
        region=reach.region or told["region"] or "us-east-1",
        key_id=told["access_key_id"],
        secret=told["secret_access_key"],
        session_token=told["session_token"],
    )


_WORDS = ("access_key_id", "secret_access_key", "session_token", "endpoint_url", "region")


def _read_credentials(location: str, file: Path) -> dict[str, str]:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        with file.open(encoding="utf-8") as handle:
            text = handle.read(CREDENTIALS_BYTES_LIMIT)
        parser.read_string(text if text.lstrip().startswith("[") else f"[default]\n{text}")
    except (OSError, UnicodeDecodeError, configparser.Error) as why:
        raise RefusedLocationError(location, f"{file.name} can't be read as credentials: {type(why).__name__}") from why
    section = parser["default"] if parser.has_section("default") else parser[next(iter(parser.sections()), "DEFAULT")]
    return {name: section.get(f"aws_{name}", section.get(name, "")) for name in _WORDS}
