"""A SQLite database whose every page is encrypted and authenticated (SQLCipher 4: AES-256-CBC with HMAC-SHA512)."""

from __future__ import annotations

from pathlib import Path
from sqlite3 import Connection
from typing import cast

KEY_BYTES = 32


class SealedDatabaseError(Exception):
    """The file does not open with this key: another one, or damaged."""


def database_errors() -> tuple[type[Exception], ...]:
    """What such a database raises when it is damaged, or when the disk does not take it: for an `except`."""
    from sqlcipher3 import dbapi2

    return (dbapi2.Error,)


def open_sealed_database(path: Path, key: bytes) -> Connection:
    """Open or make the database. What SQLite puts beside it for a while is memory or encrypted too.

    Args:
        path: of the file; nothing in it is readable without the key, its length aside.
        key: 32 bytes, used as they are.

    Raises:
        SealedDatabaseError: it is there, and it does not open.
    """
    from sqlcipher3 import dbapi2

    if len(key) != KEY_BYTES:
        raise ValueError(f"a key is {KEY_BYTES} bytes")
    connection = cast(Connection, dbapi2.connect(str(path), isolation_level=None))
    try:
        connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except dbapi2.DatabaseError as why:
        connection.close()
        raise SealedDatabaseError(str(why)) from why
    return connection
