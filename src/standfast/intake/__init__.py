"""Screens what was landed, seals it and brings it in: one accession at a time, resumable, all or nothing."""
