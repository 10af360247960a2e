"""The keyring: a vault's public keys, numbered, chained, signed. Format: docs/formats/keyring.md. No disk."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec

from standfast import clock
from standfast.errors.keys import KeyringError
from standfast.errors.tlog import SignatureError
from standfast.holdings.canonical import canonical_bytes, parse_canonical
from standfast.holdings.digest import sha256_hex
from standfast.seal.sign import Ed25519Key, MlDsa44Key, verify_ed25519, verify_ml_dsa_44

FORMAT = "standfast/keyring/v1"
CONTEXT = b"standfast/keyring/v1\0"
KEYRING_BYTES_LIMIT = 1024 * 1024
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]


class CustodyPublic(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The public halves of the custody key, base64."""

    ed25519: str
    ml_dsa_44: str


class LogKeys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The log's name, and the keys that must have signed its checkpoints (C2SP vkeys)."""

    origin: str
    vkeys: tuple[str, ...]


class Keyring(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may read, sign and decide, from one accession on."""

    created_at: str
    custody: CustodyPublic
    documents: dict[str, str]
    """SHA-256 of the files that no inventory names: FORMAT and HOW-TO-OPEN.txt."""
    format: str = FORMAT
    from_accession: Count
    log: LogKeys
    number: Count
    previous: str
    recipients: tuple[str, ...]


class KeyringLeaf(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the keyring's control leaf stands, the padded size of its batch, and its salt (base64)."""

    count: Count
    index: Count
    salt: str


class Signatures(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """By the custody key of the keyring before; number 0 by its own. Base64."""

    ed25519: str
    ml_dsa_44: str


class KeyringFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file `keyring/<n>`."""

    keyring: Keyring
    leaf: KeyringLeaf
    signatures: Signatures


class CustodyKey:
    """The key that alone may sign a keyring."""

    def __init__(self, ed25519_seed: bytes, ml_dsa_seed: bytes) -> None:
        """From its two seeds, 32 bytes each."""
        self._ed25519, self._ml_dsa = Ed25519Key(ed25519_seed), MlDsa44Key(ml_dsa_seed)

    @property
    def public(self) -> CustodyPublic:
        """Its public halves."""
        return CustodyPublic(ed25519=_text(self._ed25519.public), ml_dsa_44=_text(self._ml_dsa.public))

    def sign(self, keyring: Keyring) -> Signatures:
        """Both signatures over a keyring."""
        message = CONTEXT + canonical_bytes(keyring)
        return Signatures(ed25519=_text(self._ed25519.sign(message)), ml_dsa_44=_text(self._ml_dsa.sign(message)))


def first_keyring(
    custody: CustodyKey,
    *,
    log_origin: str,
    vkeys: Sequence[str],
    recipients: Sequence[str],
    documents: dict[str, str],
    created_at: datetime,
) -> Keyring:
    """Keyring 0 of a new vault, not signed yet."""
    return Keyring(
        created_at=clock.to_text(created_at),
        custody=custody.public,
        documents=documents,
        from_accession=1,
        log=LogKeys(origin=log_origin, vkeys=tuple(vkeys)),
        number=0,
        previous="",
        recipients=tuple(recipients),
    )


def make_keyring(keyring: Keyring, custody: CustodyKey, *, index: int, count: int, salt: bytes) -> bytes:
    """The file of a keyring, signed; `index`, `count` and `salt` are its control leaf's."""
    leaf = KeyringLeaf(count=count, index=index, salt=_text(salt))
    return canonical_bytes(KeyringFile(keyring=keyring, leaf=leaf, signatures=custody.sign(keyring)))


def open_keyring(raw: bytes, number: int | None = None) -> KeyringFile:
    """Read a keyring file; any other spelling of the same content is refused. Nothing is verified yet.

    `number` is the one that its name gives; it is for the error alone.

    Raises:
        KeyringError: not a keyring of version 1.
    """
    if len(raw) > KEYRING_BYTES_LIMIT:
        raise KeyringError(number, "too large")
    try:
        file = parse_canonical(raw, KeyringFile)
        for text, length in (
            (file.leaf.salt, 32),
            (file.keyring.custody.ed25519, 32),
            (file.keyring.custody.ml_dsa_44, 1312),
            (file.signatures.ed25519, 64),
            (file.signatures.ml_dsa_44, 2420),
        ):
            if len(_bytes(text)) != length:
                raise ValueError("a key, signature or salt of a wrong length")
        if clock.to_text(clock.from_text(file.keyring.created_at)) != file.keyring.created_at:
            raise ValueError("a time in another form")
    except (ValueError, OverflowError) as why:
        raise KeyringError(number, str(why)) from why
    if file.keyring.format != FORMAT:
        raise KeyringError(file.keyring.number, "of another format")
    return file


def control_statement(file: KeyringFile) -> bytes:
    """What the keyring's control leaf commits to."""
    return canonical_bytes({"format": "standfast/control/v1", "keyring": sha256_hex(canonical_bytes(file.keyring))})


def leaf_salt(file: KeyringFile) -> bytes:
    """The salt of its control leaf, 32 bytes."""
    return _bytes(file.leaf.salt)


def verify_keyring_chain(raws: Sequence[bytes], pinned: CustodyPublic | None = None) -> list[KeyringFile]:
    """All keyrings from number 0 on, each signed by the custody key before it. The last is in force.

    Args:
        raws: the files in order of number.
        pinned: the custody key of number 0, as this machine knows it; without it, number 0 is believed, and only the
            log ties it.

    Raises:
        KeyringError: one is missing, altered, or not signed as it must be.
    """
    files: list[KeyringFile] = []
    for number, raw in enumerate(raws):
        file = open_keyring(raw, number)
        if file.keyring.number != number:
            raise KeyringError(number, f"it says that it is number {file.keyring.number}")
        if file.keyring.previous != (sha256_hex(raws[number - 1]) if number else ""):
            raise KeyringError(number, "it does not follow the one before")
        signer = files[-1].keyring.custody if files else (pinned or file.keyring.custody)
        if not files and pinned and file.keyring.custody != pinned:
            raise KeyringError(number, "its custody key is not the one that this machine knows")
        message = CONTEXT + canonical_bytes(file.keyring)
        try:
            verify_ed25519(_bytes(signer.ed25519), message, _bytes(file.signatures.ed25519))
            verify_ml_dsa_44(_bytes(signer.ml_dsa_44), message, _bytes(file.signatures.ml_dsa_44))
        except SignatureError as why:
            raise KeyringError(number, "the custody key did not sign it") from why
        files.append(file)
    if not files:
        raise KeyringError(0, "it is missing")
    return files


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _bytes(text: str) -> bytes:
    raw = base64.b64decode(text, validate=True)
    if _text(raw) != text:
        raise ValueError("not canonical base64")
    return raw
