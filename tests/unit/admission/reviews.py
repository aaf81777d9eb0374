"""AdmissionReviews as the API server sends them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from dra_core.snapshot.json_value import Json, JsonObject

DRIVER = "gpu.example.com"
KINDS: Mapping[str, str] = {
    "resourceclaims": "ResourceClaim",
    "resourceclaimtemplates": "ResourceClaimTemplate",
    "deviceclasses": "DeviceClass",
}


def gpu_config(interval: Json = "Long") -> dict[str, Json]:
    """Parameters of the profile gpu."""
    sharing: JsonObject = {"strategy": "TimeSlicing", "timeSlicingConfig": {"interval": interval}}
    return {"apiVersion": "gpu.resource.example.com/v1alpha1", "kind": "GpuConfig", "sharing": sharing}


def opaque(parameters: Json, driver: str = DRIVER) -> dict[str, Json]:
    """An entry of a list of configurations."""
    return {"opaque": {"driver": driver, "parameters": parameters}}


def of_kind(resource: str, configs: Sequence[Json], version: str = "v1") -> dict[str, Json]:
    """An object with these configurations."""
    claim: JsonObject = {"devices": {"requests": [], "config": configs}}
    specs: Mapping[str, Json] = {
        "resourceclaims": claim,
        "resourceclaimtemplates": {"spec": claim},
        "deviceclasses": {"config": configs},
    }
    head: dict[str, Json] = {"apiVersion": f"resource.k8s.io/{version}", "kind": KINDS[resource]}
    return {**head, "metadata": {"name": "x"}, "spec": specs[resource]}


def review(
    configs: Sequence[Json],
    resource: str = "resourceclaims",
    version: str = "v1",
    old: Sequence[Json] | None = None,
    replaced: Mapping[str, Json] = {},
) -> dict[str, Json]:
    """The creation of such an object; with ``old`` its update. ``replaced`` are other fields of the request."""
    request: dict[str, Json] = {
        "uid": "4711",
        "resource": {"group": "resource.k8s.io", "version": version, "resource": resource},
        "operation": "CREATE" if old is None else "UPDATE",
        "name": "x",
        "namespace": "default",
        "userInfo": {"username": "jane"},
        "object": of_kind(resource, configs, version),
        "oldObject": None if old is None else of_kind(resource, old, version),
        **replaced,
    }
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}


def text(value: Json) -> bytes:
    """As the body of a request."""
    return json.dumps(value).encode()
