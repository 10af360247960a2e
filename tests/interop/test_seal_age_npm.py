"""Our age files and those of the npm package `age-encryption` open each other."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from standfast.seal import age
from standfast.vault.packs import HEAD
from vault_builder import MemoryOrigin, SmallVault

NODE_FOLDER = Path(__file__).parent / "node"
IDENTITY = age.identity_from(bytes(range(32)))


def node(what: str, *words: str, data: bytes = b"") -> bytes:
    """Run one act of age.mjs; one that fails raises."""
    done = subprocess.run(
        ["node", "age.mjs", what, *words], cwd=NODE_FOLDER, input=data, capture_output=True, check=False, timeout=60
    )
    assert not done.returncode, done.stderr.decode()
    return done.stdout


def test_the_same_recipient_of_the_same_identity() -> None:
    assert node("recipient", IDENTITY).decode() == age.recipient_of(IDENTITY)


def test_a_generated_identity_is_read() -> None:
    identity = node("generate").decode()
    assert age.recipient_of(identity) == node("recipient", identity).decode()


SIZES = [0, 1, 32, age.CHUNK_BYTES - 1, age.CHUNK_BYTES, age.CHUNK_BYTES + 1, age.PAYLOAD_LIMIT]


@pytest.mark.parametrize("size", SIZES)
def test_it_opens_what_we_seal_to_several(size: int) -> None:
    other = age.recipient_of(age.identity_from(bytes(32)))
    plain = bytes(size)
    assert node("open", IDENTITY, data=age.seal_to(plain, [other, age.recipient_of(IDENTITY)])) == plain


@pytest.mark.parametrize("size", SIZES)
def test_we_open_what_it_seals_to_several(size: int) -> None:
    other = age.recipient_of(age.identity_from(bytes(32)))
    sealed = node("seal", other, age.recipient_of(IDENTITY), data=bytes(size))
    assert age.open_with(sealed, [IDENTITY]) == bytes(size)


def test_passphrases_both_ways() -> None:
    words = "عبارة example 1"
    assert node("open-passphrase", words, data=age.seal_under(b"example", words, log_n=12)) == b"example"
    assert age.open_under(node("seal-passphrase", words, data=b"example"), words) == b"example"


def test_it_opens_the_head_of_a_real_pack(tmp_path: Path) -> None:
    vault = SmallVault(tmp_path / "vault")
    vault.make()
    vault.protect(MemoryOrigin(content={"a.txt": b"example"}))
    pack = next(path for path in vault.folder.held("packs").rglob("*") if path.is_file()).read_bytes()
    _, length = HEAD.unpack(pack[: HEAD.size])
    key = node("open", vault.master.identity, data=pack[HEAD.size : HEAD.size + length])
    assert len(key) == 32
