"""Links resolve, decisions have their heads, the life of one item is told once, and terms mean one thing."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import standfast

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SRC = ROOT / "src" / "standfast"


def committed() -> list[Path]:
    """Every file that git knows, or would take."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


PAGES = sorted(page for page in committed() if page.suffix == ".md" and "tests" not in page.parts)


def without_code(text: str) -> str:
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def anchors_of(page: Path) -> set[str]:
    """What a heading is called in an address, as the usual renderers do it."""
    heads = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_resolves(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), f"{page.name} links to {target}"
        assert found.is_relative_to(ROOT), f"{page.name} links out of the project: {target}"
        if anchor:
            assert anchor in anchors_of(found), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", sorted((DOCS / "decisions").glob("0*.md")), ids=lambda page: page.name)
def test_a_decision_has_its_heads_and_is_listed(page: Path) -> None:
    heads = re.findall(r"^## (.+)$", page.read_text(), re.MULTILINE)
    assert heads == ["Status", "Context", "Decision", "Rejected", "Consequences"]
    assert re.match(rf"# {int(page.name[:4])}\. ", page.read_text())
    assert f"({page.name})" in (DOCS / "decisions" / "README.md").read_text()


def life_of_one_item(text: str) -> list[str]:
    """The numbered list, each entry on one line."""
    found = re.search(r"^1\. .*?(?=\n\n(?!\d))", text, re.MULTILINE | re.DOTALL)
    assert found, "no numbered list"
    return [" ".join(entry.split()) for entry in re.split(r"\n(?=\d+\. )", found[0])]


def test_the_life_of_one_item_is_told_alike_everywhere() -> None:
    told = life_of_one_item(standfast.__doc__ or "")
    assert told == life_of_one_item((DOCS / "flow.md").read_text())
    rooms = [room for entry in told for room in re.findall(r"\*\*(\w+)\*\*", entry)]
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract for contract in contracts if contract["id"] == "layers")["layers"]
    in_layers = [room for layer in layers for room in re.findall(r"\w+", layer)]
    # What the rooms stand on, and what puts them together; the rest is the life of an item.
    around = {"cli", "web", "host", "agent", "assembly", "settings", "keys", "seal", "holdings", "durable", "clock"}
    around |= {"imap", "dav", "http_client", "settings_list"}
    assert sorted(rooms) == sorted(set(in_layers) - around - {"errors"})
    assert len(in_layers) == len(set(in_layers))


def terms() -> list[tuple[str, str, str]]:
    """Rows of the table: term, meaning, never called."""
    rows = re.findall(r"^\| (?!term )([^|]+) \| ([^|]+) \| ([^|]*) \|$", (DOCS / "terms.md").read_text(), re.MULTILINE)
    return [(term.strip(), meaning.strip(), never.strip()) for term, meaning, never in rows]


def names_in_source() -> Iterator[tuple[str, str]]:
    """(where, name) of every module, class, function and argument of ours."""
    for file in sorted(SRC.rglob("*.py")):
        where = str(file.relative_to(ROOT))
        yield where, file.parent.name if file.stem == "__init__" else file.stem
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                yield where, node.name
            elif isinstance(node, ast.arg):
                yield where, node.arg


def test_terms_are_defined_once_and_names_use_them() -> None:
    rows = terms()
    assert len(rows) > 15
    named = [word for term, _, _ in rows for word in re.split(r", ", term)]
    assert len(named) == len(set(named))
    # In bold: words that mean nothing else here, so no name may carry one.
    never = {word.lower() for _, _, column in rows for word in re.findall(r"\*\*(\w+)\*\*", column)}
    assert never
    for where, name in names_in_source():
        words = set(re.findall(r"[a-z]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()))
        assert not words & never, f"{where}: {name}; see docs/terms.md"


FORBIDDEN = ["/wo" + "rk/", "py" + "pi.org", "python" + "hosted", "registry.npm" + "js", "deb.debian" + ".org"]
"""Folders of the machine it was made on, and hosts of registries: they mean nothing elsewhere, or tie us to one."""


def test_no_file_names_the_machine_it_was_made_on_or_a_registry() -> None:
    for file in committed():
        text = file.read_bytes().decode("utf-8", "replace")
        for word in FORBIDDEN:
            assert word not in text, f"{file.relative_to(ROOT)} names {word}"
