"""A small real `holdings/`, written from docs/formats alone: keyrings and inventories are spelled here a second time.

Its packs are random bytes under their right names: nothing in copying, auditing and healing may look inside one.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from standfast.seal.age import identity_from, recipient_of
from standfast.seal.sign import Ed25519Key, MlDsa44Key
from standfast.tlog.append import LogWriter
from standfast.tlog.checkpoint import LogSigner

START = datetime(2031, 5, 4, 12, tzinfo=UTC)


def canonical(value: object) -> bytes:
    """RFC 8785 for what is used here: ASCII keys, text, whole numbers."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha256(data: bytes) -> str:
    """Lower-case hex."""
    return hashlib.sha256(data).hexdigest()


def base64_of(data: bytes) -> str:
    """Canonical base64."""
    return base64.b64encode(data).decode()


def leaf(statement: bytes, salt: bytes) -> bytes:
    """docs/formats/leaf.md."""
    blinded = b"standfast/leaf/v1\0" + salt + hashlib.sha512(statement).digest()
    return b"SFL1" + hashlib.sha256(blinded).digest() + hashlib.sha3_256(blinded).digest()


def padded(count: int) -> int:
    """docs/formats/leaf.md."""
    return next((size for size in (16, 64, 256) if count <= size), -(-count // 1024) * 1024)


class ExampleVault:
    """A vault's holdings that grows on demand; the same seed makes the same vault, but for ML-DSA's own randomness."""

    def __init__(self, holdings: Path, seed: int = 1, origin: str = "example.standfast/5d41402a") -> None:
        """Make keyring 0 and the log's first batch."""
        self.holdings, self.random, self.at = holdings, random.Random(seed), START
        self.custody = Ed25519Key(self.random.randbytes(32)), MlDsa44Key(self.random.randbytes(32))
        self.signer = LogSigner(origin, self.random.randbytes(32), self.random.randbytes(32))
        self.recipient = recipient_of(identity_from(self.random.randbytes(32)))
        self.documents = {"FORMAT": b"standfast vault 1\n", "HOW-TO-OPEN.txt": "example · مثال\n".encode()}
        for name, data in self.documents.items():
            self.write(name, data)
        self.log = LogWriter(holdings / "tlog", self.signer)
        self.accessions = self.keyrings = 0
        self._debris: list[Path] = []
        self.add_keyring()

    @property
    def vkeys(self) -> tuple[str, str]:
        """The log's public keys."""
        return self.signer.vkeys

    def write(self, name: str, data: bytes) -> None:
        """Put an object."""
        path = self.holdings / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def add_keyring(self) -> str:
        """One more keyring with its batch; its name."""
        number = self.keyrings
        self._sweep()
        body = {
            "created_at": self._now(),
            "custody": {"ed25519": base64_of(self.custody[0].public), "ml_dsa_44": base64_of(self.custody[1].public)},
            "documents": {name: sha256(data) for name, data in self.documents.items()},
            "format": "standfast/keyring/v1",
            "from_accession": self.accessions + 1,
            "log": {"origin": self.signer.origin, "vkeys": list(self.vkeys)},
            "number": number,
            "previous": sha256((self.holdings / f"keyring/{number - 1}").read_bytes()) if number else "",
            "recipients": [self.recipient],
        }
        signed = b"standfast/keyring/v1\0" + canonical(body)
        salt = self.random.randbytes(32)
        whole = {
            "keyring": body,
            "leaf": {"count": 16, "index": self.log.size, "salt": base64_of(salt)},
            "signatures": {
                "ed25519": base64_of(self.custody[0].sign(signed)),
                "ml_dsa_44": base64_of(self.custody[1].sign(signed)),
            },
        }
        name = f"keyring/{number}"
        self.write(name, canonical(whole))
        statement = canonical({"format": "standfast/control/v1", "keyring": sha256(canonical(body))})
        self._append([leaf(statement, salt)])
        self.keyrings += 1
        return name

    def add_accession(
        self,
        pack_bytes: tuple[int, ...] = (5000, 70_000),
        items: int = 5,
        *,
        log: bool = True,
        evidence: tuple[str, ...] = (),
    ) -> str:
        """One more accession; its inventory's name. Without `log` it stays debris, as a crash before the checkpoint.

        `evidence`: names of cosigned checkpoints, stamps and policies that it commits to.
        """
        number = self.accessions + 1
        self._sweep()
        packs = [self.random.randbytes(size) for size in pack_bytes]
        for pack in packs:
            self.write(f"packs/{sha256(pack)[:2]}/{sha256(pack)}", pack)
        body: dict[str, Any] = {
            "closed_at": self._now(),
            "format": "standfast/inventory/v1",
            "keyring": self.keyrings - 1,
            "manifest": [sha256(packs[-1])],
            "number": number,
            "packs": sorted(
                ({"bytes": len(pack), "sha256": sha256(pack)} for pack in packs), key=lambda p: str(p["sha256"])
            ),
            "previous": sha256((self.holdings / f"inventory/{number - 1}").read_bytes()) if number > 1 else "",
            "replaced": [],
        }
        if evidence:
            body["evidence"] = [
                {"name": name, "sha256": sha256((self.holdings / name).read_bytes())} for name in sorted(evidence)
            ]
        count, index, salt = padded(items + 1), self.log.size, self.random.randbytes(32)
        self.write(
            f"inventory/{number}",
            canonical({**body, "leaf": {"count": count, "index": index, "salt": base64_of(salt)}}),
        )
        statement = canonical(
            {
                "format": "standfast/control/v1",
                "inventory": sha256(canonical(body)),
                "leaf_count": count,
                "leaf_index": index,
            }
        )
        if log:
            self.accessions = number
            records = [leaf(self.random.randbytes(100), self.random.randbytes(32)) for _ in range(items)]
            self._append([leaf(statement, salt), *records])
        else:
            self._debris = [self.holdings / f"packs/{sha256(pack)[:2]}/{sha256(pack)}" for pack in packs]
            self._debris.append(self.holdings / f"inventory/{number}")
        return f"inventory/{number}"

    def _sweep(self) -> None:
        """Every writer removes first what one before it left above the checkpoint."""
        for path in self._debris:
            path.unlink()
        self._debris = []

    def names(self) -> list[str]:
        """Every object there."""
        return names_in(self.holdings)

    def _append(self, leaves: list[bytes]) -> None:
        dummies = [b"SFL1" + self.random.randbytes(64) for _ in range(padded(len(leaves)) - len(leaves))]
        self.log.append([*leaves, *dummies], self.at)

    def _now(self) -> str:
        self.at += timedelta(minutes=1)
        return self.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def names_in(folder: Path) -> list[str]:
    """Paths of all files below a folder, sorted."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() or path.is_symlink())


def contents_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {name: (folder / name).read_bytes() for name in names_in(folder)}
