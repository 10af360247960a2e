"""Reads a whole vault without the program that made it: from a replica's folder and a reading identity.

    python read_vault.py REPLICA IDENTITY_FILE list
    python read_vault.py REPLICA IDENTITY_FILE extract DIR

`list` prints an item a line (id, origin, SHA-256, size, name; tabs between) of the present state. `extract` also writes
each item's bytes to DIR/<id>. Written from the pages of this folder alone, named in the remarks below; it needs Python
3.11, `cryptography` 50 or later, and the command `zstd` or the package `zstandard`.

It checks: packs against their names; every entry against the checkpoint's root; the leaf of each keyring, inventory and
record; that no keyring or inventory is wanting; each item's SHA-256. It does not check who signed (an auditor with the
log's public keys does: `standfast audit`), nor BLAKE3, which this Python does not bring.

This file may be used under Apache-2.0 or AGPL-3.0-or-later, as you choose.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PrivateKey, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

PACK_LIMIT, AGE_LIMIT, CHUNK_LIMIT, COUNT_LIMIT = 1 << 30, 65_536, 8 << 20, 1 << 20


def require(holds: bool, otherwise: str) -> None:
    """Stop with a sentence unless something holds."""
    if not holds:
        sys.exit(f"read_vault: {otherwise}")


def canonical(value: Any) -> bytes:
    """RFC 8785, for what stands in these files: ASCII member names, strings, whole numbers, lists, true and false."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


# keys.md: a reading identity and the age file that it opens


def identity_from(line: str) -> MLKEM768X25519PrivateKey:
    """AGE-SECRET-KEY-PQ-1…: Bech32 of a seed of 32 bytes."""
    prefix, _, data = line.strip().lower().rpartition("1")
    values = ["qpzry9x8gf2tvdw0s3jn54khce6mua7l".index(letter) for letter in data]
    check = 1
    for value in [*(ord(x) >> 5 for x in prefix), 0, *(ord(x) & 31 for x in prefix), *values]:
        top, check = check >> 25, (check & 0x1FFFFFF) << 5 ^ value
        for bit, word in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= word if top >> bit & 1 else 0
    require(prefix == "age-secret-key-pq-" and check == 1, "an identity is mistyped")
    bits = "".join(f"{value:05b}" for value in values[:-6])
    seed = bytes(int(bits[at : at + 8], 2) for at in range(0, 256, 8))
    both = hashlib.shake_256(seed).digest(96)
    return MLKEM768X25519PrivateKey(
        MLKEM768PrivateKey.from_seed_bytes(both[:64]), X25519PrivateKey.from_private_bytes(both[64:])
    )


def open_age(sealed: bytes, identities: list[MLKEM768X25519PrivateKey]) -> bytes:
    """The payload of an age file that one of the identities opens."""
    suite = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
    found = re.match(rb"age-encryption\.org/v1\n(.*?\n)?---(?= ([^\n]+)\n)", sealed, re.DOTALL)
    if found is None:
        sys.exit("read_vault: a pack holds no age file")
    header, mac, payload = found[0], unpadded(found[2]), sealed[found.end(2) + 1 :]
    stanzas = re.findall(rb"^-> (\S+) ?([^\n]*)\n((?:[^\n]{64}\n)*[^\n]{0,63})\n", header, re.MULTILINE)
    classical = {b"X25519", b"ssh-rsa", b"ssh-ed25519", b"piv-p256", b"p256tag"}
    require(not classical & {kind for kind, _, _ in stanzas}, "an age file has a classical recipient")
    for _, enc, body in (each for each in stanzas if each[0] == b"mlkem768x25519"):
        ciphertext = unpadded(enc) + unpadded(body.replace(b"\n", b""))
        for identity in identities:
            try:
                file_key = suite.decrypt(ciphertext, identity, b"age-encryption.org/mlkem768x25519")
            except InvalidTag:
                continue
            mac_key = HKDF(SHA256(), 32, None, b"header").derive(file_key)
            require(hmac.digest(mac_key, header, "sha256") == mac, "an age file's header was changed")
            cipher = ChaCha20Poly1305(HKDF(SHA256(), 32, payload[:16], b"payload").derive(file_key))
            pieces = [payload[at : at + 65_552] for at in range(16, len(payload), 65_552)]
            nonces = [n.to_bytes(11, "big") + bytes([n == len(pieces) - 1]) for n in range(len(pieces))]
            return b"".join(cipher.decrypt(nonce, piece, None) for nonce, piece in zip(nonces, pieces, strict=True))
    sys.exit("read_vault: none of the identities opens a pack")


def unpadded(text: bytes) -> bytes:
    """Base64 without its padding, as age writes it."""
    return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)


# pack.md


class Pack:
    """One pack, its key and its index."""

    def __init__(self, path: Path, identities: list[MLKEM768X25519PrivateKey]) -> None:
        """Compare the file with its name, open the age file, the trailer, and the index."""
        self.path, size = path, path.stat().st_size
        require(size <= PACK_LIMIT, f"{path} is too great")
        with path.open("rb") as file:
            require(hashlib.file_digest(file, "sha256").hexdigest() == path.name, f"{path} is damaged")
            require(read(file, 0, 8) == b"SFPACK01", f"{path} is no pack of version 1")
            length = int.from_bytes(read(file, 8, 4))
            require(length <= AGE_LIMIT, f"{path} has too great a head")
            self.key = open_age(read(file, 12, length), identities)
            require(len(self.key) == 32, f"{path} has no key of 32 bytes")
            trailer = self.open(0x11, 0, bytes(32), read(file, size - 48, 48))
            at, stored, count = (int.from_bytes(trailer[a:b]) for a, b in ((0, 8), (8, 12), (12, 16)))
            require(count <= COUNT_LIMIT and stored == 42 * count + 16, f"{path} has a wrong trailer")
            index = self.open(0x10, 0, bytes(32), read(file, at, stored))
        self.chunks: list[tuple[bytes, int, int, int, int, int]] = []
        position = 12 + length
        for row in (index[n : n + 42] for n in range(0, len(index), 42)):
            stored, plain = int.from_bytes(row[34:38]), int.from_bytes(row[38:])
            require(plain <= CHUNK_LIMIT and position + stored <= at, f"{path} has a wrong index")
            self.chunks.append((row[:32], row[32], row[33], position, stored, plain))
            position += stored

    def open(self, kind: int, flags: int, name: bytes, sealed: bytes) -> bytes:
        """Open one sealed part."""
        about = bytes([kind, flags]) + name
        key = hmac.digest(self.key, b"standfast/pack/v1\0" + about + b"\1", "sha256")
        return AESGCM(key).decrypt(bytes(12), sealed, about)

    def chunk(self, row: tuple[bytes, int, int, int, int, int]) -> bytes:
        """The plaintext of a chunk."""
        name, kind, flags, at, stored, plain = row
        with self.path.open("rb") as file:
            data = self.open(kind, flags, name, read(file, at, stored))
        data = decompress(data, plain) if flags & 1 else data
        require(len(data) == plain, f"a chunk of {self.path} has not its length")
        return data


def read(file: BinaryIO, at: int, length: int) -> bytes:
    """So many bytes from there."""
    file.seek(at)
    return file.read(length)


def decompress(data: bytes, plain: int) -> bytes:
    """One zstd frame, and never more than its length."""
    if not shutil.which("zstd"):
        import zstandard

        return zstandard.ZstdDecompressor().stream_reader(data).read(plain + 1)
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        with subprocess.Popen(["zstd", "-dcq"], stdin=file, stdout=subprocess.PIPE) as process:
            return process.stdout.read(plain + 1) if process.stdout else b""


# log.md and leaf.md


class Log:
    """The entries below the checkpoint, compared with its root."""

    def __init__(self, folder: Path) -> None:
        """Read all of them."""
        _, size, root = (folder / "checkpoint").read_bytes().split(b"\n")[:3]
        self.size = int(size)
        self.entries: list[bytes] = []
        for n in range((self.size + 255) // 256):
            width = min(256, self.size - 256 * n)
            groups = re.findall("...", f"{n:0{-(-len(str(n)) // 3) * 3}}")
            path = "/".join([*("x" + group for group in groups[:-1]), groups[-1]])
            bundle = (folder / f"tile/entries/{path}{'' if width == 256 else f'.p/{width}'}").read_bytes()
            rows = [bundle[at : at + 70] for at in range(0, len(bundle), 70)]
            require(len(bundle) == 70 * width and all(row[:2] == b"\0D" for row in rows), f"bundle {n} is damaged")
            self.entries += [row[2:] for row in rows]
        hashes = [hashlib.sha256(b"\0" + entry).digest() for entry in self.entries] or [hashlib.sha256().digest()]
        while len(hashes) > 1:  # an odd one out goes up as it is
            pairs = zip(hashes[::2], hashes[1::2], strict=False)
            hashes = [hashlib.sha256(b"\1" + a + b).digest() for a, b in pairs] + hashes[len(hashes) & ~1 :]
        require(hashes[0] == base64.b64decode(root), "the entries do not give the checkpoint's root")

    def require_leaf(self, index: int, salt: str, statement: bytes, what: str) -> None:
        """A statement's leaf stands at its index, in both halves."""
        said = b"standfast/leaf/v1\0" + base64.b64decode(salt) + hashlib.sha512(statement).digest()
        leaf = b"SFL1" + hashlib.sha256(said).digest() + hashlib.sha3_256(said).digest()
        require(0 <= index < self.size and self.entries[index] == leaf, f"the log does not hold {what}")


# vault.md, keyring.md, inventory.md


def documents(folder: Path, log: Log, number: int) -> list[dict[str, Any]]:
    """Keyrings or inventories that the log acknowledges, in order, each naming the digest of the one before."""
    found: list[dict[str, Any]] = []
    previous = ""
    while (path := folder / str(number)).exists():
        document = json.loads(data := path.read_bytes())
        if document["leaf"]["index"] >= log.size:
            break
        inner = document["keyring"] if "signatures" in document else document
        require(inner["previous"] == previous and inner["number"] == number, f"{path} does not follow the one before")
        found.append(document)
        previous, number = hashlib.sha256(data).hexdigest(), number + 1
    return found


def inventories(replica: Path, log: Log) -> list[dict[str, Any]]:
    """What each accession brought in, after all documents have been compared with the log."""
    keyrings, accessions = documents(replica / "keyring", log, 0), documents(replica / "inventory", log, 1)
    covered = 0
    for leaf in sorted((each["leaf"] for each in keyrings + accessions), key=lambda leaf: int(leaf["index"])):
        require(leaf["index"] == covered, f"nothing opens the log's entries from {covered}: something is withheld")
        covered += leaf["count"]
    require(covered == log.size, f"nothing opens the log's entries from {covered}: something is withheld")
    for document in keyrings:
        digest = hashlib.sha256(canonical(document["keyring"])).hexdigest()
        statement = canonical({"format": "standfast/control/v1", "keyring": digest})
        log.require_leaf(document["leaf"]["index"], document["leaf"]["salt"], statement, "a keyring")
        for name, expected in document["keyring"]["documents"].items():
            require(hashlib.sha256((replica / name).read_bytes()).hexdigest() == expected, f"{name} was changed")
    for document in accessions:
        leaf = document.pop("leaf")
        about = {"inventory": hashlib.sha256(canonical(document)).hexdigest(), "format": "standfast/control/v1"}
        statement = canonical({**about, "leaf_count": leaf["count"], "leaf_index": leaf["index"]})
        log.require_leaf(leaf["index"], leaf["salt"], statement, f"inventory {document['number']}")
    for name, expected in ((e["name"], e["sha256"]) for each in accessions for e in each.get("evidence", [])):
        if not name.startswith("tlog/policy/"):  # which may change, and is then named again by the next accession
            require(hashlib.sha256((replica / name).read_bytes()).hexdigest() == expected, f"{name} was changed")
    return accessions


# manifest.md


def present_state(lines: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    """The item lines, by origin and id, of what is held now."""
    held: dict[tuple[str, str], dict[str, Any]] = {}
    by_name: dict[tuple[str, str], str] = {}
    runs: dict[str, str] = {}
    for line in lines:
        if line["what"] == "origin":
            runs[line["origin"]] = line["run"]
        elif line["what"] == "gone":
            held.pop((line["origin"], line["item"]), None)
        elif line["what"] == "item":
            record = line["record"]
            replaced = [each["item"] for each in record.get("relations", []) if each["relation"] == "replaces"]
            for old in (by_name.get((record["origin"], record["name"]), ""), *replaced):
                held.pop((record["origin"], old), None)
            by_name[record["origin"], record["name"]] = record["id"]
            held[record["origin"], record["id"]] = {**line, "run": runs.get(record["origin"])}
        elif line["what"] == "end" and line["complete"] and line.get("runs"):
            for key, other in list(held.items()):
                if key[0] == line["origin"] and other["run"] not in line["runs"]:
                    del held[key]
    return held


def main(replica: Path, identity_file: Path, act: str, *target: str) -> None:
    """List or extract."""
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    require((act, len(target)) in (("list", 0), ("extract", 1)), "say `list`, or `extract` and a folder")
    require((replica / "FORMAT").read_bytes() == b"standfast vault 1\n", "this is no vault of version 1")
    lines = [line.strip() for line in identity_file.read_text().splitlines()]
    identities = [identity_from(line) for line in lines if line and not line.startswith("#")]
    log = Log(replica / "tlog")
    packs: dict[str, Pack] = {}
    manifest: list[dict[str, Any]] = []
    for inventory in inventories(replica, log):
        for name in (each["sha256"] for each in inventory["packs"]):
            packs[name] = Pack(replica / "packs" / name[:2] / name, identities)
        text = b"".join(
            packs[name].chunk(row) for name in inventory["manifest"] for row in packs[name].chunks if row[1] == 1
        )
        manifest += [json.loads(line) for line in text.split(b"\n") if line]
    where = {row[0]: (pack, row) for pack in packs.values() for row in pack.chunks if row[1] == 0}
    for line in manifest:
        if line["what"] == "item":
            log.require_leaf(line["leaf"], line["salt"], canonical(line["record"]), line["record"]["id"])
    written: set[str] = set()
    for (_, name), line in sorted(present_state(manifest).items()):
        record = line["record"]
        shown = "".join(x if x.isprintable() else ascii(x)[1:-1] for x in record["name"])
        print(name, record["origin"], record["sha256"], record["size_bytes"], shown, sep="\t")
        if target and name not in written:  # a message that two origins hold is one
            written.add(name)
            require(re.fullmatch("i[a-z2-7]{16}", name) is not None, f"{name!r} is no item's id")
            Path(target[0]).mkdir(parents=True, exist_ok=True)
            digest = hashlib.sha256()
            with (Path(target[0]) / name).open("xb") as file:
                for pack, row in (where[base64.b64decode(each)] for each in line["chunks"]):
                    digest.update(data := pack.chunk(row))
                    file.write(data)
            require(digest.hexdigest() == record["sha256"], f"{name} has not its SHA-256")


if __name__ == "__main__":
    require(len(sys.argv) >= 4, "python read_vault.py REPLICA IDENTITY_FILE list | extract DIR")
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
    except (OSError, LookupError, TypeError, ValueError, InvalidTag) as why:
        sys.exit(f"read_vault: something is missing or damaged: {why!r}")
