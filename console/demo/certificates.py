"""The demo's own authority and the certificates of its TLS endpoints, made anew for each run."""

from __future__ import annotations

import ipaddress
import ssl
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from console.demo.server import LOOPBACK
from console.safety.files import write_atomic

BEFORE = timedelta(days=90)
"""So long before the world's start every certificate begins to hold."""


class Authority:
    """Signs for `127.0.0.1`. Its own certificate is the file `ca.pem`."""

    def __init__(self, folder: Path, start: datetime) -> None:
        """
        Args:
            folder: a private one, where certificates and keys are written.
            start: the world's.

        Raises:
            FileError: the folder cannot be written.
        """
        self._folder = folder
        self._start = start
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("oncall demo authority")
        self.file = folder / "ca.pem"
        certificate = (
            self._draft(self._name, self._key, start + timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        write_atomic(self.file, certificate.public_bytes(serialization.Encoding.PEM))

    def certified(
        self, context: ssl.SSLContext | None, name: str, ends: datetime
    ) -> ssl.SSLContext:
        """A server's context with a new key, and a certificate that ends at `ends`.

        Args:
            context: the one that it has; new connections see the new certificate.
        """
        made = context or ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.DNSName(f"{name}.example.org"),
                 x509.IPAddress(ipaddress.ip_address(LOOPBACK))]  # fmt: skip
        certificate = (
            self._draft(_name(f"{name}.example.org"), key, ends)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        file = self._folder / f"{name}.pem"
        secret = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        write_atomic(file, secret + certificate.public_bytes(serialization.Encoding.PEM))
        made.load_cert_chain(file)
        return made

    def _draft(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, ends: datetime
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._start - BEFORE)
            .not_valid_after(ends)
        )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
