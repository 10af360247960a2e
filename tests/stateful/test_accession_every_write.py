"""The power fails at each single write of an accession, one after the other."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from power_cut import PowerCut, power_cut
from vault_builder import MemoryOrigin, SmallVault, noise


@pytest.fixture(scope="module")
def vault_of_one_night(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """A vault that was protected once, to be copied for each cut."""
    root = tmp_path_factory.mktemp("night") / "vault"
    vault = SmallVault(root)
    vault.make()
    content = {"a.txt": b"example", "b.bin": noise(1, 300_000)}
    vault.protect(MemoryOrigin(content=dict(content)))
    return root, content


def test_old_state_or_new_and_the_next_protect_mends_it(
    vault_of_one_night: tuple[Path, dict[str, bytes]], tmp_path: Path
) -> None:
    root, old = vault_of_one_night
    new = {"b.bin": noise(2, 280_000), "c.txt": b"new example"}
    at, outcomes = 0, []
    while True:
        vault = SmallVault(shutil.copytree(root, tmp_path / f"cut-{at}"))
        try:
            with power_cut(at):
                vault.protect(MemoryOrigin(content=dict(new)))
            break
        except PowerCut:
            held = vault.held()
            assert held in (old, new), f"a mixture after a cut at write {at}"
            outcomes.append(held == new)
            result = vault.protect(MemoryOrigin(content=dict(new)))
            assert result.ok
            assert vault.held() == new
            assert packs_there(vault) == set(vault.reader().live_packs()), f"debris stays after a cut at write {at}"
            at += 1
    # Once acknowledged, always acknowledged; and the cuts did fall on both sides of that moment.
    assert outcomes == sorted(outcomes)
    assert outcomes.count(False) > 15
    assert outcomes.count(True) >= 2


def packs_there(vault: SmallVault) -> set[str]:
    """Names of the files in packs/."""
    return {path.name for path in vault.folder.held("packs").rglob("*") if path.is_file()}
