"""Self-signed certificates, made when a test needs them."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

import msgspec


class Pair(msgspec.Struct, frozen=True):
    """A certificate and its key, for ``localhost``."""

    certificate: bytes
    key: bytes

    @property
    def shown(self) -> bytes:
        """What a client is shown (DER)."""
        return ssl.PEM_cert_to_DER_cert(self.certificate.decode())


class PairFiles:
    """Where the webhook reads its pair; each file is replaced at once."""

    def __init__(self, directory: Path) -> None:
        self.certificate = directory / "tls.crt"
        self.key = directory / "tls.key"

    def write(self, pair: Pair) -> None:
        """Certificate and key."""
        replace(self.certificate, pair.certificate)
        replace(self.key, pair.key)


def replace(path: Path, content: bytes) -> None:
    """As a mounted Secret changes: no reader finds half of it."""
    new = path.with_name(f"{path.name}.new")
    new.write_bytes(content)
    new.replace(path)


def make_pair(directory: Path) -> Pair:
    """A new pair."""
    certificate, key = directory / "made.crt", directory / "made.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return Pair(certificate.read_bytes(), key.read_bytes())
