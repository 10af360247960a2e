"""Safeguards the evidence and the capacity to work of organisations that document violations.

The life of one item:

1. **capture** takes from the outside world into a *landing*. It knows no vault, no key, no log.
2. **intake** screens the landing (limits, names, types), seals it and brings it in: one *accession*, resumable,
   all or nothing. **proofs** checks what others signed or stamped and came in with an item.
3. **vault** holds it: packs of ciphertext, named by their digest, only ever added.
4. **tlog** commits to it: one salted leaf an item, tiles, a signed checkpoint. **cosigning** and **stamping** put
   other organisations' signatures, and times, over that.
5. **replicas** carries both to other hands, and audits and heals them there, with no key.
6. **restore** makes a working office out of any one replica. **drill** rehearses that, measures it, and writes
   the result back in as an item.
7. **casework** records what the items show, and who may know it. **disclosure** hands one of them to a stranger.
   **verify** is what the stranger runs.
8. **register** publishes what the public may read. **search** finds words in what is held, for who can read it.

Data goes one way: down this list. Nothing reaches back up; what a later room must tell an earlier one comes in
as a new item.
"""

__version__ = "0.1.0"
