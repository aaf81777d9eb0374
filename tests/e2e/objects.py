"""Kubernetes objects as the tests need them, and where each kind lives in the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dra_core.snapshot.json_value import Json, JsonObject, text_at

DRIVER = "gpu.example.com"
LEASE = "gpu-example-com"
IMAGE = "docker.io/library/busybox:1.36"
RESOURCE = "/apis/resource.k8s.io/v1"
CLASSIC_RESOURCE = "/apis/resource.k8s.io/v1alpha2"
STATES = "/apis/nas.gpu.resource.example.com/v1alpha1/namespaces/{}/nodeallocationstates"

SHOW_AND_STAY = ("sh", "-c", "trap 'exit 0' TERM; env | sort; sleep 9999 & wait")
"""Ends at once when it is asked to, unless that is before its first command."""
LAST_LINE = "SHLVL="
"""Of what it prints: a variable that the shell itself sets."""

_COLLECTIONS = {
    "Namespace": "/api/v1/namespaces",
    "Pod": "/api/v1/namespaces/{}/pods",
    "ResourceClaim": RESOURCE + "/namespaces/{}/resourceclaims",
    "ResourceClaimTemplate": RESOURCE + "/namespaces/{}/resourceclaimtemplates",
    "DeviceClass": RESOURCE + "/deviceclasses",
    "ResourceSlice": RESOURCE + "/resourceslices",
    "ResourceClass": CLASSIC_RESOURCE + "/resourceclasses",
    "PodSchedulingContext": CLASSIC_RESOURCE + "/namespaces/{}/podschedulingcontexts",
    "GpuClaimParameters": "/apis/gpu.resource.example.com/v1alpha1/namespaces/{}/gpuclaimparameters",
    "NodeAllocationState": STATES,
    "Lease": "/apis/coordination.k8s.io/v1/namespaces/{}/leases",
}


def collection(kind: str, namespace: str = "", resource: str = RESOURCE) -> str:
    """Path of the objects of a kind; ``resource`` is the served version of the group that claims are in."""
    return _COLLECTIONS[kind].replace(RESOURCE + "/", resource + "/").format(namespace)


def path_of(value: JsonObject) -> str:
    """Path of an object."""
    kind = text_at(value, "kind")
    return f"{collection(kind, text_at(value, 'metadata', 'namespace'))}/{text_at(value, 'metadata', 'name')}"


def claim(namespace: str, name: str, *requests: JsonObject, config: Sequence[JsonObject] = ()) -> JsonObject:
    """A ResourceClaim; without requests one GPU, as request ``gpu``."""
    devices: JsonObject = {"requests": list(requests) or [request("gpu")], "config": list(config)}
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"devices": devices},
    }


def template(namespace: str, name: str, *requests: JsonObject, config: Sequence[JsonObject] = ()) -> JsonObject:
    """A ResourceClaimTemplate of such a claim."""
    spec = claim(namespace, name, *requests, config=config)["spec"]
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaimTemplate",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"spec": spec},
    }


def request(name: str, device_class: str = DRIVER, **more: Json) -> JsonObject:
    """A request for one device; ``more`` are further fields of ``exactly``."""
    return {"name": name, "exactly": {"deviceClassName": device_class, **more}}


def gpu_config(parameters: Mapping[str, Json], *requests: str, driver: str = DRIVER) -> JsonObject:
    """An opaque configuration of the driver, for all requests or for some."""
    whole: JsonObject = {"apiVersion": "gpu.resource.example.com/v1alpha1", "kind": "GpuConfig", **parameters}
    return {"requests": list(requests), "opaque": {"driver": driver, "parameters": whole}}


def pod(
    namespace: str,
    name: str,
    claims: Mapping[str, str],
    containers: Mapping[str, Sequence[JsonObject]] | None = None,
    command: Sequence[str] = SHOW_AND_STAY,
    **spec: Json,
) -> JsonObject:
    """A pod.

    Args:
        namespace: Its namespace.
        name: Its name.
        claims: ResourceClaim by the pod's own name for it; ``template:NAME`` for one from a template.
        containers: What each container takes of them, as its resources.claims; one container takes all by default.
        command: Of each container.
        spec: Further fields of the pod's spec.
    """
    taken = containers or {"ctr0": [{"name": local} for local in claims]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 5,
            "containers": [
                {"name": container, "image": IMAGE, "command": list(command), "resources": {"claims": list(some)}}
                for container, some in taken.items()
            ],
            "resourceClaims": [_reference(local, source) for local, source in claims.items()],
            **spec,
        },
    }


def _reference(local: str, source: str) -> JsonObject:
    from_template = source.removeprefix("template:")
    if from_template != source:
        return {"name": local, "resourceClaimTemplateName": from_template}
    return {"name": local, "resourceClaimName": source}
