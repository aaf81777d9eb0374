"""How a pod's processes reach the API server.

A real kubelet mounts a token below /var/run/secrets. There are no mounts here, and the server speaks plain HTTP, which
in-cluster configuration does not know: a kubeconfig with the same token, named by KUBECONFIG, stands for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dra_core.snapshot.json_value import JsonObject, at, text_at
from returns.result import Failure, Result, Success

from dra_sandbox.apiserver.catalog import Catalog
from dra_sandbox.apiserver.problems import Problem
from dra_sandbox.apiserver.requests import Request
from dra_sandbox.world.api import Api
from dra_sandbox.world.kubeconfig import kubeconfig
from dra_sandbox.world.objects import SERVICE_ACCOUNT, name_of, namespace_of, uid_of

SECONDS = 3607  # what a kubelet asks for: an hour, and a little to tell these tokens from others
FILE = "kubeconfig"


def wants_access(pod: JsonObject, account: JsonObject | None) -> bool:
    """Whether the pod gets a token: what it says itself, else what its service account says, else yes."""
    own = at(pod, "spec", "automountServiceAccountToken")
    return own is not False if own is not None else at(account, "automountServiceAccountToken") is not False


def give_access(api: Api, pod: JsonObject, directory: Path, url: str) -> Result[Mapping[str, str], str]:
    """Write the pod's kubeconfig; what is returned are the environment variables that lead to it."""
    name = text_at(pod, "spec", "serviceAccountName") or "default"
    account = api.get(SERVICE_ACCOUNT, namespace_of(pod), name)
    if not wants_access(pod, account):
        return Success({})
    answer = api.send(lambda catalog: token_request(pod, name, catalog))
    if isinstance(answer, Problem):
        return Failure(f"cannot get a token for service account {namespace_of(pod)}/{name}: {answer.message}")
    file = directory / FILE
    content = kubeconfig(url, f"{namespace_of(pod)}-{name}", text_at(answer.body, "status", "token"), namespace_of(pod))
    file.touch(mode=0o600)
    file.write_text(content)
    return Success({"KUBECONFIG": str(file)})


def token_request(pod: JsonObject, account: str, catalog: Catalog) -> Request | None:
    """authentication.k8s.io/v1 TokenRequest, bound to the pod."""
    resource = catalog.of_kind(SERVICE_ACCOUNT)
    if resource is None:
        return None
    bound: JsonObject = {"apiVersion": "v1", "kind": "Pod", "name": name_of(pod), "uid": uid_of(pod)}
    return Request(
        verb="create",
        resource=resource,
        namespace=namespace_of(pod),
        name=account,
        subresource="token",
        body={
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"boundObjectRef": bound, "expirationSeconds": SECONDS},
        },
        user_agent="kubelet",
    )
