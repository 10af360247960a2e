"""Takes from the outside world into a landing. Knows no vault, no key, no log."""
