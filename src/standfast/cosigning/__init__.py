"""Cosigners: being one for other logs, and asking others for ours.

Being one: `judge` decides, `state` remembers in SQLite and signs, `server` answers over HTTP. Asking: `asking`.

Trusted: whoever has a cosigner's folder could cosign forks in its name, and could stall. Not trusted: the log that
asks; a cosigner believes of it just what a proof shows. It learns a log's name, size and root, and nothing else.
"""
