"""Proofs that others made and that come in with an item: verified at intake, each passed, failed or not checked."""
