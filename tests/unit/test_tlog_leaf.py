"""Leaves: the bytes of docs/formats/leaf.md."""

from __future__ import annotations

import hashlib

import pytest

from standfast.tlog.leaf import DUMMY_RANDOM_BYTES, LEAF_BYTES, dummy_leaf, leaf_of, padded_count


def test_a_leaf_is_what_its_page_says():
    statement, salt = b'{"example":true}', bytes(range(32))
    blinded = b"standfast/leaf/v1\0" + salt + hashlib.sha512(statement).digest()
    expected = b"SFL1" + hashlib.sha256(blinded).digest() + hashlib.new("sha3-256", blinded).digest()
    assert leaf_of(statement, salt) == expected
    assert len(expected) == LEAF_BYTES


def test_a_dummy_looks_alike():
    dummy = dummy_leaf(b"r" * DUMMY_RANDOM_BYTES)
    assert (len(dummy), dummy[:4]) == (LEAF_BYTES, b"SFL1")


def test_lengths_are_not_negotiable():
    for length in (0, 31, 33):
        with pytest.raises(ValueError, match="32 bytes"):
            leaf_of(b"", bytes(length))
    with pytest.raises(ValueError, match="64 random"):
        dummy_leaf(bytes(32))


def test_padding_tells_size_classes_only():
    expected = {1: 16, 16: 16, 17: 64, 64: 64, 65: 256, 256: 256, 257: 1024, 1024: 1024, 1025: 2048, 10_001: 10_240}
    assert {count: padded_count(count) for count in expected} == expected
    with pytest.raises(ValueError, match="at least one"):
        padded_count(0)
