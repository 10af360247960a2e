"""Holds items as packs of ciphertext, named by their digest, only ever added."""
