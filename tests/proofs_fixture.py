"""Real proofs for tests, made by the tools that people make them with: gpg, openssl, the C2PA library's own signer."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import struct
import subprocess
import zipfile
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

EMAIL = "example@example.org"


class Gpg:
    """A key ring of its own with one fresh key."""

    def __init__(self, home: Path) -> None:
        """Make the key; `home` must be short, for the agent's socket."""
        home.mkdir(mode=0o700)
        self._home = home
        self.run("--quick-generate-key", f"Example Signer <{EMAIL}>", "ed25519", "sign", "never")

    def run(self, *words: str) -> bytes:
        """Run gpg; what it prints."""
        base = [
            "gpg",
            "--homedir",
            str(self._home),
            "--batch",
            "--yes",
            "--pinentry-mode",
            "loopback",
            "--passphrase",
            "",
        ]
        done = subprocess.run(
            [*base, *words], capture_output=True, check=False, timeout=60, env={**os.environ, "LC_ALL": "C"}
        )
        assert not done.returncode, done.stderr.decode()
        return done.stdout

    def public_key(self) -> bytes:
        """Armored."""
        return self.run("--armor", "--export", EMAIL)

    def sign(self, path: Path, ending: str = ".asc") -> Path:
        """A detached signature beside a file, armored for `.asc`."""
        signature = path.with_name(path.name + ending)
        armor = ["--armor"] if ending == ".asc" else []
        self.run(*armor, "--output", str(signature), "--detach-sign", str(path))
        return signature

    def close(self) -> None:
        """End its agent."""
        subprocess.run(["gpgconf", "--homedir", str(self._home), "--kill", "all"], check=False, capture_output=True)


def png() -> bytes:
    """A small picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes((x * 8, y * 8, 128)[i % 3] for x in range(32) for i in range(3)) for y in range(32))
    head = struct.pack(">IIBBBBB", 32, 32, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def certificate(
    name: str, issuer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None = None, domain: str = ""
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """A certificate and its key: an authority's without an issuer, a signer's with one."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example"), x509.NameAttribute(NameOID.COMMON_NAME, name)]
    )
    start = datetime.now(UTC) - timedelta(days=30)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    signing = {"digital_signature": issuer is not None, "key_cert_sign": issuer is None, "crl_sign": issuer is None}
    off = dict.fromkeys(
        (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    builder = builder.add_extension(x509.KeyUsage(**signing, **off), critical=True)
    if issuer:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer[1].public_key())
        builder = builder.add_extension(identifier, critical=False)
    if domain:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(domain)]), critical=False)
    return builder.sign(issuer[1] if issuer else key, hashes.SHA256()), key


def pem(*certificates: x509.Certificate) -> bytes:
    """Certificates as one file."""
    return b"".join(each.public_bytes(Encoding.PEM) for each in certificates)


def c2pa_picture(path: Path, *, elsewhere: str = "") -> bytes:
    """Write a picture with Content Credentials, or with the address of some; the root that its certificate leads to."""
    import c2pa

    root = certificate("Example C2PA Root")
    signer, key = certificate("Example Camera", root)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    info = c2pa.C2paSignerInfo(b"es256", pem(signer, root[0]), private, None)
    plain = path.with_name("plain-" + path.name)
    plain.write_bytes(png())
    manifest = {
        "claim_generator_info": [{"name": "example", "version": "1"}],
        "title": "Example",
        "assertions": [
            {
                "label": "c2pa.actions",
                "data": {
                    "actions": [
                        {
                            "action": "c2pa.created",
                            "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture",
                        }
                    ]
                },
            }
        ],
    }
    with c2pa.Signer.from_info(info) as signing, c2pa.Builder(manifest) as builder:
        if elsewhere:
            builder.set_remote_url(elsewhere)
            builder.set_no_embed()
        builder.sign_file(str(plain), str(path), signing)
    plain.unlink()
    return pem(root[0])


def wacz(*, domain: str = "", signed: bool = True) -> tuple[bytes, bytes]:
    """A small web archive, signed by its own key or for a domain; the root's certificate."""
    resources = {"archive/data.warc": b"WARC/1.1 example\r\n", "pages/pages.jsonl": b'{"format":"json-pages-1.0"}\n'}
    listed = [
        {
            "name": name.rpartition("/")[2],
            "path": name,
            "hash": "sha256:" + hashlib.sha256(data).hexdigest(),
            "bytes": len(data),
        }
        for name, data in resources.items()
    ]
    package = json.dumps({"profile": "data-package", "wacz_version": "1.1.1", "resources": listed}).encode()
    digest = "sha256:" + hashlib.sha256(package).hexdigest()
    root = certificate("Example Web Root")
    signer, key = certificate("Example Archive", root, domain or "archive.example")
    signature = base64.b64encode(key.sign(digest.encode(), ec.ECDSA(hashes.SHA256()))).decode()
    said = {"hash": digest, "created": datetime.now(UTC).isoformat(), "software": "example", "signature": signature}
    if domain:
        said |= {"domain": domain, "domainCert": pem(signer, root[0]).decode()}
    else:
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        said["publicKey"] = base64.b64encode(public).decode()
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in resources.items():
            archive.writestr(name, data)
        archive.writestr("datapackage.json", package)
        if signed:
            archive.writestr(
                "datapackage-digest.json", json.dumps({"path": "datapackage.json", "hash": digest, "signedData": said})
            )
    return made.getvalue(), pem(root[0])


def changed_zip(raw: bytes, name: str, data: bytes) -> bytes:
    """The same zip with one file of another content."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as before, zipfile.ZipFile(made, "w") as after:
        for each in before.namelist():
            after.writestr(each, data if each == name else before.read(each))
    return made.getvalue()


def proofmode(gpg: Gpg, room: Path) -> bytes:
    """A zip as the application shares it: a medium, its proof, both signed, and the phone's key."""
    room.mkdir()
    medium = room / "photo.png"
    medium.write_bytes(png())
    digest = hashlib.sha256(medium.read_bytes()).hexdigest()
    proof = room / f"{digest}.proof.json"
    proof.write_text(json.dumps({"File Hash SHA256": digest, "Location.Latitude": "0"}))
    of_medium, of_proof = gpg.sign(medium), gpg.sign(proof)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.write(medium, "photo.png")
        archive.write(of_medium, f"{digest}.asc")
        archive.write(proof, proof.name)
        archive.write(of_proof, of_proof.name)
        archive.writestr("pubkey.asc", gpg.public_key())
    return made.getvalue()


def ots(data: bytes) -> bytes:
    """An OpenTimestamps proof: pending at a calendar, and in a block of Bitcoin."""
    from standfast.proofs.opentimestamps import MAGIC

    address = b"https://calendar.example"
    pending = bytes.fromhex("83dfe30d2ef90c8e") + bytes((len(address) + 1, len(address))) + address
    bitcoin = bytes.fromhex("0588960d73d71901") + bytes((3,)) + b"\xe7\xef\x15"
    nonce = b"\xf0\x04\x01\x02\x03\x04\x08"
    return MAGIC + b"\x01\x08" + hashlib.sha256(data).digest() + nonce + b"\xff\x00" + pending + b"\x08\x00" + bitcoin
