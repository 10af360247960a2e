"""The vaults of all releases open, and give what they held."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from standfast.keys.master import MasterKeys
from standfast.tlog.checkpoint import LogSigner, open_checkpoint
from standfast.vault.folder import CHECKPOINT_NAME
from standfast.vault.reader import VaultReader
from standfast.vault.source import FolderSource
from vault_builder import LOG_ORIGIN, MASTER

VECTORS = Path(__file__).parents[1] / "vectors" / "vault"
RELEASES = sorted(path.name for path in VECTORS.iterdir() if path.is_dir())
KEYS = MasterKeys.from_master(MASTER)


@pytest.mark.parametrize("release", RELEASES)
def test_a_vault_of_a_release_opens(release: str) -> None:
    holdings = VECTORS / release / "holdings"
    expected = json.loads((VECTORS / release / "expected.json").read_text())
    vkeys = LogSigner(LOG_ORIGIN, *KEYS.log_seeds(0)).vkeys
    checkpoint = open_checkpoint((holdings / CHECKPOINT_NAME).read_bytes(), vkeys)
    reader = VaultReader(FolderSource(holdings), (KEYS.identity,), checkpoint.size)
    held = {item.record.name: reader.read(item) for item in reader.items("docs")}
    assert {name: content.hex() if len(content) < 100 else len(content) for name, content in held.items()} == expected


@pytest.mark.parametrize("release", RELEASES)
def test_the_script_of_docs_formats_opens_it_too(release: str, tmp_path: Path) -> None:
    identity = tmp_path / "identity"
    identity.write_text(KEYS.identity + "\n")
    script = Path(__file__).parents[2] / "docs" / "formats" / "read_vault.py"
    holdings = VECTORS / release / "holdings"
    listed = subprocess.run(
        [sys.executable, "-I", str(script), str(holdings), str(identity), "list"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    expected = json.loads((VECTORS / release / "expected.json").read_text())
    for name in expected:
        assert name in listed


@pytest.mark.parametrize("release", RELEASES)
def test_pack_names_are_their_digests(release: str) -> None:
    packs = [path for path in (VECTORS / release / "holdings/packs").rglob("*") if path.is_file()]
    assert packs
    for pack in packs:
        assert hashlib.sha256(pack.read_bytes()).hexdigest() == pack.name
