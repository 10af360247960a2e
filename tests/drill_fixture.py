"""A small real vault with an origin of files, and a copy of its holdings to drill from."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from standfast.capture.files import FilesCapture
from standfast.capture.landing import Capture, Finished, Landed, LandingEvent, Seen
from standfast.capture.origin import FilesOrigin
from standfast.drill.result import Check, OriginDrill
from standfast.drill.run import CopyUnderDrill
from standfast.holdings.digest import sha256_hex
from standfast.holdings.item import WebFacts
from standfast.intake.run import bring_in
from standfast.replicas.local_disk import LocalDisk
from standfast.vault.source import FolderSource
from vault_builder import SmallVault, TickingClock, noise

HOST = "https://site.example"


def write_documents(folder: Path) -> None:
    """Every kind of thing that a folder can hold."""
    (folder / "letters" / "deep").mkdir(parents=True)
    (folder / "letters" / "example.txt").write_text("example")
    (folder / "letters" / "تقرير.txt").write_text("مثال")
    (folder / "letters" / "deep" / "big.bin").write_bytes(noise(7, 700_000))
    os.symlink("../example.txt", folder / "letters" / "deep" / "link")
    os.link(folder / "letters" / "example.txt", folder / "second-name.txt")
    (folder / "empty").write_bytes(b"")
    (folder / "closed").write_text("example")
    os.chmod(folder / "closed", 0o400)
    os.chmod(folder / "letters" / "deep", 0o500)
    for path in (folder / "letters" / "example.txt", folder / "letters" / "deep", folder / "letters"):
        os.utime(path, ns=(1_764_000_000_123_456_789,) * 2)


class DrilledVault:
    """A vault and what a drill needs of it."""

    def __init__(self, root: Path, clock: TickingClock | None = None) -> None:
        self.root = root
        self.vault = SmallVault(root / "vault", clock)
        self.vault.make()

    def bring_in(self, capture: Capture, name: str, kind: str, location: str) -> None:
        place = self.vault.open_place()
        try:
            assert bring_in(place, capture, origin=name, kind=kind, location=location).ok
        finally:
            place.close()

    def protect_folder(self, folder: Path, name: str = "docs") -> None:
        origin = FilesOrigin(name=name, path=str(folder))
        self.bring_in(FilesCapture(origin, tool="standfast/test files"), name, "files", str(folder))

    def copy(self, name: str = "copy") -> Path:
        """A fresh replica's folder."""
        return Path(shutil.copytree(self.vault.folder.holdings, self.root / name))

    @property
    def identities(self) -> tuple[str, ...]:
        return (self.vault.master.identity,)

    @property
    def vkeys(self) -> tuple[str, ...]:
        return self.vault.signer.vkeys


def under_drill(folder: Path, name: str = "usb") -> CopyUnderDrill:
    """A replica in a folder."""
    return CopyUnderDrill(name=name, objects=LocalDisk(folder), packs=FolderSource(folder))


def check_of(drill: OriginDrill, name: str) -> Check:
    """The check of that name."""
    return next(check for check in drill.checks if check.name == name)


def failing(drill: OriginDrill) -> set[str]:
    """Names of the checks that did not pass."""
    return {check.name for check in drill.checks if not check.ok}


@dataclass
class MemorySite:
    """A capture that lands exchanges from a dictionary: address to (status, media type, more headers, body)."""

    answers: dict[str, tuple[int, str, dict[str, str], bytes]]
    clock: TickingClock = field(default_factory=TickingClock)
    tool: str = "standfast/test web"

    def run(self, seen: Seen) -> Iterator[LandingEvent]:
        for url, (status, kind, headers, body) in self.answers.items():
            yield Landed(
                key=url.encode(),
                mark=body[:32],
                untrusted_name=url.encode(),
                media_type="application/warc",
                captured_at=self.clock(),
                facts=WebFacts(
                    url=url,
                    status=status,
                    payload_type=kind.partition(";")[0],
                    payload_sha256=sha256_hex(body),
                    payload_bytes=len(body),
                ),
                content=_records(url, status, {"Content-Type": kind, **headers}, body),
            )
        yield Finished(complete=True)


def _records(url: str, status: int, headers: dict[str, str], body: bytes) -> bytes:
    """Response and request as WARC 1.1, spelled here a second time."""
    told = "".join(f"{name}: {value}\r\n" for name, value in {**headers, "Content-Length": str(len(body))}.items())
    response = f"HTTP/1.1 {status} Example\r\n{told}\r\n".encode() + body
    return _record(url, "response", response) + _record(url, "request", b"GET / HTTP/1.1\r\nHost: site.example\r\n\r\n")


def _record(url: str, kind: str, block: bytes) -> bytes:
    head = (
        f"WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, kind + url)}>\r\n"
        f"WARC-Target-URI: {url}\r\nWARC-Date: 2031-05-04T12:00:00Z\r\n"
        f"Content-Type: application/http; msgtype={kind}\r\nContent-Length: {len(block)}\r\n\r\n"
    )
    return head.encode() + block + b"\r\n\r\n"


PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0000003010100c9fe92ef"
    "0000000049454e44ae426082"
)


def example_site() -> dict[str, tuple[int, str, dict[str, str], bytes]]:
    """Pages in two languages, a style sheet, a picture, redirects, a page that is not there."""
    page = "text/html; charset=utf-8"
    return {
        f"{HOST}/": (200, page, {}, _page("en", "Example", '<img src="/img/a.png"><a href="/old">old</a>')),
        f"{HOST}/ar/": (200, page, {}, _page("ar", "مثال", '<img src="../img/a.png"><a href="/">en</a>')),
        f"{HOST}/style.css": (200, "text/css", {}, b"body{background:url(img/a.png)}"),
        f"{HOST}/img/a.png": (200, "image/png", {}, PIXEL),
        f"{HOST}/doc.pdf": (200, "application/pdf", {}, b"%PDF-1.4 example"),
        f"{HOST}/old": (301, "text/html", {"Location": "/older"}, b"moved"),
        f"{HOST}/older": (302, "text/html", {"Location": "/ar/"}, b"moved"),
        f"{HOST}/away": (302, "text/html", {"Location": "https://elsewhere.example/x"}, b"moved"),
        f"{HOST}/round": (302, "text/html", {"Location": "/about"}, b"moved"),
        f"{HOST}/about": (302, "text/html", {"Location": "/round"}, b"moved"),
        f"{HOST}/gone": (404, page, {}, b"not here"),
    }


def _page(language: str, title: str, body: str) -> bytes:
    direction = "rtl" if language == "ar" else "ltr"
    return (
        f'<!DOCTYPE html><html lang="{language}" dir="{direction}"><head><title>{title}</title>'
        f'<link rel="stylesheet" href="/style.css"></head><body><h1>{title}</h1>{body}'
        f'<a href="/doc.pdf">pdf</a></body></html>'
    ).encode()
