"""The published bundles, each with its verdict; and the same again with the reader's own policy and authorities."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from standfast.tlog.policy import parse_policy
from standfast.verify.item_steps import ItemFound
from standfast.verify.log_steps import CheckpointFound
from standfast.verify.results import STEPS, Report, words
from standfast.verify.steps import Trust, check_bundle
from standfast.verify.window import take_window

VECTORS = Path(__file__).parents[1] / "vectors/bundle"
VERDICTS: dict[str, str] = json.loads((VECTORS / "verdicts.json").read_text())


@pytest.mark.parametrize(("name", "step"), VERDICTS.items())
def test_a_vector_fails_at_its_step_and_no_other_before(name: str, step: str) -> None:
    report = check_bundle(VECTORS / name, Trust())
    assert report.failed[:1] == ((step,) if step else ())


def test_every_vector_has_a_verdict_and_every_step_one_that_fails_there() -> None:
    assert {each.name for each in VECTORS.glob("*.zip")} == set(VERDICTS)
    # A window fails only where clocks contradict each other (below); trust never fails.
    assert set(VERDICTS.values()) == {"", *STEPS} - {"window", "trust"}


def policy_and_roots(name: str) -> Trust:
    with zipfile.ZipFile(VECTORS / f"{name}.zip") as opened:
        policy = parse_policy(opened.read(f"{name}/data/policy/classic"))
        chains = [each for each in opened.namelist() if each.endswith("chain.pem")]
        # Signer, intermediate, root: a reader knows the root alone.
        roots = b"".join(b"-----BEGIN" + opened.read(each).split(b"-----BEGIN")[-1] for each in chains)
    return Trust(policy=policy, roots_pem=roots)


def test_a_reader_brings_policy_and_authorities() -> None:
    report = check_bundle(VECTORS / "file.zip", policy_and_roots("file"))
    assert not report.failed
    assert {each.result for each in report.steps if each.name in ("stamps", "trust")} == {"passed"}
    own = check_bundle(VECTORS / "file.zip", Trust())
    assert [each.result for each in own.steps if each.name == "trust"] == ["not checked"]


def test_a_bundle_by_an_impostor_fails_under_the_readers_policy() -> None:
    # Another vault with other keys: whole in itself, and not the one that the reader knows.
    trust = policy_and_roots("file")
    with zipfile.ZipFile(VECTORS / "policy-impostors.zip") as opened:
        other = parse_policy(opened.read("example/data/policy/classic"))
    assert "cosignatures" in check_bundle(VECTORS / "file.zip", Trust(policy=other)).failed
    # Authorities that the reader does not know give no time, and are not called forged.
    unknown = Trust(policy=trust.policy, roots_pem=policy_and_roots("mail").roots_pem)
    report = check_bundle(VECTORS / "file.zip", unknown)
    assert {each.result for each in report.steps if each.name == "stamps"} == {"passed"}


def test_a_window_in_words_says_whose_clocks_it_rests_on() -> None:
    (window,) = check_bundle(VECTORS / "file.zip", Trust()).windows
    assert window.not_before is not None
    assert window.not_after is not None
    assert window.not_before < window.not_after
    assert "cosigners of the earlier checkpoint" in window.says
    assert "time-stamping authorities" in window.says
    assert not check_bundle(VECTORS / "alone.zip", Trust()).windows


def test_clocks_that_contradict_each_other_are_found() -> None:
    report, noon = Report(), datetime(2026, 5, 4, 12, tzinfo=UTC)
    older = CheckpointFound(16, signed=True, cosigned=[noon + timedelta(days=1)])
    newer = CheckpointFound(32, signed=True, stamped=[(noon, timedelta(seconds=1))])
    take_window(report, ItemFound(1, sound=True, size=32, earlier=16), {16: older, 32: newer})
    assert report.failed == ("window",)
    assert not report.windows


def test_a_checkpoint_that_nobody_of_the_log_signed_gives_no_time() -> None:
    report, noon = Report(), datetime(2026, 5, 4, 12, tzinfo=UTC)
    newer = CheckpointFound(32, signed=False, stamped=[(noon, timedelta(seconds=1))])
    take_window(report, ItemFound(1, sound=True, size=32), {32: newer})
    assert [each.result for each in report.steps] == ["not checked"]


def test_nothing_is_said_of_a_window_when_the_item_is_another() -> None:
    report = check_bundle(VECTORS / "content-bit.zip", Trust())
    assert not report.windows
    assert [each.result for each in report.steps if each.name == "window"] == ["not checked"]


@pytest.mark.parametrize("language", ["en", "ar", "fr", "es"])
def test_each_step_has_its_meaning_in_each_language(language: str) -> None:
    said = words(language)["steps"]
    assert tuple(said) == STEPS
    assert all(set(each) == {"title", "means", "not"} and all(each.values()) for each in said.values())
