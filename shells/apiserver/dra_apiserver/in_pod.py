"""Access for a pod: what the kubelet puts into its containers."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path

from dra_core.refusal import Fault, Refusal
from returns.result import Failure, Result, Success

from dra_apiserver.access import Access, Identity
from dra_apiserver.token_file import TokenFile

DIRECTORY = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Kubernetes documentation, "Accessing the Kubernetes API from a Pod"."""


def access_in_pod(environment: Mapping[str, str], directory: Path = DIRECTORY) -> Result[Access, Refusal]:
    """Access with the pod's ServiceAccount, from the variables and files that every container gets."""
    host, port = environment.get("KUBERNETES_SERVICE_HOST"), environment.get("KUBERNETES_SERVICE_PORT")
    if not host or not port:
        return Failure(
            Refusal(
                code="NotInAPod",
                fault=Fault.USER,
                seen="this is not a pod of a Kubernetes cluster: outside of one, name a --kubeconfig file",
            )
        )
    try:
        tls = ssl.create_default_context(cafile=directory / "ca.crt")
        (directory / "token").read_bytes()
        namespace = directory / "namespace"
        own_namespace = namespace.read_text().strip() if namespace.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        return Failure(
            Refusal(
                code="ServiceAccountUnreadable",
                fault=Fault.ADMINISTRATOR,
                seen=f"the pod's ServiceAccount cannot be read: {error}",
                hint="is automountServiceAccountToken switched off?",
            )
        )
    tokens = TokenFile(directory / "token")
    return Success(
        Access(
            server=f"https://{f'[{host}]' if ':' in host else host}:{port}",
            namespace=own_namespace,
            identity=lambda refused: Identity(token=tokens.token(refused), tls=tls),
        )
    )
