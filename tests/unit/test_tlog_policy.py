"""Policies: the form with its rules, quorums of groups, and what k of N is worth, tried by brute force."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import pytest

from standfast.errors.tlog import MalformedNoteError, MissingSignatureError, SignatureError
from standfast.tlog.checkpoint import Checkpoint, LogSigner
from standfast.tlog.cosign import Cosigner, add_lines
from standfast.tlog.policy import (
    explain_quorum,
    open_under_policy,
    parse_policy,
    recommended_quorum,
    tolerated,
    write_policy,
)

AT = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
LOG = LogSigner("vault.example/log", bytes(range(32)), bytes(range(32, 64)))
WITNESSES = [Cosigner(f"ngo-{n}.example/w", bytes([n]) * 32, bytes([n + 100]) * 32) for n in range(6)]
CHECKPOINT = Checkpoint("vault.example/log", 8, b"r" * 32)
NOTE = LOG.sign(8, b"r" * 32, AT)
X = "".join(f"witness X{n} {WITNESSES[n].vkeys[0]}\n" for n in range(3))
Y = "".join(f"witness Y{n} {WITNESSES[n].vkeys[n % 2]} https://y{n}.example/w\n" for n in range(3, 6))
EXAMPLE = (
    f"# an example\n\nlog {LOG.vkeys[0]}\n{X}{Y}\tgroup  X-witnesses 2 X0 X1 X2 \n"
    "group Y-witnesses any Y3 Y4 Y5\n   # two levels\ngroup X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n"
)


def signed_by(*numbers):
    note = NOTE
    for n in numbers:
        note = add_lines(note, WITNESSES[n].cosign(CHECKPOINT, AT), WITNESSES[n].keys)
    return note


def test_the_example_of_the_specification():
    policy = parse_policy(EXAMPLE.encode())
    for count in range(7):
        for numbers in itertools.combinations(range(6), count):
            enough = len(set(numbers) & {0, 1, 2}) >= 2 and bool(set(numbers) & {3, 4, 5})
            keys = {key for n in numbers for key in WITNESSES[n].keys}
            assert policy.is_met_by(keys) == enough
    accepted = open_under_policy(signed_by(0, 2, 4), policy)
    assert accepted.checkpoint == CHECKPOINT
    assert accepted.log.text() == LOG.vkeys[0]
    assert [each.key.name for each in accepted.cosignatures] == [f"ngo-{n}.example/w" for n in (0, 2, 4)]
    for few in ((), (0, 1), (0, 3, 4), (3, 4, 5)):
        with pytest.raises(MissingSignatureError, match="X-and-Y"):
            open_under_policy(signed_by(*few), policy)


def test_what_is_written_is_read_the_same():
    policy = parse_policy(EXAMPLE.encode())
    raw = write_policy(policy, "made by a test\nof two lines")
    assert raw.startswith(b"# made by a test\n# of two lines\nlog ")
    assert parse_policy(raw) == policy


def test_names_are_opaque_bytes():
    raw = f"witness K {WITNESSES[0].vkeys[0]}\nwitness \u212a {WITNESSES[1].vkeys[0]}\n".encode()
    raw += b"witness \xff " + WITNESSES[2].vkeys[0].encode() + b"\ngroup g all K \xe2\x84\xaa \xff\nquorum g\n"
    policy = parse_policy(raw)
    assert len({each.name for each in policy.witnesses}) == 3
    assert parse_policy(write_policy(policy)) == policy


def test_no_quorum_and_a_single_witness():
    assert open_under_policy(NOTE, parse_policy(f"log {LOG.vkeys[1]}\nquorum none\n".encode())).cosignatures == ()
    single = parse_policy(f"log {LOG.vkeys[0]}\nwitness a {WITNESSES[0].vkeys[1]}\nquorum a\n".encode())
    assert len(open_under_policy(signed_by(0), single).cosignatures) == 1
    with pytest.raises(MissingSignatureError):
        open_under_policy(NOTE, single)


def test_a_log_that_the_policy_does_not_name_and_a_line_that_fails():
    other = LogSigner("other.example/log", bytes(32), bytes(32))
    policy = parse_policy(f"log {other.vkeys[0]}\nquorum none\n".encode())
    with pytest.raises(MissingSignatureError, match=r"other\.example"):
        open_under_policy(NOTE, policy)
    with pytest.raises(MalformedNoteError):
        open_under_policy(NOTE, parse_policy(b"quorum none\n"))
    wrong = add_lines(NOTE, WITNESSES[0].cosign(Checkpoint("vault.example/log", 8, b"s" * 32), AT), WITNESSES[0].keys)
    with pytest.raises(SignatureError):
        open_under_policy(wrong, parse_policy(EXAMPLE.encode()))


A, B = WITNESSES[0].vkeys[0], WITNESSES[1].vkeys[0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"witness a {A}\n",
        f"witness a {A}\nquorum a",
        f"witness a {A}\nquorum b\n",
        f"quorum a\nwitness a {A}\n",
        f"witness a {A}\nquorum a\nquorum a\n",
        f"witness a {A}\nwitness a {B}\nquorum a\n",
        f"witness a {A}\nwitness b {A}\nquorum a\n",
        f"witness none {A}\nquorum none\n",
        f"witness a {A}\ngroup a any a\nquorum a\n",
        f"witness a {A}\ngroup g 0 a\nquorum g\n",
        f"witness a {A}\ngroup g 2 a\nquorum g\n",
        f"witness a {A}\ngroup g 01 a\nquorum g\n",
        f"witness a {A}\ngroup g any\nquorum g\n",
        f"witness a {A}\ngroup g any a a\nquorum g\n",
        f"witness a {A}\ngroup g any a\ngroup h any a\nquorum h\n",
        f"witness a {A}\ngroup g any none\nquorum g\n",
        f"witness a {LOG.vkeys[0]}\nquorum a\n",
        f"log {A}\nquorum none\n",
        f"log {LOG.vkeys[0]}\nlog {LOG.vkeys[0]}\nquorum none\n",
        f"log {LOG.vkeys[0]} url more\nquorum none\n",
        "stranger\nquorum none\n",
        "quorum none\r\n",
        "quorum none\x00\n",
        "log nonsense\nquorum none\n",
        "# comment\n" * 100_000 + "quorum none\n",
    ],
)
def test_a_rule_that_is_broken(text):
    with pytest.raises(MalformedNoteError):
        parse_policy(text.encode())


def test_32_logs_witnesses_and_groups():
    many = [Cosigner(f"w{n}.example", bytes([n]) * 32, bytes([n]) * 32) for n in range(32)]
    logs = [LogSigner(f"log{n}.example", bytes([n]) * 32, bytes([n]) * 32) for n in range(32)]
    text = "".join(f"log {each.vkeys[0]}\n" for each in logs)
    text += "".join(f"witness w{n} {each.vkeys[1]}\ngroup g{n} all w{n}\n" for n, each in enumerate(many))
    text += f"group all 20 {' '.join(f'g{n}' for n in range(32))}\nquorum all\n"
    assert len(parse_policy(text.encode()).groups) == 33


def can_split(k: int, n: int, liars: int) -> bool:
    """Whether a lying log can show two histories to two readers, by trying every way to ask.

    A liar cosigns both histories, an honest cosigner the one that it was shown.
    """
    for shown in itertools.product((0, 1), repeat=n - liars):
        if all(liars + sum(each == history for each in shown) >= k for history in (0, 1)):
            return True
    return False


def test_the_rule_is_what_brute_force_finds():
    for n in range(1, 8):
        for k in range(1, n + 1):
            for liars in range(n + 1):
                assert can_split(k, n, liars) == (liars > tolerated(k, n)), (k, n, liars)


def test_the_rule_in_words():
    assert "no more than 1 of them lie" in explain_quorum(3, 4)
    assert "one cosigner that lies is enough" in explain_quorum(2, 3)
    assert "every cosigner honest" in explain_quorum(2, 4)
    for n in range(2, 12):
        k = recommended_quorum(n)
        assert tolerated(k, n) >= 1
        assert tolerated(k - 1, n) < 1
