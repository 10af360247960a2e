"""What an authority says of certificates that it has revoked: lists (RFC 5280) and answers (OCSP, RFC 6960).

It is kept beside a stamp, because in twenty years nobody gives it any more. What was given is verified before it is
kept; where nothing can be had, the stamp holds without it, and who reads it sees that there is none.
"""

from __future__ import annotations

import itertools
import warnings
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from standfast.errors.stamping import MalformedStampError, UnknownSignerError
from standfast.seal.certificates import load_certificate, name_of

REVOCATION_BYTES_LIMIT = 1024 * 1024


@dataclass(frozen=True, slots=True)
class RevocationPlace:
    """Where a certificate says that its authority tells what is revoked."""

    name: str
    """Of the file that keeps it: `list-0.crl`, `answer-0.ocsp`; the number is the certificate's place in the chain."""
    url: str
    request: bytes
    """What to ask (POST); empty for a list, which is fetched."""
    certificate: bytes
    issuer: bytes


def revocation_places(chain: tuple[bytes, ...]) -> list[RevocationPlace]:
    """Of each certificate of a chain but the root: the first list and the first OCSP address that it names."""
    found = []
    for place, (der, issuer) in enumerate(itertools.pairwise(chain)):
        certificate = load_certificate(der)
        url = _list_address(certificate)
        if url:
            found.append(RevocationPlace(f"list-{place}.crl", url, b"", der, issuer))
        url = _ocsp_address(certificate)
        if url:
            builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, load_certificate(issuer), SHA256())
            request = builder.build().public_bytes(Encoding.DER)
            found.append(RevocationPlace(f"answer-{place}.ocsp", url, request, der, issuer))
    return found


def require_not_revoked(place: RevocationPlace, given: bytes) -> None:
    """Require that what was given is by the certificate's authority, and that it does not revoke the certificate.

    Raises:
        MalformedStampError: it is no list and no answer, or not signed by the authority. It tells nothing.
        UnknownSignerError: the certificate is revoked.
    """
    certificate, issuer = load_certificate(place.certificate), load_certificate(place.issuer)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            revoked = _in_answer(certificate, issuer, given) if place.request else _in_list(certificate, issuer, given)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, Warning) as why:
        raise MalformedStampError(f"what is said of revoked certificates does not hold: {why}") from None
    if revoked:
        raise UnknownSignerError(name_of(certificate), "the authority above has revoked it")


def _in_list(certificate: x509.Certificate, issuer: x509.Certificate, given: bytes) -> bool:
    listed = x509.load_der_x509_crl(given)
    if listed.issuer != issuer.subject or not listed.is_signature_valid(issuer.public_key()):  # type: ignore[arg-type]
        raise ValueError("the list is not by the certificate's authority")
    return listed.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None


def _in_answer(certificate: x509.Certificate, issuer: x509.Certificate, given: bytes) -> bool:
    answer = ocsp.load_der_ocsp_response(given)
    if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise ValueError(f"the answer is {answer.response_status.name.lower()}")
    if answer.serial_number != certificate.serial_number:
        raise ValueError("the answer is about another certificate")
    signer = issuer
    for each in answer.certificates:
        each.verify_directly_issued_by(issuer)
        usage = each.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        if ExtendedKeyUsageOID.OCSP_SIGNING not in usage:
            raise ValueError("the answer's signer may not answer")
        signer = each
        break
    key, digest = signer.public_key(), answer.signature_hash_algorithm
    if isinstance(key, rsa.RSAPublicKey) and digest:
        key.verify(answer.signature, answer.tbs_response_bytes, padding.PKCS1v15(), digest)
    elif isinstance(key, ec.EllipticCurvePublicKey) and digest:
        key.verify(answer.signature, answer.tbs_response_bytes, ec.ECDSA(digest))
    else:
        raise ValueError("the answer is signed in a way that is not known")
    return answer.certificate_status is not ocsp.OCSPCertStatus.GOOD


def _list_address(certificate: x509.Certificate) -> str:
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return ""
    names = [name.value for point in points for name in point.full_name or () if isinstance(name.value, str)]
    return next(filter(_is_http, names), "")


def _ocsp_address(certificate: x509.Certificate) -> str:
    try:
        ways = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return ""
    names = [
        way.access_location.value
        for way in ways
        if way.access_method == AuthorityInformationAccessOID.OCSP and isinstance(way.access_location.value, str)
    ]
    return next(filter(_is_http, names), "")


def _is_http(address: str) -> bool:
    return address.startswith(("http://", "https://"))
