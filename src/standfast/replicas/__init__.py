"""Carries packs, inventories and the log to other hands, and audits and heals them there, with no key."""
