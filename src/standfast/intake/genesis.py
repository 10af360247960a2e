"""The first batch of a vault's log, and the words for whoever finds a copy."""

from __future__ import annotations

BATCH = 16
