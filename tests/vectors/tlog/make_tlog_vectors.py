"""Writes the vectors of this folder; kept as their birth certificate. Existing files are left alone."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from standfast.seal.sign import Ed25519Key
from standfast.tlog.append import LogWriter
from standfast.tlog.checkpoint import ED25519_COSIGNATURE, LogSigner, cosignature_message
from standfast.tlog.folder import LogFolder
from standfast.tlog.leaf import leaf_of
from standfast.tlog.note import SignatureLine, VerifierKey
from standfast.tlog.proof_text import write_proof
from standfast.tlog.reader import LogReader
from standfast.tlog.tree import EMPTY_ROOT

HERE = Path(__file__).parent
SEED_ED, SEED_PQ = bytes(range(32)), bytes(range(32, 64))
AT = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)  # 1700000000
ROOT_8 = bytes.fromhex("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328")
SIGNER = LogSigner("vault.example/log", SEED_ED, SEED_PQ)
ED, PQ = SIGNER.vkeys
GOOD = SIGNER.sign(8, ROOT_8, AT)
TEXT, ED_LINE, PQ_LINE = (
    GOOD.decode().split("\n\n")[0] + "\n",
    *GOOD.decode().split("\n\n")[1].splitlines(keepends=True),
)
BATCHES = (16, 64, 20, 200)
Case = tuple[str, str, dict[str, Any]]
"""Folder, name, content of the file."""


def leaf(index: int) -> bytes:
    return leaf_of(b'{"example":%d}' % index, sha256(b"salt %d" % index).digest())


def flipped(line: str, at: int) -> str:
    """The signature line with one bit of its blob changed; negative from the end."""
    head, encoded = line.rstrip("\n").rsplit(" ", 1)
    blob = bytearray(base64.b64decode(encoded))
    blob[at] ^= 1
    return f"{head} {base64.b64encode(blob).decode()}\n"


def cut(line: str, length: int) -> str:
    """The signature line with only the first bytes of its blob."""
    head, encoded = line.rstrip("\n").rsplit(" ", 1)
    return f"{head} {base64.b64encode(base64.b64decode(encoded)[:length]).decode()}\n"


def note(text: str = TEXT, *lines: str) -> str:
    return text + "\n" + "".join(lines or (ED_LINE, PQ_LINE))


def other_line(number: int) -> str:
    return SignatureLine(f"other{number}.example", b"\0\0\0\1", b"\1" * 64).text()


def checkpoint(folder: str, name: str, what: str, verdict: str, raw: str, vkeys: tuple[str, ...] = (ED, PQ)) -> Case:
    return folder, f"checkpoint-{name}", dict(kind="checkpoint", what=what, verdict=verdict, raw=raw, vkeys=list(vkeys))


def valid_checkpoints() -> Iterator[Case]:
    cosigner = Ed25519Key(b"a" * 32)
    key = VerifierKey("ngo-a.example/w", ED25519_COSIGNATURE, cosigner.public)
    time_s = int(AT.timestamp())
    signature = cosigner.sign(cosignature_message(TEXT, time_s))
    cosignature = SignatureLine(key.name, key.key_id, time_s.to_bytes(8, "big") + signature).text()
    for name, what, raw, vkeys in (
        ("both", "signed with both keys", note(), (ED, PQ)),
        ("ed25519", "one reader knows the Ed25519 key only; the bytes never vary", note(TEXT, ED_LINE), (ED,)),
        ("ml-dsa-44", "another knows the ML-DSA-44 key only", note(TEXT, PQ_LINE), (PQ,)),
        ("order", "the lines in the other order", note(TEXT, PQ_LINE, ED_LINE), (ED, PQ)),
        ("cosigned", "with an Ed25519 cosignature of 1700000000", note(TEXT, ED_LINE, cosignature), (ED, key.text())),
        (
            "unknown-keys",
            "lines by keys that are not known are ignored",
            note(TEXT, other_line(1), ED_LINE, PQ_LINE),
            (ED, PQ),
        ),
        (
            "unknown-key-id",
            "a line with the log's name and another key ID is by another key",
            note(TEXT, ED_LINE, PQ_LINE, SignatureLine("vault.example/log", b"\0\0\0\1", b"\1" * 64).text()),
            (ED, PQ),
        ),
        ("16-lines", "16 signature lines", note(TEXT, ED_LINE, PQ_LINE, *map(other_line, range(14))), (ED, PQ)),
        ("100-lines", "100 signature lines", note(TEXT, ED_LINE, PQ_LINE, *map(other_line, range(98))), (ED, PQ)),
        ("empty-log", "size 0 and the empty root", SIGNER.sign(0, EMPTY_ROOT, AT).decode(), (ED, PQ)),
    ):
        yield checkpoint("valid", name, what, "ok", raw, vkeys)


def invalid_checkpoints() -> Iterator[Case]:
    first, _, root, _ = TEXT.split("\n")
    broken_root = base64.b64encode(ROOT_8[:31]).decode()
    empty = base64.b64encode(EMPTY_ROOT).decode()
    texts = (
        ("leading-zero", "a size with a leading zero", f"{first}\n08\n{root}\n"),
        ("plus-size", "a size with a sign", f"{first}\n+8\n{root}\n"),
        ("negative-size", "a negative size", f"{first}\n-8\n{root}\n"),
        ("arabic-digits", "a size in digits that are not ASCII", f"{first}\n\u0668\n{root}\n"),
        ("huge-size", "2^63 leaves", f"{first}\n{2**63}\n{root}\n"),
        ("endless-size", "a size of 5,000 digits", f"{first}\n{'9' * 5000}\n{root}\n"),
        ("empty-size", "no size", f"{first}\n\n{root}\n"),
        ("short-root", "a root of 31 bytes", f"{first}\n8\n{broken_root}\n"),
        ("loose-base64", "bits set in the root's base64 that mean nothing", f"{first}\n8\n{root[:-2]}h=\n"),
        ("unpadded-base64", "base64 without its padding", f"{first}\n8\n{root[:-1]}\n"),
        ("url-base64", "base64 of the other alphabet", f"{first}\n8\n{root.replace('+', '-')}\n"),
        ("zero-with-root", "size 0 with a root that is not the empty one", f"{first}\n0\n{root}\n"),
        ("empty-root", "size 8 with the empty root", f"{first}\n8\n{empty}\n"),
        ("extension", "an extension line, which ML-DSA-44 does not cover", f"{TEXT}extension\n"),
        ("no-origin", "an empty origin", f"\n8\n{root}\n"),
        ("long-origin", "an origin of 256 bytes", f"{'o' * 256}\n8\n{root}\n"),
        ("two-lines", "no root", f"{first}\n8\n"),
        ("tab", "a control character", f"{first}\t\n8\n{root}\n"),
        ("carriage-returns", "lines ended by CR LF", TEXT.replace("\n", "\r\n")),
    )
    for name, what, text in texts:
        yield checkpoint("invalid", name, what, "LOG-036", note(text))
    raws = (
        ("no-final-newline", "the last line is not ended", note()[:-1]),
        ("no-empty-line", "no empty line before the signatures", TEXT + ED_LINE),
        ("no-signature", "no signature line", TEXT + "\n"),
        ("hyphen", "a hyphen for the em dash", note().replace("\u2014", "-")),
        (
            "plus-in-name",
            "a plus sign in a key name",
            note(TEXT, ED_LINE, PQ_LINE, other_line(1).replace("other", "o+")),
        ),
        (
            "space-in-name",
            "a no-break space in a key name",
            note(TEXT, ED_LINE, other_line(1).replace("other", "o\u00a0")),
        ),
        (
            "key-id-only",
            "a line with a key ID and no signature",
            note(TEXT, ED_LINE, PQ_LINE, "\u2014 other AAAAAQ==\n"),
        ),
        ("101-lines", "101 signature lines", note(TEXT, ED_LINE, PQ_LINE, *map(other_line, range(99)))),
        ("empty", "no bytes", ""),
    )
    for name, what, raw in raws:
        yield checkpoint("invalid", name, what, "LOG-036", raw)
    for name, what, raw in (
        ("not-utf-8", "bytes that are not UTF-8", b"\xff" + GOOD),
        ("nul", "a zero byte at its end", GOOD + b"\0"),
    ):
        yield (
            "invalid",
            f"checkpoint-{name}",
            dict(
                kind="checkpoint",
                what=what,
                verdict="LOG-036",
                raw_base64=base64.b64encode(raw).decode(),
                vkeys=[ED, PQ],
            ),
        )


def tampered_checkpoints() -> Iterator[Case]:
    for name, what, raw in (
        ("ed25519-bit", "a bit of the Ed25519 signature", note(TEXT, flipped(ED_LINE, 20), PQ_LINE)),
        ("ml-dsa-44-bit", "a bit of the ML-DSA-44 signature", note(TEXT, ED_LINE, flipped(PQ_LINE, 500))),
        ("time-bit", "a bit of the cosignature's time", note(TEXT, ED_LINE, flipped(PQ_LINE, 11))),
        ("size", "another size", note(TEXT.replace("\n8\n", "\n9\n"))),
        ("root", "another root", note(TEXT.replace("Xcn", "Ycn"))),
        (
            "both-good-and-bad",
            "the same key signs twice, once wrongly",
            note(TEXT, ED_LINE, PQ_LINE, flipped(ED_LINE, -1)),
        ),
        ("cut-signature", "a signature cut by a byte", note(TEXT, cut(ED_LINE, 67), PQ_LINE)),
        ("time-only", "a cosignature with its time and nothing else", note(TEXT, ED_LINE, cut(PQ_LINE, 12))),
    ):
        yield checkpoint("tampered", name, what, "LOG-035", raw)
    for name, what, raw in (
        ("no-ml-dsa-44", "the ML-DSA-44 line is taken away", note(TEXT, ED_LINE)),
        ("no-ed25519", "the Ed25519 line is taken away", note(TEXT, PQ_LINE)),
        ("others-only", "only keys that are not known have signed", note(TEXT, other_line(1))),
    ):
        yield checkpoint("tampered", name, what, "LOG-037", raw)
    stranger = note("other.example/log\n" + TEXT.split("\n", 1)[1], "")
    line = SignatureLine(
        "vault.example/log", bytes.fromhex("d63d5dcc"), Ed25519Key(SEED_ED).sign(stranger[:-1].encode())
    )
    yield checkpoint(
        "tampered", "other-origin", "the log's key under another log's origin", "LOG-043", stranger + line.text(), (ED,)
    )


def vkeys() -> Iterator[Case]:
    yield "valid", "vkey-ed25519", dict(kind="vkey", what="an Ed25519 log key", verdict="ok", vkey=ED)
    yield "valid", "vkey-ml-dsa-44", dict(kind="vkey", what="an ML-DSA-44 cosigner key", verdict="ok", vkey=PQ)
    name, key_id, key = ED.split("+", 2)
    for case, what, vkey in (
        ("key-id", "a key ID of another key", f"{name}+00000000+{key}"),
        ("upper-case", "a key ID in capitals", f"{name}+{key_id.upper()}+{key}"),
        ("two-parts", "no key", f"{name}+{key_id}"),
        ("empty-name", "no name", f"+{key_id}+{key}"),
        ("loose-base64", "base64 that is not canonical", f"{name}+{key_id}+{key[:-1]}5"),
    ):
        yield "invalid", f"vkey-{case}", dict(kind="vkey", what=what, verdict="LOG-036", vkey=vkey)


def make_log(folder: Path) -> LogWriter:
    writer, start = LogWriter(folder, SIGNER), 0
    for count in BATCHES:
        writer.append([leaf(index) for index in range(start, start + count)], AT)
        start += count
    return writer


def proofs(folder: Path) -> Iterator[Case]:
    raw = (folder / "checkpoint").read_bytes()
    size = sum(BATCHES)
    writer = LogWriter(folder, SIGNER)
    reader = LogReader(LogFolder(folder).read, writer.checkpoint)
    text = write_proof(5, reader.inclusion_proof(5), raw).decode()
    last = write_proof(size - 1, reader.inclusion_proof(size - 1), raw).decode()
    extra = write_proof(5, reader.inclusion_proof(5), raw, b"unauthenticated").decode()

    def case(where: str, name: str, what: str, verdict: str, proof: str, index: int = 5) -> Case:
        return (
            where,
            f"proof-{name}",
            dict(kind="proof", what=what, verdict=verdict, raw=proof, entry=leaf(index).hex(), vkeys=[ED, PQ]),
        )

    yield case("valid", "5-of-300", "leaf 5", "ok", text)
    yield case("valid", "last", "the last leaf, on the right edge", "ok", last, size - 1)
    yield case("valid", "extra", "with data that nothing authenticates", "ok", extra)
    first_hash = text.split("\n")[2]
    for name, what, proof in (
        ("header", "another first line", text.replace("@v1", "@v2")),
        ("no-index", "no index", text.replace("index 5\n", "")),
        ("negative-index", "a negative index", text.replace("index 5", "index -5")),
        ("leading-zero", "an index with a leading zero", text.replace("index 5", "index 05")),
        ("hash-length", "a hash of 33 bytes", text.replace(first_hash, base64.b64encode(bytes(33)).decode(), 1)),
        ("hash-base64", "a hash that is not base64", text.replace(first_hash, "!" * 44, 1)),
        ("64-hashes", "more hashes than any log needs", text.replace(first_hash, "\n".join([first_hash] * 64), 1)),
        ("no-checkpoint", "no checkpoint", text.split("\n\n")[0] + "\n\n"),
        ("extra-base64", "extra data that is not base64", extra.replace("extra ", "extra !")),
        ("carriage-returns", "lines ended by CR LF", text.replace("\n", "\r\n")),
    ):
        yield case("invalid", name, what, "LOG-036", proof)
    yield case("tampered", "other-index", "another index", "LOG-038", text.replace("index 5", "index 6"))
    yield case("tampered", "beyond", "an index beyond the log", "LOG-038", text.replace("index 5", "index 300"))
    yield case("tampered", "other-entry", "another entry", "LOG-038", text, 6)
    yield case("tampered", "hash-missing", "a hash taken away", "LOG-038", text.replace(first_hash + "\n", "", 1))
    yield case(
        "tampered", "checkpoint", "another size in the checkpoint", "LOG-035", text.replace("\n300\n", "\n301\n")
    )
    yield case("tampered", "unsigned", "a checkpoint without ML-DSA-44", "LOG-037", text.rsplit("\u2014", 1)[0])


def trees(folder: Path) -> Iterator[Case]:
    writer = LogWriter(folder, SIGNER)
    reader = LogReader(LogFolder(folder).read, writer.checkpoint)
    for old in (0, 1, 16, 80, 100, 256, 257, 299, 300):
        yield (
            "valid",
            f"consistency-{old}-to-300",
            dict(
                kind="consistency",
                what=f"from {old} leaves",
                verdict="ok",
                old_size=old,
                old_root=reader.root_at(old).hex(),
                size=300,
                root=writer.root.hex(),
                proof=[each.hex() for each in reader.consistency_proof(old)],
            ),
        )
    good = dict(
        kind="consistency",
        old_size=100,
        old_root=reader.root_at(100).hex(),
        size=300,
        root=writer.root.hex(),
        proof=[each.hex() for each in reader.consistency_proof(100)],
    )
    for name, what, change in (
        ("old-root", "another older root", {"old_root": reader.root_at(99).hex()}),
        ("root", "another newer root", {"root": reader.root_at(299).hex()}),
        ("old-size", "another older size", {"old_size": 99}),
        ("shrunk", "the newer log is smaller", {"old_size": 300, "size": 100}),
        ("hash-missing", "a hash taken away", {"proof": good["proof"][1:]}),
        ("hash-length", "a hash of 31 bytes", {"proof": [good["proof"][0][:-2], *good["proof"][1:]]}),
        ("same-size", "two roots for one size", {"old_size": 300, "proof": []}),
        ("zero-root", "size 0 with a root that is not the empty one", {"old_size": 0, "proof": []}),
        ("not-empty", "the empty root for a size that is not 0", {"old_root": EMPTY_ROOT.hex()}),
    ):
        yield "tampered", f"consistency-{name}", {**good, "what": what, "verdict": "LOG-038", **change}


def tiles() -> Iterator[Case]:
    bundle, tile, edge = "tile/entries/000", "tile/0/000", "tile/1/000.p/1"
    yield "valid", "tiles-untouched", dict(kind="tiles", what="the log as it is", verdict="ok", changes=[], named=[])
    for name, what, changes, named in (
        ("bundle-bit", "a bit of an entry", [["flip", bundle, 1000]], [[bundle, "wrong"]]),
        ("length-bit", "a bit of an entry's length", [["flip", bundle, 71]], [[bundle, "wrong"]]),
        ("tile-bit", "a bit of a hash", [["flip", tile, 77]], [[tile, "wrong"]]),
        ("edge-bit", "a bit of a partial tile", [["flip", edge, 3]], [[edge, "wrong"]]),
        (
            "partial-bit",
            "a bit of the last bundle",
            [["flip", "tile/entries/001.p/44", 9]],
            [["tile/entries/001.p/44", "wrong"]],
        ),
        ("missing", "a bundle taken away", [["drop", bundle]], [[bundle, "missing"]]),
        ("longer", "a tile with a byte more", [["add", tile]], [[tile, "wrong"]]),
        ("swapped", "a tile in the place of another", [["copy", "tile/0/001.p/44", edge]], [[edge, "wrong"]]),
        (
            "both",
            "an entry and the hash of another",
            [["flip", bundle, 1000], ["flip", tile, 77]],
            [[tile, "wrong"], [bundle, "wrong"]],
        ),
        (
            "undecided",
            "a partial tile and its bundle: nothing is left to tell which partial tile is wrong",
            [["flip", "tile/0/001.p/44", 3], ["flip", "tile/entries/001.p/44", 9]],
            [[path, "undecided"] for path in (edge, "tile/0/001.p/44", "tile/entries/001.p/44")],
        ),
    ):
        yield (
            "tampered",
            f"tiles-{name}",
            dict(kind="tiles", what=what, verdict="LOG-039", changes=changes, named=named),
        )


def main() -> None:
    folder = HERE / "log-300"
    if not folder.exists():
        make_log(folder)
        keys = dict(origin=SIGNER.origin, vkeys=[ED, PQ], size=300)
        (HERE / "log-300.json").write_text(json.dumps(keys, indent=1) + "\n")
    makers = (
        valid_checkpoints(),
        invalid_checkpoints(),
        tampered_checkpoints(),
        vkeys(),
        proofs(folder),
        trees(folder),
        tiles(),
    )
    for maker in makers:
        for where, name, value in maker:
            path = HERE / where / f"{name}.json"
            path.parent.mkdir(exist_ok=True)
            if not path.exists():
                path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
