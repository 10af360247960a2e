"""One SSH connection, made when first asked for and again after a cut, and what its errors mean.

The host is known by the key that was pinned when the replica was added, and by no other: no file of the person's own
SSH set-up is read. asyncssh does the talking, in a thread of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlsplit

from standfast.errors.replicas import (
    HostKeyChangedError,
    RefusedLocationError,
    ReplicaError,
    ReplicaFullError,
    ReplicaReadOnlyError,
    ReplicaUnreachableError,
)

if TYPE_CHECKING:
    import asyncssh

T = TypeVar("T")
SCHEME = "sftp://"
CONNECT_S = 30
ANSWER_S = 120
"""For one request; a write of a MiB takes 4 s at 2 Mbit/s."""
CIPHERS = ("aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "chacha20-poly1305@openssh.com")


@dataclass(frozen=True, slots=True, kw_only=True)
class SftpAccess:
    """How a folder on another machine is reached."""

    location: str
    """`sftp://user@host[:port]/path`; `/~/path` begins at the user's own folder."""
    host_key: str
    """The host's public key as OpenSSH writes it, `ssh-ed25519 AAAA…`."""
    key_file: Path
    """The private key to log in with, without a passphrase: nights are unattended."""

    @property
    def folder(self) -> str:
        """The path on that machine."""
        path = unquote(urlsplit(self.location).path) or "/"
        return path[3:] or "." if path.startswith("/~/") else path


class SftpLine:
    """Runs what is asked on the connection. Safe to call from several threads."""

    def __init__(self, access: SftpAccess) -> None:
        """Nothing is connected yet.

        Raises:
            RefusedLocationError: no `sftp://user@host/path`.
        """
        parts = urlsplit(access.location)
        if (
            parts.scheme != "sftp"
            or not parts.hostname
            or not parts.username
            or parts.password
            or parts.path in ("", "/")
        ):
            raise RefusedLocationError(access.location, "a folder over SFTP is written sftp://user@host/path")
        self.access = access
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._connection: asyncssh.SSHClientConnection | None = None
        self._client: asyncssh.SFTPClient | None = None

    def run(self, act: Callable[[asyncssh.SFTPClient], Awaitable[T]], *, timeout_s: float = ANSWER_S) -> T:
        """Do one thing on the connection.

        Raises:
            ReplicaUnreachableError: no connection, or it broke, or no answer in time: the next act connects again.
            HostKeyChangedError: another host answers.
            asyncssh.SFTPError: what the server said of just this.
        """
        with self._lock:
            done: T = self._wait(self._do(act), timeout_s + CONNECT_S)
            return done

    def close(self) -> None:
        """Disconnect; the next act connects again."""
        with self._lock:
            if self._loop is not None:
                with contextlib.suppress(ReplicaError):
                    self._wait(self._disconnect(), CONNECT_S)
                self._loop.call_soon_threadsafe(self._loop.stop)
                assert self._thread is not None
                self._thread.join()
                self._loop.close()
                self._loop = self._thread = None

    def _wait(self, work: Any, timeout_s: float) -> Any:
        import concurrent.futures

        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, name="sftp", daemon=True)
            self._thread.start()
        task = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return task.result(timeout_s)
        except concurrent.futures.TimeoutError as why:
            task.cancel()
            raise ReplicaUnreachableError(self.access.location, "no answer in time") from why

    async def _do(self, act: Callable[[asyncssh.SFTPClient], Awaitable[T]]) -> T:
        import asyncssh

        try:
            if self._client is None:
                self._client = await self._connect()
            return await act(self._client)
        except asyncssh.HostKeyNotVerifiable as why:
            raise HostKeyChangedError(self.access.location) from why
        except (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection, asyncssh.DisconnectError, TimeoutError) as why:
            await self._disconnect()
            raise ReplicaUnreachableError(self.access.location, _words(why)) from why
        except asyncssh.SFTPError:
            raise
        except (OSError, asyncssh.Error, ValueError) as why:
            await self._disconnect()
            raise ReplicaUnreachableError(self.access.location, _words(why)) from why

    async def _connect(self) -> asyncssh.SFTPClient:
        import asyncssh

        parts = urlsplit(self.access.location)
        self._connection = await asyncio.wait_for(
            asyncssh.connect(
                parts.hostname or "",
                parts.port or 22,
                username=unquote(parts.username or ""),
                known_hosts=([asyncssh.import_public_key(self.access.host_key)], [], []),
                client_keys=[str(self.access.key_file)],
                agent_path=None,
                config=None,
                encryption_algs=list(CIPHERS),
                compression_algs=None,
                keepalive_interval=20,
                keepalive_count_max=4,
            ),
            CONNECT_S,
        )
        # Names as bytes: a hostile server's are not always UTF-8.
        return await self._connection.start_sftp_client(path_encoding=None)

    async def _disconnect(self) -> None:
        self._client, connection, self._connection = None, self._connection, None
        if connection is not None:
            connection.abort()
            with contextlib.suppress(Exception):
                await asyncio.wait_for(connection.wait_closed(), 5)


@contextlib.contextmanager
def meaning(line: SftpLine, name: str, *, writing: bool = False) -> Iterator[None]:
    """Say what the server's errors mean for an object of the copy."""
    import asyncssh

    try:
        yield
    except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath) as why:
        raise FileNotFoundError(errno.ENOENT, "not there", name) from why
    except asyncssh.SFTPFileAlreadyExists as why:
        raise FileExistsError(errno.EEXIST, "another object stands there", name) from why
    except (asyncssh.SFTPNoSpaceOnFilesystem, asyncssh.SFTPQuotaExceeded) as why:
        raise ReplicaFullError(line.access.location) from why
    except (asyncssh.SFTPPermissionDenied, asyncssh.SFTPWriteProtect) as why:
        if writing:
            raise ReplicaReadOnlyError(line.access.location, _words(why)) from why
        raise OSError(errno.EACCES, _words(why), name) from why
    except asyncssh.SFTPError as why:
        if writing and _is_full(line):
            raise ReplicaFullError(line.access.location) from why
        raise OSError(errno.EIO, _words(why), name) from why


def ask_host_key(location: str) -> str:
    """The key that the host at a location shows now, for a person to compare: nothing vouches for it.

    Raises:
        ReplicaUnreachableError: nobody answers.
        RefusedLocationError: no `sftp://user@host/path`.
    """
    import asyncssh

    parts = urlsplit(location)
    if parts.scheme != "sftp" or not parts.hostname:
        raise RefusedLocationError(location, "a folder over SFTP is written sftp://user@host/path")
    asked = asyncssh.get_server_host_key(parts.hostname, parts.port or 22, config=None)
    try:
        key = asyncio.run(asyncio.wait_for(asked, CONNECT_S))
    except (OSError, asyncssh.Error, TimeoutError) as why:
        raise ReplicaUnreachableError(location, _words(why)) from why
    if key is None:
        raise ReplicaUnreachableError(location, "the host showed no key")
    return " ".join(key.export_public_key().decode("ascii").split()[:2])


def fingerprint(host_key: str) -> str:
    """As `ssh-keygen -l` shows it: `SHA256:…`."""
    import asyncssh

    return asyncssh.import_public_key(host_key).get_fingerprint()


def _is_full(line: SftpLine) -> bool:
    """The version of the protocol that everybody speaks has one word for all failures: look whether there is room."""
    try:
        there = line.run(lambda client: client.statvfs(line.access.folder.encode()))
    except Exception:
        return False
    return bool(there.bavail == 0)


def _words(why: BaseException) -> str:
    return str(why) or type(why).__name__
