"""A release: the claims that become public together, with an id, a difference to the one before, and a manifest.

The manifest is canonical JSON; its id is the hash of its bytes. Logging it is a port: assembly puts the manifest into
the vault as an item, so that the log's signed checkpoint commits to it. A manifest names size and digest of the data
files as they stood before its own lines were added to acts.jsonl; claims.jsonl and acts.jsonl only grow, so `check`
can compare their beginnings for ever.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

import msgspec

from standfast import clock, durable
from standfast.errors.register import MalformedRegisterError, NotPublishableError, UnknownEntryError
from standfast.holdings.canonical import canonical_bytes
from standfast.register import store
from standfast.register.check import Problem
from standfast.register.confidence import rests_on_rewrites
from standfast.register.entry import Act
from standfast.register.store import RegisterData
from standfast.register.view import WITHDRAWN, Entry, View

GROWING = ("claims.jsonl", "acts.jsonl")


class FileState(msgspec.Struct, frozen=True, kw_only=True):
    """A data file at a release."""

    sha256: str
    size_bytes: int


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """A published claim that another replaced."""

    old: str
    new: str
    kind: str


class Release(msgspec.Struct, frozen=True, kw_only=True, tag_field="format", tag="standfast/register-release/v1"):
    """The manifest."""

    number: int
    previous: str
    """Id of the release before, or empty."""
    at: str
    by: str
    published: tuple[str, ...]
    """Ids of the claims that this release makes public, in order."""
    corrections: tuple[Correction, ...]
    withdrawn: tuple[str, ...]
    files: dict[str, FileState]


class LogReceipt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where the log committed to a manifest."""

    log_origin: str
    log_index: int
    logged_at: str
    checkpoint: str = ""
    """The signed checkpoint, as text."""
    item: str = ""


class ReleaseLog(Protocol):
    """Puts a manifest where a signed log commits to it."""

    def log(self, name: str, manifest: bytes) -> LogReceipt:
        """Hold the bytes under a name, durably, and say where the log has them."""
        ...


def release_id(manifest: bytes) -> str:
    """`r` and the first 24 hex characters of the manifest's SHA-256."""
    return "r" + hashlib.sha256(manifest).hexdigest()[:24]


def read_releases(folder: Path) -> list[tuple[str, Release, LogReceipt | None]]:
    """Every release of a register, oldest first: id, manifest, and where it was logged if it was.

    Raises:
        MalformedRegisterError: a file in releases/ that is no manifest.
    """
    out = []
    for path in sorted((folder / "releases").glob("[0-9][0-9][0-9][0-9][0-9].json")):
        raw = path.read_bytes()
        receipt = path.with_suffix(".log.json")
        try:
            manifest = msgspec.json.decode(raw, type=Release)
            logged = msgspec.json.decode(receipt.read_bytes(), type=LogReceipt) if receipt.is_file() else None
        except msgspec.MsgspecError as why:
            raise MalformedRegisterError(path, 0, str(why)) from why
        out.append((release_id(raw), manifest, logged))
    return out


def publish(
    view: View, claims: Sequence[str], *, by: str, at: datetime, log: ReleaseLog | None
) -> tuple[str, Release, LogReceipt | None]:
    """Make a release of reviewed claims.

    1. every claim must be publishable; 2. the manifest is made and written; 3. it is logged; 4. the acts are added.
    A stop after 2 leaves a manifest without its acts: `check` names it, and publishing is refused until it is gone.

    Raises:
        UnknownEntryError, NotPublishableError: nothing was written.
    """
    data = view.data
    entries = [_publishable(view, each) for each in claims]
    before = read_releases(data.folder)
    manifest = Release(
        number=len(before) + 1,
        previous=before[-1][0] if before else "",
        at=clock.to_text(at),
        by=by,
        published=tuple(each.id for each in entries),
        corrections=tuple(
            Correction(old=each.claim.corrects, new=each.id, kind=each.claim.correction)
            for each in entries
            if each.claim.corrects and each.claim.correction != WITHDRAWN
        ),
        withdrawn=tuple(each.claim.corrects for each in entries if each.claim.correction == WITHDRAWN),
        files={name: _state(data.folder / name) for name in store.DATA_FILES if (data.folder / name).is_file()},
    )
    raw = canonical_bytes(manifest)
    name = f"{manifest.number:05d}"
    durable.make_folder(data.folder / "releases")
    durable.write_atomically(data.folder / "releases" / f"{name}.json", raw)
    receipt = log.log(f"register/releases/{name}.json", raw) if log else None
    if receipt is not None:
        durable.write_atomically(data.folder / "releases" / f"{name}.log.json", msgspec.json.encode(receipt) + b"\n")
    key = release_id(raw)
    store.add_acts(
        data.folder,
        [Act(claim=each.id, act="published", by=by, at=clock.to_text(at), release=key) for each in entries],
    )
    return key, manifest, receipt


def publishable(view: View) -> list[str]:
    """Every reviewed claim that counts and rests on more than rewrites, in the order of the file."""
    return [
        each.id
        for each in view.entries.values()
        if each.status == "reviewed"
        and (each.claim.correction == WITHDRAWN or not rests_on_rewrites(each.claim, view.data.sources))
    ]


def check_releases(data: RegisterData) -> Iterator[Problem]:
    """Whether each release follows the one before, and what it released still stands as it stood."""
    published = {(each.claim, each.release) for each in data.acts if each.act == "published"}
    previous = ""
    for number, (key, manifest, _) in enumerate(read_releases(data.folder), 1):
        if manifest.number != number or manifest.previous != previous:
            yield Problem(kind="broken release", claim=key, detail=f"release {number} does not follow the one before")
        previous = key
        for name in GROWING:
            state = manifest.files.get(name)
            if state is not None and _state(data.folder / name, state.size_bytes).sha256 != state.sha256:
                yield Problem(
                    kind="changed history", claim=key, detail=f"{name} no longer begins as it stood at release {number}"
                )
        for claim in manifest.published:
            if (claim, key) not in published:
                yield Problem(kind="broken release", claim=key, detail=f"claim {claim} has no line in acts.jsonl")


def _publishable(view: View, key: str) -> Entry:
    entry = view.entries.get(key)
    if entry is None:
        raise UnknownEntryError("claim", key)
    if entry.stage != "reviewed":
        raise NotPublishableError(
            key, "no other person has reviewed it" if entry.stage == "draft" else "it is published already"
        )
    if not entry.current and entry.claim.correction != WITHDRAWN:
        raise NotPublishableError(key, f"claim {entry.successor} replaced it")
    if rests_on_rewrites(entry.claim, view.data.sources) and entry.claim.correction != WITHDRAWN:
        raise NotPublishableError(key, "it rests on rewrites alone")
    return entry


def _state(path: Path, size_bytes: int | None = None) -> FileState:
    running, length = hashlib.sha256(), 0
    if path.is_file():
        with path.open("rb") as handle:
            left = size_bytes if size_bytes is not None else path.stat().st_size
            while left and (piece := handle.read(min(left, 1024 * 1024))):
                running.update(piece)
                length += len(piece)
                left -= len(piece)
    return FileState(sha256=running.hexdigest(), size_bytes=length)
