"""What a stranger runs: one bundle, checked step by step, with no vault, no key and no network."""
