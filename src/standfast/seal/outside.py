"""Signatures that others make over what they hand in: ECDSA, RSA and Ed25519 by a plain key or a certificate.

Trusted: nothing. A signature that holds says that who has the key signed just these bytes; whose the key is, it does
not say.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from standfast.errors.tlog import SignatureError
from standfast.seal.certificates import certificates_in, chain_to_root, load_certificate, name_of

RSA_BITS_LEAST = 2048


def verify_with_key(key_der: bytes, signature: bytes, message: bytes, *, signer: str) -> None:
    """Require that a signature over SHA-256 of a message is by this key.

    Args:
        key_der: SubjectPublicKeyInfo.
        signature: ECDSA in DER, or as two numbers side by side, as browsers make it; RSA PKCS#1 v1.5; Ed25519.
        message: what is signed.
        signer: for the error.

    Raises:
        SignatureError: it is not, or the key is of a kind that is not taken.
    """
    try:
        _verify(load_der_public_key(key_der), signature, message)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        raise SignatureError(signer) from None


def verify_with_certificate(chain_pem: bytes, signature: bytes, message: bytes) -> str:
    """As `verify_with_key`, by the key of the first certificate of a PEM file.

    Returns:
        Its subject. That it is who it says takes `require_chain`.

    Raises:
        SignatureError, MalformedStampError: the signature fails, or there is no certificate.
    """
    certificate = load_certificate(certificates_in(chain_pem)[0])
    name = name_of(certificate)
    try:
        _verify(certificate.public_key(), signature, message)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        raise SignatureError(name) from None
    return name


def certificate_names(chain_pem: bytes) -> tuple[str, ...]:
    """The DNS names of the first certificate of a PEM file.

    Raises:
        MalformedStampError: there is none.
    """
    certificate = load_certificate(certificates_in(chain_pem)[0])
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(names.get_values_for_type(x509.DNSName))


def require_chain(chain_pem: bytes, roots_pem: bytes, at: datetime) -> str:
    """Require that a chain leads from the first certificate to one of the reader's roots, all valid at a moment.

    Returns:
        The root's name.

    Raises:
        UnknownSignerError, StampExpiredError, MalformedStampError: as `chain_to_root`.
    """
    signer, *others = (load_certificate(each) for each in certificates_in(chain_pem))
    roots: Sequence[x509.Certificate] = [load_certificate(each) for each in certificates_in(roots_pem)]
    return name_of(chain_to_root(signer, others, roots, at)[-1])


def _verify(key: object, signature: bytes, message: bytes) -> None:
    match key:
        case ec.EllipticCurvePublicKey():
            length = (key.key_size + 7) // 8
            ecdsa = ec.ECDSA(hashes.SHA256())
            try:
                key.verify(signature, message, ecdsa)
            except InvalidSignature:
                if len(signature) != 2 * length:
                    raise
                from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

                r, s = int.from_bytes(signature[:length], "big"), int.from_bytes(signature[length:], "big")
                key.verify(encode_dss_signature(r, s), message, ecdsa)
        case rsa.RSAPublicKey() if key.key_size >= RSA_BITS_LEAST:
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        case ed25519.Ed25519PublicKey():
            key.verify(signature, message)
        case _:
            raise UnsupportedAlgorithm("not taken")
