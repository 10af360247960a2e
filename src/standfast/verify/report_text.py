r"""What a report shows of a record, read back. Format: docs/formats/bundle.md, "report.html"."""

from __future__ import annotations

import html
import re

_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)

_DOCTYPE = "<!doctype html>"
_TAG = re.compile(r"</?([^\s/>]*)")
_ELEMENT = re.compile(
    "html|head|meta|title|style|body|main|h[123]|p|dl|div|dt|dd|bdi|section|table|thead|tbody|tr|th|td|ul|li"
)
_REPEATED = re.compile(r'<bdi data-item="([1-9][0-9]{0,3})" data-field="([a-z0-9_]{1,20})">([^<]*)</bdi>')


def shown(text: str) -> str:
    r"""The text with everything spelled out that a page would not show: controls, direction marks, line ends.

    Example:
        >>> shown("invoice\u202efdp.exe\n")
        'invoice\\u202efdp.exe\\u000a'
    """
    return _HIDDEN.sub(lambda found: "\\u" + format(ord(found[0]), "04x"), text)


def read_report(raw: bytes) -> dict[tuple[str, str], list[str]]:
    """The texts of the elements that repeat a record, by item number and field, each as often as it stands there.

    No parser of pages is asked: the report uses few elements, so that one pass over its tags is enough, and a hostile
    one costs no more.

    Raises:
        ValueError: not UTF-8, or it holds a comment, a script or another element that a report does not have.
    """
    text = raw.decode("utf-8")
    if not text.startswith(_DOCTYPE):
        raise ValueError(f"it does not begin with {_DOCTYPE}")
    for found in _TAG.finditer(text, len(_DOCTYPE)):
        if not _ELEMENT.fullmatch(found[1].lower()):
            raise ValueError(f"a report has no <{found[1][:20]}>")
    repeated = list(_REPEATED.finditer(text))
    if len(repeated) != text.count("data-field") or len(repeated) != text.count("data-item"):
        raise ValueError("a fact does not stand in an element of its own")
    texts: dict[tuple[str, str], list[str]] = {}
    for found in repeated:
        texts.setdefault((found[1], found[2]), []).append(html.unescape(found[3]))
    return texts
