"""Evidence records (RFC 4998): made by ours over stamps of `openssl ts`, checked by ours and by Bouncy Castle.

`faketime` moves the authorities to 2032 and beyond. Forged in each field, both reject them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import algos, cms

from authorities_fixture import Authority
from bouncy_castle import compile_java, run_java
from standfast.errors.stamping import EvidenceRecordError, MalformedStampError, StampError, StampExpiredError
from standfast.seal import evidence_record as er
from standfast.seal.evidence_record import (
    ArchiveStamp,
    Chains,
    first_chains,
    hash_tree,
    leaf_to_renew,
    open_record,
    renewed,
    verify_record,
    write_record,
)
from standfast.seal.timestamp import digest_request, timestamp_request

FILE = b"example.standfast/00000001\n64\nan example\n"
Change = Callable[[Any], None]


@dataclass(frozen=True)
class Made:
    """Records of every kind over one file, and who stamped."""

    one: Authority
    two: Authority
    plain: Chains
    again: Chains
    shared: Chains
    rehashed: Chains
    long: Chains

    @property
    def roots(self) -> bytes:
        return self.one.root_pem + self.two.root_pem

    def named(self) -> dict[str, Chains]:
        names = ("plain", "again", "shared", "rehashed", "long")
        return {name: getattr(self, name) for name in names}


def digest(number: int, algorithm: str = "sha256") -> bytes:
    return hashlib.new(algorithm, bytes([number])).digest()


def renew(
    authority: Authority, chains: Chains, moment: str, *, others: int = 0, algorithm: str = "", file: bytes = FILE
) -> Chains:
    """One renewal, among others in one tree: of the hash tree where an algorithm is given, else of the stamp."""
    used = algorithm or chains[-1][0].algorithm
    leaf = leaf_to_renew(chains, file, used)
    leaves = [digest(number, used) for number in range(others)]
    leaves.insert(others // 2, leaf.digest)
    root, ways = hash_tree(used, leaves)
    authority.moment = moment
    return renewed(chains, leaf, authority.answer(digest_request(used, root, nonce=1)), ways[others // 2])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    room = tmp_path_factory.mktemp("authorities")
    one = Authority(room / "one", "One", unsorted=True)
    two = Authority(room / "two", "Two", kind="rsa", unsorted=True, digest="sha512")
    one.moment = "2026-11-24 12:00:00"
    plain = first_chains(one.answer(digest_request("sha256", hashlib.sha256(FILE).digest(), nonce=1)))
    again = renew(two, plain, "2032-03-04 12:00:00")
    shared = renew(two, plain, "2032-03-04 12:00:00", others=8)
    rehashed = renew(one, shared, "2036-03-04 12:00:00", others=4, algorithm="sha512")
    long = renew(two, renew(one, rehashed, "2040-03-04 12:00:00"), "2045-03-04 12:00:00", others=2)
    return Made(one, two, plain, again, shared, rehashed, long)


@pytest.fixture(scope="module")
def java(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("classes")
    compile_java("CheckEvidenceRecord", folder)
    return folder


def bouncy_castle_says(
    java: Path, room: Path, records: dict[str, bytes], roots: bytes, file: bytes = FILE
) -> list[str]:
    (room / "file").write_bytes(file)
    (room / "roots").write_bytes(roots)
    for name, record in records.items():
        (room / name).write_bytes(record)
    return run_java(
        "CheckEvidenceRecord", java, [f"{room / name}\t{room / 'file'}\t{room / 'roots'}" for name in records]
    )


def ours_takes(record: bytes, roots: bytes) -> bool:
    try:
        return bool(verify_record(record, FILE, roots))
    except StampError:
        return False


def test_both_accept_every_kind_and_say_the_same_time(made: Made, java: Path, tmp_path: Path) -> None:
    records = {name: write_record(chains) for name, chains in made.named().items()}
    time = datetime(2026, 11, 24, 12, tzinfo=UTC)
    said = bouncy_castle_says(java, tmp_path, records, made.roots)
    assert said == [f"ok {int(time.timestamp())}"] * len(records)
    for name, record in records.items():
        facts = verify_record(record, FILE, made.roots)
        assert facts.time == time
        assert [each.time.year for each in facts.stamps] == [2026, 2032, 2036, 2040, 2045][: len(facts.stamps)]
        assert len(facts.stamps) == sum(map(len, made.named()[name]))
        assert open_record(record) == made.named()[name]
    assert [len(chain) for chain in made.long] == [2, 3]
    assert [chain[0].algorithm for chain in made.long] == ["sha256", "sha512"]


def test_the_first_stamp_in_it_says_what_the_answer_that_was_kept_says(made: Made) -> None:
    """The answer is kept as it came, unsorted; the record holds the same token, sorted."""
    made.one.moment = "2026-11-24 12:00:00"
    answer = made.one.answer(timestamp_request(FILE, nonce=1))
    token = first_chains(answer)[0][0].token
    assert token not in answer
    kept, sorted_ = (cms.ContentInfo.load(each)["content"] for each in (er.token_in(answer), token))
    assert kept["signer_infos"].dump() == sorted_["signer_infos"].dump()
    assert kept["encap_content_info"].dump() == sorted_["encap_content_info"].dump()


# ---- forged


def raw(chains: Chains, change: Change) -> bytes:
    """The record with a part of its DER changed."""
    listed = [{"algorithm": each} for each in dict.fromkeys(chain[0].algorithm for chain in chains)]
    rows = [[er._archive_stamp(each) for each in chain] for chain in chains]
    fields: dict[str, Any] = {"version": 1, "digest_algorithms": listed, "chains": rows}
    change(fields)
    done: bytes = er._Record(fields).dump()
    return done


def other_stamp(made: Made, chains: Chains, at: tuple[int, int], **changes: Any) -> Chains:
    """The same, with one stamp changed."""
    rows = [list(chain) for chain in chains]
    rows[at[0]][at[1]] = replace(rows[at[0]][at[1]], **changes)
    return tuple(map(tuple, rows))


def flipped(data: bytes) -> bytes:
    return data[:-3] + bytes([data[-3] ^ 1]) + data[-2:]


def forged_chains(made: Made, stranger: Authority) -> dict[str, Chains]:
    """What somebody could write who holds a record and can have stamps made, today, by the authorities themselves."""
    early, late = made.shared[0]
    again = first_chains(made.two.answer(digest_request("sha256", hashlib.sha256(FILE).digest(), nonce=1)))[0][0]
    made.one.moment = "2027-05-04 12:00:00"
    other = first_chains(made.one.answer(digest_request("sha256", digest(1), nonce=1)))
    stranger.moment = "2020-05-04 12:00:00"
    backdated = first_chains(stranger.answer(digest_request("sha256", hashlib.sha256(FILE).digest(), nonce=1)))[0][0]
    one_hash = (flipped(late.way[0][0]), late.way[0][1])
    return {
        "oldest stamp by another authority": ((again, late),),
        "oldest stamp by a stranger, backdated": ((backdated, late),),
        "oldest stamp's signature": other_stamp(made, made.shared, (0, 0), token=flipped(early.token)),
        "newest stamp's signature": other_stamp(made, made.shared, (0, 1), token=flipped(late.token)),
        "newest stamp by a stranger": renew(stranger, made.plain, "2032-03-04 12:00:00"),
        "oldest stamp left out": ((late,),),
        "stamps in another order": ((late, early),),
        "the older chain left out": made.rehashed[1:],
        "chains in another order": made.rehashed[::-1],
        "a hash of the tree": other_stamp(made, made.shared, (0, 1), way=(one_hash, *late.way[1:])),
        "a hash higher in the tree": other_stamp(
            made, made.shared, (0, 1), way=(late.way[0], (flipped(late.way[1][0]),), *late.way[2:])
        ),
        "a row of the tree left out": other_stamp(made, made.shared, (0, 1), way=late.way[1:]),
        "no tree": other_stamp(made, made.shared, (0, 1), way=()),
        "a tree where there was none": other_stamp(made, made.plain, (0, 0), way=((digest(1), digest(2)),)),
        "the tree of another": other_stamp(made, made.rehashed, (1, 0), way=made.long[1][2].way),
        "renewal over another file": renew(made.one, made.shared, "2036-03-04 12:00:00", algorithm="sha512", file=b"x"),
        "renewal of another record": ((early, renew(made.two, other, "2034-03-04 12:00:00")[0][1]),),
        "renewed before it was made": renew(made.two, made.plain, "2025-03-04 12:00:00"),
    }  # fmt: skip


LENIENT = {"algorithms listed", "attributes", "crypto infos", "encryption info", "algorithm of the tree"}
"""Parts that Bouncy Castle does not look at, and that prove nothing: ours takes a record in its one form alone."""


def forged_der(made: Made) -> dict[str, bytes]:
    """What breaks the form itself."""

    def version(record: Any) -> None:
        record["version"] = 2

    def algorithms(record: Any) -> None:
        record["digest_algorithms"] = [{"algorithm": "sha384"}]

    def attributes(record: Any) -> None:
        record["chains"][0][0]["attributes"] = [algos.DigestAlgorithm({"algorithm": "sha256"})]

    def crypto(record: Any) -> None:
        record["crypto_infos"] = [algos.DigestAlgorithm({"algorithm": "sha256"})]

    def encryption(record: Any) -> None:
        record["encryption_info"] = [algos.DigestAlgorithm({"algorithm": "sha256"})]

    def tree_algorithm(record: Any) -> None:
        record["chains"][0][1]["digest_algorithm"] = {"algorithm": "sha256", "parameters": None}

    def weaker(record: Any) -> None:
        record["chains"][0][1]["digest_algorithm"] = {"algorithm": "sha512"}

    def short_hash(record: Any) -> None:
        record["chains"][0][1]["reduced_hashtree"] = [[b"\0" * 20, b"\1" * 32]]

    return {
        "version": raw(made.shared, version),
        "algorithms listed": raw(made.shared, algorithms),
        "attributes": raw(made.shared, attributes),
        "crypto infos": raw(made.shared, crypto),
        "encryption info": raw(made.shared, encryption),
        "algorithm of the tree": raw(made.shared, tree_algorithm),
        "another algorithm of the tree": raw(made.shared, weaker),
        "a hash too short": raw(made.shared, short_hash),
        "nothing": b"",
        "cut off": write_record(made.shared)[:-1],
    }


def test_forged_in_each_field_both_reject_it(made: Made, java: Path, tmp_path: Path) -> None:
    stranger = Authority(tmp_path / "stranger", "One")
    forged = {name: write_record(chains) for name, chains in forged_chains(made, stranger).items()}
    forged |= forged_der(made)
    for name, record in forged.items():
        assert not ours_takes(record, made.roots), f"we took a record with forged {name}"
    said = dict(zip(forged, bouncy_castle_says(java, tmp_path, forged, made.roots), strict=True))
    assert {name for name, verdict in said.items() if not verdict.startswith("rejected")} <= LENIENT, said
    kinds = {name: write_record(chains) for name, chains in made.named().items()}
    other = bouncy_castle_says(java, tmp_path, kinds, made.roots, file=b"another file")
    assert all(each.startswith("rejected") for each in other)
    for record in kinds.values():
        with pytest.raises(StampError):
            verify_record(record, b"another file", made.roots)
    only = bouncy_castle_says(java, tmp_path, {"long": kinds["long"]}, made.one.root_pem)
    assert only[0].startswith("rejected")
    with pytest.raises(StampError):
        verify_record(kinds["long"], FILE, made.one.root_pem)


def test_who_leaves_a_stamp_out_proves_the_same_time_with_less(made: Made, java: Path, tmp_path: Path) -> None:
    """No forgery: each stamp that is left covers the one before. What is left must still have been renewed in time."""
    less = write_record((made.long[0], (made.long[1][0], made.long[1][2])))
    facts = verify_record(less, FILE, made.roots)
    assert [each.time.year for each in facts.stamps] == [2026, 2032, 2036, 2045]
    assert bouncy_castle_says(java, tmp_path, {"less": less}, made.roots)[0] == f"ok {int(facts.time.timestamp())}"


def test_a_stamp_that_was_renewed_too_late_is_lost(made: Made, java: Path, tmp_path: Path) -> None:
    short = Authority(tmp_path / "short", "Short", signer_valid=("2020-01-01", "2028-01-01"))
    short.moment = "2026-11-24 12:00:00"
    first = first_chains(short.answer(digest_request("sha512", hashlib.sha512(FILE).digest(), nonce=1)))
    in_time, late = (renew(made.two, first, f"{year}-03-04 12:00:00") for year in (2027, 2028))
    roots = made.roots + short.root_pem
    assert verify_record(write_record(in_time), FILE, roots).not_after == datetime(2050, 1, 1, tzinfo=UTC)
    with pytest.raises(EvidenceRecordError, match="2028-01-01 was renewed on 2028-03-04"):
        verify_record(write_record(late), FILE, roots)
    with pytest.raises(StampExpiredError):
        verify_record(write_record(renew(short, in_time, "2029-03-04 12:00:00")), FILE, roots)
    records = {"in-time": write_record(in_time), "late": write_record(late)}
    said = bouncy_castle_says(java, tmp_path, records, roots)
    assert said[0].startswith("ok")
    assert said[1].startswith("rejected")


def test_the_way_of_each_leaf_leads_to_the_root() -> None:
    for count in (1, 2, 3, 4, 5, 7, 8, 9, 31, 33, 100):
        leaves = [digest(number, "sha512") for number in range(count)]
        root, ways = hash_tree("sha512", leaves)
        for leaf, way in zip(leaves, ways, strict=True):
            stamp = ArchiveStamp("sha512", er._rows((leaf,), way), b"")
            assert er._root_of(stamp, (leaf,)) == root
            assert len(way) <= 7
            if count > 1:
                with pytest.raises(EvidenceRecordError):
                    er._root_of(stamp, (digest(200, "sha512"),))
    assert hash_tree("sha512", leaves[:1]) == (leaves[0], [()])


def test_a_record_has_one_form(made: Made) -> None:
    good = write_record(made.shared)
    assert good[:2] == b"\x30\x82"
    longer = b"\x30\x83\x00" + good[2:]
    with pytest.raises(MalformedStampError, match="only form"):
        open_record(longer)


def test_bounds(made: Made) -> None:
    with pytest.raises(MalformedStampError, match="more than"):
        open_record(b"\x30" * (er.RECORD_BYTES_LIMIT + 1))
    stamp = made.plain[0][0]
    with pytest.raises(MalformedStampError, match="64 stamps"):
        open_record(write_record(((stamp,) * 65,)))
    with pytest.raises(MalformedStampError):
        open_record(write_record(((),)[:0]))
    for answer in (b"\x30\x80" * 3000, b"\x30", b"\0"):
        with pytest.raises(StampError):
            open_record(answer)
