"""Pure nouns: identifiers, digests, items, custody, canonical bytes. No disk, no network, no clock."""
