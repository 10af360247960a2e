"""Makes the vault of a release, to be kept for ever: `python make.py RELEASE`. Its master secret is known to all.

It is run once for a release, and its output is committed; a later release never makes an older one's again.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from vault_builder import MemoryOrigin, SmallVault, noise  # noqa: E402 - two folders up

FIRST = {
    "letter.txt": b"An example letter.\n" * 200,
    "تقرير.txt": "مثال.\n".encode() * 50,
    "pictures/example.bin": noise(1, 40_000),
}
SECOND = {**FIRST, "letter.txt": b"An example letter, changed.\n" * 200, "new.txt": b"new example"}
del SECOND["تقرير.txt"]


def main() -> None:
    """Write `RELEASE/holdings` and what it must give."""
    target = HERE / sys.argv[1]
    scratch = target.with_name(f"{target.name}.making")
    vault = SmallVault(scratch)
    vault.make()
    vault.protect(MemoryOrigin(content=dict(FIRST), clock=vault.clock))
    vault.protect(MemoryOrigin(content=dict(SECOND), clock=vault.clock))
    shutil.copytree(vault.folder.holdings, target / "holdings")
    shutil.rmtree(scratch)
    held = {name: content.hex() if len(content) < 100 else len(content) for name, content in sorted(SECOND.items())}
    (target / "expected.json").write_text(json.dumps(held, ensure_ascii=False, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
