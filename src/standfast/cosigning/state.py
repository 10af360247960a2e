"""What a cosigner has cosigned, in SQLite: asked, checked and kept in ONE transaction, and only then answered.

    log        origin, SHA-256 of it, vkey             which keys are trusted for which log
    cosigned   origin, size, root, time, note          one row a size: the database itself refuses a second root
    evidence   origin, size, why, known, request       log-signed requests that contradict what was cosigned

The greatest size of a log is where it stands. A kill at any moment leaves a row that was committed, whose answer may
not have gone out (the log asks again and gets one), or no row and no answer. Durability is SQLite's, with
`synchronous=EXTRA`: journal, database and folder are forced before the commit returns. It stays one file when idle,
so that who copies it copies all of it.

What remains: an older copy of this file, brought back, forgets. Then the cosigner must be retired.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from standfast.clock import Clock
from standfast.cosigning.identity import STATE_NAME
from standfast.cosigning.judge import Request, judge, nothing_of, read_request, verify_log
from standfast.errors.cosigning import (
    CosignerStateError,
    MalformedRequestError,
    NotCosignedError,
    OtherSizeError,
)
from standfast.tlog.checkpoint import Checkpoint
from standfast.tlog.cosign import Cosigner
from standfast.tlog.note import VerifierKey, parse_vkey
from standfast.tlog.policy import LOG_KINDS

BUSY_TIMEOUT_S = 10.0
NOTES_KEPT = 1_000
"""Of each log, this many signed checkpoints are kept to show beside a contradiction; of older ones, the roots."""
EVIDENCE_KEPT = 100
"""Of each log: the first ones are the evidence, what an attacker adds later is more of the same."""

_SCHEMA = """
CREATE TABLE identity (vkey TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE log (origin TEXT, hash TEXT, vkey TEXT, PRIMARY KEY (origin, vkey)) WITHOUT ROWID;
CREATE TABLE cosigned (
    origin TEXT, size INTEGER, root BLOB NOT NULL, time_s INTEGER NOT NULL, note BLOB, PRIMARY KEY (origin, size)
);
CREATE TRIGGER one_root BEFORE UPDATE ON cosigned WHEN new.root <> old.root OR new.size <> old.size
    BEGIN SELECT raise(ABORT, 'a second root for one size'); END;
CREATE TRIGGER no_way_back BEFORE DELETE ON cosigned
    BEGIN SELECT raise(ABORT, 'what was cosigned is not forgotten'); END;
CREATE TABLE evidence (
    digest TEXT PRIMARY KEY, origin TEXT, size INTEGER, found_s INTEGER, why TEXT, two_roots INTEGER, known BLOB,
    request BLOB
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogView:
    """One log that this cosigner knows."""

    origin: str
    vkeys: tuple[str, ...]
    size: int
    """Leaves of the checkpoint cosigned last; 0 where none was."""
    root: bytes
    cosigned_at: datetime | None
    evidence_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A request that the log signed and that contradicts what was cosigned."""

    origin: str
    size: int
    found_at: datetime
    why: str
    two_roots: bool
    """Both notes are of one size and have different roots: with the log's keys, anybody can see that it lied."""
    known: bytes
    """The signed checkpoint that it contradicts; empty where only its root is still kept."""
    request: bytes
    """As it came in: proof and signed checkpoint."""


@dataclass(frozen=True, slots=True)
class _Row:
    checkpoint: Checkpoint
    time_s: int
    note: bytes


def make_state(folder: Path) -> None:
    """A new, empty database; `CosignerState.bind` tells it whose it is.

    Raises:
        CosignerStateError: one lies there already, or the disk could not take it.
    """
    path = folder / STATE_NAME
    if path.exists():
        raise CosignerStateError(folder, f"there is a {STATE_NAME} already")
    try:
        with contextlib.closing(sqlite3.connect(path)) as database:
            database.executescript(_SCHEMA)
        path.chmod(0o600)
    except (sqlite3.Error, OSError) as why:
        raise CosignerStateError(folder, str(why)) from why


class CosignerState:
    """The state of one cosigner. Safe to call from several threads and processes: each call has its own connection."""

    def __init__(self, folder: Path, cosigner: Cosigner, clock: Clock) -> None:
        """Nothing is opened yet."""
        self._folder, self._cosigner, self._clock = folder, cosigner, clock

    def bind(self) -> None:
        """Tell a new database whose it is."""
        with self._open(bound=False) as database, _transaction(database):
            database.executemany("INSERT INTO identity VALUES (?)", [(vkey,) for vkey in self._cosigner.vkeys])

    def require(self) -> None:
        """Require a database that is whole enough to answer, and this cosigner's.

        Raises:
            CosignerStateError: it is missing, damaged or another's.
        """
        with self._open() as database:
            database.execute("SELECT count(*) FROM log").fetchone()

    def trust(self, vkeys: Sequence[str]) -> list[str]:
        """Know these keys of logs from now on; a log's name is its keys' name.

        Returns:
            The origins, each once.

        Raises:
            MalformedNoteError: one is no vkey.
            MalformedRequestError: one is of a kind that logs do not sign with.
        """
        keys = [parse_vkey(each) for each in vkeys]
        for key in keys:
            if key.kind not in LOG_KINDS or key.public in {own.public for own in self._cosigner.keys}:
                raise MalformedRequestError(f"{key.label()} is no key of a log")
        rows = [(key.name, hashlib.sha256(key.name.encode()).hexdigest(), key.text()) for key in keys]
        with self._open() as database, _transaction(database):
            database.executemany("INSERT OR IGNORE INTO log VALUES (?, ?, ?)", rows)
        return list(dict.fromkeys(key.name for key in keys))

    def cosign(self, raw: bytes) -> bytes:
        """Judge a request, keep what is cosigned, and give the answer's lines.

        Raises:
            CosigningError: by the step of `judge` that failed; a contradiction is kept as evidence.
            CosignerStateError: nothing was cosigned.
        """
        request = read_request(raw)
        refused: NotCosignedError | OtherSizeError | MalformedRequestError
        with self._open() as database, _transaction(database):
            note = verify_log(request, self._keys(database, request.untrusted.origin))
            last = self._last(database, request.untrusted.origin)
            try:
                return self._sign(database, judge(request, last.checkpoint), note, last)
            except (NotCosignedError, OtherSizeError, MalformedRequestError) as why:
                self._keep_evidence(database, request, raw, last, why)
                refused = why
        raise refused

    def find_checkpoint(self, origin_hash: str) -> bytes | None:
        """What the monitoring endpoint shows: the note cosigned last, with the log's and this cosigner's lines."""
        with self._open() as database:
            row = database.execute(
                "SELECT note FROM cosigned WHERE origin = (SELECT origin FROM log WHERE hash = ?) "
                "ORDER BY size DESC LIMIT 1",
                (origin_hash,),
            ).fetchone()
        return bytes(row[0]) if row else None

    def logs(self) -> list[LogView]:
        """Every log that is known, by name."""
        with self._open() as database:
            views = []
            for (origin,) in database.execute("SELECT DISTINCT origin FROM log ORDER BY origin").fetchall():
                last = self._last(database, origin)
                views.append(
                    LogView(
                        origin=origin,
                        vkeys=tuple(key.text() for key in self._keys(database, origin)),
                        size=last.checkpoint.size,
                        root=last.checkpoint.root,
                        cosigned_at=datetime.fromtimestamp(last.time_s, UTC) if last.time_s else None,
                        evidence_count=_count(database, origin),
                    )
                )
        return views

    def evidence(self) -> list[Evidence]:
        """All that was kept, the oldest first."""
        with self._open() as database:
            rows = database.execute(
                "SELECT origin, size, found_s, why, two_roots, known, request FROM evidence ORDER BY found_s, digest"
            ).fetchall()
        return [
            Evidence(
                origin=row[0],
                size=row[1],
                found_at=datetime.fromtimestamp(row[2], UTC),
                why=row[3],
                two_roots=bool(row[4]),
                known=bytes(row[5]),
                request=bytes(row[6]),
            )
            for row in rows
        ]

    def _sign(self, database: sqlite3.Connection, checkpoint: Checkpoint, note: bytes, last: _Row) -> bytes:
        at = self._clock()
        if at.timestamp() < last.time_s:
            said = datetime.fromtimestamp(last.time_s, UTC)
            raise CosignerStateError(self._folder, f"its clock says {at:%Y-%m-%d %H:%M:%S}, and it signed at {said}")
        answer = "".join(line.text() for line in self._cosigner.cosign(checkpoint, at)).encode()
        kept = database.execute(
            "INSERT INTO cosigned VALUES (?, ?, ?, ?, ?) ON CONFLICT (origin, size) "
            "DO UPDATE SET time_s = excluded.time_s, note = excluded.note WHERE root = excluded.root",
            (checkpoint.origin, checkpoint.size, checkpoint.root, int(at.timestamp()), note + answer),
        )
        if kept.rowcount != 1:
            raise CosignerStateError(self._folder, f"it has another root for {checkpoint.size} leaves")
        database.execute(
            "UPDATE cosigned SET note = NULL WHERE origin = ?1 AND size = "
            "(SELECT size FROM cosigned WHERE origin = ?1 ORDER BY size DESC LIMIT 1 OFFSET ?2)",
            (checkpoint.origin, NOTES_KEPT),
        )
        return answer

    def _keep_evidence(
        self,
        database: sqlite3.Connection,
        request: Request,
        raw: bytes,
        last: _Row,
        why: NotCosignedError | OtherSizeError | MalformedRequestError,
    ) -> None:
        """Keep a contradiction: another root for a size that was cosigned, or a proof that fails."""
        new = request.untrusted
        same = database.execute(
            "SELECT root, note FROM cosigned WHERE origin = ? AND size = ?", (new.origin, new.size)
        ).fetchone()
        two_roots = same is not None and bytes(same[0]) != new.root
        if not two_roots and not isinstance(why, NotCosignedError):
            return
        # Anybody can send a proof that fails with a checkpoint that is published: that must not crowd out two roots.
        kept = database.execute(
            "SELECT count(*) FROM evidence WHERE origin = ? AND two_roots = ?", (new.origin, two_roots)
        ).fetchone()[0]
        if kept >= EVIDENCE_KEPT:
            return
        known = bytes(same[1] or b"") if same is not None and two_roots else last.note
        told = f"{new.size} leaves with another root than the one cosigned before" if two_roots else str(why)
        digest = hashlib.sha256(request.untrusted_note.untrusted_text.encode()).hexdigest()
        found_s = int(self._clock().timestamp())
        database.execute(
            "INSERT INTO evidence VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (digest) DO UPDATE SET "
            "why = excluded.why, two_roots = excluded.two_roots, known = excluded.known, request = excluded.request "
            "WHERE excluded.two_roots AND NOT evidence.two_roots",
            (digest, new.origin, new.size, found_s, told, two_roots, known, raw),
        )

    def _keys(self, database: sqlite3.Connection, origin: str) -> list[VerifierKey]:
        rows = database.execute("SELECT vkey FROM log WHERE origin = ? ORDER BY vkey", (origin,)).fetchall()
        return [parse_vkey(row[0]) for row in rows]

    def _last(self, database: sqlite3.Connection, origin: str) -> _Row:
        row = database.execute(
            "SELECT size, root, time_s, note FROM cosigned WHERE origin = ? ORDER BY size DESC LIMIT 1", (origin,)
        ).fetchone()
        if row is None:
            return _Row(nothing_of(origin), 0, b"")
        return _Row(Checkpoint(origin, row[0], bytes(row[1])), row[2], bytes(row[3]))

    @contextlib.contextmanager
    def _open(self, *, bound: bool = True) -> Iterator[sqlite3.Connection]:
        path = self._folder / STATE_NAME
        if not path.is_file():
            raise CosignerStateError(self._folder, f"there is no {STATE_NAME}: what was cosigned is not known")
        try:
            # Never made here: a lost database is no new one.
            database = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None
            )
            with contextlib.closing(database):
                database.execute("PRAGMA synchronous = EXTRA")
                if bound:
                    named = {row[0] for row in database.execute("SELECT vkey FROM identity")}
                    if named != set(self._cosigner.vkeys):
                        raise CosignerStateError(self._folder, f"{STATE_NAME} belongs to another key")
                yield database
        except sqlite3.Error as why:
            raise CosignerStateError(self._folder, f"{STATE_NAME}: {why}") from why


@contextlib.contextmanager
def _transaction(database: sqlite3.Connection) -> Iterator[None]:
    """Be the one writer from here to the commit, which is on the disk when this ends."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


def _count(database: sqlite3.Connection, origin: str) -> int:
    found = database.execute("SELECT count(*) FROM evidence WHERE origin = ?", (origin,)).fetchone()
    return int(found[0])
