"""A kubeconfig (client-go clientcmd/api/v1): JSON, which is YAML too."""

from __future__ import annotations

import msgspec
from dra_core.snapshot.json_value import JsonObject


def kubeconfig(url: str, user: str, token: str = "", namespace: str = "default") -> str:
    """The file for one cluster and one user; without a token the server takes the user for the administrator."""
    credentials: JsonObject = {"token": token} if token else {}
    content: JsonObject = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "sandbox", "cluster": {"server": url}}],
        "users": [{"name": user, "user": credentials}],
        "contexts": [{"name": "sandbox", "context": {"cluster": "sandbox", "user": user, "namespace": namespace}}],
        "current-context": "sandbox",
    }
    return msgspec.json.format(msgspec.json.encode(content), indent=2).decode() + "\n"
