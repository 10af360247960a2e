"""Whether a page or a style sheet that was written anew still says what was recorded. No disk, no browser.

Restoring moves addresses and nothing else. So the text, the number of things that a page shows or runs, and everything
in a style sheet but its addresses must be as they were; and no address may be left out that is held.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import tinycss2
from selectolax.lexbor import LexborHTMLParser, LexborNode
from tinycss2 import ast

COUNTED = (
    *("audio", "canvas", "embed", "frame", "iframe", "img", "input", "object"),
    *("script", "source", "style", "track", "video"),
)
"""What a page shows or runs beside its text. Links, forms and tables are left to the text: of markup that is nested
as it may not be, reading twice makes more or fewer of them, and nobody sees a difference."""
LEFT_OUT = "data-standfast-missing"
"""Where restoring keeps the address of something that a page loaded and that is not held."""
ADDRESS_FUNCTIONS = frozenset(("url", "src", "image-set", "-webkit-image-set", "image"))
_SPACE = re.compile(r"\s+")
_CLOSERS = {"{": "}", "[": "]", "(": ")"}


def page_differs(recorded: str, restored: str, is_held: Callable[[str], bool]) -> str:
    """Compare a page with its record.

    Args:
        recorded: the page as it was answered.
        restored: the page as it was written.
        is_held: whether an absolute address answered with something that is held.

    Returns:
        In what they differ; empty when the restored page says what the recorded one said.
    """
    was, now = LexborHTMLParser(recorded), LexborHTMLParser(restored)
    if _text(was) != _text(now):
        return "its text is not the one recorded"
    wanted, found = _counts(was), _counts(now)
    for tag in sorted(wanted.keys() | found.keys()):
        if wanted[tag] != found[tag]:
            return f"{found[tag]} times <{tag}>, recorded {wanted[tag]}"
    if _styles(was) != _styles(now):
        return "its styles are not those recorded"
    for address in sorted(_left_out(now) - _left_out(was)):
        if is_held(address):
            return f"it leaves out {address}, which is held"
    return ""


def sheet_digest(text: str) -> str:
    """SHA-256 of everything in a style sheet but its addresses and comments; spaces count as one.

    Example:
        >>> sheet_digest("a { background: url(/a.png) }") == sheet_digest("a {background:  url(b/a.png) }")
        False
        >>> sheet_digest("a { background: url(/a.png) }") == sheet_digest("a {  background: url(b/a.png) }")
        True
    """
    running = hashlib.sha256()
    space = False
    for piece in _pieces(tinycss2.parse_component_value_list(text)):
        if piece != " " or not space:
            running.update(piece.encode("utf-8", "replace") + b"\0")
        space = piece == " "
    return running.hexdigest()


def _text(page: LexborHTMLParser) -> str:
    """All text in order, without spaces: writing a page anew may add some between elements."""
    styles = {node.mem_id for style in page.css("style") for node in style.traverse(include_text=True)}
    root = page.root
    if root is None:
        return ""
    texts = (
        node.text_content or ""
        for node in root.traverse(include_text=True)
        if node.tag == "-text" and node.mem_id not in styles
    )
    return _SPACE.sub("", "".join(texts))


def _counts(page: LexborHTMLParser) -> Counter[str]:
    counts = Counter(node.tag or "" for node in page.css(", ".join(COUNTED)))
    counts["link rel=stylesheet"] = sum(_is_sheet(node) for node in page.css("link"))
    return counts


def _is_sheet(link: LexborNode) -> bool:
    return "stylesheet" in (link.attributes.get("rel") or "").lower().split()


def _styles(page: LexborHTMLParser) -> list[str]:
    return [sheet_digest(node.text(deep=True) or "") for node in page.css("style")]


def _left_out(page: LexborHTMLParser) -> set[str]:
    return {node.attributes.get(LEFT_OUT) or "" for node in page.css(f"[{LEFT_OUT}]")}


def _pieces(nodes: Sequence[Any]) -> Iterator[str]:
    """What a list of CSS values says, addresses left out. Nesting costs no stack: whoever wrote it chose how deep."""
    levels: list[tuple[Iterator[Any], str, bool]] = [(iter(nodes), "", False)]
    after_import = False
    while levels:
        values, closer, addresses = levels[-1]
        node = next(values, None)
        if node is None:
            levels.pop()
            yield closer
        elif isinstance(node, ast.WhitespaceToken):
            yield " "
        elif not isinstance(node, ast.Comment):
            if isinstance(node, ast.FunctionBlock):
                yield f"{node.name}("
                levels.append((iter(node.arguments), ")", node.lower_name in ADDRESS_FUNCTIONS))
            elif isinstance(node, (ast.ParenthesesBlock, ast.SquareBracketsBlock, ast.CurlyBracketsBlock)):
                opener = {"() block": "(", "[] block": "[", "{} block": "{"}[node.type]
                yield opener
                levels.append((iter(node.content), _CLOSERS[opener], False))
            elif isinstance(node, (ast.URLToken, ast.StringToken)):
                moves = isinstance(node, ast.URLToken) or addresses or after_import
                yield f'"{"" if moves and not node.value.startswith("data:") else node.value}"'
            else:
                yield str(node.serialize())
            after_import = isinstance(node, ast.AtKeywordToken) and node.lower_value == "import"
