"""Hands one item, or a few, to a stranger with everything that is needed to check what the vault says of them."""
