"""The BagIt bag of a bundle: every file named, every digest right, nothing beside. Source: RFC 8493."""

from __future__ import annotations

import re

from standfast.errors.verify import BundleRefusedError
from standfast.verify.bundle import Bundle
from standfast.verify.layout import ALGORITHMS, BAG_INFO, BAGIT, MANIFESTS, TAG_MANIFESTS

_LINE = re.compile(r"([0-9a-fA-F]+)[ \t]+\*?(.+)")
_DECLARED = re.compile(rb"BagIt-Version: (?:0\.97|1\.0)\r?\nTag-File-Character-Encoding: UTF-8(?:\r?\n)?")
_OXUM = re.compile(rb"^Payload-Oxum:[ \t]*([0-9]+)\.([0-9]+)[ \t\r]*$", re.MULTILINE)


def verify_bag(bundle: Bundle) -> int:
    """Require that the bag is complete and whole.

    Returns:
        How many files it has.

    Raises:
        BundleRefusedError: a file is missing, changed or not listed, or a list breaks the form.
    """
    if not _DECLARED.fullmatch(bundle.read(BAGIT)):
        raise BundleRefusedError("bagit.txt is not that of a bag")
    payload = {path for path in bundle.paths if path.startswith("data/")}
    tags = bundle.paths - payload - set(TAG_MANIFESTS)
    for algorithm, manifest, tag_manifest in zip(ALGORITHMS, MANIFESTS, TAG_MANIFESTS, strict=True):
        for name, there in ((manifest, payload), (tag_manifest, tags)):
            listed = _read(bundle, name)
            for path in sorted(there ^ listed.keys()):
                raise BundleRefusedError(f"{path} is {'missing' if path in listed else f'not listed in {name}'}")
            for path, digest in listed.items():
                if getattr(bundle.digests(path), algorithm) != digest:
                    raise BundleRefusedError(f"{path} is not the file that {name} lists")
    oxum = _OXUM.search(bundle.read(BAG_INFO))
    found = (sum(bundle.digests(path).size_bytes for path in payload), len(payload))
    if oxum and (int(oxum[1]), int(oxum[2])) != found:
        raise BundleRefusedError("bag-info.txt counts other files")
    return len(bundle.paths)


def _read(bundle: Bundle, name: str) -> dict[str, str]:
    try:
        lines = bundle.read(name).decode("utf-8").replace("\r\n", "\n").removesuffix("\n").split("\n")
    except UnicodeDecodeError:
        raise BundleRefusedError(f"{name} is not UTF-8") from None
    listed: dict[str, str] = {}
    for line in lines:
        found = _LINE.fullmatch(line)
        if not found:
            raise BundleRefusedError(f"{name} has a line that is none: {line[:80]!r}")
        path = re.sub("%(0[aA]|0[dD]|25)", lambda code: chr(int(code[1], 16)), found[2])
        if path in listed:
            raise BundleRefusedError(f"{name} lists {path} twice")
        listed[path] = found[1].lower()
    return listed
