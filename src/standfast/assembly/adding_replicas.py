"""`replicas add`: whether a place is fit for a copy, and what it will be reached with."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from standfast import durable
from standfast.assembly.destinations import (
    CREDENTIALS_BYTES_LIMIT,
    Opened,
    Reach,
    credentials_path,
    open_destination,
    s3_access,
)
from standfast.assembly.office import Office, open_office
from standfast.errors.replicas import HostKeyUnknownError, RefusedLocationError
from standfast.errors.settings import NameTakenError
from standfast.replicas.local_disk import LocalDisk
from standfast.replicas.location import prepare_location
from standfast.settings import ReplicaSettings, add_replica, check_name
from standfast.vault.folder import FORMAT_NAME, check_format


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """A replica that stands in the settings now."""

    replica: ReplicaSettings
    same_disk: bool = False
    """On the vault's own disk: what takes one takes both."""


def add_replica_at(office: Office, name: str, location: str, reach: Reach) -> tuple[Office, Added]:
    """Write a replica into the settings, after trying its place. The credentials given are copied into keys/.

    Raises:
        RefusedLocationError, ReplicaUnreachableError, ReplicaReadOnlyError, ReplicaFullError: the place.
        HostKeyUnknownError: over SFTP, nobody has vouched for the host yet.
        NameTakenError, BadNameError: the name.
    """
    check_name(name)
    if name in office.settings.replicas:
        raise NameTakenError("a replica", name)
    if location.startswith("s3://"):
        added = Added(replica=_try_store(name, location, reach))
        _keep(office, added.replica, reach.credentials_file)
    elif location.startswith("sftp://"):
        added = Added(replica=_try_sftp(name, location, reach))
        _keep(office, added.replica, reach.key_file)
    elif "://" in location:
        raise RefusedLocationError(location, "a copy lies at a path, at s3://bucket/prefix or at sftp://user@host/path")
    else:
        prepared = prepare_location(Path(location), office.folder.root)
        with LocalDisk(prepared.folder) as place:
            place.probe()
        added = Added(replica=ReplicaSettings(name=name, location=str(prepared.folder)), same_disk=prepared.same_disk)
    add_replica(office.settings, added.replica)
    return open_office(office.folder.root, office.clock), added


def _try_store(name: str, location: str, reach: Reach) -> ReplicaSettings:
    from standfast.replicas.s3_store import probe_store

    if reach.credentials_file is None:
        raise RefusedLocationError(location, "unattended nights need the access key: give --credentials FILE")
    access = s3_access(location, reach)
    probed = probe_store(access)
    replica = ReplicaSettings(
        name=name,
        location=location,
        endpoint=access.endpoint,
        region="" if access.region == "us-east-1" else access.region,
        conditional=probed.create_only and probed.if_match,
    )
    with open_destination(location, reach) as place:
        _require_free(place)
    return replica


def _try_sftp(name: str, location: str, reach: Reach) -> ReplicaSettings:
    from standfast.replicas.sftp import Sftp
    from standfast.replicas.sftp_line import SftpAccess, ask_host_key, fingerprint

    if reach.key_file is None:
        raise RefusedLocationError(location, "unattended nights need a key without a passphrase: give --key-file FILE")
    host_key = reach.host_key
    if not host_key.startswith(("ssh-", "ecdsa-")):
        shown = ask_host_key(location)
        if fingerprint(shown) != host_key:
            raise HostKeyUnknownError(location, fingerprint(shown), host_key)
        host_key = shown
    with Sftp(SftpAccess(location=location, host_key=host_key, key_file=reach.key_file)) as place:
        place.probe()
        _require_free(place)
    return ReplicaSettings(name=name, location=location, host_key=host_key)


def _require_free(place: Opened) -> None:
    """Empty, or the beginning of a copy: an auditor would report other things for ever."""
    names = [name for name, _ in islice(place.list(), 1)]
    try:
        check_format(place.read(FORMAT_NAME))
    except FileNotFoundError:
        if any(not name.endswith(durable.UNFINISHED) for name in names):
            raise RefusedLocationError(
                place.location, "other things lie in it; an auditor would report them for ever"
            ) from None


def _keep(office: Office, replica: ReplicaSettings, file: Path | None) -> None:
    if file is None:
        return
    with file.open("rb") as handle:
        raw = handle.read(CREDENTIALS_BYTES_LIMIT + 1)
    if len(raw) > CREDENTIALS_BYTES_LIMIT:
        raise RefusedLocationError(replica.location, f"{file.name} is too large to be credentials")
    target = credentials_path(office.folder, replica)
    durable.make_folder(target.parent, mode=0o700)
    durable.write_atomically(target, raw, mode=0o600)
