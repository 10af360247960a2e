"""Evidence records, RFC 4998: a time-stamp stays proof after its certificate or its algorithms have aged.

A record holds chains of stamps over one file. The first stamp is over the file's digest. *Time-stamp renewal* adds, to
the same chain, a stamp over the stamp before it. *Hash-tree renewal* begins a new chain with a stronger digest, over
the file and all the chains before. Many renewals share one stamp: their digests are the leaves of a tree, and each
record holds the way from its own leaf to the root.

Verification, in this order, each raising EvidenceRecordError or the error of the stamp that fails (timestamp.py):

 1. the record is DER of version 1, within bounds, without parts that are not used here
 2. in each chain all stamps are over digests of one algorithm, which the record lists
 3. the first stamp of the first chain is over the file
 4. the first stamp of each further chain is over the file and all chains before
 5. each further stamp of a chain is over all stamps of the chain before it
 6. each stamp is by an authority that is expected, and verifies at its own time
 7. each was renewed while its certificates were valid, and not before it was made

Trusted: as in timestamp.py. Who has a copy of a record could leave renewals out, as long as those that stay were made
in time; never change what one says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from asn1crypto import algos, cms, core

from standfast.errors.stamping import EvidenceRecordError, MalformedStampError
from standfast.seal.stamp_form import parsing, read_token, sorted_copy, token_in
from standfast.seal.timestamp import StampFacts, verify_token

RECORD_BYTES_LIMIT = 1024 * 1024
STAMPS_LIMIT = 64
"""In one record: one every few years, for longer than any format of today will be read."""
TREE_LEVELS_LIMIT = 32
ALGORITHMS = ("sha256", "sha384", "sha512")
"""Weakest first."""


class _Algorithms(core.SequenceOf):  # type: ignore[misc]
    _child_spec = algos.DigestAlgorithm


class _Unused(core.SequenceOf):  # type: ignore[misc]
    _child_spec = core.Any


class _UnusedSet(core.SetOf):  # type: ignore[misc]
    _child_spec = core.Any


class _PartialHashtree(core.SequenceOf):  # type: ignore[misc]
    _child_spec = core.OctetString


class _ReducedHashtree(core.SequenceOf):  # type: ignore[misc]
    _child_spec = _PartialHashtree


class _ArchiveTimeStamp(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar = [
        ("digest_algorithm", algos.DigestAlgorithm, {"implicit": 0, "optional": True}),
        ("attributes", _UnusedSet, {"implicit": 1, "optional": True}),
        ("reduced_hashtree", _ReducedHashtree, {"implicit": 2, "optional": True}),
        ("time_stamp", cms.ContentInfo),
    ]


class _Chain(core.SequenceOf):  # type: ignore[misc]
    _child_spec = _ArchiveTimeStamp


class _Chains(core.SequenceOf):  # type: ignore[misc]
    _child_spec = _Chain


class _Record(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar = [
        ("version", core.Integer),
        ("digest_algorithms", _Algorithms),
        ("crypto_infos", _Unused, {"implicit": 0, "optional": True}),
        ("encryption_info", _Unused, {"implicit": 1, "optional": True}),
        ("chains", _Chains),
    ]


@dataclass(frozen=True, slots=True)
class ArchiveStamp:
    """One stamp of a record."""

    algorithm: str
    """Of the digest that it is over, and of its tree."""
    way: tuple[tuple[bytes, ...], ...]
    """A reduced hash tree: the row that holds the leaf, then what stands beside on each level. Empty: no tree."""
    token: bytes
    """DER, its certificates sorted."""


Chains = tuple[tuple[ArchiveStamp, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceFacts:
    """What a record shows, every step passed."""

    stamps: tuple[StampFacts, ...]
    """Oldest first. The first one's time is what the record proves."""

    @property
    def time(self) -> datetime:
        """By when the file existed."""
        return self.stamps[0].time

    @property
    def not_after(self) -> datetime:
        """When the newest stamp's certificates run out."""
        return self.stamps[-1].chain_not_after


def first_chains(response: bytes) -> Chains:
    """The chains of a record that holds nothing but an authority's answer.

    Raises:
        MalformedStampError, StampRefusedError: it is none.
    """
    token = token_in(sorted_copy(response))
    return ((ArchiveStamp(read_token(token).imprint_algorithm, (), token),),)


def write_record(chains: Chains) -> bytes:
    """The record in DER."""
    algorithms = list(dict.fromkeys(chain[0].algorithm for chain in chains))
    record = _Record(
        {
            "version": 1,
            "digest_algorithms": [{"algorithm": each} for each in algorithms],
            "chains": _to_asn1(chains),
        }
    )
    der: bytes = record.dump()
    return der


def open_record(raw: bytes) -> Chains:
    """The chains of a record. Nothing is verified but the form: steps 1 and 2.

    Raises:
        MalformedStampError: no record, or one with parts that are not used here.
        EvidenceRecordError: its algorithms.
    """
    if len(raw) > RECORD_BYTES_LIMIT:
        raise MalformedStampError(f"the evidence record has more than {RECORD_BYTES_LIMIT} bytes")
    with parsing("the evidence record"):
        record = _Record.load(raw, strict=True)
        unused = [record["crypto_infos"], record["encryption_info"]]
        chains = tuple(tuple(_stamp(each) for each in chain) for chain in record["chains"])
        # Without the first of them, the algorithm is that of the stamp itself: one place to say it.
        names = ("digest_algorithm", "attributes")
        unused += [each[name] for chain in record["chains"] for each in chain for name in names]
        listed = [each["algorithm"].native for each in record["digest_algorithms"]]
        version = record["version"].native
    if version != 1 or any(not isinstance(each, core.Void) for each in unused):
        raise MalformedStampError("the evidence record is not of version 1, or holds parts that are not used here")
    if not chains or not all(chains) or sum(map(len, chains)) > STAMPS_LIMIT:
        raise MalformedStampError(f"the evidence record must hold 1 to {STAMPS_LIMIT} stamps")
    if any(len({each.algorithm for each in chain}) > 1 for chain in chains):
        raise EvidenceRecordError("the stamps of one chain are over digests of different algorithms")
    used = list(dict.fromkeys(chain[0].algorithm for chain in chains))
    if sorted(used) != sorted(listed) or not set(used) <= set(ALGORITHMS):
        raise EvidenceRecordError(f"it lists the algorithms {', '.join(map(str, listed))} and uses {', '.join(used)}")
    if write_record(chains) != raw:
        raise MalformedStampError("the evidence record is not in its only form (DER)")
    return chains


@dataclass(frozen=True, slots=True)
class Leaf:
    """What a renewal is over: one leaf of the tree that its stamp is over."""

    algorithm: str
    group: tuple[bytes, ...]
    """Digests: of all stamps so far of the newest chain; for a new chain, the one over the file and all chains."""
    new_chain: bool

    @property
    def digest(self) -> bytes:
        """The leaf itself."""
        return self.group[0] if len(self.group) == 1 else _joined(self.algorithm, self.group)


def leaf_to_renew(chains: Chains, message: bytes, algorithm: str) -> Leaf:
    """The leaf of the next renewal: of the newest stamp, or with another algorithm than before of the hash tree."""
    newest = chains[-1]
    if newest[0].algorithm == algorithm:
        return Leaf(algorithm, _group(newest), False)
    return Leaf(algorithm, (_over_all(chains, message, algorithm),), True)


def renewed(chains: Chains, leaf: Leaf, response: bytes, beside: tuple[bytes, ...]) -> Chains:
    """The chains with an authority's answer over the root of the leaf's tree. Errors as of `first_chains`.

    `beside`: what stands beside the leaf on each level, from `hash_tree`; none where the answer is over the leaf.
    """
    token = token_in(sorted_copy(response))
    stamp = ArchiveStamp(read_token(token).imprint_algorithm, _rows(leaf.group, beside), token)
    return (*chains, (stamp,)) if leaf.new_chain else (*chains[:-1], (*chains[-1], stamp))


def hash_tree(algorithm: str, leaves: Sequence[bytes]) -> tuple[bytes, list[tuple[bytes, ...]]]:
    """The root over many digests, and what stands beside each of them on each level, from the leaf up.

    Two by two, each pair in ascending order; one that is left over rises as it is. A single leaf is its own root.
    """
    ways: list[list[bytes]] = [[] for _ in leaves]
    row = [(leaf, [place]) for place, leaf in enumerate(leaves)]
    while len(row) > 1:
        above = []
        for at in range(0, len(row) - 1, 2):
            (left, left_places), (right, right_places) = row[at : at + 2]
            for places, beside in ((left_places, right), (right_places, left)):
                for place in places:
                    ways[place].append(beside)
            above.append((_joined(algorithm, (left, right)), left_places + right_places))
        row = above + row[len(above) * 2 :]
    return row[0][0], [tuple(way) for way in ways]


def verify_record(raw: bytes, message: bytes, authorities_pem: bytes, *, others_pem: bytes = b"") -> EvidenceFacts:
    """Require that a record proves a file by a time, through every renewal.

    Args:
        raw: the record, DER.
        message: the file.
        authorities_pem: what is trusted, as for `verify_timestamp`: the roots of every stamp's authority.
        others_pem: certificates that help, where stamps lack them.

    Raises:
        StampError: by the step that failed. That the newest stamp still holds at a given day is the caller's to ask.
    """
    chains = open_record(raw)
    facts: list[StampFacts] = []
    for number, chain in enumerate(chains):
        algorithm = chain[0].algorithm
        if number == 0:
            group: tuple[bytes, ...] = (hashlib.new(algorithm, message).digest(),)
        else:
            group = (_over_all(chains[:number], message, algorithm),)
        for place, stamp in enumerate(chain):
            root = _root_of(stamp, _group(chain[:place]) if place else group)
            found = verify_token(stamp.token, algorithm, root, authorities_pem, others_pem=others_pem)
            if facts and not facts[-1].time <= found.time <= facts[-1].chain_not_after:
                raise EvidenceRecordError(
                    f"a stamp of {facts[-1].time:%Y-%m-%d} with certificates valid to "
                    f"{facts[-1].chain_not_after:%Y-%m-%d} was renewed on {found.time:%Y-%m-%d}"
                )
            facts.append(found)
    return EvidenceFacts(stamps=tuple(facts))


def _group(stamps: Sequence[ArchiveStamp]) -> tuple[bytes, ...]:
    """Digests of stamps of one chain. A renewal is over all of them: RFC 4998 asks for the last one at least."""
    return tuple(hashlib.new(each.algorithm, each.token).digest() for each in stamps)


def _over_all(chains: Chains, message: bytes, algorithm: str) -> bytes:
    """RFC 4998, 5.2: the digest of the file, then the digest of all chains, digested together."""
    of_message = hashlib.new(algorithm, message).digest()
    of_chains = hashlib.new(algorithm, _to_asn1(chains).dump()).digest()
    return hashlib.new(algorithm, of_message + of_chains).digest()


def _rows(group: tuple[bytes, ...], beside: tuple[bytes, ...]) -> tuple[tuple[bytes, ...], ...]:
    """A reduced hash tree: the row that holds the leaf, then what is added on each level. Empty for a leaf alone."""
    if len(group) > 1:
        return (tuple(sorted(group)), *((each,) for each in beside))
    return (tuple(sorted((group[0], beside[0]))), *((each,) for each in beside[1:])) if beside else ()


def _root_of(stamp: ArchiveStamp, group: tuple[bytes, ...]) -> bytes:
    """The root that a stamp must be over, when its tree holds this leaf and it is over nothing less."""
    if not stamp.way:
        if len(group) > 1:
            raise EvidenceRecordError("a stamp is not over all that it should renew")
        return group[0]
    first = stamp.way[0]
    if first != tuple(sorted(first)) or (first != tuple(sorted(group)) if len(group) > 1 else group[0] not in first):
        raise EvidenceRecordError("a stamp is not over what it should renew")
    running = _joined(stamp.algorithm, first)
    for beside in stamp.way[1:]:
        running = _joined(stamp.algorithm, (running, *beside))
    return running


def _joined(algorithm: str, hashes: Sequence[bytes]) -> bytes:
    return hashlib.new(algorithm, b"".join(sorted(hashes))).digest()


def _stamp(each: Any) -> ArchiveStamp:
    token: bytes = each["time_stamp"].dump()
    imprinted = read_token(token).imprint_algorithm
    tree = each["reduced_hashtree"]
    way = () if isinstance(tree, core.Void) else tuple(tuple(one.native for one in row) for row in tree)
    length = hashlib.new(imprinted).digest_size if imprinted in ALGORITHMS else 0
    if len(way) > TREE_LEVELS_LIMIT or any(len(one) != length for row in way for one in row):
        raise EvidenceRecordError("a tree holds something that is no digest, or too much")
    if way and (not 2 <= len(way[0]) <= STAMPS_LIMIT or any(len(row) != 1 for row in way[1:])):
        raise EvidenceRecordError("a tree has a row of a length that proves nothing")
    return ArchiveStamp(imprinted, way, token)


def _to_asn1(chains: Chains) -> _Chains:
    return _Chains([_Chain([_archive_stamp(each) for each in chain]) for chain in chains])


def _archive_stamp(stamp: ArchiveStamp) -> _ArchiveTimeStamp:
    fields: dict[str, Any] = {"time_stamp": cms.ContentInfo.load(stamp.token)}
    if stamp.way:
        fields["reduced_hashtree"] = _ReducedHashtree([_PartialHashtree(list(row)) for row in stamp.way])
    return _ArchiveTimeStamp(fields)
