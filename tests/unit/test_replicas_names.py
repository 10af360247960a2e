"""Names of objects: only those of docs/formats/vault.md."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standfast.replicas.names import kind_of, number_of, require_name

DIGEST = "3f" + "9a" * 31


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("FORMAT", "document"),
        ("HOW-TO-OPEN.txt", "document"),
        ("keyring/0", "keyring"),
        ("keyring/12", "keyring"),
        ("inventory/1", "inventory"),
        ("inventory/999999999999999", "inventory"),
        (f"packs/3f/{DIGEST}", "pack"),
        ("tlog/checkpoint", "checkpoint"),
        ("tlog/tile/0/000", "tile"),
        ("tlog/tile/0/000.p/255", "tile"),
        ("tlog/tile/entries/x001/x234/067.p/1", "tile"),
    ],
)
def test_every_form_of_the_format_page(name: str, kind: str) -> None:
    assert kind_of(name) == kind
    assert require_name(name) == kind


@pytest.mark.parametrize(
    "name",
    [
        "format",
        "FORMAT\n",
        "FORMAT/",
        "keyring/00",
        "keyring/",
        "inventory/0",
        "inventory/1234567890123456",
        "inventory/\u0661",
        f"packs/3e/{DIGEST}",
        f"packs/3f/{DIGEST.upper()}",
        f"packs/3f/{DIGEST}0",
        f"packs/{DIGEST}",
        "tlog/tile/0/00",
        "tlog/tile/0/000.p/256",
        "tlog/tile/0/000.p/256/",
        "tlog/tile/entries/x000/000",
        "tlog/stamps/1",
        "tlog//checkpoint",
        "./FORMAT",
        "packs/../FORMAT",
    ],
)
def test_other_spellings_are_none(name: str) -> None:
    assert kind_of(name) is None
    with pytest.raises(ValueError, match="no object of a copy"):
        require_name(name)


@given(st.text())
def test_any_text_is_sorted_without_error(name: str) -> None:
    kind_of(name)


def test_number() -> None:
    assert number_of("inventory/17") == 17
