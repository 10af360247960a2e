"""The register's data can be made again from its drafts, its words are whole, and its policies stand in docs/."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from standfast.register import codebook
from standfast.register.adding import parse_new_claim
from standfast.register.entry import LANGUAGES
from standfast.register.site import words
from standfast.register.site.pages_record import ABOUT, ABOUT_FOLDER
from standfast.register.store import read_register, shipped_folder

ROOT = Path(__file__).parents[2]
REGISTER = ROOT / "register"


def test_the_claims_are_made_again_from_the_drafts_byte_for_byte(tmp_path: Path) -> None:
    tool = ROOT / "tools" / "register_from_drafts.py"
    subprocess.run([sys.executable, tool, REGISTER / "drafts", tmp_path], check=True, capture_output=True)
    for name in ("subjects.jsonl", "sources.jsonl"):
        assert (tmp_path / name).read_bytes() == (REGISTER / name).read_bytes()
    made = (tmp_path / "claims.jsonl").read_bytes()
    assert (REGISTER / "claims.jsonl").read_bytes().startswith(made), "lines are only ever added"


def test_the_drafts_still_pass_their_own_check() -> None:
    done = subprocess.run(
        [sys.executable, REGISTER / "drafts" / "check.py"], check=True, capture_output=True, text=True
    )
    assert done.stdout.endswith("all checks passed\n")


def test_a_register_that_has_grown_is_not_made_again(tmp_path: Path) -> None:
    for each in ("claims.jsonl", "subjects.jsonl", "sources.jsonl"):
        shutil.copy(REGISTER / each, tmp_path)
    (tmp_path / "acts.jsonl").write_text("{}\n")
    tool = ROOT / "tools" / "register_from_drafts.py"
    done = subprocess.run([sys.executable, tool, REGISTER / "drafts", tmp_path], capture_output=True, text=True)
    assert done.returncode == 1
    assert "nothing was changed" in done.stderr


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_every_word_with_the_same_places_to_fill(language: str) -> None:
    english, here = words.table("en"), words.table(language)
    assert set(here) == set(english)
    assert len(here["months"]) == 12
    for key, said in english.items():
        if isinstance(said, str):
            assert here[key].strip(), key
            assert set(re.findall(r"{\w+}", here[key])) == set(re.findall(r"{\w+}", said)), key
    for word in codebook.CELL_WORDS:
        assert here[f"w.{word}"]
    for group in ("membership", "designation", "incident"):
        assert all(f"e.{word}" in here for word in codebook.PREDICATES[group].words)


def test_every_text_of_the_shipped_claims_is_translated() -> None:
    data = read_register(shipped_folder())
    for line in data.lines:
        claim = line.claim
        said = [claim.summary, claim.value.role, claim.value.basis]
        said += [text for each in claim.evidence for text in (each.says, each.outweighed)]
        for text in filter(None, said):
            assert all(getattr(data.translations[text], each) for each in ("ar", "fr", "es")), text


@pytest.mark.parametrize("name", ABOUT)
def test_the_policies_stand_in_docs_as_on_the_site(name: str) -> None:
    heads = set()
    for language in LANGUAGES:
        page = ROOT / "docs" / "register" / f"{name}{'' if language == 'en' else f'.{language}'}.md"
        text = page.read_text(encoding="utf-8")
        assert text == (ABOUT_FOLDER / f"{name}.{language}.md").read_text(encoding="utf-8")
        heads.add((len(re.findall("^## ", text, re.M)), len(re.findall("^[|]", text, re.M))))
    sections = {sections for sections, _ in heads}
    assert len({tables for _, tables in heads}) == 1
    assert max(sections) - min(sections) <= 1  # how to write a claim's file is told in English alone


def test_the_site_ships_the_licences_of_what_it_carries() -> None:
    static = Path(words.__file__).with_name("static")
    fonts = {each.stem.split("-")[0] for each in (static / "fonts").glob("*.woff2")}
    assert fonts == {"serif", "sans", "naskh", "arabic"}
    for name in ("source-serif-4", "source-sans-3", "noto-naskh-arabic", "noto-sans-arabic"):
        assert "SIL OPEN FONT LICENSE" in (static / "fonts" / f"OFL-{name}.txt").read_text().upper()
    assert "Permission is hereby granted" in (static / "LICENSE-minisearch.txt").read_text()


def test_names_that_cldr_and_the_united_nations_give_differently_follow_the_united_nations() -> None:
    names = {each.id: each.name for each in read_register(shipped_folder()).subjects.values()}
    assert (names["PSE"].ar, names["PSE"].fr, names["PSE"].es) == (
        "دولة فلسطين",
        "État de Palestine",
        "Estado de Palestina",
    )
    assert names["CIV"].ar == "كوت ديفوار"
    assert names["KOR"].fr == "République de Corée"


def test_the_map_holds_every_state_of_the_register() -> None:
    drawn = json.loads(Path(words.__file__).with_name("map.json").read_text(encoding="utf-8"))
    wanted = {each.iso3 for each in read_register(shipped_folder()).subjects.values() if each.kind == "state"}
    assert wanted <= set(drawn["states"])
    assert len(wanted) == 129


def test_the_example_of_the_method_page_is_a_claim() -> None:
    text = (ABOUT_FOLDER / "method.en.md").read_text(encoding="utf-8")
    found = re.search(r"```json\n(.*?)```", text, re.S)
    assert found
    assert parse_new_claim(found[1].encode()).predicate in codebook.PREDICATES
