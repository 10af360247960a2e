"""200 bundles, half of them changed in one place each: `check` names the step, and seven readers of others agree.

A reader is asked what it can check (tests/bundle_engines.py). It must take every good bundle, and refuse every one that
was changed where it looks. A bundle that `check` takes must be taken by all.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bundle_corpus import Files, Sample, make_corpus, unpack
from bundle_engines import by_bouncy_castle, by_go, by_node, by_openssl, by_proofbundle, by_script
from standfast.verify.results import Report
from standfast.verify.steps import Trust, check_bundle

VECTORS = Path(__file__).parents[1] / "vectors/bundle"

LEAF = {"leaf-sha256", "leaf-sha3"}
PATH = {"index", "proof-hash", "proof-hash-missing", "root", "size"}
LOG_ED25519 = {"origin", "log-ed25519", "policy-log", "earlier-signature", "earlier-root", "root", "size"}
LOG_ML_DSA = {"log-ml-dsa", "log-ml-dsa-missing"}
COSIGNERS = {f"cosigner-{letter}-{family}" for letter in "abcd" for family in ("ed25519", "ml-dsa")} | {
    "cosigner-missing", "policy-quorum", "policy-impostors",
}  # fmt: skip
STAMPS = {"token-signature", "token-of-another", "chain-of-another", "chain-no-root"}
CONSISTENCY = {"earlier-hash"}
FINDS = {
    "go": LEAF | PATH | LOG_ED25519 | LOG_ML_DSA | COSIGNERS | CONSISTENCY,
    "proofbundle": LEAF | PATH | LOG_ED25519 | COSIGNERS | CONSISTENCY,
    "sigstore": LEAF | PATH | LOG_ED25519 | STAMPS,
    "pkijs": STAMPS,
    "bouncy castle": STAMPS,
    "openssl": STAMPS,
}
"""Which changes a reader must refuse."""


def kind_of(sample: Sample) -> str:
    return sample.name.rpartition("-")[0]


@dataclass
class Corpus:
    samples: list[Sample]
    reports: list[Report]
    files: list[Files]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    room = tmp_path_factory.mktemp("corpus")
    samples = list(make_corpus(room, 200))
    reports = []
    for sample in samples:
        file = room / "bundle.zip"
        file.write_bytes(sample.bundle)
        reports.append(check_bundle(file, Trust()))
    # What is no zip, or is damaged as one, can't be handed to a reader of its parts.
    whole = [n for n, sample in enumerate(samples) if sample.failed != "zip" and kind_of(sample) != "damaged"]
    return Corpus(samples, reports, [unpack(each.bundle) if n in whole else {} for n, each in enumerate(samples)])


def test_check_refuses_each_changed_bundle_at_the_step_that_was_changed(corpus: Corpus) -> None:
    assert sum(not sample.failed for sample in corpus.samples) == 100
    for sample, report in zip(corpus.samples, corpus.reports, strict=True):
        assert report.failed[:1] == ((sample.failed,) if sample.failed else ()), sample.name


def agrees(corpus: Corpus, engine: str, judge: Callable[[list[Files]], list[bool]]) -> None:
    asked = [n for n, files in enumerate(corpus.files) if files]
    said = judge([corpus.files[n] for n in asked])
    assert len(said) == len(asked)
    found = set()
    for n, ok in zip(asked, said, strict=True):
        sample, report = corpus.samples[n], corpus.reports[n]
        assert ok or report.failed, f"{engine} refuses {sample.name}, check takes it"
        if kind_of(sample) in FINDS[engine]:
            assert not ok, f"{engine} takes {sample.name}"
            found.add(kind_of(sample))
    assert found == FINDS[engine]


def test_go_agrees(corpus: Corpus) -> None:
    agrees(corpus, "go", by_go)


def test_proofbundle_agrees(corpus: Corpus) -> None:
    agrees(corpus, "proofbundle", by_proofbundle)


def test_sigstore_and_pkijs_agree(corpus: Corpus) -> None:
    said: list[tuple[list[bool], list[bool]]] = []

    def sigstore(files: list[Files]) -> list[bool]:
        said.append(by_node(files))
        return said[0][0]

    agrees(corpus, "sigstore", sigstore)
    agrees(corpus, "pkijs", lambda _: said[0][1])


def test_bouncy_castle_agrees(corpus: Corpus, tmp_path: Path) -> None:
    agrees(corpus, "bouncy castle", lambda files: by_bouncy_castle(files, tmp_path))


def test_openssl_ts_agrees(corpus: Corpus, tmp_path: Path) -> None:
    agrees(corpus, "openssl", lambda files: by_openssl(files, tmp_path))


# ---- coreutils

SCRIPT_GOOD = ("file", "web", "mail", "two", "alone")
SCRIPT_FINDS = {
    "proof-checkpoint": 6, "consistency-checkpoint": 11, "earlier-holds-it": 11,
    "content-bit": 4, "record-name": 5, "record-sha256": 4, "record-size": 4, "record-captured": 5,
    "record-respelled": 5, "salt-bit": 5, "leaf-sha256": 5, "leaf-sha3": 5, "index": 6, "proof-hash": 6,
    "proof-hash-missing": 6, "root": 6, "size": 6, "origin": 7, "log-ed25519": 7, "cosigner-a-ed25519": 8,
    "cosigner-missing": 8, "token-signature": 9, "token-of-another": 9, "chain-of-another": 9, "chain-no-root": 9,
    "policy-quorum": 8, "policy-impostors": 8, "policy-log": 7, "policy-broken": 7, "earlier-hash": 11,
    "earlier-signature": 7, "earlier-root": 7, "custody-of-another": 13, "report-digest": 14, "file-not-listed": 2,
}  # fmt: skip
"""The first step that the script fails, with an OpenSSL that knows no ML-DSA."""


def test_the_script_takes_a_good_bundle_of_each_kind(tmp_path: Path) -> None:
    said = by_script([VECTORS / f"{name}.zip" for name in SCRIPT_GOOD], tmp_path)
    for name, (ok, words) in zip(SCRIPT_GOOD, said, strict=True):
        assert ok, (name, words)
        assert "no step failed" in words
        assert "passed       inclusion 1" in words


def test_the_script_refuses_what_was_changed_and_names_the_step(tmp_path: Path) -> None:
    said = by_script([VECTORS / f"{name}.zip" for name in SCRIPT_FINDS], tmp_path)
    for (name, step), (ok, words) in zip(SCRIPT_FINDS.items(), said, strict=True):
        assert not ok, (name, words)
        assert f"FAILED: step {step} " in words, (name, words)


def test_the_script_agrees_on_the_corpus(corpus: Corpus, tmp_path: Path) -> None:
    asked = [n for n, files in enumerate(corpus.files) if files]
    for n in asked:
        (tmp_path / f"{n}.zip").write_bytes(corpus.samples[n].bundle)
    (tmp_path / "out").mkdir()
    said = by_script([tmp_path / f"{n}.zip" for n in asked], tmp_path / "out")
    refused = set()
    for n, (ok, words) in zip(asked, said, strict=True):
        sample, report = corpus.samples[n], corpus.reports[n]
        assert ok or report.failed, (sample.name, words)
        if kind_of(sample) in SCRIPT_FINDS:
            assert not ok, (sample.name, words)
            refused.add(kind_of(sample))
    assert refused == SCRIPT_FINDS.keys()


OPENSSL_35 = '''#!{python}
"""Stands for an OpenSSL that knows ML-DSA (3.5): two calls that verify.sh makes; the rest goes to the real one."""
import os, sys
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_der_public_key
words = sys.argv[1:]
if words[:2] == ["list", "-signature-algorithms"]:
    print("  {{ 2.16.840.1.101.3.4.3.17, id-ml-dsa-44, ML-DSA-44, MLDSA44 }} @ default")
    sys.exit()
if words[0] == "pkeyutl":
    value = lambda name: open(words[words.index(name) + 1], "rb").read()
    der = value("-inkey")
    if len(der) > 1000:
        try:
            load_der_public_key(der).verify(value("-sigfile"), value("-in"))
        except InvalidSignature:
            sys.exit(1)
        sys.exit()
os.execv("{openssl}", ["openssl", *words])
'''


def test_the_script_checks_ml_dsa_where_openssl_does(tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "openssl").write_text(OPENSSL_35.format(python=sys.executable, openssl="/usr/bin/openssl"))
    (tools / "openssl").chmod(0o755)
    path = f"{tools}{os.pathsep}/usr/bin{os.pathsep}/bin"
    names = ("mail", "log-ml-dsa", "log-ml-dsa-missing", "cosigner-a-ml-dsa")
    (tmp_path / "out").mkdir()
    said = dict(
        zip(names, by_script([VECTORS / f"{name}.zip" for name in names], tmp_path / "out", PATH=path), strict=True)
    )
    assert said["mail"][0], said["mail"][1]
    assert "no ML-DSA" not in said["mail"][1]
    for name, step in (("log-ml-dsa", 7), ("log-ml-dsa-missing", 7), ("cosigner-a-ml-dsa", 8)):
        assert f"FAILED: step {step} " in said[name][1], said[name][1]
