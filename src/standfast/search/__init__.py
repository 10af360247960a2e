"""Finds words in what is held: a sealed index, made from the vault alone, and made again whenever it is lost."""
