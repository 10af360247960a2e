"""Validate an export with the `followthemoney` package itself, and write down its model for our own suite.

    python -m venv ftm && ftm/bin/pip install followthemoney      (it compiles pyicu: libicu-dev, g++, pkg-config)
    ftm/bin/python tools/check_followthemoney.py EXPORT/followthemoney.jsonl
    ftm/bin/python tools/check_followthemoney.py --model tests/conformance/followthemoney/model.json

The package is kept out of the development environment because of what it compiles and brings along; the suite checks
every entity against the model that was written down.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import followthemoney
from followthemoney import model

SCHEMATA = ("Person", "Organization", "PublicBody", "HyperText", "Event")


def validate(path: Path) -> int:
    """Every entity validates, and no value of it is lost or changed by cleaning. Returns their number."""
    count = 0
    for line in path.read_text(encoding="utf-8").splitlines():
        entity = json.loads(line)
        schema = model.get(entity["schema"])
        schema.validate(entity)
        cleaned = model.get_proxy(entity, cleaned=False)
        for name, values in entity["properties"].items():
            if sorted(cleaned.get(name)) != sorted(values):
                sys.exit(f"{entity['id']}: {name} {values} was cleaned to {cleaned.get(name)}")
        if "topics" in entity["properties"]:
            sys.exit(f"{entity['id']} carries a topic")
        count += 1
    return count


def write_model(path: Path) -> None:
    """The five schemata: what they require, their properties with types and ranges."""
    found = {}
    for name in SCHEMATA:
        schema = model.get(name)
        properties = {
            each.name: {"type": each.type.name, **({"range": each.range.name} if each.range else {})}
            for each in schema.properties.values()
            if not each.stub
        }
        found[name] = {
            "required": sorted(schema.required),
            "schemata": sorted(each.name for each in schema.schemata),
            "properties": properties,
        }
    origin = (
        f"followthemoney {followthemoney.__version__} (MIT), model.get(name) of five schemata; "
        "made by tools/check_followthemoney.py --model"
    )
    path.write_text(json.dumps({"from": origin, "schemata": found}, indent=1, sort_keys=True), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1] == "--model":
        write_model(Path(sys.argv[2]))
    else:
        print(validate(Path(sys.argv[1])), "entities validate")
