"""Allocated claims as the API server would hand them out, for tests of preparation."""

from __future__ import annotations

from collections.abc import Sequence

from dra_core.snapshot.json_value import Json, JsonObject

DRIVER = "gpu.example.com"
NODE = "node-1"


def result(
    device: str,
    request: str = "gpu",
    *,
    driver: str = DRIVER,
    share_id: str | None = None,
    admin_access: bool | None = None,
) -> dict[str, Json]:
    """An entry of status.allocation.devices.results."""
    value: dict[str, Json] = {"request": request, "driver": driver, "pool": NODE, "device": device}
    if share_id is not None:
        value["shareID"] = share_id
    if admin_access is not None:
        value["adminAccess"] = admin_access
    return value


def gpu_config(sharing: JsonObject) -> dict[str, Json]:
    """Opaque parameters of the kind GpuConfig."""
    return {"apiVersion": "gpu.resource.example.com/v1alpha1", "kind": "GpuConfig", "sharing": sharing}


def config(
    parameters: Json, source: str = "FromClaim", requests: Sequence[str] = (), driver: str = DRIVER
) -> dict[str, Json]:
    """An entry of status.allocation.devices.config."""
    return {"source": source, "requests": list(requests), "opaque": {"driver": driver, "parameters": parameters}}


def claim(
    uid: str,
    results: Sequence[JsonObject] | None,
    configs: Sequence[JsonObject] = (),
    name: str = "claim",
    namespace: str = "default",
) -> dict[str, Json]:
    """A claim; with ``results`` None it is not allocated. Its spec has the configuration that came from the claim."""
    written = [{"requests": c["requests"], "opaque": c["opaque"]} for c in configs if c["source"] == "FromClaim"]
    status: dict[str, Json] = {}
    if results is not None:
        status = {"allocation": {"devices": {"results": list(results), "config": list(configs)}}}
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"uid": uid, "name": name, "namespace": namespace},
        "spec": {"devices": {"requests": [], "config": written}},
        "status": status,
    }
