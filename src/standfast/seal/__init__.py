"""Cryptography, and nothing else: the only room that imports cryptographic libraries."""
