"""Vectors of other implementations, which lie beside the project and not in it: run only when this folder is named.

    STANDFAST_VECTORS=../shared/vectors .venv/bin/pytest -q tests/conformance_shared

A folder that is not there is a failure, never a skip.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave this folder alone unless a path on the command line lies in it."""
    named = ((config.invocation_params.dir / argument.split("::")[0]).resolve() for argument in config.args)
    return None if any(path.is_relative_to(HERE) for path in named) else True


def shared_vectors() -> Path:
    """The folder of shared vectors: STANDFAST_VECTORS, else beside the repository."""
    return Path(os.environ.get("STANDFAST_VECTORS") or HERE.parents[2] / "shared" / "vectors")


@pytest.fixture(scope="session")
def tlog_vectors() -> Path:
    """The log's part of the shared vectors."""
    return shared_vectors() / "tlog"
