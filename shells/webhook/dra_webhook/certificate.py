"""The certificate that the webhook shows, read again when its files change: whoever issues it renews it in place."""

from __future__ import annotations

import os
import ssl
import threading
from pathlib import Path
from typing import TypeAlias

from dra_logs import Log

Seen: TypeAlias = tuple[int, int, int] | None
"""Device's inode, size in bytes and time of the last change in ns; None: the file is not there."""


class CertificateError(Exception):
    """Certificate and key cannot be used; the text is one line for people."""


class Certificate:
    """A certificate and its key; threads share it.

    Args:
        certificate_file: The certificate, then its chain (PEM).
        key_file: Its private key (PEM).
        log: Where renewals, and renewals that cannot be used, are told.

    Raises:
        CertificateError: The files cannot be used.
    """

    def __init__(self, certificate_file: Path, key_file: Path, log: Log) -> None:
        self._certificate_file = certificate_file
        self._key_file = key_file
        self._log = log
        self._lock = threading.Lock()
        self._seen = self._look()
        self._context = self._load()

    def context(self) -> ssl.SSLContext:
        """For a new connection: what the files hold now, or held last when they could be used."""
        with self._lock:
            seen = self._look()
            if seen != self._seen:
                # Looked at before they are read: what changes in between is read again.
                self._seen = seen
                self._renew()
            return self._context

    def _renew(self) -> None:
        try:
            self._context = self._load()
        except CertificateError as error:
            self._log.error("the renewed certificate cannot be used; the one before is kept", error=str(error))
        else:
            self._log.info("the certificate was renewed", file=str(self._certificate_file))

    def _look(self) -> tuple[Seen, Seen]:
        return _seen(self._certificate_file), _seen(self._key_file)

    def _load(self) -> ssl.SSLContext:
        for path in (self._certificate_file, self._key_file):
            _check_readable(path)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        # A client that is gone, or a connection at rest that we hang up on, is no fault to send an alert about: HTTP
        # knows by itself where a body ends.
        context.options |= ssl.OP_IGNORE_UNEXPECTED_EOF
        try:
            # A passphrase that is given, even if it is wrong, keeps OpenSSL from asking for one on the terminal.
            context.load_cert_chain(self._certificate_file, self._key_file, password="-")  # noqa: S106  none is meant
        except (OSError, ValueError) as error:  # OpenSSL's errors are OSErrors
            raise CertificateError(
                f"{self._certificate_file} and {self._key_file} are not a certificate and its private key in PEM "
                f"without a passphrase: {error}"
            ) from error
        return context


def _seen(path: Path) -> Seen:
    try:
        found = os.stat(path)  # noqa: PTH116  follows the links of a mounted Secret, which change at a renewal
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _check_readable(path: Path) -> None:
    """OpenSSL does not say which file it is about."""
    try:
        path.read_bytes()
    except OSError as error:
        raise CertificateError(f"{path} cannot be read: {error.strerror}") from error
