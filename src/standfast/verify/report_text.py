r"""What a report shows of a record, read back. Format: docs/formats/bundle.md, "report.html"."""

from __future__ import annotations

import re
from html.parser import HTMLParser

REPORT_LIMIT_BYTES = 16 * 1024 * 1024
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def shown(text: str) -> str:
    r"""The text with everything spelled out that a page would not show: controls, direction marks, line ends.

    Example:
        >>> shown("invoice\u202efdp.exe\n")
        'invoice\\u202efdp.exe\\u000a'
    """
    return _HIDDEN.sub(lambda found: "\\u" + format(ord(found[0]), "04x"), text)


def read_report(raw: bytes) -> dict[tuple[str, str], list[str]]:
    """The texts of the elements that repeat a record, by item number and field, each as often as it stands there.

    Raises:
        ValueError: not UTF-8.
    """
    reader = _Reader()
    reader.feed(raw.decode("utf-8"))
    reader.close()
    return reader.found


class _Reader(HTMLParser):
    """Collects the text of `<bdi data-item data-field>`; what stands outside is not looked at."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: dict[tuple[str, str], list[str]] = {}
        self._at: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if "data-item" in said or "data-field" in said:
            self._at = self.found.setdefault((said.get("data-item") or "", said.get("data-field") or ""), [])
            self._at.append("")

    def handle_data(self, data: str) -> None:
        if self._at is not None:
            self._at[-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "bdi":
            self._at = None
