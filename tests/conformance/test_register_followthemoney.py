"""The exported entities against FollowTheMoney's own model, and what no export may carry.

followthemoney/model.json was written by the followthemoney package (MIT) itself: tools/check_followthemoney.py, which
also validates an export with that package.
"""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import date
from pathlib import Path

import pytest

from standfast.register.evidence import FolderEvidence
from standfast.register.export import NOTICE, cells_csv, claims_csv, entities, register_json, write_exports
from standfast.register.store import read_register, shipped_folder
from standfast.register.view import view_of

MODEL = json.loads((Path(__file__).parent / "followthemoney" / "model.json").read_text())["schemata"]
DATA = read_register(shipped_folder())
VIEW = view_of(DATA)
STORE = FolderEvidence(DATA.folder / "evidence")
DAY = date(2026, 11, 24)
SHAPES = {
    "date": re.compile(r"\d{4}(-\d{2}(-\d{2})?)?"),
    "url": re.compile(r"https?://[^\s]+"),
    "country": re.compile(r"[a-z]{2}"),
    "checksum": re.compile(r"[0-9a-f]{40}"),
}


def test_every_entity_fits_the_model_and_points_only_to_what_is_there() -> None:
    found = list(entities(VIEW, STORE))
    schema_of = {each["id"]: each["schema"] for each in found}
    assert len(schema_of) == len(found) == 190 + 170 + 908
    for each in found:
        schema = MODEL[each["schema"]]
        assert set(schema["required"]) <= set(each["properties"])
        for name, values in each["properties"].items():
            kind = schema["properties"][name]
            assert all(isinstance(value, str) and value for value in values)
            for value in values:
                if kind["type"] in SHAPES:
                    assert SHAPES[kind["type"]].fullmatch(value), (name, value)
                if kind["type"] == "entity":
                    assert kind["range"] in MODEL[schema_of[value]]["schemata"], (each["id"], name, value)


def test_nothing_is_made_for_screening_tools() -> None:
    for each in entities(VIEW, STORE):
        assert each["schema"] != "Sanction"
        assert not {"topics", "sanctions", "risks", "riskSource"} & set(each["properties"])
        assert NOTICE in each["properties"]["notes"]


@pytest.mark.parametrize("raw", [claims_csv(VIEW), cells_csv(VIEW, DAY)])
def test_every_row_of_a_table_says_that_it_is_no_screening_list(raw: bytes) -> None:
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8"))))
    assert rows
    assert all(row["notice"] == NOTICE and None not in row for row in rows)


def test_the_json_has_every_version_and_says_so() -> None:
    document = json.loads(register_json(VIEW, DAY))
    assert document["notice"] == NOTICE
    assert len(document["claims"]) == len(DATA.lines)
    assert {each["status"] for each in document["claims"]} == {"draft"}


def test_the_same_register_and_day_give_the_same_bytes(tmp_path: Path) -> None:
    names = write_exports(VIEW, STORE, DAY, tmp_path / "a")
    write_exports(view_of(read_register(shipped_folder())), STORE, DAY, tmp_path / "b")
    assert [(tmp_path / "a" / each).read_bytes() == (tmp_path / "b" / each).read_bytes() for each in names] == [
        True
    ] * 5
