"""From a certificate to an authority that is expected, at a moment in the past.

Source: RFC 5280, section 6, without policies. No trust store of the machine, no network, no clock.

Trusted: the certificates that are given as roots. Who has the key of one could sign any time.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID

from standfast.errors.stamping import MalformedStampError, StampExpiredError, UnknownSignerError

CHAIN_LIMIT = 8
"""Certificates from the signer to the root."""
CERTIFICATES_LIMIT = 64
"""In an answer, and in a file of authorities. More than any authority sends, few enough to try them all."""
PEM_BYTES_LIMIT = 1024 * 1024
_TRIED_LIMIT = 256
_DIGESTS = {"sha256", "sha384", "sha512", "sha3-256", "sha3-384", "sha3-512"}
_UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What the library raises over a certificate that is none, or none that it knows."""
_UNDERSTOOD = {
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.CERTIFICATE_POLICIES,
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    # Enforced by the second engine alone, which every stamp must pass too (seal/timestamp.py).
    ExtensionOID.NAME_CONSTRAINTS,
}


def certificates_in(pem: bytes) -> list[bytes]:
    """The certificates of a PEM file, in its order, each in DER.

    Raises:
        MalformedStampError: there is none, too many, or one that can't be read.
    """
    if not pem.strip():
        raise MalformedStampError("no certificate is given that could vouch for it")
    if len(pem) > PEM_BYTES_LIMIT:
        raise MalformedStampError(f"a file of certificates has more than {PEM_BYTES_LIMIT} bytes")
    try:
        found = x509.load_pem_x509_certificates(pem)
    except ValueError as why:
        raise MalformedStampError(f"a file of certificates can't be read: {why}") from None
    if not 0 < len(found) <= CERTIFICATES_LIMIT:
        raise MalformedStampError(f"a file holds {len(found)} certificates; 1 to {CERTIFICATES_LIMIT} are taken")
    return [each.public_bytes(Encoding.DER) for each in found]


def to_pem(certificates: Sequence[bytes]) -> bytes:
    """DER certificates as one PEM file."""
    return b"".join(x509.load_der_x509_certificate(each).public_bytes(Encoding.PEM) for each in certificates)


def roots_in(pem: bytes) -> list[bytes]:
    """Those of a PEM file that name themselves as their issuer, DER. Errors as of `certificates_in`."""
    read = [(load_certificate(each), each) for each in certificates_in(pem)]
    return [der for certificate, der in read if certificate.issuer == certificate.subject]


def first_not_after(pem: bytes) -> datetime:
    """When the first of the certificates in a PEM file runs out. Errors as of `certificates_in`."""
    return min(load_certificate(each).not_valid_after_utc for each in certificates_in(pem))


def load_certificate(der: bytes) -> x509.Certificate:
    """A certificate in DER.

    Raises:
        MalformedStampError: it is none.
    """
    try:
        with warnings.catch_warnings():
            # What the library only warns of (a serial number that is not positive) RFC 5280 forbids.
            warnings.simplefilter("error")
            certificate = x509.load_der_x509_certificate(der)
            # The rest is parsed where it is asked for: ask now, so that nothing fails later.
            _ = (certificate.subject, certificate.issuer, certificate.extensions, certificate.public_key())
    except (*_UNREADABLE, Warning) as why:
        raise MalformedStampError(f"a certificate in it can't be read: {why}") from None
    return certificate


def readable(certificates: Iterable[bytes]) -> Iterator[x509.Certificate]:
    """Those of them that can be read: one that is only there to help need not stop the others."""
    for each in certificates:
        with contextlib.suppress(MalformedStampError):
            yield load_certificate(each)


def name_of(certificate: x509.Certificate) -> str:
    """Its subject, for a person. It is what the certificate says."""
    return certificate.subject.rfc4514_string() or f"certificate number {certificate.serial_number}"


def chain_to_root(
    signer: x509.Certificate, others: Sequence[x509.Certificate], roots: Sequence[x509.Certificate], at: datetime
) -> tuple[x509.Certificate, ...]:
    """The certificates from the signer to one of the roots, each vouched for by the next, all valid at a moment.

    Args:
        signer: whose signature it is about. Its purpose is not looked at.
        others: certificates that may help. Nothing is believed of them but what a root vouches for.
        roots: what is trusted; their own signatures are not looked at.
        at: aware.

    Raises:
        UnknownSignerError: no way leads there.
        StampExpiredError: the only ways that lead there have a certificate that was not valid then.
    """
    late: tuple[x509.Certificate, ...] = ()
    for chain in _ways(signer, others, roots):
        out = [each for each in chain if not _valid_at(each, at)]
        if not out:
            return chain
        late = late or (out[0],)
    if late:
        valid = f"from {late[0].not_valid_before_utc:%Y-%m-%d} to {late[0].not_valid_after_utc:%Y-%m-%d}"
        raise StampExpiredError(name_of(late[0]), f"{at.astimezone(UTC):%Y-%m-%d %H:%M}", valid)
    raise UnknownSignerError(name_of(signer), "no chain of certificates leads to one of them")


def _ways(
    signer: x509.Certificate, others: Sequence[x509.Certificate], roots: Sequence[x509.Certificate]
) -> Iterator[tuple[x509.Certificate, ...]]:
    """Every chain that ends at a root, roots tried first. Bounded: so many signatures are checked and no more."""
    if signer in roots:
        # A self-signed signer is its own authority, where somebody chose to trust it.
        yield (signer,)
        return
    tried = 0
    under_way: list[tuple[x509.Certificate, ...]] = [(signer,)]
    while under_way:
        chain = under_way.pop()
        if len(chain) >= CHAIN_LIMIT or not _may_be_signed(chain[-1]):
            continue
        for issuer in (*roots, *(each for each in others if each not in roots)):
            if issuer.subject != chain[-1].issuer or issuer in chain or not _may_issue(issuer, len(chain) - 1):
                continue
            tried += 1
            if tried > _TRIED_LIMIT:
                return
            if not _issued(chain[-1], issuer):
                continue
            if issuer in roots:
                yield (*chain, issuer)
            else:
                under_way.append((*chain, issuer))


def _valid_at(certificate: x509.Certificate, at: datetime) -> bool:
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


def _may_be_signed(certificate: x509.Certificate) -> bool:
    """By a digest that still binds, and without a critical extension that is not understood."""
    try:
        digest = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return False
    critical = {each.oid for each in certificate.extensions if each.critical}
    return (digest is None or digest.name in _DIGESTS) and critical <= _UNDERSTOOD


def _may_issue(issuer: x509.Certificate, below: int) -> bool:
    """An authority's certificate, that may have so many authorities below it."""
    try:
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return False
    if not constraints.ca or (constraints.path_length is not None and constraints.path_length < below):
        return False
    try:
        return issuer.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound:
        return True


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True
