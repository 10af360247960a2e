"""The published vectors of policies, cosigned checkpoints and requests to cosign reach their verdicts; Go agrees."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cosigner_fixture import SIGNER, make_cosigner
from go_fixture import case, notecheck
from standfast.errors.base import StandfastError
from standfast.errors.cosigning import CosigningError
from standfast.tlog.policy import open_under_policy, parse_policy

FOLDER = Path(__file__).parents[1] / "vectors" / "policy"


def vectors(name: str) -> list[dict[str, Any]]:
    return list(json.loads((FOLDER / f"{name}.json").read_text()))


def named(each: dict[str, Any]) -> str:
    return str(each["name"])


@pytest.mark.parametrize("vector", vectors("policies"), ids=named)
def test_policies(vector):
    if vector["verdict"] != "ok":
        with pytest.raises(StandfastError) as refused:
            parse_policy(vector["text"].encode())
        assert refused.value.code == vector["verdict"]
        return
    policy = parse_policy(vector["text"].encode())
    keys = {each.name: each.key for each in policy.witnesses}
    for wanted, sets in ((True, vector["met_by"]), (False, vector["not_met_by"])):
        for names in sets:
            assert policy.is_met_by({keys[name] for name in names if name in keys}) is wanted, names


@pytest.mark.parametrize("vector", vectors("cosigned"), ids=named)
def test_cosigned_checkpoints(vector):
    policy, raw = parse_policy(vector["policy"].encode()), vector["note"].encode()
    if vector["verdict"] == "ok":
        assert open_under_policy(raw, policy).checkpoint.size == 9
        return
    with pytest.raises(StandfastError) as refused:
        open_under_policy(raw, policy)
    assert refused.value.code == vector["verdict"]


def test_go_agrees_on_every_signature():
    """Go knows no policies: it is given the log's key and those of the witnesses that have signed."""
    cases, wanted = [], []
    for vector in vectors("cosigned"):
        policy = parse_policy(vector["policy"].encode())
        signed = [each.key for each in policy.witnesses if f"\u2014 {each.key.name} " in vector["note"]]
        cases.append(
            case(vector["note"].encode(), [each.key.text() for each in policy.logs] + [k.text() for k in signed])
        )
        # Too few signers is the policy's to say; that one fails is the signature's.
        wanted.append(vector["verdict"] != "LOG-035" and vector["name"] != "other-log")
    answers = notecheck(cases)
    assert [each["ok"] for each in answers] == wanted, answers


def test_requests(tmp_path):
    _, state = make_cosigner(tmp_path / "cosigner", trusts=None)
    state.trust([SIGNER.vkeys[0]])
    for vector in vectors("requests"):
        try:
            state.cosign(vector["body"].encode())
            status = 200
        except CosigningError as why:
            status = why.http_status
        assert status == vector["status"], vector["name"]
