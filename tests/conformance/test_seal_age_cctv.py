"""The community's vectors of the age format (C2SP CCTV), every one with its verdict.

They come with the npm package `cctv-age` 0.2.0 (0BSD), by its lock in tests/interop/node; how they are made and read is
told in that package's README. What this program does not take in is judged too: armored files and classical recipients
must be refused as such.
"""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import zlib
from dataclasses import dataclass
from pathlib import Path

import pytest

from standfast.errors.keys import MalformedAgeFileError, NoIdentityMatchError, WrongPassphraseError
from standfast.seal import age

NODE_FOLDER = Path(__file__).parents[1] / "interop" / "node"
HYBRID_HEAD, CLASSICAL_HEAD = "AGE-SECRET-KEY-PQ-1", "AGE-SECRET-KEY-1"
STRANGER = age.identity_from(bytes(32))
FAILURES = {"header failure", "HMAC failure", "payload failure"}
OUR_OWN_VERDICT = {
    # The format leaves this to the reader: "unless they wish to require that the recipient type they implement is not
    # mixed with other types". We wish it.
    "hybrid_and_x25519": "refused",
    # More than the 1 MiB that is ever sealed here.
    "stream_257_chunks": "refused",
    "stream_257_chunks_full": "refused",
    "stream_258_chunks": "refused",
    # A share of low order gives no secret; the library says of it no more than that the stanza does not open.
    "hybrid_identity": "no match",
    "hybrid_low_order": "no match",
    # A key file that no passphrase opens is a wrong file, not a wrong passphrase.
    "scrypt_uppercase": "refused",
}


@dataclass(frozen=True)
class Vector:
    """One file of the collection: an age file and what must come of it."""

    expect: str
    payload_sha256: str
    file_key: bytes
    identities: tuple[str, ...]
    passphrases: tuple[str, ...]
    armored: bool
    data: bytes

    @property
    def verdict(self) -> str:
        return "refused" if self.expect in FAILURES else self.expect


def parse(raw: bytes) -> Vector:
    head, _, data = raw.partition(b"\n\n")
    pairs = [tuple(line.split(": ", 1)) for line in head.decode().splitlines()]
    facts: dict[str, str] = dict(pairs)  # type: ignore[arg-type]
    known = {"expect", "payload", "file key", "identity", "passphrase", "armored", "compressed", "comment"}
    assert set(facts) <= known, facts
    return Vector(
        expect=facts["expect"],
        payload_sha256=facts.get("payload", ""),
        file_key=bytes.fromhex(facts["file key"]),
        identities=tuple(value for name, value in pairs if name == "identity"),
        passphrases=tuple(value for name, value in pairs if name == "passphrase"),
        armored="armored" in facts,
        data=zlib.decompress(data) if "compressed" in facts else data,
    )


@pytest.fixture(scope="module")
def vectors() -> dict[str, Vector]:
    done = subprocess.run(["node", "cctv.mjs"], cwd=NODE_FOLDER, capture_output=True, check=True, timeout=60)
    return {name: parse(base64.b64decode(text)) for name, text in json.loads(done.stdout).items()}


def judged(vector: Vector, name: str) -> tuple[str, str]:
    """What a reader must say of a vector, and the digest of what it must give out."""
    verdict = OUR_OWN_VERDICT.get(name, vector.verdict)
    return verdict, vector.payload_sha256 if verdict == "success" else ""


def opened(vector: Vector) -> tuple[str, str]:
    """What ours says, with whatever identities or passphrases the vector brings."""
    try:
        plain = with_any(vector) if vector.passphrases else age.open_with(vector.data, vector.identities)
    except (NoIdentityMatchError, WrongPassphraseError):
        return "no match", ""
    except MalformedAgeFileError:
        return "refused", ""
    return "success", hashlib.sha256(plain).hexdigest()


def with_any(vector: Vector) -> bytes:
    for passphrase in vector.passphrases[:-1]:
        try:
            return age.open_under(vector.data, passphrase)
        except WrongPassphraseError:
            continue
    return age.open_under(vector.data, vector.passphrases[-1])


def with_its_file_key(vector: Vector) -> tuple[str, str]:
    """Header and payload alone, with the file key that the classical recipient's stanza would give."""
    try:
        _, mac_text, mac, payload = age._parse(vector.data)
        plain = age._open_payload(vector.file_key, mac_text, mac, payload)
    except MalformedAgeFileError:
        return "refused", ""
    return "success", hashlib.sha256(plain).hexdigest()


def is_ours(vector: Vector) -> bool:
    """Whether it is for a hybrid identity or a passphrase, and for nothing else."""
    return not vector.armored and not any(each.startswith(CLASSICAL_HEAD) for each in vector.identities)


def is_about_a_classical_stanza(name: str) -> bool:
    """Whether the verdict hangs on the arguments of an X25519 stanza, which ours does not read."""
    return name.startswith("x25519") or name == "hybrid_x25519_arg"


def test_the_collection_is_the_one_that_these_tests_know(vectors: dict[str, Vector]) -> None:
    assert len(vectors) == 143
    assert sum(is_ours(vector) for vector in vectors.values()) == 42
    assert sum(vector.armored for vector in vectors.values()) == 33


def test_hybrid_and_passphrase_vectors(vectors: dict[str, Vector]) -> None:
    ours = {name: vector for name, vector in vectors.items() if is_ours(vector)}
    assert {name: opened(vector) for name, vector in ours.items()} == {
        name: judged(vector, name) for name, vector in ours.items()
    }


def test_headers_and_payloads_of_the_vectors_for_classical_recipients(vectors: dict[str, Vector]) -> None:
    classical = {
        name: vector
        for name, vector in vectors.items()
        if not is_ours(vector) and not vector.armored and not is_about_a_classical_stanza(name)
    }
    assert {name: with_its_file_key(vector) for name, vector in classical.items()} == {
        name: judged(vector, name) for name, vector in classical.items()
    }
    assert len(classical) == 53


def test_files_for_classical_recipients_alone_are_told_from_broken_ones(vectors: dict[str, Vector]) -> None:
    """Arguments of a stanza that is not for us are not judged; its spelling is."""
    about = [name for name in vectors if is_about_a_classical_stanza(name)]
    assert len(about) == 15
    for name in about:
        error = MalformedAgeFileError if name == "x25519_not_canonical_body" else NoIdentityMatchError
        with pytest.raises(error):
            age.open_with(vectors[name].data, [STRANGER])


def test_armored_files_are_refused(vectors: dict[str, Vector]) -> None:
    """What is sealed here is bytes in a pack or a key file; armor would be a second spelling of each."""
    for vector in vectors.values():
        if vector.armored:
            with pytest.raises(MalformedAgeFileError, match="does not begin"):
                age.open_with(vector.data, [STRANGER])


def test_what_opens_is_sealed_again_and_opens_again(vectors: dict[str, Vector]) -> None:
    """STREAM both ways, from an empty payload to full chunks, with the nonce and the file key that the vector has."""
    again = 0
    for name, vector in vectors.items():
        if vector.verdict != "success" or vector.armored or name in OUR_OWN_VERDICT:
            continue
        stanzas, mac_text, mac, payload = age._parse(vector.data)
        plain = age._open_payload(vector.file_key, mac_text, mac, payload)
        nonce = payload[: age.NONCE_BYTES]
        assert age._write(plain, vector.file_key, stanzas, lambda _, nonce=nonce: nonce) == vector.data, name
        again += 1
    assert again == 15
