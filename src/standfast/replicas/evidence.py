"""What outside parties gave of the log, in a copy: cosigned checkpoints, stamps, policies.

A file that an accepted inventory names must be there, with the digest that it names: so the log commits to it. One that
none names yet is judged by what it says itself:

 - a cosigned checkpoint is signed by all of the log's keys, and its root is the log's at that size;
 - a stamp is over the SHA-512 of the cosigned checkpoint in whose folder it lies; who made it is for readers to judge;
 - a policy has its form, and may have changed since the last accession: it says what the vault asks for, no more;
 - of other files of a stamp (chains, revocation, renewals) nothing can be told until an inventory names them.

No file of a log that stands above the copy's checkpoint is judged: it is debris of a copy that was cut off.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from standfast.errors.base import StandfastError
from standfast.errors.tlog import TlogError
from standfast.holdings.digest import sha256_hex
from standfast.replicas.destination import NOT_A_FILE, ReadableCopy
from standfast.replicas.findings import Findings
from standfast.replicas.names import LIMIT_BYTES, POLICIES, TLOG, kind_of
from standfast.tlog.cosigned import cosigned_name, find_cosigned_name, open_cosigned
from standfast.tlog.policy import parse_policy
from standfast.tlog.reader import LogReader
from standfast.vault.inventory import Inventory

FOLDERS = (f"{TLOG}cosigned/", f"{TLOG}stamps/")
FILES_LIMIT = 1_000_000
"""Names listed below the two folders."""
RESPONSE_NAME = "response.tsr"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceJudge:
    """Tells whether a file is what it must be, against one log."""

    reader: LogReader
    vkeys: Sequence[str]
    """All of the log's keys, from its keyring."""
    named: Mapping[str, str]
    """Digest of each file that an accepted inventory names."""
    read: Callable[[str], bytes]
    """Reads another file of the copy, for the checkpoint that a stamp is over."""

    def why_not(self, name: str, raw: bytes) -> str:
        """Why a file is not what it must be; empty when nothing speaks against it."""
        kind = kind_of(name)
        if kind is None or len(raw) > LIMIT_BYTES[kind]:
            return "it is longer than any such file"
        wanted = self.named.get(name)
        if wanted is not None and kind != "policy":
            return "" if sha256_hex(raw) == wanted else "an inventory names the digest of another file"
        try:
            if kind == "cosigned":
                return self._why_not_cosigned(name, raw)
            if kind == "policy":
                parse_policy(raw)
            elif name.endswith("/" + RESPONSE_NAME):
                return self._why_not_stamp(name, raw)
        except StandfastError as why:
            return str(why)
        return ""

    def is_open(self, name: str, raw: bytes) -> bool:
        """Whether nothing commits to a file that is not wrong: no digest, no signature that is checked here."""
        if name in POLICIES:
            return self.named.get(name) != sha256_hex(raw)
        return name not in self.named and kind_of(name) == "stamp" and not name.endswith("/" + RESPONSE_NAME)

    def is_above(self, name: str) -> bool:
        """Whether it is of a greater size than the log's checkpoint."""
        size = size_of(name)
        return size is not None and size > self.reader.size

    def _why_not_cosigned(self, name: str, raw: bytes) -> str:
        found = find_cosigned_name(name)
        assert found is not None
        checkpoint = open_cosigned(raw, found[0], self.vkeys)
        try:
            if self.reader.root_at(checkpoint.size) != checkpoint.root:
                return "its root is not the log's at that size: two histories were signed"
        except (TlogError, OSError):
            return ""  # a damaged tile, which is named itself
        return ""

    def _why_not_stamp(self, name: str, raw: bytes) -> str:
        # Not at the top: it loads the libraries of X.509, which copies without stamps do without.
        from standfast.seal.timestamp import imprint_of

        _, _, size, number, *_ = name.split("/")
        algorithm, digest = imprint_of(raw)
        try:
            cosigned = self.read(cosigned_name(int(size), int(number)))
        except OSError:
            return f"{cosigned_name(int(size), int(number))}, which it should be over, can't be read"
        if algorithm != "sha512" or digest != hashlib.sha512(cosigned).digest():
            return f"it is over other bytes than {cosigned_name(int(size), int(number))}"
        return ""


def named_evidence(inventories: Iterable[Inventory]) -> dict[str, str]:
    """The digest of each file that inventories name, the oldest inventory first.

    Files are written once, so the first digest binds; a policy is replaced, so its last one does.
    """
    named: dict[str, str] = {}
    for inventory in inventories:
        for each in inventory.evidence_files():
            if each.name in POLICIES:
                named[each.name] = each.sha256
            else:
                named.setdefault(each.name, each.sha256)
    return named


def check_evidence(judge: EvidenceJudge, copy: ReadableCopy, present: Iterable[str], findings: Findings) -> None:
    """Name every file that is missing or is not what it must be, and say what could not be told."""
    there, open_count = set(present), 0
    for name in sorted(there | set(judge.named)):
        if judge.is_above(name):
            if name in there:
                findings.note(name, "debris", "above this copy's checkpoint; the next copy uses it")
            continue
        try:
            raw = copy.read(name)
        except FileNotFoundError:
            findings.fault(name, "missing", "an inventory names it")
            continue
        except OSError as why:
            findings.fault(name, "unreadable", why.strerror or str(why))
            continue
        wrong = judge.why_not(name, raw)
        if wrong:
            findings.fault(name, "damaged", wrong)
        open_count += not wrong and judge.is_open(name, raw)
    if open_count:
        findings.leave_unchecked(f"{open_count} file(s) of stamps or policy that no accession commits to yet")


def list_evidence(copy: ReadableCopy) -> dict[str, int]:
    """Names and sizes of what a copy lists below its two folders; of the policies, those that are there."""
    found = {
        name: size_bytes
        for name, size_bytes in itertools.islice(_listed(copy), FILES_LIMIT)
        if size_bytes != NOT_A_FILE and kind_of(name) in ("cosigned", "stamp")
    }
    for name in POLICIES:
        size_bytes = copy.size(name)
        if size_bytes is not None and size_bytes != NOT_A_FILE:
            found[name] = size_bytes
    return found


def size_of(name: str) -> int | None:
    """The log's size that a cosigned checkpoint or a stamp is about; None for a policy."""
    return None if name in POLICIES else int(name.split("/")[2])


def _listed(copy: ReadableCopy) -> Iterator[tuple[str, int]]:
    for folder in FOLDERS:
        yield from copy.list(folder)
