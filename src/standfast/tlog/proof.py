"""Checks of the two Merkle proofs; `reader.LogReader` makes them. Sources: RFC 6962 §2.1; RFC 9162 §2.1.3, §2.1.4.

A proof holds for many sizes at once (leaf 4 of 10 verifies under every size from 9 to 16). Sizes and roots come from a
signed checkpoint, never from what stands beside the proof.
"""

from __future__ import annotations

from collections.abc import Sequence

from standfast.errors.tlog import ProofError
from standfast.tlog.tree import EMPTY_ROOT, HASH_BYTES, MAX_SIZE, consistency_ranges, inclusion_ranges, node_hash


def verify_inclusion(leaf: bytes, index: int, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """Require that the tree of `size` leaves with this root has `leaf` at `index`.

    Args:
        leaf: the leaf's hash (`tree.leaf_hash`), 32 bytes, not its entry.
        index: its place, from 0.
        size: leaves in the tree, from a signed checkpoint.
        root: 32 bytes, from the same checkpoint.
        proof: hashes of 32 bytes, the leaf's sibling first.

    Raises:
        ProofError: it is not proved. Nothing follows about where else the leaf may stand.
    """
    what = "inclusion"
    _require_sizes(what, index + 1, size)
    _require_hashes(what, leaf, root, *proof)
    ranges = inclusion_ranges(index, size)
    _require_length(what, len(ranges), len(proof))
    running = leaf
    for (start, _), beside in zip(ranges, proof, strict=True):
        running = node_hash(running, beside) if start > index else node_hash(beside, running)
    if running != root:
        raise ProofError(what, f"the proof leads to another root than the checkpoint's for leaf {index} of {size}")


def verify_consistency(old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """Require that the tree of `size` begins with exactly the leaves of the tree of `old_size`.

    An old size of 0 is continued by every tree, with an empty proof and the empty root (as C2SP tlog-witness has it).

    Args:
        old_size: leaves in the older tree, from a signed checkpoint.
        old_root: its root, 32 bytes.
        size: leaves in the newer tree, from a signed checkpoint.
        root: its root, 32 bytes.
        proof: hashes of 32 bytes, in the order of RFC 6962.

    Raises:
        ProofError: it is not proved.
    """
    what = "consistency"
    _require_sizes(what, old_size, size)
    _require_hashes(what, old_root, root, *proof)
    for one_size, one_root in ((old_size, old_root), (size, root)):
        if (one_size == 0) != (one_root == EMPTY_ROOT):
            raise ProofError(what, "the empty root belongs to size 0, and to no other")
    ranges = consistency_ranges(old_size, size)
    _require_length(what, len(ranges), len(proof))
    if old_size == size and old_root != root:
        raise ProofError(what, f"two different roots for the one size {size}")
    if old_size in (0, size):
        return
    steps = list(zip(ranges, proof, strict=True))
    # Where the old tree is no perfect subtree of the new one, the proof's first hash is the old tree's last peak.
    old_running = running = old_root if ranges[0][0] >= old_size else steps.pop(0)[1]
    for (start, _), beside in steps:
        if start >= old_size:
            running = node_hash(running, beside)
        else:
            running, old_running = node_hash(beside, running), node_hash(beside, old_running)
    if old_running != old_root:
        raise ProofError(what, f"the proof does not lead to the older root, of size {old_size}")
    if running != root:
        raise ProofError(what, f"the proof does not lead to the newer root, of size {size}")


def _require_sizes(what: str, first: int, last: int) -> None:
    if not 0 <= first <= last <= MAX_SIZE or (what == "inclusion" and first == 0):
        raise ProofError(what, f"there is no place {first} in a log of {last} leaves")


def _require_hashes(what: str, *hashes: bytes) -> None:
    if any(len(each) != HASH_BYTES for each in hashes):
        raise ProofError(what, f"a hash has not {HASH_BYTES} bytes")


def _require_length(what: str, needed: int, given: int) -> None:
    if given != needed:
        raise ProofError(what, f"it takes {needed} hashes, there are {given}")
