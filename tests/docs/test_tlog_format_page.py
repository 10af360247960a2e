"""docs/formats/log.md says what the vectors hold."""

from __future__ import annotations

import json
import re
from pathlib import Path

from standfast.tlog.checkpoint import Checkpoint, subtree_message
from standfast.tlog.paths import TilePath

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/formats/log.md").read_text()
VECTORS = ROOT / "tests/vectors/tlog"


def test_the_example_is_the_log_of_300_leaves():
    listed = set(re.findall(r"^tlog/(\S+)", PAGE, re.MULTILINE))
    log = VECTORS / "log-300"
    needed = {path for path in listed if path != "checkpoint"}
    assert listed == {"checkpoint", *needed}
    assert all((log / path).is_file() for path in listed)
    there = {str(path.relative_to(log)) for path in log.rglob("*") if path.is_file()}
    assert there == listed
    assert (log / "tile/entries/000").stat().st_size == 256 * (2 + 68)
    assert (log / "tile/0/000").stat().st_size == 256 * 32


def test_the_example_checkpoint_is_a_vector():
    raw = json.loads((VECTORS / "valid/checkpoint-ed25519.json").read_text())["raw"]
    assert raw in PAGE


def test_the_message_is_put_together_as_the_page_says():
    found = subtree_message("cosigner", Checkpoint("origin", 8, bytes(range(32))), 7)
    assert found == b"subtree/v1\n\0\x08cosigner" + (7).to_bytes(8, "big") + b"\x06origin" + bytes(8) + (8).to_bytes(
        8, "big"
    ) + bytes(range(32))


def test_the_example_of_a_great_index():
    assert "1234067 is `x001/x234/067`" in PAGE
    assert TilePath(0, 1234067, 256).text() == "tile/0/x001/x234/067"
