"""The least that a driver's controller of Kubernetes 1.30 does: a number of devices on each node, given out by count.

What is taken is what claims say; a claim asks for as many devices as the name of its parameters says.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dra_core.snapshot.json_value import Json, JsonObject, at, list_at, object_at, text_at
from dra_sandbox.kubelet.prepared_claims import entries_of
from dra_sandbox.world.api import Api
from dra_sandbox.world.objects import (
    CLAIM,
    CONTEXT,
    POD,
    World,
    being_deleted,
    controller_uid,
    finalizers_of,
    name_of,
    namespace_of,
    objects_at,
    uid_of,
    with_fields,
)
from dra_sandbox.world.writes import Replace

DRIVER, FINALIZER = "gpu.resource.example.com", "gpu.resource.example.com/deletion-protection"
CLASS, NARROW_CLASS = "gpu.example.com", "gpu-on-b.example.com"


def asked_by(claim: JsonObject) -> int:
    return int(text_at(claim, "spec", "parametersRef", "name") or "1")


def node_of(claim: JsonObject | None) -> str:
    """Where the claim is allocated, or ""."""
    terms = list_at(claim, "status", "allocation", "availableOnNodes", "nodeSelectorTerms")
    return next((str(list_at(field, "values")[0]) for term in terms for field in list_at(term, "matchFields")), "")


class LittleDriver:
    """Acts on an API server.

    Attributes:
        interrupted: Whether it ever ended with some of a pod's claims allocated and others not.
    """

    def __init__(self, api: Api, devices: int) -> None:
        self.api = api
        self.devices = devices
        self.interrupted = False

    @property
    def world(self) -> World:
        return self.api.world()[1]

    def free(self, node: str) -> int:
        return self.devices - sum(asked_by(claim) for claim in self.world.all(CLAIM) if node_of(claim) == node)

    def step(self, nodes: Sequence[str], most: int | None = None) -> None:
        """One look at everything; it is interrupted after ``most`` claims of each pod."""
        for claim in self.world.all(CLAIM):
            reserved = objects_at(claim, "status", "reservedFor")
            unwanted = being_deleted(claim) or at(claim, "status", "deallocationRequested") is True
            if unwanted and not reserved and FINALIZER in finalizers_of(claim):
                self._take_back(claim)
            elif not unwanted and text_at(claim, "spec", "allocationMode") == "Immediate" and not node_of(claim):
                fitting = [node for node in nodes if self.free(node) >= asked_by(claim)]
                if fitting:
                    self._allocate(claim, fitting[0], None)
        for context in self.world.all(CONTEXT):
            self._negotiate(context, most)

    def _negotiate(self, context: JsonObject, most: int | None) -> None:
        pod = self.world.get(POD, namespace_of(context), name_of(context))
        if pod is None or being_deleted(pod) or controller_uid(context) != uid_of(pod):
            return
        pending = {entry: claim for entry, claim in self._claims(pod) if at(claim, "status", "allocation") is None}
        selected = text_at(context, "spec", "selectedNode")
        asked = {str(name) for name in list_at(context, "spec", "potentialNodes")} | ({selected} if selected else set())
        claims = list({uid_of(claim): claim for claim in pending.values()}.values())
        needed = sum(asked_by(claim) for claim in claims)
        unsuitable: list[Json] = [node for node in sorted(asked) if self.free(node) < needed]
        if selected and selected not in unsuitable:
            for claim in claims[:most]:
                self._allocate(claim, selected, pod)
            if len(claims[:most]) < len(claims):
                self.interrupted = True
                return
        told: list[Json] = [{"name": entry, "unsuitableNodes": unsuitable} for entry in pending]
        if told and told != list_at(context, "status", "resourceClaims"):
            self._write(Replace(body={**context, "status": {"resourceClaims": told}}, subresource="status"))

    def _claims(self, pod: JsonObject) -> Iterable[tuple[str, JsonObject]]:
        for entry, name in entries_of(pod).items():
            claim = self.world.get(CLAIM, namespace_of(pod), name)
            delayed = text_at(claim, "spec", "allocationMode") != "Immediate"
            if claim is not None and delayed and not being_deleted(claim):
                yield entry, claim

    def _allocate(self, claim: JsonObject, node: str, pod: JsonObject | None) -> None:
        field: JsonObject = {"key": "metadata.name", "operator": "In", "values": [node]}
        selector: JsonObject = {"nodeSelectorTerms": [{"matchFields": [field]}]}
        status: dict[str, Json] = {
            "driverName": DRIVER,
            "allocation": {"availableOnNodes": selector, "shareable": True},
        }
        if pod is not None:
            status["reservedFor"] = [{"resource": "pods", "name": name_of(pod), "uid": uid_of(pod)}]
        kept = with_fields(claim, ("metadata",), {"finalizers": [*{*finalizers_of(claim), FINALIZER}]})
        self._write(Replace(body=kept, then=Replace(body={**kept, "status": status}, subresource="status")))

    def _take_back(self, claim: JsonObject) -> None:
        cleared: JsonObject = {**claim, "status": {}}
        others: list[Json] = [item for item in finalizers_of(claim) if item != FINALIZER]
        released: JsonObject = {**cleared, "metadata": {**object_at(claim, "metadata"), "finalizers": others}}
        self._write(Replace(body=cleared, subresource="status", then=Replace(body=released)))

    def _write(self, write: Replace) -> None:
        problem = self.api.carry_out([write])
        assert problem is None, problem
