"""What a web application's manifest names: its icons and pictures."""

from __future__ import annotations

import msgspec

IMAGES_LIMIT = 200


class _Image(msgspec.Struct):
    src: str = ""


class _Manifest(msgspec.Struct):
    icons: list[_Image] = []
    screenshots: list[_Image] = []


def manifest_addresses(payload: bytes) -> list[str]:
    """The addresses in a manifest, as they stand there; none where it can't be read."""
    try:
        manifest = msgspec.json.decode(payload, type=_Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return []
    return [image.src for image in (*manifest.icons, *manifest.screenshots) if image.src][:IMAGES_LIMIT]
