"""Seven readers of bundles that share no code with us: each is asked what it can check, and says yes or no.

| engine | what it checks |
|---|---|
| Go `x/mod` note and tlog, `crypto/mldsa` | all signatures of both families, inclusion, consistency |
| PyPI `proofbundle` | Ed25519 log signature, cosignatures of both families, inclusion, consistency |
| npm `@sigstore/verify` | Ed25519 log signature, inclusion, stamps with their chains |
| npm `pkijs`, Bouncy Castle, `openssl ts` | stamps with their chains |
| coreutils, xxd, OpenSSL: verify.sh | all but zip, canonical form, ML-DSA before OpenSSL 3.5, renewals, events' order |

What is taken out of a bundle for them is taken out here a second time, by splitting lines, without our parsers.
"""

from __future__ import annotations

import base64
import functools
import json
import re
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from bouncy_castle import compile_java, run_java
from bundle_corpus import Files
from go_fixture import case, notecheck

NODE = Path(__file__).parent / "interop/node"
ED25519, MLDSA_LOG = "classic", "pq"


def notes(files: Files) -> dict[str, bytes]:
    """Signed notes by size, as their folders are called."""
    return {path.split("/")[2]: data for path, data in files.items() if re.fullmatch(r"data/log/\d+/checkpoint", path)}


def keys(files: Files, family: str, kind: str) -> list[str]:
    """Vkeys of a policy's `log` or `witness` lines."""
    text = files[f"data/policy/{family}"].decode()
    return re.findall(r"^log (\S+)" if kind == "log" else r"^witness \S+ (\S+)", text, re.MULTILINE)


def quorum(files: Files) -> int:
    """How many of the cosigners must have signed; all bundles here have one group, or none."""
    found = re.search(r"^group \S+ (\d+)", files["data/policy/classic"].decode(), re.MULTILINE)
    return int(found[1]) if found else 0


def present(note: bytes, vkey: str) -> bool:
    """Whether a line by this key stands on the note."""
    name, key_id = vkey.split("+")[:2]
    return any(
        line.startswith(f"— {name} ") and base64.b64decode(line.split(" ")[2])[:4].hex() == key_id
        for line in note.decode().split("\n\n")[1].splitlines()
    )


def items(files: Files) -> list[dict[str, Any]]:
    """Of each item: entry, index, path, the note it leads to; the earlier size and path where there is one."""
    found = []
    for path in sorted(files):
        if not path.endswith("/leaf"):
            continue
        folder = path.removesuffix("leaf")
        head, _, note = files[folder + "proof.tlog-proof"].partition(b"\n\n")
        lines = head.decode().split("\n")[1:]
        one = {
            "entry": files[path],
            "index": int(lines[0].removeprefix("index ")),
            # A line that is no hash stands for one that is none.
            "proof": [base64.b64decode(line) if " " not in line else b"" for line in lines[1:]],
            "note": note,
            "old": None,
        }
        if folder + "consistency" in files:
            head, _, _ = files[folder + "consistency"].partition(b"\n\n")
            first, *rest = head.decode().split("\n")
            old = first.removeprefix("old ")
            root = base64.b64decode(files[f"data/log/{old}/checkpoint"].decode().split("\n")[2])
            one["old"] = {"old_size": int(old), "old_root": root, "proof": [base64.b64decode(each) for each in rest]}
        found.append(one)
    return found


def stamps(files: Files) -> list[dict[str, Any]]:
    """Of each stamp: message, response, chain in DER."""
    found = []
    for path in sorted(files):
        if path.endswith("/response.tsr"):
            size = path.split("/")[2]
            pem = files[path.replace("response.tsr", "chain.pem")]
            loaded = x509.load_pem_x509_certificates(pem)
            if loaded[-1].issuer != loaded[-1].subject:
                # There is no root: one that has nothing to do with it stands for what the reader trusts.
                loaded.append(_unrelated_root())
            chain = [each.public_bytes(Encoding.DER) for each in loaded]
            found.append(
                {"message": files[f"data/log/{size}/checkpoint"], "response": files[path], "chain": chain, "pem": pem}
            )
    return found


@functools.cache
def _unrelated_root() -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Nobody")])
    from_to = datetime(2020, 1, 1, tzinfo=UTC), datetime(2050, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(from_to[0]).not_valid_after(from_to[1])
    return builder.add_extension(x509.BasicConstraints(True, None), critical=True).sign(key, hashes.SHA256())


def by_go(bundles: Sequence[Files]) -> list[bool]:
    """Go's word on signatures and proofs."""
    cases, counts, enough = [], [], []
    for files in bundles:
        before, met = len(cases), True
        log = [key for family in (ED25519, MLDSA_LOG) for key in keys(files, family, "log")]
        for note in notes(files).values():
            signers = list(log)
            for family in (ED25519, MLDSA_LOG):
                there = [key for key in keys(files, family, "witness") if present(note, key)]
                met = met and len(there) >= quorum(files)
                signers += there
            cases.append(case(note, signers))
        for each in items(files):
            more = {"consistency": each["old"]} if each["old"] else {}
            inclusion = {name: each[name] for name in ("index", "entry", "proof")}
            cases.append(case(each["note"], log, inclusion=inclusion, **more))
        counts.append(len(cases) - before)
        enough.append(met)
    answers = iter(notecheck(cases))
    return [all([next(answers)["ok"] for _ in range(count)]) and met for count, met in zip(counts, enough, strict=True)]


def by_proofbundle(bundles: Sequence[Files]) -> list[bool]:
    """Proofbundle's word on signatures and proofs."""
    return [_proofbundle(files) for files in bundles]


def _proofbundle(files: Files) -> bool:
    from proofbundle.checkpoint import verify_checkpoint, verify_cosignature
    from proofbundle.merkle import verify_consistency, verify_inclusion

    try:
        for note in notes(files).values():
            text = note.decode()
            for key in keys(files, ED25519, "log"):
                if not verify_checkpoint(text, key)["ok"]:
                    return False
            for family in (ED25519, MLDSA_LOG):
                there = [key for key in keys(files, family, "witness") if present(note, key)]
                if len(there) < quorum(files) or not all(verify_cosignature(text, key)["ok"] for key in there):
                    return False
        for each in items(files):
            _, size, root, *_ = each["note"].decode().split("\n")
            tree = base64.b64decode(root)
            if not verify_inclusion(each["entry"], each["index"], int(size), each["proof"], tree):
                return False
            old = each["old"]
            if old and not verify_consistency(old["old_size"], int(size), old["proof"], old["old_root"], tree):
                return False
    except Exception:  # its own errors have many roots; each of them is a no
        return False
    return True


def by_node(bundles: Sequence[Files]) -> tuple[list[bool], list[bool]]:
    """@sigstore/verify on log signature, inclusion and stamps; pkijs on stamps."""
    cases = []
    for files in bundles:
        log = keys(files, ED25519, "log")[0]
        cases.append(
            {
                "notes": [{"note": note, "vkey": log} for note in notes(files).values()],
                "items": [{name: each[name] for name in ("note", "entry", "index", "proof")} for each in items(files)],
                "stamps": [{name: each[name] for name in ("message", "response", "chain")} for each in stamps(files)],
            }
        )
    ran = subprocess.run(
        ["node", "bundle.mjs"], cwd=NODE, input=json.dumps(_plain(cases)).encode(), capture_output=True, timeout=240,
        check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr.decode()
    answers = json.loads(ran.stdout)
    assert len(answers) == len(bundles)
    return (
        [all(one for part in ("notes", "items", "stamps") for one in each["sigstore"][part]) for each in answers],
        [all(each["pkijs"]["stamps"]) for each in answers],
    )


def by_bouncy_castle(bundles: Sequence[Files], folder: Path) -> list[bool]:
    """Bouncy Castle on stamps."""
    compile_java("CheckTimeStamp", folder)
    lines, counts = [], []
    for files in bundles:
        found = stamps(files)
        counts.append(len(found))
        for each in found:
            signer, *others, root = (base64.b64encode(one).decode() for one in each["chain"])
            message, response = (base64.b64encode(each[name]).decode() for name in ("message", "response"))
            lines.append(" ".join((message, response, signer, ",".join([*others, root]), root)))
    said = iter(run_java("CheckTimeStamp", folder, lines))
    return [all([next(said).startswith("ok ") for _ in range(count)]) for count in counts]


def by_openssl(bundles: Sequence[Files], folder: Path) -> list[bool]:
    """`openssl ts -verify` on stamps, at each stamp's own time."""
    work = [(number, each) for number, files in enumerate(bundles) for each in stamps(files)]
    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(lambda one: _openssl(one[1][1], folder / str(one[0])), enumerate(work)))
    return [all(ok for (at, _), ok in zip(work, said, strict=True) if at == number) for number in range(len(bundles))]


def _openssl(stamp: dict[str, Any], folder: Path) -> bool:
    folder.mkdir()
    for name in ("message", "response", "pem"):
        (folder / name).write_bytes(stamp[name])
    text = _run(folder, "openssl", "ts", "-reply", "-in", "response", "-text")
    found = re.search(r"^Time stamp: (.*)$", text.stdout, re.MULTILINE)
    if not found:
        return False
    moment = _run(folder, "date", "-u", "-d", found[1], "+%s").stdout.strip()
    words = ["-data", "message", "-in", "response", "-CAfile", "pem", "-untrusted", "pem", "-attime", moment]
    return _run(folder, "openssl", "ts", "-verify", *words).returncode == 0


def _run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def by_script(bundles: Sequence[Path], folder: Path, **environment: str) -> list[tuple[bool, str]]:
    """verify.sh of each bundle, in `dash`, after `unzip`: whether no step failed, and what it said."""

    def one(numbered: tuple[int, Path]) -> tuple[bool, str]:
        place = folder / str(numbered[0])
        place.mkdir()
        subprocess.run(["unzip", "-q", str(numbered[1]), "-d", str(place)], check=True, timeout=60)
        (inside,) = place.iterdir()
        line = ["dash", str(inside / "verify.sh")]
        env = {"PATH": "/usr/local/bin:/usr/bin:/bin", **environment}
        ran = subprocess.run(line, capture_output=True, text=True, timeout=240, check=False, env=env)
        assert ran.returncode in (0, 1), ran.stderr
        return ran.returncode == 0, ran.stdout + ran.stderr

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, enumerate(bundles)))


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value
