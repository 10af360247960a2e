"""Shares and sealed files that were published open for ever, and those that must not open don't."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from standfast.errors.keys import SharesError
from standfast.keys.shares import combine
from standfast.seal import age

VECTORS = Path(__file__).parents[1] / "vectors/keys"
SHARES = json.loads((VECTORS / "shares.json").read_text())
SEALED = json.loads((VECTORS / "sealed.json").read_text())


@pytest.mark.parametrize("case", SHARES["cases"])
def test_choices_of_shares(case: dict[str, Any]) -> None:
    if case["verdict"] == "opens":
        assert combine(case["shares"]).hex() == SHARES["master"]
        return
    with pytest.raises(SharesError, match=case["told"]) as raised:
        combine(case["shares"])
    assert raised.value.code == case["verdict"]


@pytest.mark.parametrize("identity", SEALED["to_recipients"]["identities"])
def test_a_file_to_two_recipients(identity: str) -> None:
    file = base64.b64decode(SEALED["to_recipients"]["file"])
    assert age.open_with(file, [identity]).hex() == SEALED["to_recipients"]["plain"]


def test_a_file_under_a_passphrase() -> None:
    vector = SEALED["under_passphrase"]
    assert age.open_under(base64.b64decode(vector["file"]), vector["passphrase"]).hex() == vector["plain"]
