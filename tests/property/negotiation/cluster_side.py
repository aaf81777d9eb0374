"""Everybody but the driver: kube-scheduler, kube-controller-manager, kubelets and the driver's plugins, in few words.

Each step is one action of one of them, on what is there at that moment (classic-DRA behaviour of Kubernetes 1.30).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from dra_core.negotiation import Kind, Name
from dra_core.snapshot.json_value import Json, JsonObject, at, list_at, object_at, text_at

from tests.property.negotiation.classic_api import DRIVER_NAMESPACE

DRIVER = "gpu.resource.example.com"
FINALIZER = f"{DRIVER}/deletion-protection"
NAMESPACE = "default"
CLASS = "gpu.example.com"
GROUP = "gpu.resource.example.com"


class Api(Protocol):
    """An API server, be it a model or a real one."""

    def create(self, kind: Kind, value: JsonObject) -> JsonObject: ...
    def get(self, kind: Kind, name: Name) -> JsonObject | None: ...
    def all_of(self, kind: Kind) -> list[JsonObject]: ...
    def names(self, kind: Kind) -> list[Name]: ...
    def patch(self, kind: Kind, name: Name, patch: JsonObject, *, status: bool = False) -> JsonObject: ...
    def delete(self, kind: Kind, name: Name) -> None: ...


class ClusterSide:
    """Acts on an API server."""

    def __init__(self, api: Api, gpus: int = 4) -> None:
        self.api = api
        self.gpus = gpus
        api.create("ResourceClass", {"metadata": {"name": CLASS}, "driverName": DRIVER})

    # Nodes and the driver's plugins.

    def node_comes(self, name: str) -> None:
        """The kubelet registers its node; the plugin makes the node's state and is ready."""
        node = self.api.create(
            "Node",
            {"metadata": {"name": name, "labels": {"host": name}}, "status": {"conditions": [ready(True)]}},
        )
        owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": text_at(node, "metadata", "uid")}
        self.api.create(
            "NodeAllocationState",
            {
                "apiVersion": "nas.gpu.resource.example.com/v1alpha1",
                "metadata": {"name": name, "namespace": DRIVER_NAMESPACE, "ownerReferences": [owner]},
                "spec": {"allocatableDevices": [gpu(name, index) for index in range(self.gpus)]},
                "status": "Ready",
            },
        )

    def node_goes(self, name: str) -> None:
        """The Node is deleted, its state with it; its pods are deleted as well."""
        self.api.delete("Node", ("", name))
        for value in self.api.all_of("Pod"):
            if text_at(value, "spec", "nodeName") == name:
                self.delete_pod(text_at(value, "metadata", "name"))

    def plugin(self, name: str, status: str) -> None:
        """The plugin says that it is Ready or NotReady."""
        if self.api.get("NodeAllocationState", (DRIVER_NAMESPACE, name)) is not None:
            self.api.patch("NodeAllocationState", (DRIVER_NAMESPACE, name), {"status": status})

    # Users.

    def create_parameters(self, name: str, spec: JsonObject) -> None:
        self.api.create(
            "GpuClaimParameters",
            {
                "apiVersion": f"{GROUP}/v1alpha1",
                "metadata": {"namespace": NAMESPACE, "name": name},
                "spec": spec,
            },
        )

    def create_claim(
        self, name: str, parameters: str = "", mode: str = "WaitForFirstConsumer", owner: JsonObject | None = None
    ) -> JsonObject:
        spec: dict[str, Json] = {"resourceClassName": CLASS, "allocationMode": mode}
        if parameters:
            spec["parametersRef"] = {"apiGroup": GROUP, "kind": "GpuClaimParameters", "name": parameters}
        owners: list[Json] = [owner] if owner is not None else []
        return self.api.create(
            "ResourceClaim",
            {"metadata": {"namespace": NAMESPACE, "name": name, "ownerReferences": owners}, "spec": spec},
        )

    def create_pod(
        self, name: str, own: Sequence[str] = (), shared: Sequence[str] = (), node_name: str = ""
    ) -> JsonObject:
        """A pod with claims made from templates, named by their parameters ("" for none), and with existing ones.

        kube-controller-manager makes the claims at once.
        """
        entries: list[Json] = [
            *[_entry(f"own-{i}", {"resourceClaimTemplateName": f"t-{i}"}) for i in range(len(own))],
            *[_entry(f"shared-{claim}", {"resourceClaimName": claim}) for claim in shared],
        ]
        made: list[Json] = [{"name": f"own-{i}", "resourceClaimName": f"{name}-own-{i}"} for i in range(len(own))]
        pod = self.api.create(
            "Pod",
            {
                "metadata": {"namespace": NAMESPACE, "name": name},
                "spec": {"resourceClaims": entries, **({"nodeName": node_name} if node_name else {})},
                "status": {"resourceClaimStatuses": made},
            },
        )
        for i, parameters in enumerate(own):
            self.create_claim(f"{name}-own-{i}", parameters, owner=owner_of(pod))
        if node_name and entries:
            self._context(pod, {"selectedNode": node_name})
        return pod

    def delete_pod(self, name: str) -> None:
        """The pod vanishes, its containers have ended; garbage collection takes what it owns."""
        self.api.delete("Pod", (NAMESPACE, name))

    # kube-controller-manager.

    def release(self) -> None:
        """Reservations of pods that are gone are dropped; the last of a delayed claim asks for its deallocation."""
        pods = {text_at(pod, "metadata", "uid") for pod in self.api.all_of("Pod")}
        for claim in self.api.all_of("ResourceClaim"):
            reserved = list_at(claim, "status", "reservedFor")
            left = [one for one in reserved if text_at(one, "uid") in pods]
            if len(left) == len(reserved):
                continue
            status: dict[str, Json] = {"reservedFor": left or None}
            if not left and text_at(claim, "spec", "allocationMode") != "Immediate":
                status["deallocationRequested"] = True
            self.api.patch("ResourceClaim", _name(claim), {"status": status}, status=True)

    # kube-scheduler.

    def schedule(self, pod_name: str, pick: int = 0) -> None:
        """One attempt; ``pick`` chooses among the nodes that pass."""
        pod = self.api.get("Pod", (NAMESPACE, pod_name))
        if pod is None:
            return
        claims = self._claims(pod)
        if claims is None:
            return
        context = self.api.get("PodSchedulingContext", (NAMESPACE, pod_name))
        if text_at(pod, "spec", "nodeName"):
            self._reserve(pod, claims.values())
            return
        pending = [entry for entry, claim in claims.items() if not at(claim, "status", "allocation")]
        nodes = [name for _, name in self.api.names("Node")]
        passing = [name for name in sorted(nodes) if self._passes(name, claims, context)]
        if not passing:
            self._post_filter(pod, claims)
            return
        node_name = passing[pick % len(passing)]
        if pending:
            told = {text_at(one, "name") for one in list_at(context, "status", "resourceClaims")}
            spec: dict[str, Json] = {"potentialNodes": list(passing)}
            if len(pending) == 1 or told >= set(pending):
                spec["selectedNode"] = node_name
            self._context(pod, spec)
        elif self._reserve(pod, claims.values()):
            self.api.patch("Pod", (NAMESPACE, pod_name), {"spec": {"nodeName": node_name}})
            self.api.delete("PodSchedulingContext", (NAMESPACE, pod_name))

    def _claims(self, pod: JsonObject) -> dict[str, JsonObject] | None:
        """PreFilter: the pod's claims by entry; None: the pod has to wait."""
        made = {
            text_at(s, "name"): text_at(s, "resourceClaimName") for s in list_at(pod, "status", "resourceClaimStatuses")
        }
        found: dict[str, JsonObject] = {}
        for entry in list_at(pod, "spec", "resourceClaims"):
            name = text_at(entry, "source", "resourceClaimName") or made[text_at(entry, "name")]
            claim = self.api.get("ResourceClaim", (NAMESPACE, name))
            if claim is None or text_at(claim, "metadata", "deletionTimestamp"):
                return None
            if at(claim, "status", "deallocationRequested"):
                return None
            allocated = at(claim, "status", "allocation") is not None
            if not allocated and text_at(claim, "spec", "allocationMode") == "Immediate":
                return None
            found[text_at(entry, "name")] = claim
        return found

    def _passes(self, node_name: str, claims: dict[str, JsonObject], context: JsonObject | None) -> bool:
        """Filter."""
        unsuitable = {
            text_at(one, "name"): list_at(one, "unsuitableNodes")
            for one in list_at(context, "status", "resourceClaims")
        }
        for entry, claim in claims.items():
            if at(claim, "status", "allocation") is None:
                if node_name in unsuitable.get(entry, ()):
                    return False
            elif allocated_node(claim) != node_name:
                return False
        return True

    def _post_filter(self, pod: JsonObject, claims: dict[str, JsonObject]) -> None:
        """One claim that is in the way is given back: withdrawn selection first, then the request."""
        for claim in claims.values():
            reserved = list_at(claim, "status", "reservedFor")
            uid = text_at(pod, "metadata", "uid")
            if (
                at(claim, "status", "allocation") is not None
                and text_at(claim, "spec", "allocationMode") != "Immediate"
                and all(text_at(one, "uid") == uid for one in reserved)
            ):
                if self.api.get("PodSchedulingContext", _name(pod)) is not None:
                    self.api.patch("PodSchedulingContext", _name(pod), {"spec": {"selectedNode": None}})
                if reserved:
                    self.api.patch("ResourceClaim", _name(claim), {"status": {"reservedFor": None}}, status=True)
                self.api.patch("ResourceClaim", _name(claim), {"status": {"deallocationRequested": True}}, status=True)
                return

    def _reserve(self, pod: JsonObject, claims: Iterable[JsonObject]) -> bool:
        """PreBind: the pod joins those who have the claims; whether it has them all."""
        all_reserved = True
        for claim in claims:
            reserved = list_at(claim, "status", "reservedFor")
            uid = text_at(pod, "metadata", "uid")
            if at(claim, "status", "allocation") is None:
                all_reserved = False
            elif all(text_at(one, "uid") != uid for one in reserved):
                mine: JsonObject = {"resource": "pods", "name": text_at(pod, "metadata", "name"), "uid": uid}
                self.api.patch(
                    "ResourceClaim", _name(claim), {"status": {"reservedFor": [*reserved, mine]}}, status=True
                )
        return all_reserved

    def _context(self, pod: JsonObject, spec: JsonObject) -> None:
        name = _name(pod)
        if self.api.get("PodSchedulingContext", name) is not None:
            self.api.patch("PodSchedulingContext", name, {"spec": {"selectedNode": None, **spec}})
            return
        owners: list[Json] = [owner_of(pod)]
        self.api.create(
            "PodSchedulingContext",
            {"metadata": {"namespace": name[0], "name": name[1], "ownerReferences": owners}, "spec": spec},
        )


def ready(yes: bool) -> JsonObject:
    return {"type": "Ready", "status": "True" if yes else "False"}


def gpu(node_name: str, index: int) -> JsonObject:
    return {
        "gpu": {
            "uuid": f"GPU-{node_name}-{index}",
            "productName": "LATEST-GPU-MODEL",
            "index": index,
            "driverVersion": "1.0.0",
            "memory": "80Gi",
        }
    }


def _entry(name: str, source: JsonObject) -> JsonObject:
    return {"name": name, "source": source}


def owner_of(pod: JsonObject) -> JsonObject:
    meta = object_at(pod, "metadata")
    name, uid = text_at(meta, "name"), text_at(meta, "uid")
    return {"apiVersion": "v1", "kind": "Pod", "name": name, "uid": uid, "controller": True}


def allocated_node(claim: JsonObject) -> str:
    terms = list_at(claim, "status", "allocation", "availableOnNodes", "nodeSelectorTerms")
    fields = [field for term in terms for field in list_at(term, "matchFields")]
    return str(list_at(fields[0], "values")[0])


def _name(value: JsonObject) -> Name:
    return text_at(value, "metadata", "namespace"), text_at(value, "metadata", "name")
