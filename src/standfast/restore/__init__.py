"""Makes a working office out of any one replica."""
