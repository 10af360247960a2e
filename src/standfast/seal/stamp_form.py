"""The form of a time-stamp, taken apart; nothing is verified here. Sources: RFC 3161, RFC 5652, RFC 5816.

What comes from outside is parsed by `asn1crypto` alone, within bounds, and every way in which that can fail is one
error.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from asn1crypto import cms, core, tsp

from standfast.errors.stamping import MalformedStampError, StampRefusedError
from standfast.seal.certificates import CERTIFICATES_LIMIT

RESPONSE_BYTES_LIMIT = 1024 * 1024
"""Real answers have 1 to 10 kB, with revocation lists in them some hundred."""
GRANTED = 0
_FAILED_PARSING = (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError, RecursionError)


class Response(core.Sequence):  # type: ignore[misc]
    """TimeStampResp. Unlike asn1crypto's own, a refusal without a token can be read."""

    _fields: ClassVar = [
        ("status", tsp.PKIStatusInfo),
        ("time_stamp_token", cms.ContentInfo, {"optional": True}),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A time-stamp token taken apart. Nothing in it is verified."""

    der: bytes
    """The token, a ContentInfo."""
    info: bytes
    """TSTInfo, what is signed by way of its digest."""
    imprint_algorithm: str
    imprint: bytes
    nonce: int | None
    time: datetime
    """Aware, UTC."""
    accuracy: timedelta | None
    policy: str
    serial: int
    signer: bytes
    """The signer's certificate, DER: the one that the signature names."""
    certificates: tuple[bytes, ...]
    """All that came with it, in its order, the signer's too."""
    attributes: bytes
    """The signed attributes as they are signed: DER, a SET."""
    content_type: str
    message_digest: bytes
    bound_certificates: tuple[tuple[str, bytes], ...]
    """Digests of the signer's certificate in the signed attributes, each with its algorithm."""
    digest_algorithm: str
    signature_algorithm: str
    """`rsassa_pkcs1v15`, `rsassa_pss`, `ecdsa` or another name."""
    signature_digest: str
    """Of the signature itself; nearly always the digest algorithm too."""
    signature: bytes


@contextmanager
def parsing(what: str) -> Iterator[None]:
    """Any way in which parsing fails becomes one error.

    Raises:
        MalformedStampError: in place of what asn1crypto raises.
    """
    try:
        yield
    except _FAILED_PARSING as why:
        first = (str(why) or type(why).__name__).splitlines()[0][:120]
        raise MalformedStampError(f"{what} can't be read: {first}") from None


def token_in(response: bytes) -> bytes:
    """The token in an authority's answer.

    Raises:
        MalformedStampError: no answer of the form of RFC 3161, or too large.
        StampRefusedError: a refusal, or a stamp other than the one asked for.
    """
    if len(response) > RESPONSE_BYTES_LIMIT:
        raise MalformedStampError(f"it has more than {RESPONSE_BYTES_LIMIT} bytes")
    with parsing("the answer"):
        answer = Response.load(response, strict=True)
        status, token = int(answer["status"]["status"]), answer["time_stamp_token"]
        if status == GRANTED and not isinstance(token, core.Void):
            der: bytes = token.dump()
            return der
        said = [str(answer["status"]["status"].native).replace("_", " ")]
        if answer["status"]["status_string"].native:
            said += [str(each)[:200] for each in answer["status"]["status_string"].native[:4]]
        if answer["status"]["fail_info"].native:
            said += sorted(str(each).replace("_", " ") for each in answer["status"]["fail_info"].native)
    raise StampRefusedError("; ".join(said))


def response_around(token: bytes) -> bytes:
    """A token as the answer of RFC 3161 that grants it: the form that most tools take."""
    der: bytes = Response({"status": {"status": "granted"}, "time_stamp_token": cms.ContentInfo.load(token)}).dump()
    return der


def read_token(der: bytes) -> Token:
    """A token taken apart.

    Raises:
        MalformedStampError: a rule of its form is broken.
    """
    if len(der) > RESPONSE_BYTES_LIMIT:
        raise MalformedStampError(f"it has more than {RESPONSE_BYTES_LIMIT} bytes")
    with parsing("the token"):
        outer = cms.ContentInfo.load(der, strict=True)
        if outer["content_type"].native != "signed_data":
            raise MalformedStampError("its content is not signed data")
        signed = outer["content"]
        inner = signed["encap_content_info"]
        if inner["content_type"].native != "tst_info" or len(signed["signer_infos"]) != 1:
            raise MalformedStampError("it must hold one time-stamp by one signer")
        if len(signed["certificates"]) > CERTIFICATES_LIMIT:
            raise MalformedStampError(f"more than {CERTIFICATES_LIMIT} certificates")
        signer = signed["signer_infos"][0]
        certificates = [each.chosen for each in signed["certificates"] if each.name == "certificate"]
        return Token(
            der=der,
            signer=_signer(signer, certificates),
            certificates=tuple(each.dump() for each in certificates),
            **_info_fields(bytes(inner["content"])),
            **_signer_fields(signer),
        )


def _info_fields(raw: bytes) -> dict[str, Any]:
    info = tsp.TSTInfo.load(raw, strict=True)
    if info["version"].native != "v1" or any(each["critical"].native for each in info["extensions"] or ()):
        raise MalformedStampError("its version is not 1, or it has a critical extension")
    accuracy, found = info["accuracy"], None
    if not isinstance(accuracy, core.Void) and accuracy.native is not None:
        parts = [accuracy[name].native or 0 for name in ("seconds", "millis", "micros")]
        if not (0 <= parts[0] < 2**31 and 0 <= parts[1] < 1000 and 0 <= parts[2] < 1000):
            raise MalformedStampError("its accuracy is out of range")
        found = timedelta(seconds=parts[0], milliseconds=parts[1], microseconds=parts[2])
    time = info["gen_time"].native
    if not isinstance(time, datetime) or time.tzinfo is None:
        raise MalformedStampError("its time is none")
    return {
        "info": raw,
        "imprint_algorithm": info["message_imprint"]["hash_algorithm"]["algorithm"].native,
        "imprint": info["message_imprint"]["hashed_message"].native,
        "nonce": info["nonce"].native,
        "time": time,
        "accuracy": found,
        "policy": info["policy"].dotted,
        "serial": info["serial_number"].native,
    }


def _signer_fields(signer: cms.SignerInfo) -> dict[str, Any]:
    values: dict[str, Any] = {}
    bound: list[tuple[str, bytes]] = []
    for attribute in signer["signed_attrs"]:
        kind, found = attribute["type"].native, attribute["values"]
        if kind in values or len(found) != 1:
            raise MalformedStampError("a signed attribute stands there twice")
        values[kind] = found[0].native
        if kind == "signing_certificate":
            bound.append(("sha1", found[0]["certs"][0]["cert_hash"].native))
        elif kind == "signing_certificate_v2":
            first = found[0]["certs"][0]
            bound.append((first["hash_algorithm"]["algorithm"].native, first["cert_hash"].native))
    algorithm, digest = signer["signature_algorithm"], signer["digest_algorithm"]["algorithm"].native
    name = algorithm.signature_algo
    own = digest
    if algorithm["algorithm"].native not in ("rsassa_pkcs1v15", "ecdsa") and name != "ed25519":
        own = algorithm.hash_algo
    attributes: bytes = signer["signed_attrs"].untag().dump()
    return {
        "attributes": attributes,
        "content_type": values.get("content_type", ""),
        "message_digest": values.get("message_digest", b""),
        "bound_certificates": tuple(bound),
        "digest_algorithm": digest,
        "signature_algorithm": name,
        "signature_digest": own,
        "signature": signer["signature"].native,
    }


def _signer(signer: cms.SignerInfo, certificates: list[cms.x509.Certificate]) -> bytes:
    sid = signer["sid"]
    for each in certificates:
        if sid.name == "issuer_and_serial_number":
            same = each.issuer.dump() == sid.chosen["issuer"].dump()
            if same and each.serial_number == sid.chosen["serial_number"].native:
                der: bytes = each.dump()
                return der
        elif each.key_identifier and each.key_identifier == sid.chosen.native:
            der = each.dump()
            return der
    raise MalformedStampError("the certificate of its signer is not in it")


def sorted_copy(response: bytes) -> bytes:
    """An answer whose set of certificates stands in the order that DER asks for. No signature covers the order.

    Real authorities send them unsorted, and strict readers refuse that. The original is what is kept.

    Raises:
        MalformedStampError: no answer with a token.
    """
    with parsing("the answer"):
        answer = Response.load(response, strict=True)
        found = answer["time_stamp_token"]["content"]["certificates"]
        if isinstance(found, core.Void):
            return response
        each = [certificate.dump() for certificate in found]
        before, after = b"".join(each), b"".join(sorted(each))
        return response.replace(before, after, 1)
