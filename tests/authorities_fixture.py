"""Time-stamping authorities for tests: certificates of our own, every stamp by `openssl ts -reply`, HTTP on loopback.

    with Authority(tmp_path / "one", "One", kind="rsa", unsorted=True) as one:
        one.url, one.root_pem, one.answer(request), one.chain_pem
        one.mode = "stalls"             # from the next question on
        one.moment = "2032-05-04 12:00:00"

What a mode does is done to a real answer, or to the question before `openssl` sees it. `forged` makes what no
authority of OpenSSL's would sign: the same token, changed and signed again with the authority's own key.
"""

from __future__ import annotations

import contextlib
import datetime
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

from asn1crypto import cms, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from standfast.seal.stamp_form import Response

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
Mode = Literal[
    "honest", "wrong-nonce", "wrong-digest", "wrong-purpose", "expired", "stalls", "drips", "huge", "with-mods",
    "rejects", "error-500", "garbage", "wrong-type",
]  # fmt: skip
POLICY = "1.3.6.1.4.1.55555.1.1"
HUGE_BYTES = 10 * 1024 * 1024
UTC = datetime.UTC

CONFIGURATION = """
[tsa]
default_tsa = t
[t]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
certs = {folder}/sent.pem
signer_digest = {digest}
default_policy = {policy}
digests = {digests}
accuracy = secs:1
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


def at(text: str) -> datetime.datetime:
    """A day, as a moment in UTC."""
    return datetime.datetime.fromisoformat(text).replace(tzinfo=UTC)


class Authority:
    """One authority: a root, an intermediate, a certificate for stamps, and a server while it is entered."""

    def __init__(
        self,
        folder: Path,
        name: str,
        *,
        kind: Literal["ecdsa", "rsa"] = "ecdsa",
        unsorted: bool = False,
        valid: tuple[str, str] = ("2020-01-01", "2050-01-01"),
        signer_valid: tuple[str, str] | None = None,
        digest: str = "sha256",
    ) -> None:
        """Make keys and certificates; nothing runs yet.

        Args:
            folder: made; everything lies there.
            name: stands in the subjects.
            kind: of all its keys.
            unsorted: sends its certificates in an order that DER does not know.
            valid: from and to, of root and intermediate.
            signer_valid: of the certificate that signs stamps; as `valid`, where not given.
            digest: that signs.
        """
        self.folder, self.name, self.kind, self.unsorted = folder, name, kind, unsorted
        self.mode: Mode = "honest"
        self.moment = ""
        """What `faketime` makes its clock say; the machine's own, where empty."""
        self.valid, self.signer_valid, self.digest = valid, signer_valid or valid, digest
        self.asked = 0
        self.served: list[bytes] = []
        """Each honest answer that was given."""
        self.revoked: set[int] = set()
        """Serial numbers."""
        self._lock = threading.Lock()
        self._server: ThreadingHTTPServer | None = None
        self._stopping = threading.Event()
        folder.mkdir(parents=True)
        (folder / "serial").write_text("01\n")
        self._root_key, self._middle_key, self._key = self._new_key(), self._new_key(), self._new_key()
        self.root = self._certificate(f"{name} Root", self._root_key, None, valid, authority=True)
        self.middle = self._certificate(f"{name} Intermediate", self._middle_key, "root", valid, authority=True)
        self.root_pem = self.root.public_bytes(Encoding.PEM)
        self.signer = self.issue_signer()
        self.use(self.signer)

    # ---- certificates

    def _new_key(self) -> Key:
        return (
            ec.generate_private_key(ec.SECP256R1()) if self.kind == "ecdsa" else rsa.generate_private_key(65537, 2048)
        )

    def issue_signer(
        self,
        *,
        purposes: tuple[x509.ObjectIdentifier, ...] = (ExtendedKeyUsageOID.TIME_STAMPING,),
        critical: bool = True,
        valid: tuple[str, str] | None = None,
        usage: bool = True,
    ) -> x509.Certificate:
        """A certificate over the authority's key for stamps, by its intermediate."""
        return self._certificate(
            f"{self.name} Stamps",
            self._key,
            "middle",
            valid or self.signer_valid,
            purposes=purposes,
            critical=critical,
            usage=usage,
        )

    def issue_middle(
        self, *, path_length: int | None = None, extra: tuple[tuple[x509.ExtensionType, bool], ...] = ()
    ) -> None:
        """Another certificate for the intermediate's key, and sign below it from now on."""
        self.middle = self._certificate(
            f"{self.name} Intermediate",
            self._middle_key,
            "root",
            self.valid,
            authority=True,
            path_length=path_length,
            extra=extra,
        )
        self.use(self.signer)

    def use(self, signer: x509.Certificate) -> None:
        """Sign with this certificate from now on. `openssl ts` takes only one whose purpose is right."""
        self.signer = signer
        folder = self.folder
        (folder / "tsa.pem").write_bytes(signer.public_bytes(Encoding.PEM))
        private = self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / "tsa.key").write_bytes(private)
        # OpenSSL sends signer first, then these, as they are: both orders of a set can be had.
        (folder / "sent.pem").write_bytes(self.middle.public_bytes(Encoding.PEM))
        text = CONFIGURATION.format(folder=folder, digest=self.digest, policy=POLICY, digests="sha256,sha384,sha512")
        (folder / "tsa.cnf").write_text(text)
        (folder / "refusing.cnf").write_text(text.replace("digests = sha256,sha384,sha512", "digests = sha224"))

    def _certificate(
        self,
        subject: str,
        key: Key,
        issuer: Literal["root", "middle"] | None,
        valid: tuple[str, str],
        *,
        authority: bool = False,
        purposes: tuple[x509.ObjectIdentifier, ...] = (),
        critical: bool = True,
        usage: bool = True,
        path_length: int | None = None,
        extra: tuple[tuple[x509.ExtensionType, bool], ...] = (),
    ) -> x509.Certificate:
        name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example"),
                          x509.NameAttribute(NameOID.COMMON_NAME, subject)])  # fmt: skip
        by = {None: name, "root": getattr(self, "root", None), "middle": getattr(self, "middle", None)}[issuer]
        signing = {None: key, "root": self._root_key, "middle": self._middle_key}[issuer]
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(by.subject if isinstance(by, x509.Certificate) else name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(at(valid[0]))
            .not_valid_after(at(valid[1]))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=path_length), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False)
            .add_extension(_usage(authority, usage), critical=True)
        )
        for extension, insist in extra:
            builder = builder.add_extension(extension, critical=insist)
        if purposes:
            builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=critical)
        if issuer and self._server_address:
            builder = builder.add_extension(self._points(issuer), critical=False)
            builder = builder.add_extension(self._access(), critical=False)
        return builder.sign(signing, hashes.SHA256())

    _server_address = ""

    def name_revocation(self) -> None:
        """Issue the certificates again, naming where this server gives lists of what is revoked, and OCSP."""
        self._server_address = self.url
        self.middle = self._certificate(
            f"{self.name} Intermediate", self._middle_key, "root", self.valid, authority=True
        )
        self.use(self.issue_signer())

    def _points(self, issuer: str) -> x509.CRLDistributionPoints:
        where = x509.UniformResourceIdentifier(f"{self._server_address}/{issuer}.crl")
        return x509.CRLDistributionPoints([x509.DistributionPoint([where], None, None, None)])

    def _access(self) -> x509.AuthorityInformationAccess:
        where = x509.UniformResourceIdentifier(f"{self._server_address}/ocsp")
        return x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.OCSP, where)])

    def revocation_list(self, issuer: Literal["root", "middle"]) -> bytes:
        """What the root or the intermediate has revoked: nothing. DER."""
        certificate, key = (self.root, self._root_key) if issuer == "root" else (self.middle, self._middle_key)
        now = self._now()
        builder = x509.CertificateRevocationListBuilder().issuer_name(certificate.subject)
        builder = builder.last_update(now).next_update(now + datetime.timedelta(days=30))
        for serial in self.revoked:
            revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now).build()
            builder = builder.add_revoked_certificate(revoked)
        return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)

    def ocsp_answer(self, request: bytes) -> bytes:
        """What the authority says of one of its certificates."""
        asked = ocsp.load_der_ocsp_request(request)
        of_signer = asked.serial_number == self.signer.serial_number
        about, issuer, key = (
            (self.signer, self.middle, self._middle_key) if of_signer else (self.middle, self.root, self._root_key)
        )
        revoked = about.serial_number in self.revoked
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=about,
            issuer=issuer,
            algorithm=hashes.SHA256(),
            cert_status=ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
            this_update=self._now(),
            next_update=None,
            revocation_time=self._now() if revoked else None,
            revocation_reason=None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, issuer)
        return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)

    def _now(self) -> datetime.datetime:
        return at(self.moment[:10]) if self.moment else datetime.datetime.now(UTC)

    # ---- stamps

    @property
    def chain_pem(self) -> bytes:
        """Signer, intermediate, root."""
        return b"".join(each.public_bytes(Encoding.PEM) for each in (self.signer, self.middle, self.root))

    def answer(self, request: bytes, *, configuration: str = "tsa.cnf") -> bytes:
        """A TimeStampResp to a TimeStampReq, by OpenSSL."""
        with self._lock:
            question, reply = self.folder / "request.tsq", self.folder / "response.tsr"
            question.write_bytes(request)
            reply.unlink(missing_ok=True)
            command = ["openssl", "ts", "-reply", "-queryfile", str(question), "-config"]
            command += [str(self.folder / configuration), "-section", "t", "-out", str(reply)]
            if self.moment:
                command = ["faketime", "-f", f"@{self.moment}", *command]
            ended = subprocess.run(command, capture_output=True, timeout=30, check=False)
            if not reply.exists():
                raise AssertionError(f"openssl ts gave no answer: {ended.stderr.decode()}")
            made = reply.read_bytes()
        return _in_order(made, reverse=self.unsorted) if configuration == "tsa.cnf" else made

    def stamp(self, message: bytes, *, nonce: int = 7) -> bytes:
        """A TimeStampResp over SHA-512 of `message`."""
        from standfast.seal.timestamp import timestamp_request

        return self.answer(timestamp_request(message, nonce=nonce))

    def forged(
        self,
        response: bytes,
        *,
        signer: x509.Certificate | None = None,
        change: Callable[[Any], None] | None = None,
        change_attributes: Callable[[Any], None] | None = None,
    ) -> bytes:
        """The answer with another certificate for the same key, or a changed TSTInfo, signed again by that key."""
        whole = Response.load(response)
        signed = whole["time_stamp_token"]["content"]
        info = tsp.TSTInfo.load(bytes(signed["encap_content_info"]["content"]))
        if change:
            change(info)
        content = info.dump(force=True)
        certificate = asn1_x509.Certificate.load((signer or self.signer).public_bytes(Encoding.DER))
        line = signed["signer_infos"][0]
        attributes = []
        for attribute in line["signed_attrs"]:
            kind = attribute["type"].native
            if kind == "message_digest":
                attribute = cms.CMSAttribute({"type": kind, "values": [_digest(self.digest, content)]})
            elif kind == "signing_certificate_v2":
                bound = {"certs": [{"cert_hash": certificate.sha256}]}
                attribute = cms.CMSAttribute({"type": kind, "values": [bound]})
            attributes.append(attribute)
        if change_attributes:
            change_attributes(attributes)
        ordered = cms.CMSAttributes(sorted(attributes, key=lambda each: each.dump()))
        line["signed_attrs"] = ordered
        line["sid"] = cms.SignerIdentifier(
            "issuer_and_serial_number",
            cms.IssuerAndSerialNumber({"issuer": certificate.issuer, "serial_number": certificate.serial_number}),
        )
        line["signature"] = self._sign(cms.CMSAttributes.load(ordered.dump()).dump())
        signed["encap_content_info"] = {"content_type": "tst_info", "content": cms.ParsableOctetString(content)}
        sent = [certificate, asn1_x509.Certificate.load(self.middle.public_bytes(Encoding.DER))]
        signed["certificates"] = [cms.CertificateChoices("certificate", each) for each in _sorted(sent)]
        made: bytes = whole.dump(force=True)
        return made

    def _sign(self, message: bytes) -> bytes:
        algorithm = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}[self.digest]
        if isinstance(self._key, ec.EllipticCurvePrivateKey):
            return self._key.sign(message, ec.ECDSA(algorithm))
        return self._key.sign(message, padding.PKCS1v15(), algorithm)

    def in_mode(self, request: bytes) -> bytes:
        """What it answers in its mode, where the mode is about the answer's content."""
        if self.mode == "wrong-nonce":
            return self.answer(_changed_request(request, nonce=12345))
        if self.mode == "wrong-digest":
            return self.answer(_changed_request(request, digest=b"\x5a" * 64))
        if self.mode == "rejects":
            return self.answer(request, configuration="refusing.cnf")
        made = self.answer(request)
        if self.mode == "wrong-purpose":
            return self.forged(made, signer=self.issue_signer(purposes=(ExtendedKeyUsageOID.CODE_SIGNING,)))
        if self.mode == "expired":
            return self.forged(made, signer=self.issue_signer(valid=("2020-01-01", "2021-01-01")))
        if self.mode == "with-mods":
            return with_status(made, "granted_with_mods")
        return b"no DER" if self.mode == "garbage" else made

    # ---- the server

    @property
    def url(self) -> str:
        """Where it answers while it is entered."""
        assert self._server is not None, "the authority does not run"
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Authority:
        """Serve."""
        authority = self

        class Handler(_Handler):
            owner = authority

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, and wait until nothing is under way."""
        self._stopping.set()
        assert self._server is not None
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server = None

    @contextlib.contextmanager
    def as_mode(self, mode: Mode) -> Iterator[None]:
        """Hostile for a while."""
        before, self.mode = self.mode, mode
        try:
            yield
        finally:
            self.mode = before

    def wait(self, seconds: float) -> None:
        """Hold an answer back, and give up when the server stops."""
        self._stopping.wait(seconds)


class _Handler(BaseHTTPRequestHandler):
    owner: Authority

    def do_POST(self) -> None:
        """A question for the time, or one about a certificate."""
        owner = self.owner
        length = int(self.headers.get("Content-Length", "0"))
        asked = self.rfile.read(length)
        if self.path == "/ocsp":
            self._send(owner.ocsp_answer(asked), "application/ocsp-response")
            return
        owner.asked += 1
        if self.headers.get("Content-Type") != "application/timestamp-query":
            self.send_error(415)
        elif owner.mode == "stalls":
            owner.wait(60)
        elif owner.mode == "drips":
            self._drip()
        elif owner.mode == "huge":
            self._send(b"\x30" * HUGE_BYTES, "application/timestamp-reply")
        elif owner.mode == "error-500":
            self.send_error(500)
        elif owner.mode == "wrong-type":
            self._send(b"<html>sign in to this network</html>", "text/html")
        else:
            made = owner.in_mode(asked)
            owner.served.append(made)
            self._send(made, "application/timestamp-reply")

    def do_GET(self) -> None:
        """A list of what is revoked."""
        wanted = self.path.strip("/").removesuffix(".crl")
        if wanted == "root":
            self._send(self.owner.revocation_list("root"), "application/pkix-crl")
        elif wanted == "middle":
            self._send(self.owner.revocation_list("middle"), "application/pkix-crl")
        else:
            self.send_error(404)

    def _send(self, body: bytes, kind: str) -> None:
        with contextlib.suppress(OSError):
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def _drip(self) -> None:
        with contextlib.suppress(OSError):
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            until = time.monotonic() + 60
            while time.monotonic() < until and not self.owner._stopping.is_set():
                self.wfile.write(b"\x30")
                self.owner.wait(0.2)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def with_status(response: bytes, status: str) -> bytes:
    """The answer with another status."""
    whole = Response.load(response)
    whole["status"] = {"status": status}
    made: bytes = whole.dump()
    return made


def certificates_of(response: bytes) -> list[bytes]:
    """The certificates in an answer, in its order."""
    signed = Response.load(response)["time_stamp_token"]["content"]
    return [each.dump() for each in signed["certificates"]]


def _usage(authority: bool, signatures: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority and signatures,
        content_commitment=False,
        key_encipherment=not authority and not signatures,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _in_order(response: bytes, *, reverse: bool) -> bytes:
    """The certificates as a set in DER, or just not; OpenSSL's own order is by chance."""
    sent = certificates_of(response)
    return response.replace(b"".join(sent), b"".join(sorted(sent, reverse=reverse)), 1)


def _sorted(certificates: list[asn1_x509.Certificate]) -> list[asn1_x509.Certificate]:
    return sorted(certificates, key=lambda each: each.dump())


def _digest(name: str, content: bytes) -> bytes:
    import hashlib

    return hashlib.new(name, content).digest()


def _changed_request(request: bytes, *, nonce: int | None = None, digest: bytes | None = None) -> bytes:
    asked = tsp.TimeStampReq.load(request)
    if nonce is not None:
        asked["nonce"] = nonce
    if digest is not None:
        asked["message_imprint"]["hashed_message"] = digest
    made: bytes = asked.dump()
    return made
