"""RFC 3161: asks an authority for a time, and verifies what it answered, at the time that it says.

Verification, in this order; each step raises its own error:

 1. an answer within bounds, granted as asked, whose token has the right form    MalformedStampError, StampRefusedError
 2. the token is over the bytes that it should be over                           WrongImprintError
 3. it answers this question and no other                                        WrongNonceError
 4. the signature is over this token, and names the certificate of its signer    StampSignatureError
 5. that certificate is for time-stamping alone, and says so critically          WrongPurposeError
 6. a chain leads from it to an authority that the reader expects                UnknownSignerError
 7. each certificate of it was valid at the time of the stamp                    StampExpiredError
 8. a second engine, which shares no code with these steps, agrees               StampSignatureError

Trusted: the authorities that the reader gives, to tell the time; never a trust store of the machine. Who has an
authority's key could give any time to any bytes: two authorities and the order of the log bound that. Revocation is
not looked at here: what an authority gave of it is kept beside the stamp, for who asks.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from asn1crypto import tsp
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from standfast.errors.stamping import (
    MalformedStampError,
    StampSignatureError,
    WrongImprintError,
    WrongNonceError,
    WrongPurposeError,
)
from standfast.seal.certificates import certificates_in, chain_to_root, load_certificate, name_of, readable
from standfast.seal.stamp_form import Token, read_token, response_around, sorted_copy, token_in

RSA_BITS_LEAST = 2048
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_BINDING = {"sha1", *_HASHES}
"""SHA-1 too, in the attribute that names the signer's certificate: RFC 3161 knew no other, and the signature's own
identifier names the certificate as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StampFacts:
    """What a time-stamp says, every step passed."""

    time: datetime
    """Aware, UTC, by the authority's clock."""
    accuracy: timedelta | None
    """How far it may be off, as the authority says; None where it does not."""
    policy: str
    """The rules it works under, as an object identifier."""
    serial: int
    signer: str
    """The subject of its certificate."""
    digest_algorithm: str
    """With which the signature is made: `sha256`, `sha384`, `sha512`."""
    key: str
    """What it signs with: `rsa-3072`, `ecdsa-secp256r1`, `ed25519`."""
    imprint_algorithm: str
    """Of the digest that was stamped."""
    chain_not_after: datetime
    """When the first certificate of the chain runs out; renew before."""
    chain: tuple[bytes, ...]
    """DER, the signer's certificate first, the root last."""


def timestamp_request(message: bytes, *, nonce: int) -> bytes:
    """A question for the time, over SHA-512 of `message`, that asks for the certificates too.

    Args:
        message: what is to be stamped; the authority sees its digest alone.
        nonce: random, of 64 bits; the answer must carry it.
    """
    return digest_request("sha512", hashlib.sha512(message).digest(), nonce=nonce)


def digest_request(algorithm: str, digest: bytes, *, nonce: int) -> bytes:
    """As `timestamp_request`, over a digest that is given."""
    imprint = {"hash_algorithm": {"algorithm": algorithm}, "hashed_message": digest}
    request = tsp.TimeStampReq({"version": "v1", "message_imprint": imprint, "nonce": nonce, "cert_req": True})
    der: bytes = request.dump()
    return der


def imprint_of(response: bytes) -> tuple[str, bytes]:
    """Which digest an answer says that it stamps: algorithm and bytes. Nothing is verified.

    Raises:
        MalformedStampError, StampRefusedError: as of step 1.
    """
    token = read_token(token_in(response))
    return token.imprint_algorithm, token.imprint


def verify_timestamp(
    response: bytes,
    message_sha512: bytes,
    authorities_pem: bytes,
    *,
    nonce: int | None = None,
    others_pem: bytes = b"",
) -> StampFacts:
    """Require that an authority which the reader expects stamped this digest, and say when.

    It says that whoever asked had the digest by then. It says nothing about what the bytes are, or who made them.

    Args:
        response: TimeStampResp in DER, as it was received.
        message_sha512: 64 bytes.
        authorities_pem: the certificates that name themselves as issuer are trusted; others in it only help.
        nonce: of the question; None where it is no longer known.
        others_pem: certificates that help from the signer to the root, where the answer lacks them.

    Raises:
        StampError: one of its leaves, by the step that failed.
    """
    token = read_token(token_in(response))
    return _verify(token, response, "sha512", message_sha512, authorities_pem, nonce, others_pem)


def verify_response(
    response: bytes, algorithm: str, digest: bytes, authorities_pem: bytes, *, nonce: int | None = None
) -> StampFacts:
    """As `verify_timestamp`, for a digest of any algorithm that still binds."""
    return _verify(read_token(token_in(response)), response, algorithm, digest, authorities_pem, nonce, b"")


def verify_token(
    token: bytes, algorithm: str, digest: bytes, authorities_pem: bytes, *, others_pem: bytes = b""
) -> StampFacts:
    """As `verify_timestamp`, for a token alone and a digest of any algorithm that still binds: evidence records."""
    return _verify(read_token(token), response_around(token), algorithm, digest, authorities_pem, None, others_pem)


def _verify(
    token: Token,
    response: bytes,
    algorithm: str,
    digest: bytes,
    authorities_pem: bytes,
    nonce: int | None,
    others_pem: bytes,
) -> StampFacts:
    # 2. over these bytes
    if token.imprint_algorithm != algorithm or not hmac.compare_digest(token.imprint, digest):
        expected = f"{algorithm} {digest.hex()[:16]}…"
        raise WrongImprintError(expected, f"{token.imprint_algorithm} {token.imprint.hex()[:16]}…")
    # 3. this question
    if nonce is not None and token.nonce != nonce:
        raise WrongNonceError
    # 4. signed by whom it names
    signer = load_certificate(token.signer)
    _verify_signature(token, signer)
    # 5. for this purpose
    _require_purpose(signer)
    # 6. and 7. to an authority that is expected, at that time
    given = [load_certificate(each) for each in certificates_in(authorities_pem)]
    roots = [each for each in given if each.issuer == each.subject]
    others = readable((*token.certificates, *(certificates_in(others_pem) if others_pem else ())))
    helping = list(dict.fromkeys(each for each in (*others, *given) if each not in roots and each != signer))
    chain = chain_to_root(signer, helping, roots, token.time)
    # 8. the second engine
    _ask_second_engine(response, digest, roots, helping, nonce)
    return StampFacts(
        time=token.time,
        accuracy=token.accuracy,
        policy=token.policy,
        serial=token.serial,
        signer=name_of(signer),
        digest_algorithm=token.digest_algorithm,
        key=_key_in_words(signer),
        imprint_algorithm=algorithm,
        chain_not_after=min(each.not_valid_after_utc for each in chain),
        chain=tuple(each.public_bytes(Encoding.DER) for each in chain),
    )


def _verify_signature(token: Token, signer: x509.Certificate) -> None:
    """The signed attributes bind the token and the signer's certificate; the signature covers the attributes."""
    if token.digest_algorithm not in _HASHES or token.signature_digest not in _HASHES:
        raise StampSignatureError(f"it is made with {token.digest_algorithm}, which is not taken")
    if token.content_type != "tst_info":
        raise StampSignatureError("it is over something that is no time-stamp")
    if hashlib.new(token.digest_algorithm, token.info).digest() != token.message_digest:
        raise StampSignatureError("it is over another time-stamp than the one beside it")
    if not token.bound_certificates:
        raise StampSignatureError("it does not name the certificate of its signer")
    for algorithm, bound in token.bound_certificates:
        if algorithm not in _BINDING or hashlib.new(algorithm, token.signer).digest() != bound:
            raise StampSignatureError("it names another certificate than the one beside it")
    try:
        _verify_with_key(signer.public_key(), token)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        raise StampSignatureError(f"{name_of(signer)} did not make it") from None


def _verify_with_key(key: object, token: Token) -> None:
    digest = _HASHES[token.signature_digest]
    match key, token.signature_algorithm:
        case rsa.RSAPublicKey(), _ if key.key_size < RSA_BITS_LEAST:
            raise StampSignatureError(f"its key of {key.key_size} bits is too short")
        case rsa.RSAPublicKey(), "rsassa_pkcs1v15":
            key.verify(token.signature, token.attributes, padding.PKCS1v15(), digest)
        case rsa.RSAPublicKey(), "rsassa_pss":
            pss = padding.PSS(mgf=padding.MGF1(digest), salt_length=padding.PSS.AUTO)
            key.verify(token.signature, token.attributes, pss, digest)
        case ec.EllipticCurvePublicKey(), "ecdsa":
            key.verify(token.signature, token.attributes, ec.ECDSA(digest))
        case ed25519.Ed25519PublicKey(), "ed25519":
            key.verify(token.signature, token.attributes)
        case _:
            raise StampSignatureError(f"{token.signature_algorithm} does not fit the signer's key, or is not known")


def _require_purpose(signer: x509.Certificate) -> None:
    try:
        purpose = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        raise WrongPurposeError(name_of(signer), "its certificate names no purpose") from None
    if list(purpose.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise WrongPurposeError(name_of(signer), "its certificate is not for time-stamping alone")
    if not purpose.critical:
        raise WrongPurposeError(name_of(signer), "its certificate does not insist on its purpose")
    try:
        usage = signer.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not (usage.digital_signature or usage.content_commitment):
        raise WrongPurposeError(name_of(signer), "its key is not for signatures")


def _ask_second_engine(
    response: bytes,
    digest: bytes,
    roots: Sequence[x509.Certificate],
    helping: Sequence[x509.Certificate],
    nonce: int | None,
) -> None:
    """OpenSSL's own reading of CMS and of chains, through rfc3161-client; it takes sorted sets alone."""
    from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

    try:
        answer = decode_timestamp_response(sorted_copy(response))
        verifier = VerifierBuilder(roots=list(roots), intermediates=list(helping), nonce=nonce).build()
        verifier.verify(answer, digest)
    except VerificationError as why:
        raise StampSignatureError(f"a second engine does not agree: {why}") from None
    except ValueError as why:
        raise MalformedStampError(f"a second engine can't read it: {why}") from None


def _key_in_words(certificate: x509.Certificate) -> str:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return f"rsa-{key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"ecdsa-{key.curve.name}"
    return type(key).__name__.removesuffix("PublicKey").lower()
