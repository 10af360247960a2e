"""Tree hashing against the definition of RFC 6962, written out anew."""

from __future__ import annotations

from hashlib import sha256

import pytest

from standfast.errors.tlog import ProofError
from standfast.tlog.proof import verify_consistency, verify_inclusion
from standfast.tlog.tree import (
    EMPTY_ROOT,
    consistency_ranges,
    fold,
    inclusion_ranges,
    leaf_hash,
    leaf_hashes,
    node_hash,
    peaks,
    perfect_root,
    root_of,
)

CT_LEAVES = [
    bytes.fromhex(each)
    for each in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def mth(entries: list[bytes]) -> bytes:
    """RFC 6962 §2.1, word for word."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\0" + entries[0]).digest()
    k = 1
    while k * 2 < len(entries):
        k *= 2
    return sha256(b"\1" + mth(entries[:k]) + mth(entries[k:])).digest()


def path(m: int, entries: list[bytes]) -> list[bytes]:
    """RFC 6962 §2.1.1."""
    if len(entries) == 1:
        return []
    k = 1
    while k * 2 < len(entries):
        k *= 2
    if m < k:
        return [*path(m, entries[:k]), mth(entries[k:])]
    return [*path(m - k, entries[k:]), mth(entries[:k])]


def subproof(m: int, entries: list[bytes], whole: bool) -> list[bytes]:
    """RFC 6962 §2.1.2."""
    if m == len(entries):
        return [] if whole else [mth(entries)]
    k = 1
    while k * 2 < len(entries):
        k *= 2
    if m <= k:
        return [*subproof(m, entries[:k], whole), mth(entries[k:])]
    return [*subproof(m - k, entries[k:], False), mth(entries[:k])]


def entries_of(count: int) -> list[bytes]:
    return [b"entry %d" % index for index in range(count)]


def test_roots_of_certificate_transparency():
    for count, root in enumerate(CT_ROOTS, 1):
        assert root_of(leaf_hashes(CT_LEAVES[:count])).hex() == root == mth(CT_LEAVES[:count]).hex()


def test_root_of_any_count():
    for count in range(70):
        assert root_of(leaf_hashes(entries_of(count))) == mth(entries_of(count))
    assert root_of([]) == fold([]) == EMPTY_ROOT


def test_perfect_root_refuses_an_odd_row():
    with pytest.raises(ValueError, match="zip"):
        perfect_root([leaf_hash(b"")] * 3)


def test_peaks_cover_a_range_with_ever_smaller_powers_of_two():
    for size in range(1, 300):
        found = list(peaks(0, size))
        lengths = [stop - start for start, stop in found]
        assert lengths == sorted(lengths, reverse=True)
        assert all(length & (length - 1) == 0 for length in lengths)
        assert [start for start, _ in found] == [0, *(stop for _, stop in found[:-1])]
        assert found[-1][1] == size


def test_every_inclusion_proof_is_the_one_of_the_rfc_and_verifies():
    for size in range(1, 34):
        entries = entries_of(size)
        root = mth(entries)
        for index in range(size):
            proof = [mth(entries[start:stop]) for start, stop in inclusion_ranges(index, size)]
            assert proof == path(index, entries)
            verify_inclusion(leaf_hash(entries[index]), index, size, root, proof)


def test_every_consistency_proof_is_the_one_of_the_rfc_and_verifies():
    for size in range(1, 34):
        entries = entries_of(size)
        for old in range(1, size + 1):
            proof = [mth(entries[start:stop]) for start, stop in consistency_ranges(old, size)]
            assert proof == subproof(old, entries, True)
            verify_consistency(old, mth(entries[:old]), size, mth(entries), proof)


def test_any_change_to_an_inclusion_proof_is_refused():
    size = 21
    entries = entries_of(size)
    root, other = mth(entries), leaf_hash(b"other")
    for index in range(size):
        leaf, proof = leaf_hash(entries[index]), path(index, entries)
        changes = [
            (other, index, size, root, proof),
            (leaf, index, size, other, proof),
            (leaf, (index + 1) % size, size, root, proof),
            (leaf, index, size, root, [*proof, other]),
            (leaf, index, size, root, [other, *proof]),
            (leaf, index, size, root, proof[1:]),
            (leaf, index, size, root, proof[:-1]),
            (leaf, index, 0, root, proof),
            (leaf, -1, size, root, proof),
            (leaf, 2**63, 2**64, root, proof),
            *((leaf, index, size, root, [*proof[:at], other, *proof[at + 1 :]]) for at in range(len(proof))),
            *((leaf, index, size, root, [*proof[:at], proof[at][:-1], *proof[at + 1 :]]) for at in range(len(proof))),
        ]
        for change in changes:
            with pytest.raises(ProofError):
                verify_inclusion(*change)


def test_a_proof_holds_for_many_sizes_so_the_size_must_be_signed():
    entries = entries_of(10)
    proof, root = path(4, entries), mth(entries)
    accepted = []
    for size in range(5, 40):
        try:
            verify_inclusion(leaf_hash(entries[4]), 4, size, root, proof)
        except ProofError:
            continue
        accepted.append(size)
    assert accepted == list(range(9, 17))


def test_any_change_to_a_consistency_proof_is_refused():
    size = 21
    entries = entries_of(size)
    root, other = mth(entries), leaf_hash(b"other")
    for old in range(1, size):
        old_root, proof = mth(entries[:old]), subproof(old, entries, True)
        changes = [
            (old, other, size, root, proof),
            (old, old_root, size, other, proof),
            (old, old_root, size, root, [*proof, other]),
            (old, old_root, size, root, proof[1:]),
            (size, root, old, old_root, proof),
            (old, EMPTY_ROOT, size, root, proof),
            (-1, old_root, size, root, proof),
            *((old, old_root, size, root, [*proof[:at], other, *proof[at + 1 :]]) for at in range(len(proof))),
        ]
        for change in changes:
            with pytest.raises(ProofError):
                verify_consistency(*change)


def test_equal_sizes_need_equal_roots_and_no_proof():
    one, two = leaf_hash(b"1"), leaf_hash(b"2")
    verify_consistency(1, one, 1, one, [])
    for change in ((1, one, 1, two, []), (1, one, 1, one, [two]), (0, EMPTY_ROOT, 0, one, []), (0, one, 1, one, [])):
        with pytest.raises(ProofError):
            verify_consistency(*change)
    verify_consistency(0, EMPTY_ROOT, 2, node_hash(one, two), [])


def test_ranges_outside_a_tree_are_a_defect():
    for bad in ((0, 0), (5, 5), (-1, 5)):
        with pytest.raises(ValueError, match="no leaf"):
            inclusion_ranges(*bad)
    for bad in ((6, 5), (-1, 5)):
        with pytest.raises(ValueError, match="continue"):
            consistency_ranges(*bad)
