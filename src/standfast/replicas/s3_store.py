"""How a bucket is reached, and what its store can do: tried once, at `replicas add`."""

from __future__ import annotations

import contextlib
import secrets
import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from standfast.errors.replicas import RefusedLocationError, ReplicaReadOnlyError, ReplicaUnreachableError

if TYPE_CHECKING:
    from obstore.store import S3Store

SCHEME = "s3://"
REQUEST_S = 300
"""A part takes 34 s at 2 Mbit/s, twice that with another beside it."""
RETRIES, RETRY_S = 6, 180
"""Of one request; whoever copies goes on by itself where a later one failed."""
PROBE_NAME = "standfast-probe"
PROBE_BYTES = 4096
RACERS = 4
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Access:
    """How a bucket is reached."""

    location: str
    """`s3://bucket/prefix`"""
    endpoint: str = ""
    """`https://…` of the store; empty for the one of the region."""
    region: str = "us-east-1"
    key_id: str = ""
    secret: str = ""
    session_token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreProbe:
    """What a store showed when it was tried."""

    create_only: bool
    """It refuses to write over a name that is taken (`If-None-Match: *`), also in a race."""
    if_match: bool
    """It refuses to replace what has changed meanwhile (`If-Match`)."""


def open_store(access: S3Access, *, retries: int = RETRIES) -> S3Store:
    """The library's client. Nothing is asked yet.

    Raises:
        RefusedLocationError: the location is no `s3://bucket/prefix`, or the endpoint would be asked in the clear.
    """
    from obstore.store import S3Store

    bucket, _, prefix = access.location.removeprefix(SCHEME).partition("/")
    if not access.location.startswith(SCHEME) or not bucket:
        raise RefusedLocationError(access.location, "a place in a bucket is written s3://bucket/prefix")
    plain = urlsplit(access.endpoint).scheme == "http"
    if plain and urlsplit(access.endpoint).hostname not in LOOPBACK:
        raise RefusedLocationError(access.location, f"{access.endpoint} is not https")
    config: dict[str, Any] = {"region": access.region}
    if access.endpoint:
        config["endpoint"] = access.endpoint
    if access.key_id:
        config |= {"access_key_id": access.key_id, "secret_access_key": access.secret}
    if access.session_token:
        config["session_token"] = access.session_token
    return S3Store(
        bucket,
        prefix=prefix.strip("/") or None,
        config=config,  # type: ignore[arg-type]
        client_options={"allow_http": plain, "timeout": f"{REQUEST_S}s", "connect_timeout": "20s"},
        retry_config={"max_retries": retries, "retry_timeout": timedelta(seconds=RETRY_S)},
    )


def probe_store(access: S3Access) -> StoreProbe:
    """Try the place: write, read back, list, write over, race; and remove what was written.

    Raises:
        RefusedLocationError: it gives back other bytes, or does not list what it holds.
        ReplicaUnreachableError, ReplicaReadOnlyError: it can't be used at all.
    """
    import obstore
    from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

    name, data = f"{PROBE_NAME}-{secrets.token_hex(8)}", secrets.token_bytes(PROBE_BYTES)
    store = open_store(access)
    # What a store does not know it may answer with an error of its own: then to ask again helps nothing.
    once = open_store(access, retries=0)
    try:
        obstore.put(store, name, data)
        if bytes(obstore.get(store, name).bytes()) != data:
            raise RefusedLocationError(access.location, "it does not give back what was written")
        if name not in [each["path"] for page in obstore.list(store) for each in page]:
            raise RefusedLocationError(access.location, "it does not list what was written")
        create_only = _refuses(once, name, "create") and _one_wins(once, f"{name}-race")
        if_match = _refuses(once, name, {"e_tag": '"0123456789abcdef0123456789abcdef"'})
        return StoreProbe(create_only=create_only, if_match=if_match)
    except (PermissionDeniedError, UnauthenticatedError) as why:
        raise ReplicaReadOnlyError(access.location, in_a_line(why)) from why
    except (BaseError, FileNotFoundError) as why:
        raise ReplicaUnreachableError(access.location, in_a_line(why)) from why
    finally:
        for each in (name, f"{name}-race"):
            with contextlib.suppress(BaseError, FileNotFoundError):
                obstore.delete(once, each)


def in_a_line(why: BaseException) -> str:
    """What the library says, without the dump of its own state that follows."""
    text = str(why).split("\n\n")[0].split("Debug source")[0].strip().replace("\n", " ")
    return text if len(text) <= 300 else f"{text[:300]}…"


def _refuses(store: S3Store, name: str, mode: Any) -> bool:
    """Whether it answers that the condition does not hold; any other error says that it does not know conditions."""
    import obstore
    from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError

    try:
        obstore.put(store, name, b"other", mode=mode)
    except (AlreadyExistsError, PreconditionError):
        return True
    except BaseError:
        return False
    return False


def _one_wins(store: S3Store, name: str) -> bool:
    """Whether of several who create the same name at once just one is told that it did."""
    import obstore
    from obstore.exceptions import BaseError

    won: list[bytes] = []
    start = threading.Barrier(RACERS)

    def race(mine: bytes) -> None:
        start.wait()
        with contextlib.suppress(BaseError):
            obstore.put(store, name, mine, mode="create")
            won.append(mine)

    crew = [threading.Thread(target=race, args=(b"%d" % number,)) for number in range(RACERS)]
    for each in crew:
        each.start()
    for each in crew:
        each.join()
    return len(won) == 1 and bytes(obstore.get(store, name).bytes()) == won[0]
