"""Finds the icons that a web application's manifest names."""

from __future__ import annotations

import msgspec

from standfast.capture.web.addresses import absolute

MANIFEST_BYTES_LIMIT = 1024 * 1024


class _Image(msgspec.Struct):
    src: str = ""


class _Manifest(msgspec.Struct):
    icons: list[_Image] = []
    screenshots: list[_Image] = []


def find_manifest_links(url: str, body: bytes) -> list[str]:
    """Addresses of icons and screenshots; none where it is no manifest."""
    if len(body) > MANIFEST_BYTES_LIMIT:
        return []
    try:
        manifest = msgspec.json.decode(body, type=_Manifest)
    except msgspec.MsgspecError:
        return []
    found = (absolute(url, image.src) for image in [*manifest.icons, *manifest.screenshots] if image.src)
    return [each for each in found if each]
