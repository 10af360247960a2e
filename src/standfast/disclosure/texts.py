"""The texts that are the same in every bundle: how to check by hand, the script and the page that do it."""

from __future__ import annotations

from pathlib import Path

from standfast.verify.layout import PAGE, SCRIPT, Language

_HERE = Path(__file__).parent


def how_to_check(language: Language) -> bytes:
    """HOW-TO-CHECK.txt in the recipient's language."""
    return (_HERE / "how_to" / f"{language}.txt").read_bytes()


def verify_script() -> bytes:
    """verify.sh."""
    return (_HERE / SCRIPT).read_bytes()


def verify_page() -> bytes:
    """verify.html, the whole page in one file."""
    return (_HERE / PAGE).read_bytes()
