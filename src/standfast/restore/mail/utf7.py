"""Modified UTF-7 (RFC 3501, 5.1.3), as Maildir++ writes folders' names."""

from __future__ import annotations

import base64
import re

_NOT_PLAIN = re.compile("&|[^\x20-\x7e]+")


def modified_utf7(name: str) -> str:
    """A name in printable ASCII.

    Example:
        >>> modified_utf7("R&D"), modified_utf7("Été")
        ('R&-D', '&AMk-t&AOk-')
    """
    return _NOT_PLAIN.sub(_shifted, name)


def _shifted(found: re.Match[str]) -> str:
    if found[0] == "&":
        return "&-"
    raw = base64.b64encode(found[0].encode("utf-16-be", "surrogatepass")).decode("ascii")
    return "&" + raw.rstrip("=").replace("/", ",") + "-"
