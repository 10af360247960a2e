"""What outside parties gave of the log, and the log does not commit to yet: cosigned checkpoints, stamps, policies.

Who writes such a file notes it first; the next accession names it in its inventory with its digest, and so binds it.
The notes lie in `state/`: where they are lost, they are made again from the folders and the inventories, which is the
only time that anything is listed.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from standfast import durable
from standfast.holdings.digest import sha256_hex
from standfast.vault.folder import VaultFolder, inventory_name
from standfast.vault.inventory import EVIDENCE_LIMIT, EvidenceFile, open_inventory

EVIDENCE_BYTES_LIMIT = 1024 * 1024
"""No such file is longer."""
FOLDERS = ("cosigned", "policy", "stamps")
"""Below `tlog/`."""
_NAME = re.compile(r"tlog/(?:cosigned|stamps|policy)(?:/[a-z0-9_-][a-z0-9._-]{0,63}){1,6}")


class PendingEvidence:
    """Names below holdings/ that the next accession commits to. Hold the vault's lock to use it."""

    def __init__(self, folder: VaultFolder, newest: Callable[[], int]) -> None:
        """Read nothing yet.

        Args:
            folder: the vault's.
            newest: the greatest accession that the log covers, asked only where the notes were lost.
        """
        self._folder, self._newest = folder, newest
        self._notes = folder.state / "evidence"

    def note(self, name: str) -> None:
        """Say that a file is about to be written, or replaced. Durable before it returns.

        Raises:
            ValueError: no such file can have this name.
        """
        if not _NAME.fullmatch(name) or ".." in name:
            raise ValueError(f"no evidence of the log is called {name!r}")
        if not self._notes.exists():
            self._write([*self._names(), name])
        elif name not in self._names():
            self._append(name)

    def files(self) -> tuple[EvidenceFile, ...]:
        """What there is to commit to, in order of name, each as it is now. What was noted and never written is not."""
        found = []
        for name in sorted(self._names()):
            with contextlib.suppress(FileNotFoundError):
                found.append(EvidenceFile(name=name, sha256=sha256_hex(_read(self._folder.held(name)))))
            if len(found) == EVIDENCE_LIMIT:
                break
        return tuple(found)

    def settle(self, files: Iterable[EvidenceFile]) -> None:
        """The log commits to these now."""
        done = {each.name for each in files}
        names = self._names()
        if done & set(names) or not self._notes.exists():
            self._write([name for name in names if name not in done])

    def _names(self) -> list[str]:
        try:
            lines = self._notes.read_text("ascii").splitlines()
        except FileNotFoundError:
            return list(self._derived())
        return list(dict.fromkeys(line for line in lines if _NAME.fullmatch(line)))

    def _write(self, names: Iterable[str]) -> None:
        durable.make_folder(self._folder.state, mode=0o700)
        text = "".join(f"{name}\n" for name in dict.fromkeys(names))
        durable.write_atomically(self._notes, text.encode("ascii"), mode=0o600)

    def _append(self, name: str) -> None:
        """One more line: many files may be noted one after the other. A line that was cut off before it stays apart."""
        handle = os.open(self._notes, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            durable.write_all(handle, f"\n{name}\n".encode("ascii"))
            os.fsync(handle)
        finally:
            os.close(handle)

    def _derived(self) -> Iterator[str]:
        """Every file that is there, but those that an inventory names as they are."""
        named: dict[str, str] = {}
        there = list(_all_names(self._folder))
        if there:
            for number in range(1, self._newest() + 1):
                inventory = open_inventory(self._folder.held(inventory_name(number)).read_bytes())
                named.update((each.name, each.sha256) for each in inventory.evidence_files())
        for name in there:
            if name not in named or named[name] != sha256_hex(_read(self._folder.held(name))):
                yield name


def _all_names(folder: VaultFolder) -> Iterator[str]:
    for each in FOLDERS:
        for place, _, files in os.walk(folder.tlog / each):
            for file in files:
                name = str((Path(place) / file).relative_to(folder.holdings))
                if _NAME.fullmatch(name) and not name.endswith(durable.UNFINISHED):
                    yield name


def _read(path: Path) -> bytes:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        return file.read(EVIDENCE_BYTES_LIMIT + 1)
