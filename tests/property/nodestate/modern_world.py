"""A modern cluster in few words: what others write, and an API server that keeps NodeAllocationStates."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping

from dra_core.nodestate import MirrorKind, ModernCluster, mirror, seeing_all
from dra_core.nodestate.publishing import ChangeNodeState, CreateNodeState, DeleteNodeState, NodeStateEffect
from dra_core.snapshot.json_value import Json, JsonObject, list_at, object_at, text_at, thaw

from tests.property.negotiation.classic_api import merge

DRIVER, NAMESPACE = "gpu.example.com", "driver"
KINDS: tuple[MirrorKind, ...] = ("Node", "ResourceSlice", "ResourceClaim", "NodeAllocationState")


class ModernWorld:
    """All objects by kind and name."""

    def __init__(self) -> None:
        self._versions = itertools.count(1)
        self.objects: dict[MirrorKind, dict[str, JsonObject]] = {kind: {} for kind in KINDS}

    # What others write.

    def put(self, kind: MirrorKind, value: JsonObject) -> None:
        """Created, or replaced."""
        version = str(next(self._versions))
        meta = {"uid": f"uid-{version}", **object_at(value, "metadata"), "resourceVersion": version}
        self.objects[kind][text_at(meta, "name")] = {**value, "metadata": meta}

    def node_comes(self, name: str) -> None:
        self.put("Node", {"metadata": {"name": name}})

    def node_goes(self, name: str) -> None:
        """With what it owns."""
        node = self.objects["Node"].pop(name, None)
        uid = text_at(node, "metadata", "uid")
        for owned in ("ResourceSlice", "NodeAllocationState"):
            kind: MirrorKind = "ResourceSlice" if owned == "ResourceSlice" else "NodeAllocationState"
            for key, value in list(self.objects[kind].items()):
                if any(text_at(owner, "uid") == uid for owner in list_at(value, "metadata", "ownerReferences")):
                    del self.objects[kind][key]

    def publish(self, node: str, devices: Iterable[str], generation: int = 1, parts: int = 1, of: int = 0) -> None:
        """The plugin's slices; ``of`` more than ``parts``: some are still missing."""
        names = list(devices)
        for part in range(parts):
            written: list[Json] = [device(name) for name in names[part::parts]]
            pool: JsonObject = {"name": node, "generation": generation, "resourceSliceCount": of or parts}
            spec: JsonObject = {"driver": DRIVER, "nodeName": node, "pool": pool, "devices": written}
            self.put("ResourceSlice", {"metadata": self._owned(f"{node}-{generation}-{part}", node), "spec": spec})

    def allocate(
        self, name: str, node: str, results: Iterable[tuple[str, str]], pods: Iterable[str] = ("pod",)
    ) -> None:
        """A claim with (driver, device) each, on a node."""
        self.put(
            "ResourceClaim", {"metadata": {"name": name, "namespace": "default"}, **allocation(node, results, pods)}
        )

    def _owned(self, name: str, node: str) -> JsonObject:
        owner: JsonObject = {"kind": "Node", "uid": text_at(self.objects["Node"].get(node), "metadata", "uid")}
        return {"name": name, "ownerReferences": [owner]}

    # The API server.

    def state(self, node: str) -> JsonObject | None:
        return self.objects["NodeAllocationState"].get(node)

    def patch_state(self, node: str, patch: JsonObject) -> bool:
        """A merge patch, over the version and the object that it names; whether it was written."""
        found = self.state(node)
        for field in ("resourceVersion", "uid"):
            wanted = text_at(patch, "metadata", field)
            if found is None or (wanted and wanted != text_at(found, "metadata", field)):
                return False
        merged = merge(thaw(found), thaw(patch))
        assert isinstance(merged, dict)
        if merged != found:
            self.put("NodeAllocationState", merged)
        return True

    def carry_out(self, node: str, effect: NodeStateEffect) -> bool:
        match effect:
            case CreateNodeState(object=made):
                if self.state(node) is not None:
                    return False
                self.put("NodeAllocationState", made)
                return True
            case ChangeNodeState(patch=patch):
                return self.patch_state(node, patch)
            case DeleteNodeState(uid=uid):
                if text_at(self.state(node), "metadata", "uid") != uid:
                    return False
                del self.objects["NodeAllocationState"][node]
                return True

    # A controller.

    def seen(self, before: ModernCluster | None = None, *kinds: MirrorKind) -> ModernCluster:
        """What a controller knows whose watches of these kinds (none named: all) have caught up."""
        cluster = before or ModernCluster(driver_name=DRIVER, namespace=NAMESPACE)
        for kind in kinds or KINDS:
            cluster = seeing_all(cluster, kind, self.objects[kind].values())
        return cluster

    def settle(self, nodes: Iterable[str]) -> None:
        """A controller does its work, until there is none left."""
        for node in nodes:
            effects = [
                effect for _ in range(3) if (effect := mirror(self.seen(), node)) and self.carry_out(node, effect)
            ]
            assert mirror(self.seen(), node) is None, f"it never comes to rest: {effects}"


def device(name: str, taints: Iterable[Mapping[str, str]] = ()) -> JsonObject:
    return {
        "name": name,
        "attributes": {
            "uuid": {"string": f"uuid-{name}"},
            "index": {"int": 3},
            "full": {"bool": True},
            "versions": {"versions": ["1.0.0", "2.0.0"]},
        },
        "capacity": {"memory": {"value": "80Gi"}},
        "taints": [dict(taint) for taint in taints],
    }


def allocation(node: str, results: Iterable[tuple[str, str]], pods: Iterable[str]) -> dict[str, Json]:
    field: JsonObject = {"key": "metadata.name", "operator": "In", "values": [node]}
    written: list[Json] = [
        {"request": f"r-{number}", "driver": driver, "pool": node, "device": name}
        for number, (driver, name) in enumerate(results)
    ]
    reserved: list[Json] = [{"resource": "pods", "name": pod, "uid": pod} for pod in pods]
    selector: JsonObject = {"nodeSelectorTerms": [{"matchFields": [field]}]}
    status: JsonObject = {
        "allocation": {"devices": {"results": written}, "nodeSelector": selector},
        "reservedFor": reserved,
    }
    return {"status": status}
