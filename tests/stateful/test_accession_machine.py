"""What was acknowledged is there, what was not leaves nothing that hurts: accession and vault, cut at any write."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from power_cut import PowerCut, power_cut
from standfast.vault.folder import pack_name
from standfast.vault.history import read_history
from standfast.vault.source import FolderSource
from vault_builder import MemoryOrigin, SmallVault, TickingClock, noise

NAMES = st.sampled_from(["a.txt", "b.txt", "ج.txt", "deep/c.bin"])


class AccessionMachine(RuleBasedStateMachine):
    """A folder of four files changes, is protected, and the power fails at any write."""

    @initialize()
    def begin(self) -> None:
        self.scratch = tempfile.TemporaryDirectory()
        self.vault = SmallVault(Path(self.scratch.name) / "vault", TickingClock())
        self.vault.make()
        self.origin = MemoryOrigin(clock=self.vault.clock)
        self.acknowledged: dict[str, bytes] = {}
        self.possible: list[dict[str, bytes]] = [{}]

    @rule(name=NAMES, seed=st.integers(0, 5), size=st.sampled_from([0, 10, 5000, 300_000]))
    def write(self, name: str, seed: int, size: int) -> None:
        self.origin.content[name] = noise(seed, size)

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        self.origin.content.pop(name, None)

    @rule()
    def protect(self) -> None:
        result = self.vault.protect(self.origin)
        assert result.ok
        self.acknowledged = dict(self.origin.content)
        self.possible = [self.acknowledged]

    @rule(name=NAMES, seed=st.integers(0, 5), size=st.sampled_from([10, 5000, 300_000]), at=st.integers(0, 40))
    def change_protect_and_lose_power(self, name: str, seed: int, size: int, at: int) -> None:
        self.origin.content[name] = noise(seed, size)
        wanted = dict(self.origin.content)
        with contextlib.suppress(PowerCut), power_cut(at):
            self.vault.protect(self.origin)
        # The cut may have come before or after the checkpoint: the old state or the new, never a mixture.
        self.possible = [self.acknowledged, wanted]
        self.acknowledged = self.vault.held()

    @rule()
    def lose_the_state(self) -> None:
        for path in self.vault.folder.state.iterdir():
            if path.is_file():
                path.unlink()

    @invariant()
    def what_is_held_is_one_of_the_two(self) -> None:
        if hasattr(self, "vault"):
            held = self.vault.held()
            assert held in self.possible
            self.acknowledged = held

    @invariant()
    def every_inventory_and_pack_is_there(self) -> None:
        if not hasattr(self, "vault"):
            return
        source = FolderSource(self.vault.folder.holdings)
        for inventory, _ in read_history(source, self.vault.reader()._log_size):
            for pack in inventory.packs:
                assert source.size(pack_name(pack.sha256)) == pack.bytes

    def teardown(self) -> None:
        if not hasattr(self, "scratch"):
            return
        with self.scratch:
            # After the last cut, one more protect must clean up and bring everything in.
            self.vault.protect(self.origin)
            assert self.vault.held() == self.origin.content
            there = {path.name for path in self.vault.folder.held("packs").rglob("*") if path.is_file()}
            assert there == set(self.vault.reader().live_packs())


AccessionMachine.TestCase.settings = settings(
    max_examples=60, stateful_step_count=10, deadline=None, suppress_health_check=list(HealthCheck)
)
TestAccession = AccessionMachine.TestCase
