"""Stamps: to verify one, beside `openssl ts -verify`; to look whether any is due; to renew all by one question.

    .venv/bin/python bench/bench_stamps.py --stamps 1000

Stamps are by `openssl ts -reply` (ECDSA P-256); nothing goes over a network. What is compared is what each needs for
the same: the peer is a process for each stamp, as a person or a script would run it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from authorities_fixture import Authority as RealAuthority
from standfast.seal.timestamp import digest_request, verify_timestamp
from standfast.stamping import renewing
from standfast.stamping.authority import Asked, Authority, sha512
from standfast.stamping.shelf import CHAIN, RESPONSE, StampPlace, StampShelf

PEER_STAMPS = 100


def main() -> None:
    """Measure, and print a table."""
    wanted = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    wanted.add_argument("--stamps", type=int, default=1000)
    count = wanted.parse_args().stamps
    room = Path(tempfile.mkdtemp())
    real = RealAuthority(room / "tsa", "One", signer_valid=("2020-01-01", "2033-01-01"))
    real.moment = "2026-11-24 12:00:00"
    shelf = StampShelf(room / "holdings", lambda name: None)
    notes = {size: f"example\n{size}\nroot\n".encode() for size in range(1, count + 1)}
    for size, note in notes.items():
        place = StampPlace(size, 0, "one")
        shelf.write(place, RESPONSE, real.stamp(note))
        shelf.write(place, CHAIN, real.chain_pem)

    def verify_all() -> None:
        for size, note in notes.items():
            verify_timestamp(shelf.read(StampPlace(size, 0, "one"), RESPONSE), sha512(note), real.root_pem)

    def peer() -> None:
        (room / "root").write_bytes(real.root_pem)
        for size in range(1, PEER_STAMPS + 1):
            (room / "note").write_bytes(notes[size])
            answer = str(room / "holdings" / StampPlace(size, 0, "one").name / RESPONSE)
            command = ["openssl", "ts", "-verify", "-data", str(room / "note"), "-in", answer]
            subprocess.run([*command, "-CAfile", str(room / "root")], check=True, capture_output=True)

    def ask(_: Authority, algorithm: str, digest: bytes, *, within_s: float) -> Asked:
        questions.append(digest)
        return Asked(7, real.answer(digest_request(algorithm, digest, nonce=7)))

    def renew(year: int) -> int:
        now = datetime(year, 5, 4, tzinfo=UTC)
        done = renewing.renew(shelf, [authority], lambda size, _: notes[size], real.root_pem, now=now)
        assert not done.failures, done.failures
        return len(done.renewed)

    questions: list[bytes] = []
    renewing.ask_authority = ask
    authority = Authority(name="one", url="", roots_pem=real.root_pem)
    ours, theirs = measured(verify_all) / count, measured(peer) / PEER_STAMPS
    looked = measured(lambda: renew(2027))
    real.moment = "2032-05-04 00:00:00"
    real.use(real.issue_signer(valid=("2031-01-01", "2045-01-01")))
    renewed_s = measured(lambda: renew(2032))
    sizes = [path.stat().st_size for path in (room / "holdings").rglob("renewal-1.ers")]
    assert len(sizes) == count
    print("| | figure |\n|---|---|")
    print(f"| verify a stamp, ours (two engines) | {ours * 1000:.1f} ms |")
    print(f"| the same by `openssl ts -verify` | {theirs * 1000:.1f} ms; ours over it {ours / theirs:.2f} |")
    print(f"| look whether one of {count:,} is due | {looked:.2f} s, {looked / count * 1e6:.0f} µs a stamp |")
    print(f"| renew {count:,}, verified from end to end | {renewed_s:.1f} s, {len(questions)} question |")
    print(f"| a record | {sum(sizes) / count:,.0f} bytes |")


def measured(act: Callable[[], object]) -> float:
    """Seconds on the wall."""
    began = time.monotonic()
    act()
    return time.monotonic() - began


if __name__ == "__main__":
    main()
