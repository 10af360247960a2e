"""Whole bundles for tests, made of invented items: good ones of every kind, and the same changed in one place each.

    corpus = list(make_corpus(tmp_path, 200))        # half of them changed; each with the step that must fail, or none

Everything follows from the number of the bundle but signatures (ML-DSA and ECDSA are salted) and stamps. A change is
made by who can write a bundle: the bag's digests are made again, so that only the step in question can find it.
Names, texts and addresses are examples.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import random
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import blake3

from authorities_fixture import Authority
from standfast import clock
from standfast.disclosure.bag_writer import BagWriter
from standfast.disclosure.bundle import BundleParts, CheckpointParts, ItemParts, write_bundle
from standfast.holdings.canonical import canonical_bytes
from standfast.holdings.item import Facts, FileFacts, MailFacts, Record, WebFacts
from standfast.seal.evidence_record import first_chains, leaf_to_renew, renewed, write_record
from standfast.seal.timestamp import digest_request
from standfast.tlog.checkpoint import Checkpoint, LogSigner
from standfast.tlog.cosign import Cosigner
from standfast.tlog.cosign_request import write_request
from standfast.tlog.leaf import dummy_leaf, leaf_of
from standfast.tlog.note import VerifierKey, parse_note, parse_vkey, write_note
from standfast.tlog.policy import Policy, PolicyGroup, PolicyLog, PolicyWitness, write_policy
from standfast.tlog.proof_text import write_proof
from standfast.tlog.tree import consistency_ranges, inclusion_ranges, leaf_hashes, root_of
from standfast.verify.layout import LANGUAGES, Custody, CustodyLine

ORIGIN = "example.standfast/00000001"
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
KINDS = ("file", "web", "mail")

PAGE = b"<!doctype html><title>Stands for verify.html</title>\n"
"""The real page would be most of each bundle; what is tested of it is tested elsewhere."""

Files = dict[str, bytes]
"""A bundle unpacked: path below its one folder, bytes."""


def seed(words: str) -> bytes:
    """32 bytes that follow from words."""
    return hashlib.sha256(words.encode()).digest()


@dataclass
class World:
    """The keys, authorities and cosigners that a corpus shares."""

    room: Path
    signer: LogSigner = field(init=False)
    cosigners: list[Cosigner] = field(init=False)
    authorities: dict[str, Authority] = field(init=False)

    def __post_init__(self) -> None:
        """Make certificates in `room`."""
        self.signer = LogSigner(ORIGIN, seed("log ed25519"), seed("log ml-dsa"))
        names = ("ngo-a.example/cosigner", "ngo-b.example/cosigner", "ngo-c.example/cosigner", "ngo-d.example/cosigner")
        self.cosigners = [Cosigner(each, seed(each + " 1"), seed(each + " 2")) for each in names]
        self.authorities = {
            "example-one": Authority(self.room / "one", "Example One", kind="ecdsa"),
            "example-two": Authority(self.room / "two", "Example Two", kind="rsa", unsorted=True),
        }

    def policies(self, quorum: int) -> tuple[bytes, bytes]:
        """Classic and post-quantum: `quorum` of the four; 0 for a vault without cosigners."""
        made = []
        for family in (0, 1):
            log = (PolicyLog(parse_vkey(self.signer.vkeys[family])),)
            if not quorum:
                made.append(write_policy(Policy(logs=log, witnesses=(), groups=(), quorum="none")))
                continue
            named = tuple(PolicyWitness(each.name.partition(".")[0], each.keys[family]) for each in self.cosigners)
            group = PolicyGroup("organisations", quorum, tuple(each.name for each in named))
            made.append(write_policy(Policy(logs=log, witnesses=named, groups=(group,), quorum=group.name)))
        return made[0], made[1]

    def checkpoint(self, size: int, root: bytes, at: datetime, shape: Shape) -> CheckpointParts:
        """A note signed by the log and `shape.cosigned` cosigners, stamped by `shape.stamped` authorities."""
        note = self.signer.sign(size, root, at)
        lines = list(parse_note(note).lines)
        for number, each in enumerate(self.cosigners[: shape.cosigned], 1):
            lines += each.cosign(Checkpoint(ORIGIN, size, root), at + timedelta(seconds=number))
        note = write_note(parse_note(note).untrusted_text, lines)
        stamps: dict[str, bytes] = {}
        for number, (name, authority) in enumerate(list(self.authorities.items())[: shape.stamped], 1):
            authority.moment = f"{at + timedelta(minutes=number):%Y-%m-%d %H:%M:%S}"
            stamps[f"{name}/response.tsr"] = authority.stamp(note)
            stamps[f"{name}/chain.pem"] = authority.chain_pem
        if shape.renewed and shape.stamped == 2:
            stamps["example-one/renewal-1.ers"] = self._renewal(stamps["example-one/response.tsr"], note, at)
        return CheckpointParts(size=size, note=note, stamps=stamps)

    def _renewal(self, response: bytes, note: bytes, at: datetime) -> bytes:
        """The first authority's stamp, renewed by the second's ten years later."""
        chains, other = first_chains(response), self.authorities["example-two"]
        leaf = leaf_to_renew(chains, note, "sha512")
        other.moment = f"{at + timedelta(days=3650):%Y-%m-%d %H:%M:%S}"
        answer = other.answer(digest_request(leaf.algorithm, leaf.digest, nonce=7))
        return write_record(renewed(chains, leaf, answer, ()))


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What a bundle has."""

    kinds: tuple[str, ...] = ("file",)
    cosigned: int = 3
    quorum: int = 3
    stamped: int = 2
    earlier: bool = True
    renewed: bool = False
    language: str = "en"


def shape_of(number: int) -> Shape:
    """The shape of a corpus's n-th bundle. All kinds, languages, and vaults with less are among the first dozen."""
    return Shape(
        kinds=(KINDS[number % 3], *((KINDS[(number + 1) % 3],) if number % 7 == 6 else ())),
        cosigned=(3, 4, 3, 0)[number % 4],
        quorum=(3, 3, 3, 0)[number % 4],
        stamped=(2, 2, 1)[number % 3] if number % 11 != 10 else 0,
        earlier=number % 5 != 4,
        renewed=number % 6 == 1,
        language=LANGUAGES[number % 4],
    )


FULL = Shape()


def parts_of(world: World, number: int, shape: Shape) -> BundleParts:
    """The parts of a bundle: its log is made for it, of invented neighbours."""
    chance = random.Random(number)
    old_size, size = chance.choice(((16, 32), (1, 17), (256, 272), (300, 1324), (64, 128)))
    leaves = [dummy_leaf(chance.randbytes(64)) for _ in range(size)]
    made = [_example(chance, kind) for kind in shape.kinds]
    places = sorted(chance.sample(range(old_size, size), len(made)))
    salts = [chance.randbytes(32) for _ in made]
    for place, salt, (record, _) in zip(places, salts, made, strict=True):
        leaves[place] = leaf_of(canonical_bytes(record), salt)
    hashes = leaf_hashes(leaves)
    newer = world.checkpoint(size, root_of(hashes), NOON + timedelta(hours=1), shape)
    checkpoints = [newer]
    consistency = None
    if shape.earlier:
        checkpoints.append(world.checkpoint(old_size, root_of(hashes[:old_size]), NOON - timedelta(hours=1), shape))
        proof = [root_of(hashes[start:stop]) for start, stop in consistency_ranges(old_size, size)]
        consistency = write_request(old_size, proof, newer.note)
    return BundleParts(
        items=[
            ItemParts(
                record=record,
                pieces=lambda content=content: (content,),
                salt=salt,
                leaf=leaves[place],
                proof=write_proof(
                    place, [root_of(hashes[start:stop]) for start, stop in inclusion_ranges(place, size)], newer.note
                ),
                consistency=consistency,
                custody=_custody(record),
            )
            for place, salt, (record, content) in zip(places, salts, made, strict=True)
        ],
        checkpoints=checkpoints,
        policies=world.policies(shape.quorum),
        origin=ORIGIN,
        recipient="Example Court",
        purpose=f"Example {number}",
        language=shape.language,  # type: ignore[arg-type]
        made_at=clock.to_text(NOON + timedelta(days=30)),
        made_by="standfast/test",
    )


def build(parts: BundleParts, folder: str = "example") -> bytes:
    """The zip, as the program writes it."""
    file = io.BytesIO()
    write_bundle(parts, file, folder, page=PAGE)
    return file.getvalue()


def _example(chance: random.Random, kind: str) -> tuple[Record, bytes]:
    number = chance.randrange(1000)
    text = f"An example, number {number}.\n"
    facts: Facts
    if kind == "web":
        name, media_type = f"https://site.example/page-{number}?q=1", "application/warc"
        body = f"<!doctype html><title>Example</title><p>{text}".encode()
        answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        head = (
            f"WARC/1.1\r\nWARC-Type: response\r\nWARC-Target-URI: {name}\r\nWARC-Date: 2026-05-04T12:00:00Z\r\n"
            f"WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-{number:012}>\r\n"
            f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(answer)}\r\n\r\n"
        )
        content = head.encode() + answer + b"\r\n\r\n"
        facts = WebFacts(
            url=name, status=200, payload_type="text/html", payload_sha256=hashlib.sha256(body).hexdigest(),
            payload_bytes=len(body), ip="192.0.2.1",
        )  # fmt: skip
    elif kind == "mail":
        name, media_type = f"<example-{number}@mail.example>", "message/rfc822"
        content = (
            f"From: Example <one@mail.example>\r\nTo: two@mail.example\r\nSubject: مثال {number}\r\n"
            f"Message-ID: {name}\r\nDate: Mon, 4 May 2026 11:58:00 +0000\r\n\r\n{text}"
        ).encode()
        facts = MailFacts(
            message_id=name, subject=f"مثال {number}", date="Mon, 4 May 2026 11:58:00 +0000",
            received="04-May-2026 11:59:00 +0000", sender=("Example <one@mail.example>",), to=("two@mail.example",),
            folders=("INBOX",),
        )  # fmt: skip
    else:
        name, media_type = chance.choice(("letters/letter.txt", "تقرير.txt", "a/b/c/été.txt")), "text/plain"
        content = text.encode() + chance.randbytes(chance.choice((0, 10, 5000)))
        facts = FileFacts(type="file", mode=0o644, uid=1000, gid=1000, mtime_ns="1777888800000000000")
    identifier = "i" + base64.b32encode(chance.randbytes(10)).decode().lower()
    record = Record(
        id=identifier, origin=f"example-{kind}", name=name, sha256=hashlib.sha256(content).hexdigest(),
        blake3=blake3.blake3(content).hexdigest(), size_bytes=len(content), media_type=media_type,
        captured_at=clock.to_text(NOON), tool=f"standfast/test {kind}", facts=facts,
    )  # fmt: skip
    return record, content


def _custody(record: Record) -> Custody:
    at = [clock.to_text(NOON + timedelta(minutes=minutes)) for minutes in (1, 60 * 24 * 30)]
    return Custody(
        item=record.id,
        events=(
            CustodyLine(at=record.captured_at, event="capture", detail=record.tool),
            CustodyLine(at=at[0], event="accession", detail="accession 2"),
            CustodyLine(at=at[1], event="disclose", detail="by example; begun"),
        ),
    )


# ---- taking apart, putting together


def unpack(bundle: bytes) -> Files:
    """The files below the one folder."""
    with zipfile.ZipFile(io.BytesIO(bundle)) as opened:
        return {name.partition("/")[2]: opened.read(name) for name in opened.namelist()}


def pack(files: Files, folder: str = "example") -> bytes:
    """A zip with a bag whose digests fit."""
    out = io.BytesIO()
    bag = BagWriter(out, folder)
    for path, data in files.items():
        if not path.startswith(("bag", "manifest-", "tagmanifest-")):
            bag.add(path, data, mode=0o755 if path == "verify.sh" else 0o644)
    bag.finish((("External-Description", "An example"),))
    return out.getvalue()


# ---- one change each

Change = Callable[[Files, random.Random], None]


@dataclass(frozen=True)
class Tampering:
    """One change, and the steps of which the first must be the first that fails."""

    name: str
    step: str
    change: Change
    fits: Callable[[Files], bool] = lambda files: True
    raw: Callable[[bytes], bytes] | None = None
    """For a change of the zip itself, after it is packed."""


def _flip(data: bytes, at: int, bit: int = 1) -> bytes:
    return data[:at] + bytes((data[at] ^ bit,)) + data[at + 1 :]


def _flip_file(find: str) -> Change:
    def change(files: Files, chance: random.Random) -> None:
        path = _one(files, find)
        files[path] = _flip(files[path], chance.randrange(len(files[path])), 1 << chance.randrange(8))

    return change


def _one(files: Files, find: str) -> str:
    return next(path for path in sorted(files, reverse=True) if re.fullmatch(find, path))


def _has(find: str) -> Callable[[Files], bool]:
    return lambda files: any(re.fullmatch(find, path) for path in files)


def _record(name: str, value: object) -> Change:
    def change(files: Files, chance: random.Random) -> None:
        path = "data/items/1/record.json"
        files[path] = canonical_bytes({**json.loads(files[path]), name: value})

    return change


def _respelled(files: Files, chance: random.Random) -> None:
    path = "data/items/1/record.json"
    files[path] = files[path].replace(b",", b", ", 1)


def _proof_line(pattern: bytes, new: Callable[[bytes], bytes]) -> Change:
    def change(files: Files, chance: random.Random) -> None:
        path = "data/items/1/proof.tlog-proof"
        head, empty, rest = files[path].partition(b"\n\n")
        lines = head.split(b"\n")
        hits = [at for at, line in enumerate(lines) if at and re.fullmatch(pattern, line)]
        at = chance.choice(hits)
        lines[at] = new(lines[at])
        files[path] = b"\n".join(lines) + empty + rest

    return change


def _other_base64(line: bytes) -> bytes:
    return base64.b64encode(_flip(base64.b64decode(line), 3))


def _in_notes(change_note: Callable[[bytes], bytes], which: str = "newer") -> Change:
    """Change one signed note, everywhere that it stands."""

    def change(files: Files, chance: random.Random) -> None:
        note = _note(files, which)
        new = change_note(note)
        assert new != note
        for path in files:
            if path.startswith("data/"):
                files[path] = files[path].replace(note, new)

    return change


def _note(files: Files, which: str) -> bytes:
    sizes = sorted(int(path.split("/")[2]) for path in files if path.endswith("/checkpoint"))
    return files[f"data/log/{sizes[-1 if which == 'newer' else 0]}/checkpoint"]


def _text_line(number: int, new: Callable[[str], str]) -> Callable[[bytes], bytes]:
    def change(note: bytes) -> bytes:
        lines = note.decode().split("\n")
        lines[number] = new(lines[number])
        return "\n".join(lines).encode()

    return change


def _signature(keys: Callable[[], VerifierKey], *, drop: bool = False) -> Callable[[bytes], bytes]:
    def change(note: bytes) -> bytes:
        key, parsed = keys(), parse_note(note)
        lines = []
        for line in parsed.lines:
            if (line.name, line.key_id) == (key.name, key.key_id):
                if drop:
                    continue
                line = replace(line, blob=_flip(line.blob, 40))
            lines.append(line)
        return write_note(parsed.untrusted_text, lines)

    return change


def _log_key(family: int) -> Callable[[], VerifierKey]:
    return lambda: parse_vkey(LogSigner(ORIGIN, seed("log ed25519"), seed("log ml-dsa")).vkeys[family])


def _cosigner_key(which: str, family: int) -> Callable[[], VerifierKey]:
    name = f"ngo-{which}.example/cosigner"
    return lambda: Cosigner(name, seed(name + " 1"), seed(name + " 2")).keys[family]


def _token(files: Files, chance: random.Random) -> None:
    path = _one(files, r"data/log/\d+/stamps/.*/response\.tsr")
    # In the signature: the last bytes of an answer.
    files[path] = _flip(files[path], len(files[path]) - 1 - chance.randrange(16))


def _swapped_tokens(files: Files, chance: random.Random) -> None:
    one, two = sorted(path for path in files if path.endswith("example-one/response.tsr"))
    files[one], files[two] = files[two], files[one]


def _renewal_bit(files: Files, chance: random.Random) -> None:
    path = _one(files, r".*/renewal-1\.ers")
    # In the newest signature: the last bytes of the record.
    files[path] = _flip(files[path], len(files[path]) - 1 - chance.randrange(16))


def _swapped_renewals(files: Files, chance: random.Random) -> None:
    one, two = sorted(path for path in files if path.endswith("renewal-1.ers"))
    files[one], files[two] = files[two], files[one]


def _other_chain(files: Files, chance: random.Random) -> None:
    path = _one(files, r"data/log/\d+/stamps/example-one/chain\.pem")
    files[path] = files[path.replace("example-one", "example-two")]


def _no_root(files: Files, chance: random.Random) -> None:
    path = _one(files, r"data/log/\d+/stamps/.*/chain\.pem")
    parts = files[path].split(b"-----BEGIN")
    files[path] = b"-----BEGIN".join(parts[:-1])


def _policy(pattern: str, new: str, family: str = "classic") -> Change:
    def change(files: Files, chance: random.Random) -> None:
        path = f"data/policy/{family}"
        text = files[path].decode()
        changed = re.sub(pattern, new, text)
        assert changed != text
        files[path] = changed.encode()

    return change


def _impostors(files: Files, chance: random.Random) -> None:
    names = [f"ngo-{each}.example/cosigner" for each in "abcd"]
    for family, path in enumerate(("data/policy/classic", "data/policy/pq")):
        text = files[path].decode()
        for name in names:
            real = Cosigner(name, seed(name + " 1"), seed(name + " 2")).vkeys[family]
            text = text.replace(real, Cosigner(name, seed(name + " x"), seed(name + " y")).vkeys[family])
        files[path] = text.encode()


def _impostor_log(files: Files, chance: random.Random) -> None:
    real, other = (LogSigner(ORIGIN, seed(one), seed("log ml-dsa")) for one in ("log ed25519", "another log"))
    files["data/policy/classic"] = files["data/policy/classic"].replace(real.vkeys[0].encode(), other.vkeys[0].encode())


def _consistency(files: Files, chance: random.Random) -> None:
    path = "data/items/1/consistency"
    head, empty, rest = files[path].partition(b"\n\n")
    lines = head.split(b"\n")
    lines[-1] = _other_base64(lines[-1])
    files[path] = b"\n".join(lines) + empty + rest


def _only_in(part: str) -> Change:
    """Another signature in one copy of the note, which is not the note beside it any more."""

    def change(files: Files, chance: random.Random) -> None:
        path, note = f"data/items/1/{part}", _note(files, "newer")
        files[path] = files[path].replace(note, _signature(_log_key(1))(note))

    return change


def _not_earlier(files: Files, chance: random.Random) -> None:
    note = _note(files, "newer")
    size = note.decode().split("\n")[1]
    files["data/items/1/consistency"] = f"old {size}\n\n".encode() + note


def _custody_change(new: Callable[[dict[str, object]], None]) -> Change:
    def change(files: Files, chance: random.Random) -> None:
        path = "data/items/1/custody.json"
        said = json.loads(files[path])
        new(said)
        files[path] = canonical_bytes(said)

    return change


def _report(files: Files, chance: random.Random) -> None:
    text = files["data/report.html"].decode()
    found = re.search(r'data-item="1" data-field="sha256">([0-9a-f]{64})', text)
    assert found
    files["data/report.html"] = text.replace(found[1], found[1][::-1]).encode()


def _report_silent(files: Files, chance: random.Random) -> None:
    text = files["data/report.html"].decode()
    files["data/report.html"] = text.replace('data-item="1" data-field="quality"', "", 1).encode()


def _nothing(files: Files, chance: random.Random) -> None:
    """The change is in the zip."""


def _flip_in_zip(bundle: bytes) -> bytes:
    at = bundle.index(b"An example, number")
    return _flip(bundle, at, 0x20)


def _with_entry(name: str, data: bytes = b"x", mode: int = 0o100644) -> Callable[[bytes], bytes]:
    def change(bundle: bytes) -> bytes:
        file = io.BytesIO(bundle)
        with zipfile.ZipFile(file, "a") as opened:
            entry = zipfile.ZipInfo(name)
            entry.external_attr, entry.create_system = mode << 16, 3
            opened.writestr(entry, data)
        return file.getvalue()

    return change


def _is_cosigned(files: Files) -> bool:
    return b"quorum none" not in files["data/policy/classic"]


def _signed_by(which: str) -> Callable[[Files], bool]:
    return lambda files: _is_cosigned(files) and f"ngo-{which}.example".encode() in _note(files, "newer")


_STAMP = r"data/log/\d+/stamps/.*/response\.tsr"
_HASH = rb"[A-Za-z0-9+/]{43}="
_EARLIER = _has("data/items/1/consistency")


def _tamperings() -> tuple[Tampering, ...]:
    return (
        Tampering("content-bit", "content", _flip_file(r"data/items/1/content/.*")),
        Tampering("record-name", "leaf", _record("name", "another name")),
        Tampering("record-sha256", "content", _record("sha256", "00" * 32)),
        Tampering("record-blake3", "content", _record("blake3", "00" * 32)),
        Tampering("record-size", "content", _record("size_bytes", 1)),
        Tampering("record-captured", "leaf", _record("captured_at", "2020-01-01T00:00:00.000000Z")),
        Tampering("record-respelled", "record", _respelled),
        Tampering("salt-bit", "leaf", _flip_file("data/items/1/salt")),
        Tampering("leaf-sha256", "leaf", lambda files, chance: files.update(
            {"data/items/1/leaf": _flip(files["data/items/1/leaf"], 4 + chance.randrange(32))})),
        Tampering("leaf-sha3", "leaf", lambda files, chance: files.update(
            {"data/items/1/leaf": _flip(files["data/items/1/leaf"], 36 + chance.randrange(32))})),
        Tampering("index", "inclusion", _proof_line(rb"index \d+", lambda line: b"index %d" % (int(line[6:]) ^ 1))),
        Tampering("proof-hash", "inclusion", _proof_line(_HASH, _other_base64)),
        Tampering("proof-hash-missing", "inclusion", _proof_line(_HASH, lambda line: b"index 1")),
        Tampering("root", "inclusion", _in_notes(_text_line(2, lambda text: _other_base64(text.encode()).decode()))),
        Tampering("size", "inclusion", _in_notes(_text_line(1, lambda text: str(int(text) * 2)))),
        Tampering("proof-checkpoint", "inclusion", _only_in("proof.tlog-proof")),
        Tampering("consistency-checkpoint", "consistency", _only_in("consistency"), _EARLIER),
        Tampering("earlier-holds-it", "consistency", _not_earlier, _EARLIER),
        Tampering("origin", "log-signatures", _in_notes(_text_line(0, lambda text: text + "x"))),
        Tampering("log-ed25519", "log-signatures", _in_notes(_signature(_log_key(0)))),
        Tampering("log-ml-dsa", "log-signatures", _in_notes(_signature(_log_key(1)))),
        Tampering("log-ml-dsa-missing", "log-signatures", _in_notes(_signature(_log_key(1), drop=True))),
        *(Tampering(f"cosigner-{which}-{family}", "cosignatures", _in_notes(_signature(_cosigner_key(which, number))),
                    _signed_by(which)) for which in "abcd" for number, family in enumerate(("ed25519", "ml-dsa"))),
        Tampering("cosigner-missing", "cosignatures", _in_notes(_signature(_cosigner_key("a", 0), drop=True)),
                  lambda files: _signed_by("a")(files) and not _signed_by("d")(files)),
        Tampering("token-signature", "stamps", _token, _has(_STAMP)),
        Tampering("token-of-another", "stamps", _swapped_tokens, lambda files: _EARLIER(files) and _has(_STAMP)(files)),
        Tampering("chain-of-another", "stamps", _other_chain, _has(r"data/log/.*/stamps/example-two/.*")),
        Tampering("chain-no-root", "stamps", _no_root, _has(_STAMP)),
        Tampering("renewal", "renewals", _renewal_bit, _has(r".*/renewal-1\.ers")),
        Tampering("renewal-of-another", "renewals", _swapped_renewals,
                  lambda files: sum(path.endswith("renewal-1.ers") for path in files) > 1),
        Tampering("policy-quorum", "cosignatures", _policy(r"organisations 3 ", "organisations 4 "),
                  lambda files: _is_cosigned(files) and not _signed_by("d")(files)),
        Tampering("policy-impostors", "cosignatures", _impostors, _is_cosigned),
        Tampering("policy-log", "log-signatures", _impostor_log),
        Tampering("policy-broken", "log-signatures", _policy("quorum .*\n", "", "pq")),
        Tampering("earlier-hash", "consistency", _consistency,
                  lambda files: b"=\n\n" in files.get("data/items/1/consistency", b"")),
        Tampering("earlier-signature", "log-signatures", _in_notes(_signature(_log_key(0)), "older"), _EARLIER),
        Tampering("earlier-root", "log-signatures", _in_notes(_text_line(
            2, lambda text: _other_base64(text.encode()).decode()), "older"), _EARLIER),
        Tampering("custody-of-another", "custody", _custody_change(lambda said: said.update(item="iaaaaaaaaaaaaaaaa"))),
        Tampering("custody-order", "custody", _custody_change(lambda said: said["events"].reverse())),  # type: ignore[attr-defined]
        Tampering("report-digest", "report", _report),
        Tampering("report-silent", "report", _report_silent),
        Tampering("damaged", "bag", _nothing, _has(r"data/items/1/content/.*"), _flip_in_zip),
        Tampering("file-not-listed", "bag", _nothing, raw=_with_entry("example/data/items/1/more")),
        Tampering("second-folder", "zip", _nothing, raw=_with_entry("other/file")),
        Tampering("link", "zip", _nothing, raw=_with_entry("example/data/link", b"/etc/hostname", 0o120777)),
        Tampering("climbing-name", "zip", _nothing, raw=_with_entry("example/../../file")),
    )  # fmt: skip


TAMPERINGS = _tamperings()


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One bundle of a corpus."""

    name: str
    bundle: bytes
    failed: str
    """The first step that must fail; empty for a good one."""


def make_corpus(room: Path, count: int = 200) -> Iterator[Sample]:
    """So many bundles, the first half good, each of the others one of these with one change."""
    world = World(room / "world")
    good: list[bytes] = []
    for number in range(count // 2):
        good.append(build(parts_of(world, number, shape_of(number))))
        yield Sample(name=f"good-{number:03}", bundle=good[-1], failed="")
    for number in range(count - len(good)):
        yield tampered(TAMPERINGS[number % len(TAMPERINGS)], good, number)


def tampered(tampering: Tampering, good: list[bytes], number: int) -> Sample:
    """One change to the first bundle from the n-th on that it fits."""
    for offset in range(len(good)):
        files = unpack(good[(number + offset) % len(good)])
        if tampering.fits(files):
            tampering.change(files, random.Random(number))
            made = pack(files)
            made = tampering.raw(made) if tampering.raw else made
            return Sample(name=f"{tampering.name}-{number:03}", bundle=made, failed=tampering.step)
    raise AssertionError(f"no bundle for {tampering.name}")


VECTORS = (
    ("file", Shape()),
    ("web", Shape(kinds=("web",), language="fr")),
    ("mail", Shape(kinds=("mail",), language="ar", cosigned=4, renewed=True)),
    ("two", Shape(kinds=("file", "mail"), language="es")),
    ("alone", Shape(cosigned=0, quorum=0, stamped=0, earlier=False)),
)
"""The good bundles of tests/vectors/bundle."""


def write_vectors(folder: Path, room: Path) -> None:
    """Make tests/vectors/bundle anew: the good ones, every change once, and the verdicts."""
    world, verdicts, good = World(room / "world"), {}, []
    for number, (name, shape) in enumerate(VECTORS):
        good.append(build(parts_of(world, number, shape), name))
        (folder / f"{name}.zip").write_bytes(good[-1])
        verdicts[f"{name}.zip"] = ""
    for tampering in TAMPERINGS:
        sample = tampered(tampering, sorted(good, key=len), 0)
        (folder / f"{tampering.name}.zip").write_bytes(sample.bundle)
        verdicts[f"{tampering.name}.zip"] = sample.failed
    (folder / "verdicts.json").write_text(json.dumps(verdicts, indent=1) + "\n")


if __name__ == "__main__":
    import sys
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:
        write_vectors(Path(sys.argv[1]), Path(scratch))
