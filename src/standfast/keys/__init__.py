"""Who may add, who may read, who may decide: keys, their shares, and the public list of them."""
