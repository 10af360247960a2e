"""All 196 cases of transparency-dev/merkle, and the one where our verdict is another on purpose."""

from __future__ import annotations

import base64
import json

import pytest

from standfast.errors.tlog import ProofError
from standfast.tlog.proof import verify_consistency, verify_inclusion
from standfast.tlog.tree import EMPTY_ROOT, leaf_hash

OURS_DIFFERS = {
    # merkle compares what it is given; a hash here has 32 bytes, and "don't care 2" is none.
    "consistency/additional/sizes-are-equal-one-and-proof-is-empty.json": "reject",
}


@pytest.fixture(scope="module")
def cases(tlog_vectors):
    return json.loads((tlog_vectors / "merkle_vectors.json").read_text())


def decoded(value):
    return [base64.b64decode(each) for each in value or []]


def verdict(check, *arguments):
    try:
        check(*arguments)
    except ProofError:
        return "reject"
    return "accept"


def test_every_case_has_its_verdict(cases):
    expected, found = {}, {}
    for case in cases["inclusion"]:
        leaf, root = decoded([case["leafHash"], case["root"]])
        found[case["file"]] = verdict(
            verify_inclusion, leaf, case["leafIdx"], case["treeSize"], root, decoded(case["proof"])
        )
        expected[case["file"]] = "reject" if case["wantErr"] else "accept"
    for case in cases["consistency"]:
        old_root, root = decoded([case["root1"], case["root2"]])
        found[case["file"]] = verdict(
            verify_consistency, case["size1"], old_root, case["size2"], root, decoded(case["proof"])
        )
        expected[case["file"]] = "reject" if case["wantErr"] else "accept"
    assert len(found) == 196
    assert {file: found[file] for file in found if found[file] != expected[file]} == OURS_DIFFERS


# The three cases whose meaning the specifications leave open, each pinned from both sides.


def test_a_hash_has_32_bytes(cases):
    case = next(each for each in cases["inclusion"] if each["file"].endswith("single-entry/empty-root-and-leaf.json"))
    with pytest.raises(ProofError, match="32 bytes"):
        verify_inclusion(b"", case["leafIdx"], case["treeSize"], b"", [])
    one = leaf_hash(b"")
    verify_inclusion(one, 0, 1, one, [])


def test_every_tree_continues_the_empty_one(cases):
    # merkle rejects an old size of 0; C2SP tlog-witness accepts it, with an empty proof and the empty root.
    verify_consistency(0, EMPTY_ROOT, 1, leaf_hash(b""), [])
    with pytest.raises(ProofError, match="0 hashes"):
        verify_consistency(0, EMPTY_ROOT, 1, leaf_hash(b""), [leaf_hash(b"")])


def test_size_0_has_the_empty_root(cases):
    verify_consistency(0, EMPTY_ROOT, 0, EMPTY_ROOT, [])
    with pytest.raises(ProofError, match="empty root"):
        verify_consistency(0, leaf_hash(b""), 0, leaf_hash(b""), [])


def test_equal_sizes_and_roots_need_no_proof(cases):
    one = leaf_hash(b"")
    verify_consistency(1, one, 1, one, [])
