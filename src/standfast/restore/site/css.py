"""Moves the addresses in a style sheet. Everything else stays as it was written."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import tinycss2
from tinycss2 import ast

Move = Callable[[str], str]
"""An address as it stands in the sheet → what should stand there."""

STRING_FUNCTIONS = ("url", "src", "image-set", "-webkit-image-set", "image")
DEPTH_LIMIT = 64
_UNSAFE = re.compile(r"""[\x00-\x20\x7f"'()\\<>]""")


def move_css(text: str, move: Move) -> str:
    """A style sheet, or the value of a `style` attribute, with its addresses moved.

    Raises:
        ValueError: its brackets are nested too deep; no browser would make anything of it.
    """
    nodes = tinycss2.parse_component_value_list(text)
    _move_list(nodes, move, 0)
    try:
        return str(tinycss2.serialize(nodes))
    except RecursionError as why:
        raise ValueError("the style sheet is nested too deep to be restored") from why


def move_inline_css(text: str, move: Move) -> str:
    """As `move_css`, for a style within a page: what is nested too deep is left out, and the page stays."""
    try:
        return move_css(text, move)
    except ValueError:
        return ""


def _move_list(nodes: list[Any], move: Move, depth: int, *, strings: bool = False) -> None:
    if depth > DEPTH_LIMIT:
        # An address left as it was would be asked of the old host.
        raise ValueError("the style sheet is nested too deep to be restored")
    after_import = False
    for node in nodes:
        if isinstance(node, ast.URLToken):
            node.value = move(node.value)
            node.representation = f"url({_escaped(node.value)})"
        elif isinstance(node, ast.StringToken) and (strings or after_import):
            node.value = move(node.value)
            node.representation = f'"{_escaped(node.value)}"'
        elif isinstance(node, ast.FunctionBlock):
            _move_list(node.arguments, move, depth + 1, strings=node.lower_name in STRING_FUNCTIONS)
        elif isinstance(node, (ast.ParenthesesBlock, ast.SquareBracketsBlock, ast.CurlyBracketsBlock)):
            _move_list(node.content, move, depth + 1)
        if isinstance(node, ast.AtKeywordToken):
            after_import = node.lower_value == "import"
        elif not isinstance(node, (ast.WhitespaceToken, ast.Comment)):
            after_import = False


def _escaped(text: str) -> str:
    r"""For a string, for `url()` without quotes, and within a page's `<style>`: what could end any becomes `\HH `."""
    return _UNSAFE.sub(lambda found: f"\\{ord(found[0]):x} ", text)
