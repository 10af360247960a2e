"""An office with a file, a page and a message, cosigned by four and stamped by two; and what is disclosed of it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from authorities_fixture import Authority
from cosigner_fixture import make_cosigner, serving, url_of
from program import Program
from raw_site import answer, raw_site
from standfast.clock import machine_clock

MESSAGE = (
    "From example@mail.example Mon May  4 11:58:00 2026\n"
    "From: Example <one@mail.example>\nTo: two@mail.example\nSubject: example message\n"
    "Message-ID: <{n}@mail.example>\nDate: Mon, 4 May 2026 11:58:00 +0000\n\nmessage number {n}\n\n"
)
SECRETS = ("neighbour-alpha", "neighbour-beta", "neighbour-gamma")
"""Stand in names and contents of what is not disclosed."""


@dataclass
class DisclosingOffice:
    """The vault, and ids of one item of each kind."""

    program: Program
    file: str
    page: str
    message: str
    neighbours: list[dict[str, Any]]
    """All other items of the origins, as `items` gives them."""

    def disclose(self, *items: str, to: str, status: int = 0, **more: str) -> Any:
        options = {"recipient": "Example Court", "purpose": "An example", **more}
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        return self.program.json("disclose", *items, "--to", to, *words, status=status)

    def check(self, bundle: str | Path, *words: object, status: int = 0) -> Any:
        return self.program.json("check", bundle, *words, status=status)


@contextlib.contextmanager
def disclosing_office(room: Path) -> Iterator[DisclosingOffice]:
    """Made by the real program, with servers on loopback, until the end of the block."""
    program, documents = Program(room), room / "documents"
    documents.mkdir()
    (documents / "before.txt").write_text("an example before\n")
    program.init()
    program("add", "files", documents, "--name", "docs")
    with contextlib.ExitStack() as stack:
        _guards(program, room, stack)
        program("protect")
        for number, secret in enumerate(SECRETS):
            (documents / f"{secret}.txt").write_text(f"{secret} says {number}\n" * 20)
        (documents / "تقرير example.txt").write_text("an example to be shown\n")
        (room / "export.mbox").write_text("".join(MESSAGE.format(n=n) for n in range(3)))
        pages = {
            "/": answer('<title>Example</title><a href="/neighbour-page">more</a>'),
            "/neighbour-page": answer("<title>neighbour-delta</title>"),
        }
        with raw_site(pages) as site:
            program("add", "web", f"{site.origin}/", "--name", "site", "--rate", 10_000)
            program("add", "export", room / "export.mbox", "--name", "mail")
            program("protect")
        items = program.json("items")["items"]
        shown = {
            "file": next(each for each in items if each["name"].startswith("تقرير")),
            "page": next(each for each in items if each["name"] == f"{site.origin}/"),
            "message": next(each for each in items if each["media_type"] == "message/rfc822"),
        }
        ids = {name: each["id"] for name, each in shown.items()}
        yield DisclosingOffice(
            program,
            ids["file"],
            ids["page"],
            ids["message"],
            [each for each in items if each["id"] not in ids.values()],
        )


def _guards(program: Program, room: Path, stack: contextlib.ExitStack) -> None:
    log = program.json("keys", "list")["log"]["vkeys"]
    for letter in "abcd":
        cosigner, state = make_cosigner(
            room / letter,
            f"ngo-{letter}.example/cosigner",
            machine_clock,
            trusts=None,  # type: ignore[arg-type]
        )
        state.trust(log)
        server = stack.enter_context(serving(state))
        program("cosigners", "add", f"ngo-{letter}", *cosigner.vkeys, "--url", url_of(server))
    for name in ("one", "two"):
        kind = "ecdsa" if name == "one" else "rsa"
        authority = stack.enter_context(Authority(room / name, name.title(), kind=kind, unsorted=name == "two"))  # type: ignore[arg-type]
        root = room / f"{name}-root.pem"
        root.write_bytes(authority.root_pem)
        program("timestamps", "add", name, f"{authority.url}/tsr", "--roots", root)
