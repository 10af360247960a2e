"""Writes the vectors of this folder. Run once, from the project's root; what is there is never written again.

PYTHONPATH=tests .venv/bin/python tests/vectors/policy/make_policy_vectors.py
"""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

from cosigner_fixture import AT, SIGNER, MemoryLog
from standfast.tlog.cosign import Cosigner, add_lines
from standfast.tlog.note import SignatureLine, parse_note, write_note

HERE = Path(__file__).parent
LOG, LIE = MemoryLog(), MemoryLog("lie", forked_at=3)
NAMES = "abcde"
WITNESSES = {name: Cosigner(f"ngo-{name}.example/w", name.encode() * 32, name.upper().encode() * 32) for name in NAMES}


def policy(quorum: str, *, family: int = 0, groups: str = "", names: str = NAMES) -> str:
    """A policy over some of the witnesses."""
    lines = [f"log {SIGNER.vkeys[family]}"]
    lines += [f"witness {name} {WITNESSES[name].vkeys[family]}" for name in names]
    return "\n".join(lines) + "\n" + groups + f"quorum {quorum}\n"


def cosigned(*names: str, size: int = 9) -> bytes:
    """The log's note with both lines of these."""
    note = LOG.note(size)
    for name in names:
        note = add_lines(note, WITNESSES[name].cosign(LOG.checkpoint(size), AT), WITNESSES[name].keys)
    return note


def policies() -> list[dict[str, Any]]:
    """Of every rule of the form one that keeps it or breaks it."""
    three = "group g 3 a b c d\n"
    levels = "group x 2 a b c\ngroup y any d e\ngroup both all x y\n"
    a, b = WITNESSES["a"].vkeys[0], WITNESSES["b"].vkeys[0]
    ok: list[tuple[str, str, list[list[str]], list[list[str]]]] = [
        (
            "three-of-four",
            policy("g", groups=three),
            [["a", "b", "c"], list("abcd")],
            [[], ["a", "b"], ["a", "b", "e"]],
        ),
        ("pq", policy("g", family=1, groups=three), [["b", "c", "d"]], [["c", "d"]]),
        ("two-levels", policy("both", groups=levels), [["a", "c", "e"]], [["a", "d"], ["a", "b", "c"]]),
        ("one-witness", policy("c"), [["c"]], [["a", "b", "d", "e"]]),
        ("none", policy("none"), [[]], []),
        ("no-log", f"witness a {a}\nquorum a\n", [["a"]], [["b"]]),
        ("comments-tabs-spaces", f"# c\n\n \t# d\n\twitness \t a  {a}\t\n quorum a \n", [["a"]], [[]]),
        ("url", f"witness a {a} https://a.example/w\nquorum a\n", [["a"]], [[]]),
    ]
    bad = {
        "empty": "",
        "no-quorum": f"witness a {a}\n",
        "no-last-newline": f"witness a {a}\nquorum a",
        "two-quorums": f"witness a {a}\nquorum a\nquorum none\n",
        "quorum-undefined": f"witness a {a}\nquorum b\n",
        "quorum-before-witness": f"quorum a\nwitness a {a}\n",
        "name-twice": f"witness a {a}\nwitness a {b}\nquorum a\n",
        "key-twice": f"witness a {a}\nwitness b {a}\nquorum a\n",
        "name-none": f"witness none {a}\nquorum none\n",
        "group-of-itself": f"witness a {a}\ngroup g any a g\nquorum g\n",
        "member-twice": f"witness a {a}\ngroup g any a a\nquorum g\n",
        "member-of-two-groups": f"witness a {a}\ngroup g any a\ngroup h any a\nquorum h\n",
        "k-zero": f"witness a {a}\ngroup g 0 a\nquorum g\n",
        "k-too-great": f"witness a {a}\ngroup g 2 a\nquorum g\n",
        "k-leading-zero": f"witness a {a}\ngroup g 01 a\nquorum g\n",
        "no-members": f"witness a {a}\ngroup g any\nquorum g\n",
        "log-key-as-witness": f"witness a {SIGNER.vkeys[0]}\nquorum a\n",
        "witness-key-as-log": f"log {a}\nquorum none\n",
        "log-twice": f"log {SIGNER.vkeys[0]}\nlog {SIGNER.vkeys[0]}\nquorum none\n",
        "carriage-return": "quorum none\r\n",
        "unknown-line": "mirror a\nquorum none\n",
        "wrong-key-id": f"witness a {a.replace('+', '+0', 1)}\nquorum a\n",
    }
    return [
        {"name": name, "text": text, "verdict": "ok", "met_by": met, "not_met_by": not_met}
        for name, text, met, not_met in ok
    ] + [{"name": name, "text": text, "verdict": "LOG-036"} for name, text in bad.items()]


def notes() -> list[dict[str, Any]]:
    """Cosigned checkpoints, each with the policy that judges it."""
    classic, pq = policy("g", groups="group g 3 a b c d\n"), policy("g", family=1, groups="group g 3 a b c d\n")
    good = cosigned("a", "b", "c")
    parsed = parse_note(good)

    def with_line(number: int, at: int) -> bytes:
        lines = list(parsed.lines)
        blob = bytearray(lines[number].blob)
        blob[at] ^= 1
        lines[number] = SignatureLine(lines[number].name, lines[number].key_id, bytes(blob))
        return write_note(parsed.untrusted_text, lines)

    stranger = Cosigner("who.example/w", b"z" * 32, b"z" * 32)
    with_stranger = add_lines(cosigned("a", "b"), stranger.cosign(LOG.checkpoint(9), AT), stranger.keys)
    root = parsed.untrusted_text.split("\n")[2].encode()
    cases = [
        ("three", good, classic, "ok"),
        ("three-pq", good, pq, "ok"),
        ("four", cosigned(*"abcd"), classic, "ok"),
        ("two", cosigned("a", "b"), classic, "LOG-037"),
        ("nobody", LOG.note(9), classic, "LOG-037"),
        ("nobody-is-asked", LOG.note(9), policy("none"), "ok"),
        (
            "stranger-counts-for-nothing",
            with_stranger,
            classic,
            "LOG-037",
        ),
        ("log-signature-changed", with_line(0, 9), classic, "LOG-035"),
        ("log-pq-signature-changed", with_line(1, 900), pq, "LOG-035"),
        ("cosignature-changed", with_line(2, 30), classic, "LOG-035"),
        ("cosignature-pq-changed", with_line(3, 900), pq, "LOG-035"),
        ("time-changed", with_line(2, 7), classic, "LOG-035"),
        ("changed-line-of-a-family-that-is-not-asked", with_line(3, 900), classic, "ok"),
        (
            "other-root",
            good.replace(root, base64.b64encode(bytes(32)), 1),
            classic,
            "LOG-035",
        ),
        ("other-size", good.replace(b"\n9\n", b"\n10\n", 1), classic, "LOG-035"),
        ("other-log", good.replace(b"vault.example/log\n9", b"other.example/log\n9", 1), classic, "LOG-037"),
    ]
    return [
        {"name": name, "note": note.decode(), "policy": text, "verdict": verdict} for name, note, text, verdict in cases
    ]


def requests() -> list[dict[str, Any]]:
    """One cosigner's day."""
    note = LOG.note(9)
    other = MemoryLog(signer=type(SIGNER)("other.example/log", bytes(32), bytes(32)))
    unsigned = note[: note.index(b"\n\n") + 2] + "\u2014 who.example AAAAAAAA\n".encode()
    proof = LOG.request(5, 9).partition(b"\n\n")[0] + b"\n\n"
    cases = [
        ("nothing yet, from 3", LOG.request(3, 5), 409),
        ("first", LOG.request(0, 5), 200),
        ("first again, from 0", LOG.request(0, 5), 409),
        ("the same, for a fresh time", LOG.request(5, 5), 200),
        ("another log", other.request(0, 5), 404),
        ("not signed by the log", proof + unsigned, 403),
        ("signature changed", proof + note.replace(b"1j1dz", b"1j1dA", 1), 403),
        ("old greater than new", LOG.request(9, 5), 400),
        ("no proof", b"old 5\n\n" + note, 422),
        ("a proof of another size", LOG.request(5, 8).partition(b"\n\n")[0] + b"\n\n" + note, 422),
        ("a second root of one size", LIE.request(5, 5), 422),
        ("a history that was rewritten", LIE.request(5, 9), 422),
        ("no request", b"nonsense", 400),
        ("leading zero", b"old 05\n" + proof.partition(b"\n")[2] + note, 400),
        ("grown", LOG.request(5, 9), 200),
        ("grown, again from 5", LOG.request(5, 9), 409),
        ("an older size", LOG.request(5, 8), 409),
    ]
    return [{"name": name, "body": body.decode(), "status": status} for name, body, status in cases]


def main() -> None:
    """Write what is not there."""
    for name, made in (("policies", policies), ("cosigned", notes), ("requests", requests)):
        path = HERE / f"{name}.json"
        if path.exists():
            sys.exit(f"{path} is there: vectors are never written again")
        path.write_text(json.dumps(made(), indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
