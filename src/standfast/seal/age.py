"""Age files, written and read whole: hybrid post-quantum recipients, and passphrases. Payloads are small here: keys.

Format: age-encryption.org/v1 (C2SP age.md). A pack's head and the sealed key files are such files, so that any age
implementation opens them. Everything read is untrusted until the header's MAC has been verified, and bounded before
that: 64 KiB of header, 32 stanzas, 1 MiB of payload, a passphrase's work factor of 2^20 (1 GiB for a moment).

Stricter than the format in one thing: a file sealed to hybrid recipients and to classical ones is refused, since the
classical one would undo what the hybrid one is for. Stanzas of kinds that nobody here knows are passed over.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PrivateKey, MLKEM768X25519PublicKey, Suite
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from standfast.errors.keys import MalformedAgeFileError, NoIdentityMatchError, WrongPassphraseError
from standfast.seal import bech32
from standfast.seal.derive import derive_salted

VERSION_LINE = b"age-encryption.org/v1\n"
HYBRID, SCRYPT = "mlkem768x25519", "scrypt"
CLASSICAL = frozenset({"X25519", "p256tag", "piv-p256", "ssh-ed25519", "ssh-rsa"})
"""Kinds of stanza that a quantum computer opens."""
HYBRID_INFO = b"age-encryption.org/mlkem768x25519"
SCRYPT_LABEL = b"age-encryption.org/v1/scrypt"
RECIPIENT_PREFIX, IDENTITY_PREFIX = "age1pq", "age-secret-key-pq-"
FILE_KEY_BYTES = 16
ENCAPSULATED_BYTES = 1088 + 32
MLKEM_PUBLIC_BYTES, X25519_BYTES = 1184, 32
CHUNK_BYTES, TAG_BYTES, NONCE_BYTES = 64 * 1024, 16, 16
PAYLOAD_LIMIT = 1024 * 1024
"""What is sealed here is keys; a list of identities is the longest of them."""
SEALED_LIMIT = NONCE_BYTES + PAYLOAD_LIMIT + PAYLOAD_LIMIT // CHUNK_BYTES * TAG_BYTES
HEADER_LIMIT = 64 * 1024
STANZA_LIMIT = 32
LOG_N, LOG_N_LIMIT = 16, 20
SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)

Random = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Stanza:
    """One recipient's share of the file key."""

    kind: str
    arguments: tuple[str, ...]
    body: bytes


def identity_from(seed: bytes) -> str:
    """The identity (`AGE-SECRET-KEY-PQ-1…`) of a seed of 32 bytes."""
    if len(seed) != 32:
        raise ValueError("an identity's seed is 32 bytes")
    return bech32.encode(IDENTITY_PREFIX, seed).upper()


def recipient_of(identity: str) -> str:
    """The recipient (`age1pq1…`) that an identity reads for.

    Raises:
        MalformedAgeFileError: not an identity.
    """
    mlkem, x25519 = _expand(_seed_of(identity))
    raw = mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()
    return bech32.encode(RECIPIENT_PREFIX, raw)


def seal_to(data: bytes, recipients: Sequence[str], random: Random = os.urandom) -> bytes:
    """Seal at most 1 MiB to every one of the recipients.

    `random` gives file key and nonce. What HPKE draws for each recipient comes from the operating system always.

    Raises:
        ValueError: no recipient, more than 32, or too much data.
        MalformedAgeFileError: a recipient that is none.
    """
    if not 1 <= len(recipients) <= STANZA_LIMIT:
        raise ValueError(f"nobody to seal to, or more than {STANZA_LIMIT}")
    file_key = random(FILE_KEY_BYTES)
    return _write(data, file_key, [_hybrid_stanza(each, file_key) for each in recipients], random)


def open_with(data: bytes, identities: Sequence[str]) -> bytes:
    """Open a file sealed to one of these identities' recipients.

    Raises:
        NoIdentityMatchError: sealed to others.
        MalformedAgeFileError: not such a file, or altered.
    """
    stanzas, mac_text, mac, payload = _parse(data)
    for identity in identities:
        mlkem, x25519 = _expand(_seed_of(identity))
        key = MLKEM768X25519PrivateKey(mlkem, x25519)
        for stanza in stanzas:
            if stanza.kind == HYBRID and (file_key := _open_hybrid(stanza, key)) is not None:
                return _open_payload(file_key, mac_text, mac, payload)
    raise NoIdentityMatchError


def seal_under(data: bytes, passphrase: str, log_n: int = LOG_N, random: Random = os.urandom) -> bytes:
    """Seal at most 1 MiB under a passphrase; 2^`log_n` is scrypt's work factor, and takes 2^`log_n` KiB of memory.

    Raises:
        ValueError: a work factor that no reader takes, or too much data.
    """
    if not 1 <= log_n <= LOG_N_LIMIT:
        raise ValueError(f"a work factor from 2^1 to 2^{LOG_N_LIMIT}")
    file_key, salt = random(FILE_KEY_BYTES), random(16)
    key = _passphrase_key(passphrase, salt, log_n)
    body = ChaCha20Poly1305(key).encrypt(bytes(12), file_key, None)
    return _write(data, file_key, [Stanza(SCRYPT, (_text(salt), str(log_n)), body)], random)


def open_under(data: bytes, passphrase: str) -> bytes:
    """Open a file sealed under a passphrase.

    Raises:
        WrongPassphraseError: it is another one.
        MalformedAgeFileError: not such a file, altered, or a work factor above 2^20.
    """
    stanzas, mac_text, mac, payload = _parse(data)
    if len(stanzas) != 1 or stanzas[0].kind != SCRYPT or len(stanzas[0].arguments) != 2:
        raise MalformedAgeFileError("it is not sealed under a passphrase")
    salt_text, log_n = stanzas[0].arguments
    salt = _bytes(salt_text)
    if len(salt) != 16 or not re.fullmatch("[1-9][0-9]?", log_n) or int(log_n) > LOG_N_LIMIT:
        raise MalformedAgeFileError(f"a work factor of 2^{log_n[:8]} is refused")
    if len(stanzas[0].body) != FILE_KEY_BYTES + 16:
        raise MalformedAgeFileError("its stanza has a wrong length")
    try:
        key = _passphrase_key(passphrase, salt, int(log_n))
        file_key = ChaCha20Poly1305(key).decrypt(bytes(12), stanzas[0].body, None)
    except InvalidTag as why:
        raise WrongPassphraseError from why
    return _open_payload(file_key, mac_text, mac, payload)


def _passphrase_key(passphrase: str, salt: bytes, log_n: int) -> bytes:
    return Scrypt(salt=SCRYPT_LABEL + salt, length=32, n=1 << log_n, r=8, p=1).derive(passphrase.encode())


def _expand(seed: bytes) -> tuple[MLKEM768PrivateKey, X25519PrivateKey]:
    # draft-irtf-cfrg-concrete-hybrid-kems stretches the seed: 64 bytes for ML-KEM, 32 for X25519.
    wide = hashlib.shake_256(seed).digest(96)
    return MLKEM768PrivateKey.from_seed_bytes(wide[:64]), X25519PrivateKey.from_private_bytes(wide[64:])


def _seed_of(identity: str) -> bytes:
    if not identity.isupper():
        raise MalformedAgeFileError("an identity is written in capitals")
    seed = bech32.decode(IDENTITY_PREFIX, identity.lower())
    if len(seed) != 32:
        raise MalformedAgeFileError("an identity holds 32 bytes")
    return seed


def _hybrid_stanza(recipient: str, file_key: bytes) -> Stanza:
    try:
        sealed = SUITE.encrypt(file_key, _public_of(recipient), HYBRID_INFO)
    except ValueError as why:
        raise MalformedAgeFileError("a recipient's X25519 half is a point of low order") from why
    return Stanza(HYBRID, (_text(sealed[:ENCAPSULATED_BYTES]),), sealed[ENCAPSULATED_BYTES:])


@lru_cache(maxsize=STANZA_LIMIT)  # every pack is sealed to the same few, and Bech32 in Python costs 4 ms
def _public_of(recipient: str) -> MLKEM768X25519PublicKey:
    raw = bech32.decode(RECIPIENT_PREFIX, recipient)
    if len(raw) != MLKEM_PUBLIC_BYTES + X25519_BYTES:
        raise MalformedAgeFileError(f"a recipient holds {MLKEM_PUBLIC_BYTES + X25519_BYTES} bytes")
    try:
        mlkem = MLKEM768PublicKey.from_public_bytes(raw[:MLKEM_PUBLIC_BYTES])
    except ValueError as why:
        raise MalformedAgeFileError("a recipient's ML-KEM half is no key") from why
    return MLKEM768X25519PublicKey(mlkem, X25519PublicKey.from_public_bytes(raw[MLKEM_PUBLIC_BYTES:]))


def _open_hybrid(stanza: Stanza, key: MLKEM768X25519PrivateKey) -> bytes | None:
    if len(stanza.arguments) != 1 or len(stanza.body) != FILE_KEY_BYTES + 16:
        raise MalformedAgeFileError("a stanza has a wrong length")
    encapsulated = _bytes(stanza.arguments[0])
    if len(encapsulated) != ENCAPSULATED_BYTES:
        raise MalformedAgeFileError("a stanza has a wrong length")
    try:
        return SUITE.decrypt(encapsulated + stanza.body, key, HYBRID_INFO)
    except InvalidTag:
        return None  # another recipient's


def _write(data: bytes, file_key: bytes, stanzas: Sequence[Stanza], random: Random) -> bytes:
    if len(data) > PAYLOAD_LIMIT:
        raise ValueError(f"at most {PAYLOAD_LIMIT} bytes")
    header = VERSION_LINE
    for stanza in stanzas:
        header += b"-> " + " ".join((stanza.kind, *stanza.arguments)).encode() + b"\n"
        body = _text(stanza.body)
        lines = [body[at : at + 64] for at in range(0, len(body), 64)]
        if not lines or len(lines[-1]) == 64:
            lines.append("")
        header += "".join(line + "\n" for line in lines).encode()
    header += b"---"
    nonce = random(NONCE_BYTES)
    payload = _seal_chunks(derive_salted(file_key, nonce, b"payload"), data)
    return header + b" " + _text(_mac(file_key, header)).encode() + b"\n" + nonce + payload


def _open_payload(file_key: bytes, mac_text: bytes, mac: bytes, payload: bytes) -> bytes:
    if len(file_key) != FILE_KEY_BYTES or not hmac.compare_digest(_mac(file_key, mac_text), mac):
        raise MalformedAgeFileError("its header was altered")
    return _open_chunks(derive_salted(file_key, payload[:NONCE_BYTES], b"payload"), payload[NONCE_BYTES:])


def _seal_chunks(key: bytes, data: bytes) -> bytes:
    # STREAM: the nonce counts the chunks and marks the last, so none can be cut off, moved or repeated.
    cipher, last = ChaCha20Poly1305(key), max(0, (len(data) - 1) // CHUNK_BYTES)
    return b"".join(
        cipher.encrypt(_chunk_nonce(n, last), data[n * CHUNK_BYTES : (n + 1) * CHUNK_BYTES], None)
        for n in range(last + 1)
    )


def _open_chunks(key: bytes, untrusted_sealed: bytes) -> bytes:
    cipher, step = ChaCha20Poly1305(key), CHUNK_BYTES + TAG_BYTES
    last = (len(untrusted_sealed) - 1) // step
    try:
        pieces = [
            cipher.decrypt(_chunk_nonce(n, last), untrusted_sealed[n * step : (n + 1) * step], None)
            for n in range(last + 1)
        ]
    except InvalidTag as why:
        raise MalformedAgeFileError("its payload was altered") from why
    if last and not pieces[-1]:
        raise MalformedAgeFileError("its last chunk is empty")
    return b"".join(pieces)


def _chunk_nonce(number: int, last: int) -> bytes:
    return number.to_bytes(11, "big") + bytes([number == last])


def _mac(file_key: bytes, header: bytes) -> bytes:
    return hmac.digest(derive_salted(file_key, b"", b"header"), header, "sha256")


def _parse(data: bytes) -> tuple[list[Stanza], bytes, bytes, bytes]:
    """(stanzas, the header that the MAC covers, the MAC, the payload), by the strict grammar of the format."""
    end = data.find(b"\n--- ", 0, HEADER_LIMIT)
    if not data.startswith(VERSION_LINE) or end < 0:
        raise MalformedAgeFileError("it does not begin as an age file")
    stop = data.find(b"\n", end + 1, end + 64)
    if stop < 0 or not NONCE_BYTES + TAG_BYTES <= len(data) - stop - 1 <= SEALED_LIMIT:
        raise MalformedAgeFileError("it is cut off or too long")
    mac = _bytes(data[end + 5 : stop].decode("ascii", "replace"))
    if len(mac) != 32:
        raise MalformedAgeFileError("its MAC has a wrong length")
    text = data[len(VERSION_LINE) : end + 1].decode("ascii", "replace")
    stanzas = _parse_stanzas(text.split("\n")[:-1])
    kinds = {stanza.kind for stanza in stanzas}
    if SCRYPT in kinds and len(stanzas) > 1:
        raise MalformedAgeFileError("a passphrase opens it, and something else")
    if HYBRID in kinds and kinds & CLASSICAL:
        raise MalformedAgeFileError("it is sealed to a classical recipient beside a hybrid one")
    return stanzas, data[: end + 4], mac, data[stop + 1 :]


def _parse_stanzas(lines: list[str]) -> list[Stanza]:
    stanzas: list[Stanza] = []
    at = 0
    while at < len(lines):
        words = lines[at].split(" ")
        if words[0] != "->" or len(words) < 2 or not all(re.fullmatch("[!-~]+", word) for word in words[1:]):
            raise MalformedAgeFileError("a stanza has no first line")
        at += 1
        body = ""
        while True:
            if at >= len(lines) or len(lines[at]) > 64:
                raise MalformedAgeFileError("a stanza does not end")
            body, last, at = body + lines[at], len(lines[at]) < 64, at + 1
            if last:
                break
        stanzas.append(Stanza(words[1], tuple(words[2:]), _bytes(body)))
    if not 1 <= len(stanzas) <= STANZA_LIMIT:
        raise MalformedAgeFileError("it has no stanza, or too many")
    return stanzas


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii").rstrip("=")


def _bytes(text: str) -> bytes:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError as why:
        raise MalformedAgeFileError("not base64") from why
    if _text(raw) != text:
        raise MalformedAgeFileError("not canonical base64")
    return raw
