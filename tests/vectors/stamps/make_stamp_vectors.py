"""Make the vectors of docs/formats/stamps.md: run it with `python` from the project's folder.

Every stamp is by `openssl ts` (3.0), with authorities of tests/authorities_fixture.py; keys are not kept. Vectors are
only ever added: run this into an empty folder, and take what is new.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from asn1crypto import cms  # noqa: E402
from cryptography.x509.oid import ExtendedKeyUsageOID  # noqa: E402

from authorities_fixture import Authority, with_status  # noqa: E402
from standfast.seal.evidence_record import (  # noqa: E402
    Chains,
    first_chains,
    hash_tree,
    leaf_to_renew,
    renewed,
    write_record,
)
from standfast.seal.stamp_form import Response  # noqa: E402
from standfast.seal.timestamp import digest_request, timestamp_request  # noqa: E402

CHECKPOINT = b"example.standfast/00000001\n64\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"
START = "2026-11-24 12:00:00"


def main(target: Path) -> None:
    """Write all of them, and verdicts.json."""
    room = Path(tempfile.mkdtemp())
    one, two = (
        Authority(room / "one", "One"),
        Authority(room / "two", "Two", kind="rsa", unsorted=True, digest="sha512"),
    )
    short = Authority(room / "short", "Short", signer_valid=("2020-01-01", "2028-01-01"))
    stranger = Authority(room / "stranger", "One")
    for each in (one, two, short, stranger):
        each.moment = START
    verdicts: list[dict[str, str]] = []

    def keep(name: str, data: bytes, verdict: str, says: str) -> None:
        (target / name).write_bytes(data)
        verdicts.append({"file": name, "verdict": verdict, "says": says})

    def asked(authority: Authority) -> bytes:
        return authority.answer(timestamp_request(CHECKPOINT, nonce=7))

    good = asked(one)
    keep("answer-ecdsa.tsr", good, "2026-11-24T12:00:00", "ECDSA P-256 and SHA-256")
    keep("answer-rsa-unsorted.tsr", asked(two), "2026-11-24T12:00:00", "RSA and SHA-512, certificates unsorted")
    keep("answer-of-short-life.tsr", asked(short), "2026-11-24T12:00:00", "made while its certificate was valid")
    keep("answer-by-a-stranger.tsr", asked(stranger), "STM-182", "by an authority of the same name, unexpected")
    keep("answer-over-other-bytes.tsr", one.answer(timestamp_request(b"x", nonce=7)), "STM-177", "over other bytes")
    keep("answer-with-sha256.tsr", one.answer(digest_request("sha256", hashlib.sha256(CHECKPOINT).digest(), nonce=7)),
         "STM-177", "over SHA-256 of the file")  # fmt: skip
    keep("answer-signature-changed.tsr", good[:-3] + bytes([good[-3] ^ 1]) + good[-2:], "STM-179", "one bit")
    coded = one.issue_signer(purposes=(ExtendedKeyUsageOID.CODE_SIGNING,))
    both = one.issue_signer(purposes=(ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING))
    keep("answer-of-another-purpose.tsr", one.forged(good, signer=coded), "STM-180", "a certificate for code")
    keep("answer-of-two-purposes.tsr", one.forged(good, signer=both), "STM-180", "for stamps and for code")
    keep("answer-purpose-not-critical.tsr", one.forged(good, signer=one.issue_signer(critical=False)), "STM-180",
         "the purpose is not critical")  # fmt: skip
    expired = one.issue_signer(valid=("2020-01-01", "2021-01-01"))
    keep("answer-expired.tsr", one.forged(good, signer=expired), "STM-181", "its certificate had run out by then")
    keep("answer-unbound.tsr", one.forged(good, change_attributes=_without_certificate), "STM-179",
         "the signed attributes do not name the certificate")  # fmt: skip
    keep("answer-with-modifications.tsr", with_status(good, "granted_with_mods"), "STM-176", "granted otherwise")
    keep("answer-refused.tsr", one.answer(timestamp_request(CHECKPOINT, nonce=7), configuration="refusing.cnf"),
         "STM-176", "the authority refused")  # fmt: skip
    keep("answer-without-intermediate.tsr", _bare(good), "STM-182", "only the signer's certificate came with it")
    keep("answer-cut.tsr", good[:-1], "STM-175", "cut off")

    first = first_chains(good)
    again = _renew(two, first, "2032-03-04 12:00:00")
    shared = _renew(two, first, "2032-03-04 12:00:00", others=8)
    rehashed = _renew(one, shared, "2036-03-04 12:00:00", others=4, algorithm="sha384")
    long = _renew(two, _renew(one, rehashed, "2040-03-04 12:00:00"), "2045-03-04 12:00:00", others=2)
    short.moment = START
    late = _renew(two, first_chains(asked(short)), "2028-03-04 12:00:00")
    told = {"plain": first, "renewed": again, "shared": shared, "rehashed": rehashed, "long": long}
    for name, chains in told.items():
        keep(f"record-{name}.ers", write_record(chains), "2026-11-24T12:00:00", f"{sum(map(len, chains))} stamps")
    keep("record-late.ers", write_record(late), "STM-183", "renewed after the certificate had run out")
    keep("record-order.ers", write_record(rehashed[::-1]), "STM-183", "its chains in another order")
    keep("record-first-left-out.ers", write_record(((shared[0][1],),)), "STM-183", "its oldest stamp left out")
    keep("record-by-a-stranger.ers", write_record(_renew(stranger, first, "2032-03-04 12:00:00")), "STM-182",
         "renewed by an authority that is not expected")  # fmt: skip
    keep("record-cut.ers", write_record(shared)[:-1], "STM-175", "cut off")

    (target / "checkpoint").write_bytes(CHECKPOINT)
    (target / "roots.pem").write_bytes(one.root_pem + two.root_pem + short.root_pem)
    text = json.dumps(sorted(verdicts, key=lambda each: each["file"]), indent=1)
    (target / "verdicts.json").write_text(text + "\n")


def _renew(authority: Authority, chains: Chains, moment: str, *, others: int = 0, algorithm: str = "") -> Chains:
    used = algorithm or chains[-1][0].algorithm
    leaf = leaf_to_renew(chains, CHECKPOINT, used)
    leaves = [hashlib.new(used, bytes([number])).digest() for number in range(others)]
    leaves.insert(others // 2, leaf.digest)
    root, ways = hash_tree(used, leaves)
    authority.moment = moment
    return renewed(chains, leaf, authority.answer(digest_request(used, root, nonce=1)), ways[others // 2])


def _without_certificate(attributes: list[cms.CMSAttribute]) -> None:
    attributes[:] = [each for each in attributes if each["type"].native != "signing_certificate_v2"]


def _bare(response: bytes) -> bytes:
    whole = Response.load(response)
    signed = whole["time_stamp_token"]["content"]
    signed["certificates"] = [each for each in signed["certificates"] if "Stamps" in each.chosen.subject.human_friendly]
    done: bytes = whole.dump()
    return done


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
