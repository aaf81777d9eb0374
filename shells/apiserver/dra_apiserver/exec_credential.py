"""Credentials from a program that a kubeconfig names (client.authentication.k8s.io, "exec").

The program prints an ExecCredential with a token or a client certificate, which is used until it expires or the API
server refuses it.
"""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
import threading
from pathlib import Path

import msgspec
from dra_core.snapshot.json_value import Json, JsonObject, list_at, object_at, text_at

from dra_apiserver.access import IdentityError

LONGEST_RUN_SECONDS = 60.0
"""Some programs ask a person to log in."""

EARLY_SECONDS = 10.0
"""A credential that expires so soon may be refused on the way."""

VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")


class ExecCredential(msgspec.Struct, frozen=True, kw_only=True):
    """What the program gave; the certificate and key are PEM, "" for none."""

    token: str = ""
    certificate: str = ""
    key: str = ""
    expires: datetime.datetime | None = None


class ExecCredentials:
    """The program's present answer; threads may share it."""

    def __init__(self, settings: JsonObject, cluster: JsonObject, directory: Path) -> None:
        self._settings = settings
        self._cluster = cluster
        self._directory = directory
        self._lock = threading.Lock()
        self._now: ExecCredential | None = None

    def credential(self, refused: bool) -> ExecCredential:
        """The credential, from a new run of the program if need be. Raises IdentityError."""
        with self._lock:
            if self._now is None or refused or _expired(self._now, datetime.datetime.now(datetime.UTC)):
                self._now = self._run()
            return self._now

    def _run(self) -> ExecCredential:
        version = text_at(self._settings, "apiVersion")
        command = text_at(self._settings, "command")
        if version not in VERSIONS:
            raise IdentityError(f"the kubeconfig's exec has apiVersion {version!r}; there are {' and '.join(VERSIONS)}")
        program = str(self._directory / command) if "/" in command else command
        arguments = [each for each in list_at(self._settings, "args") if isinstance(each, str)]
        more = {text_at(each, "name"): text_at(each, "value") for each in list_at(self._settings, "env")}
        interactive = text_at(self._settings, "interactiveMode") != "Never" and sys.stdin is not None
        interactive = interactive and sys.stdin.isatty()
        spec: dict[str, Json] = {"interactive": interactive}
        if self._settings.get("provideClusterInfo") is True:
            spec["cluster"] = self._cluster
        question: JsonObject = {"apiVersion": version, "kind": "ExecCredential", "spec": spec}
        try:
            done = subprocess.run(
                [program, *arguments],
                env={**os.environ, **more, "KUBERNETES_EXEC_INFO": msgspec.json.encode(question).decode()},
                stdin=None if interactive else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                timeout=LONGEST_RUN_SECONDS,
                check=True,
            )
            return read_exec_credential(msgspec.json.decode(done.stdout))
        except (OSError, subprocess.SubprocessError, msgspec.DecodeError, ValueError) as error:
            hint = " ".join(text_at(self._settings, "installHint").split())
            advice = f" ({hint})" if hint else ""
            raise IdentityError(
                f"the program {command!r} of the kubeconfig gave no credential: {error}{advice}"
            ) from error


def read_exec_credential(answer: Json) -> ExecCredential:
    """From the object that was printed.

    Raises:
        ValueError: There is no credential in it.
    """
    status = object_at(answer, "status")
    certificate, key = text_at(status, "clientCertificateData"), text_at(status, "clientKeyData")
    token = text_at(status, "token")
    if not token and not (certificate and key):
        raise ValueError("its status has neither a token nor a client certificate with its key")
    expires = text_at(status, "expirationTimestamp")
    return ExecCredential(
        token=token,
        certificate=certificate,
        key=key,
        expires=datetime.datetime.fromisoformat(expires) if expires else None,
    )


def _expired(credential: ExecCredential, now: datetime.datetime) -> bool:
    return credential.expires is not None and (credential.expires - now).total_seconds() < EARLY_SECONDS
