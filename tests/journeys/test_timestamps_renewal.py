"""Six years later: stamps are renewed before their certificates run out or an algorithm ages. `faketime` moves all.

What is written is checked by Bouncy Castle too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from authorities_fixture import Authority
from bouncy_castle import compile_java, run_java
from program import Program

FAKETIME = "/usr/$LIB/faketime/libfaketime.so.1"
UNTIL_2033 = ("2020-01-01", "2033-01-01")


class Years:
    """A vault and its two authorities, whose clocks go together."""

    def __init__(self, room: Path, one: Authority, two: Authority) -> None:
        self.program, self.one, self.two = Program(room), one, two
        (room / "documents").mkdir()
        self.program.init()
        self.program("add", "files", room / "documents", "--name", "docs")
        for name, authority in (("one", one), ("two", two)):
            (room / f"{name}.pem").write_bytes(authority.root_pem)
            self.program("timestamps", "add", name, authority.url, "--roots", room / f"{name}.pem")
        self.count = 0

    def move_to(self, moment: str) -> None:
        self.one.moment = self.two.moment = moment
        self.program.environment |= {"LD_PRELOAD": FAKETIME, "FAKETIME": f"@{moment}", "TZ": "UTC"}

    def protect(self) -> Any:
        self.count += 1
        (self.program.room / f"documents/{self.count}").write_text(f"example {self.count}")
        return self.program.json("protect")

    def records(self, number: int) -> list[Path]:
        return sorted((self.program.vault / "holdings/tlog/stamps").rglob(f"renewal-{number}.ers"))


@pytest.fixture
def years(tmp_path: Path) -> Iterator[Years]:
    with (
        Authority(tmp_path / "one", "One", signer_valid=UNTIL_2033, unsorted=True) as one,
        Authority(tmp_path / "two", "Two", kind="rsa", signer_valid=UNTIL_2033) as two,
    ):
        yield Years(tmp_path, one, two)


@pytest.fixture(scope="module")
def java(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("classes")
    compile_java("CheckEvidenceRecord", folder)
    return folder


def bouncy_castle_accepts(years: Years, java: Path, records: list[Path]) -> None:
    roots = years.program.room / "roots.pem"
    roots.write_bytes(years.one.root_pem + years.two.root_pem)
    cosigned = years.program.vault / "holdings/tlog/cosigned"
    lines = [f"{each}\t{cosigned / each.parts[-4] / each.parts[-3]}\t{roots}" for each in records]
    said = run_java("CheckEvidenceRecord", java, lines)
    assert all(each.startswith("ok ") for each in said), said


def test_renewed_in_2032_by_one_question_for_all(years: Years, java: Path) -> None:
    program = years.program
    for _ in range(3):
        years.protect()
    before = {each["name"]: each["time"] for each in program.json("timestamps", "check")["stamps"]}
    assert len(before) == 6
    assert program.json("timestamps", "renew")["renewed"] == []
    assert program.json("timestamps", "list")["renew_at"].startswith("2032-01-02")

    years.move_to("2032-05-04 12:00:00")
    assert "stamps are due for renewal" in [each["what"] for each in program.json("status")["todo"]]
    tired = program.json("timestamps", "renew", status=184)
    assert tired["renewed"] == []
    assert "runs out on 2033-01-01 itself" in str(tired["failures"]), "an authority that ages as well renews nothing"
    years.two.use(years.two.issue_signer(valid=("2031-01-01", "2045-01-01")))
    asked = years.one.asked, years.two.asked
    done = years.protect()
    tired_too = f"tlog/stamps/{done['checkpoint']['size']}/0/one"
    assert sorted(done["renewed"]) == sorted([*before, tired_too]), "the new one whose certificate is old as well"
    # One question each for the newest checkpoint, one to each authority for the renewal of all seven.
    assert (years.one.asked, years.two.asked) == (asked[0] + 2, asked[1] + 2)
    checked = {each["name"]: each for each in program.json("timestamps", "check")["stamps"]}
    for name, time in before.items():
        assert checked[name]["ok"]
        assert checked[name]["time"] == time, "it still proves the first time"
        assert checked[name]["renewals"] == 1
        assert checked[name]["not_after"].startswith("2045")
    records = years.records(1)
    assert len(records) == 7
    bouncy_castle_accepts(years, java, records)
    assert all(each.with_name("renewal-1.pem").is_file() for each in records)

    # The next batch commits to the renewals; and what was renewed is left alone.
    years.one.use(years.one.issue_signer(valid=("2031-01-01", "2045-01-01")))
    years.protect()
    newest = max((program.vault / "holdings/inventory").iterdir(), key=lambda path: int(path.name))
    named = {each["name"] for each in json.loads(newest.read_bytes())["evidence"]}
    assert {str(each.relative_to(program.vault / "holdings")) for each in records} <= named
    assert len(years.records(1)) == 7
    assert years.records(2) == []

    # Twelve years on, once more, over all that was before.
    years.move_to("2044-05-04 12:00:00")
    for authority in (years.one, years.two):
        authority.use(authority.issue_signer(valid=("2043-01-01", "2049-06-01")))
    years.protect()
    assert len(years.records(2)) == 7, "all that was renewed before"
    bouncy_castle_accepts(years, java, years.records(2))
    again = {each["name"]: each for each in program.json("timestamps", "check")["stamps"]}
    assert {name: again[name]["time"] for name in before} == before
    # Nobody looked after it.
    years.move_to("2049-12-04 12:00:00")
    late = program.json("timestamps", "check", status=184)
    assert all("run out" in each["why"] for each in late["stamps"])
    assert program.json("timestamps", "renew", status=184)["renewed"] == []


def test_what_is_marked_as_ageing_is_renewed_at_once(years: Years, java: Path, tmp_path: Path) -> None:
    program = years.program
    years.protect()
    settings = program.vault / "standfast.toml"
    text = settings.read_text()
    # The digest that both authorities sign with, and the key of one: only a stamp without them is of use.
    settings.write_text(text + '\n[stamping]\nageing = ["sha256", "rsa"]\n')
    failed = program.json("timestamps", "renew", status=184)
    assert failed["renewed"] == []
    assert "rest on sha256, which is marked as ageing" in str(failed["failures"])
    for authority in (years.one, years.two):
        authority.digest = "sha512"
        authority.use(authority.signer)
    done = program.json("timestamps", "renew")
    assert len(done["renewed"]) == 2
    checked = program.json("timestamps", "check")["stamps"]
    assert [each["renewals"] for each in checked] == [1, 1]
    assert program.json("timestamps", "renew")["renewed"] == [], "nothing ages any more"
    bouncy_castle_accepts(years, java, years.records(1))
    # The digest that is stamped: a new chain with another one, over the file and all there was (hash-tree renewal).
    settings.write_text(text + '\n[stamping]\nageing = ["sha512"]\n')
    for authority in (years.one, years.two):
        authority.digest = "sha384"
        authority.use(authority.signer)
    assert len(program.json("timestamps", "renew")["renewed"]) == 2
    bouncy_castle_accepts(years, java, years.records(2))
    assert [each["renewals"] for each in program.json("timestamps", "check")["stamps"]] == [2, 2]
    settings.write_text(text + '\n[stamping]\nageing = ["sha256", "sha384", "sha512"]\n')
    assert "no digest is left" in str(program.json("timestamps", "renew", status=184)["failures"])


def test_a_renewal_that_was_changed_is_found(years: Years) -> None:
    program = years.program
    years.protect()
    settings = program.vault / "standfast.toml"
    settings.write_text(settings.read_text() + '\n[stamping]\nageing = ["rsa"]\n')
    assert len(program.json("timestamps", "renew")["renewed"]) == 1
    (record,) = years.records(1)
    good = record.read_bytes()
    record.write_bytes(good[:-4] + bytes([good[-4] ^ 1]) + good[-3:])
    assert [each["ok"] for each in program.json("timestamps", "check", status=184)["stamps"]] == [True, False]
    record.write_bytes(good)
    # The certificates beside it are made again from the record.
    kept = record.with_name("renewal-1.pem").read_bytes()
    record.with_name("renewal-1.pem").unlink()
    program("timestamps", "renew")
    assert record.with_name("renewal-1.pem").read_bytes() == kept
