"""How to reach the API server: a kubeconfig file, or what the kubelet puts into a pod."""

from __future__ import annotations

import base64
import os
import ssl
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import yaml
from dra_core.snapshot.json_value import Json, JsonObject, list_at, object_at, text_at

from dra_kubeletplugin.settings import StartError

POD_DIRECTORY = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Kubernetes, "Accessing the API from within a pod"."""

TOKEN_SECONDS = 60.0
"""The kubelet replaces a pod's token long before it expires; reading it again this often is enough (client-go)."""


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """Where the API server is and who we are; ``token`` is called for each request."""

    server: str
    tls: ssl.SSLContext
    token: Callable[[], str]


def credentials(kubeconfig: Path | None) -> Credentials:
    """From the kubeconfig's current context or, without one, from the pod. Raises StartError."""
    return _of_pod() if kubeconfig is None else _of_file(kubeconfig)


def _of_pod() -> Credentials:
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT")
    if not host or not port:
        raise StartError("this is not a pod of a Kubernetes cluster: outside of one, name a --kubeconfig file")
    try:
        tls = ssl.create_default_context(cafile=POD_DIRECTORY / "ca.crt")
        token = _token_of(POD_DIRECTORY / "token")
    except OSError as error:
        raise StartError(
            f"the pod's ServiceAccount cannot be read ({error}): is automountServiceAccountToken switched off?"
        ) from error
    return Credentials(server=f"https://{f'[{host}]' if ':' in host else host}:{port}", tls=tls, token=token)


def _of_file(path: Path) -> Credentials:
    try:
        with path.open("rb") as file:
            content: Json = yaml.safe_load(file)
        current = text_at(content, "current-context")
        context = _named(content, "contexts", "context", current)
        cluster = _named(content, "clusters", "cluster", text_at(context, "cluster"))
        user = _named(content, "users", "user", text_at(context, "user"))
        if "exec" in user or "auth-provider" in user:
            raise StartError(
                f"kubeconfig {path}: the context {current!r} gets its credentials from a program, which this plugin "
                "does not run: give it a token or a client certificate"
            )
        server = text_at(cluster, "server")
        if not server:
            raise StartError(f"kubeconfig {path}: the cluster of the context {current!r} has no server")
        return Credentials(
            server=server.rstrip("/"), tls=_tls(path.parent, cluster, user), token=_token(path.parent, user)
        )
    except (OSError, ValueError, yaml.YAMLError, LookupError) as error:
        reason = " ".join(str(error).split())
        raise StartError(f"the kubeconfig {path} cannot be used: {reason}") from error


def _named(content: Json, plural: str, singular: str, name: str) -> JsonObject:
    for entry in list_at(content, plural):
        if text_at(entry, "name") == name:
            return object_at(entry, singular)
    raise LookupError(f"there is no {singular} named {name!r} in it")


def _tls(directory: Path, cluster: JsonObject, user: JsonObject) -> ssl.SSLContext:
    authority = text_at(cluster, "certificate-authority-data")
    file = text_at(cluster, "certificate-authority")
    tls = ssl.create_default_context(
        cafile=directory / file if file and not authority else None,
        cadata=base64.b64decode(authority).decode() if authority else None,
    )
    if cluster.get("insecure-skip-tls-verify") is True:
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
    certificate, key = (_content(directory, user, name) for name in ("client-certificate", "client-key"))
    if certificate and key:
        with tempfile.NamedTemporaryFile() as both:  # ssl reads certificates from files only; 0600
            both.write(certificate + b"\n" + key)
            both.flush()
            tls.load_cert_chain(both.name)
    return tls


def _token(directory: Path, user: JsonObject) -> Callable[[], str]:
    file, token = text_at(user, "tokenFile"), text_at(user, "token")
    return _token_of(directory / file) if file and not token else lambda: token


def _token_of(path: Path) -> Callable[[], str]:
    """The token in a file, read again from time to time."""
    known = (path.read_text().strip(), time.monotonic())

    def token() -> str:
        nonlocal known
        if time.monotonic() - known[1] > TOKEN_SECONDS:
            try:
                known = (path.read_text().strip(), time.monotonic())
            except OSError:
                return known[0]  # while the kubelet replaces it; the API server says if it is too old
        return known[0]

    return token


def _content(directory: Path, user: JsonObject, name: str) -> bytes:
    if data := text_at(user, f"{name}-data"):
        return base64.b64decode(data)
    file = text_at(user, name)
    return (directory / file).read_bytes() if file else b""
