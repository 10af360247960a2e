"""The transparency log: salted leaves, tiles, signed checkpoints, proofs. Formats: log.md and leaf.md in docs/formats.

`tree`, `note`, `checkpoint`, `proof` and `proof_text` take bytes and give values: no disk, no network, no clock.

Trusted: whoever holds the log's keys could add leaves, and could sign a second history; whoever compares checkpoints
(`monitor.verify_growth`) sees the second one. Not trusted: whoever holds a copy could withhold or change tiles; every
change is named by `check_tiles` with nothing but the log's public keys.
"""
