"""The real Kubernetes 1.30 as the tests see it, and objects of classic DRA."""

from __future__ import annotations

from collections.abc import Mapping

from dra_core.snapshot.json_value import Json, JsonObject, list_at, object_at, text_at
from local_cluster.api import ApiError
from local_cluster.driver import NAMESPACE

from tests.e2e.objects import CLASSIC_RESOURCE, pod
from tests.e2e.world import World

VERSION = "1.30.14"
CLASS = "gpu.example.com"
DRIVER = "gpu.resource.example.com"
LEASE = "gpu-resource-example-com"
PARAMETERS_GROUP = "gpu.resource.example.com"


class ClassicWorld(World):
    """Cluster and driver."""

    resource = CLASSIC_RESOURCE

    def is_up(self) -> bool:
        """Whether the node's state says that the plugin is ready."""
        return self.node_status() == "Ready"

    def node_state(self) -> JsonObject:
        """The NodeAllocationState; empty if there is none."""
        try:
            return self.read("NodeAllocationState", NAMESPACE, self.layout.node_name)
        except ApiError as error:
            if error.status != 404:
                raise
            return {}

    def node_status(self) -> str:
        """Ready or NotReady."""
        return text_at(self.node_state(), "status")

    def node_spec(self) -> JsonObject:
        """Devices, and who has them."""
        return object_at(self.node_state(), "spec")

    def devices_of(self, part: str) -> dict[str, list[str]]:
        """UUIDs of devices by claim UID, of ``allocatedClaims`` or ``preparedClaims``."""
        return {
            uid: [text_at(device, "uuid") for device in list_at(entry, "gpu", "devices")]
            for uid, entry in object_at(self.node_spec(), part).items()
        }

    def gpus(self, namespace: str, name: str, container: str = "ctr0") -> list[str]:
        """The UUIDs that a container was told, in order."""
        told = self.environment(namespace, name, container)
        return [told[key] for key in sorted(told) if key.startswith("GPU_DEVICE_")]

    def leader(self) -> str:
        """Name of the controller's pod that works; "" if none does."""
        return text_at(self.read("Lease", NAMESPACE, LEASE), "spec", "holderIdentity")

    def notes(self, namespace: str, name: str) -> list[str]:
        """What the driver's controller has said about an object of that name."""
        return [
            text_at(event, "note")
            for event in self.listed(f"/apis/events.k8s.io/v1/namespaces/{namespace}/events")
            if text_at(event, "regarding", "name") == name and text_at(event, "reportingController").endswith(DRIVER)
        ]

    def _devices(self) -> str:
        return self.kubectl("get", "nas,podschedulingcontexts,resourceclaims", "-A", "-o", "yaml")


def claim(namespace: str, name: str, class_name: str = CLASS, **spec: Json) -> JsonObject:
    """A ResourceClaim for one GPU, or for what ``parametersRef`` says."""
    return {
        "apiVersion": "resource.k8s.io/v1alpha2",
        "kind": "ResourceClaim",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"resourceClassName": class_name, **spec},
    }


def resource_class(name: str, driver: str = DRIVER, **fields: Json) -> JsonObject:
    """A ResourceClass."""
    return {
        "apiVersion": "resource.k8s.io/v1alpha2",
        "kind": "ResourceClass",
        "metadata": {"name": name},
        "driverName": driver,
        **fields,
    }


def parameters(namespace: str, name: str, **spec: Json) -> JsonObject:
    """GpuClaimParameters."""
    return {
        "apiVersion": f"{PARAMETERS_GROUP}/v1alpha1",
        "kind": "GpuClaimParameters",
        "metadata": {"namespace": namespace, "name": name},
        "spec": spec,
    }


def parameters_reference(name: str, kind: str = "GpuClaimParameters") -> JsonObject:
    """``parametersRef`` of a claim."""
    return {"apiGroup": PARAMETERS_GROUP, "kind": kind, "name": name}


def user(namespace: str, name: str, *claims: str, **spec: Json) -> JsonObject:
    """A pod whose only container uses claims, each under the claim's own name."""
    made = pod(namespace, name, {each: each for each in claims})
    references: list[Json] = [{"name": each, "source": {"resourceClaimName": each}} for each in claims]
    return {**made, "spec": {**object_at(made, "spec"), "resourceClaims": references, **spec}}


def node_selector(labels: Mapping[str, str]) -> JsonObject:
    """``suitableNodes`` of a class: nodes with these labels."""
    wanted: list[Json] = [{"key": key, "operator": "In", "values": [value]} for key, value in labels.items()]
    return {"nodeSelectorTerms": [{"matchExpressions": wanted}]}
