"""The texts that are the same in every bundle: how to check by hand, the script and the page that do it."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

from standfast.verify.layout import PAGE, SCRIPT, Language
from standfast.verify.results import STEPS, words

_HERE = Path(__file__).parent
_WIDTH = 100


def how_to_check(language: Language) -> bytes:
    """HOW-TO-CHECK.txt in the recipient's language: each step with its meaning, what it does not mean, its commands."""
    said = json.loads((_HERE / "how_to" / f"{language}.json").read_text(encoding="utf-8"))
    commands = json.loads((_HERE / "how_to" / "commands.json").read_text(encoding="utf-8"))
    steps = words(language)["steps"]
    lines = [said["title"], "=" * len(said["title"]), ""]
    for paragraph in said["intro"].split("\n"):
        lines += textwrap.wrap(paragraph, _WIDTH, break_long_words=False, break_on_hyphens=False) or [""]
    for number, name in enumerate(STEPS, 1):
        lines += ["", "", f"{number}. {steps[name]['title']}  ({name})", ""]
        for text in (
            f"{said['means']}: {steps[name]['means']}",
            f"{said['not']}: {steps[name]['not']}",
            said["notes"][name],
        ):
            lines += textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
        lines += ["", *(f"    {line}" for line in commands[name].split("\n"))]
    return ("\n".join(lines) + "\n").encode()


def verify_script() -> bytes:
    """verify.sh."""
    return (_HERE / SCRIPT).read_bytes()


def verify_page() -> bytes:
    """verify.html, the whole page in one file."""
    return (_HERE / PAGE).read_bytes()
