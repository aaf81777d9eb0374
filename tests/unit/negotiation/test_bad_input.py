"""Whatever people write: an event on the claim and on the pod says what is wrong, and no other claim is held up."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from dra_core.negotiation import EmitEvent
from dra_core.snapshot.json_value import Json, JsonObject, at

from tests.property.negotiation import laws
from tests.property.negotiation.classic_api import DRIVER_NAMESPACE, ClassicApi
from tests.property.negotiation.cluster_side import CLASS, NAMESPACE, ClusterSide
from tests.property.negotiation.controller_side import Controller


class Scene:
    """Two nodes; a pod ``bad`` whose claim is about to meet something bad, and a pod ``good``."""

    def __init__(self) -> None:
        self.api = ClassicApi()
        self.side = ClusterSide(self.api, gpus=2)
        for node in ("node-a", "node-b"):
            self.side.node_comes(node)
        self.controller = Controller(self.api)

    def pods(self, parameters: str = "") -> None:
        self.side.create_pod("bad", [parameters])
        self.side.create_pod("good", [""])

    def run(self) -> None:
        laws.settle(self.side, [self.controller])

    def told(self, kind: str, name: str) -> list[str]:
        def about(event: EmitEvent) -> bool:
            return event.regarding.kind == kind and event.regarding.name == name

        return sorted({event.note for event in self.controller.events if about(event)})

    def refer(self, reference: JsonObject) -> None:
        """The bad pod's claim refers to these parameters."""
        claim = self.api.objects["ResourceClaim"][NAMESPACE, "bad-own-0"]
        self.api.objects["ResourceClaim"][NAMESPACE, "bad-own-0"] = {
            **claim,
            "spec": {"resourceClassName": CLASS, "allocationMode": "WaitForFirstConsumer", "parametersRef": reference},
        }

    def node_of(self, pod: str) -> Json:
        return at(self.api.get("Pod", (NAMESPACE, pod)), "spec", "nodeName")

    def edit(self, node: str, spec: JsonObject) -> None:
        state = self.api.objects["NodeAllocationState"][DRIVER_NAMESPACE, node]
        self.api.objects["NodeAllocationState"][DRIVER_NAMESPACE, node] = {**state, "spec": dict(spec)}
        self.api.patch("NodeAllocationState", (DRIVER_NAMESPACE, node), {"metadata": {"labels": {"edited": "yes"}}})


GROUP = "gpu.resource.example.com"


def parameters(spec: JsonObject) -> Callable[[Scene], None]:
    def put(scene: Scene) -> None:
        scene.side.create_parameters("bad", spec)
        scene.pods("bad")

    return put


def reference(**fields: str) -> Callable[[Scene], None]:
    def put(scene: Scene) -> None:
        scene.pods()
        scene.refer(fields)

    return put


@pytest.mark.parametrize(
    ("put", "said"),
    [
        (lambda scene: scene.pods("nowhere"), "there is no GpuClaimParameters nowhere in the namespace default"),
        (parameters({"count": 0}), "spec.count: invalid number of GPUs: 0 (use 1 to 32)"),
        (parameters({"count": 10_000}), "spec.count: invalid number of GPUs: 10000 (use 1 to 32)"),
        (parameters({"count": -1}), "invalid number of GPUs: -1"),
        (parameters({"count": "two"}), 'spec.count: expected a whole number, found "two"'),
        (parameters({"counts": 2}), "spec.counts: the field is not known"),
        (parameters({"sharing": {"strategy": "Sometimes"}}), "Sometimes"),
        (parameters({"selector": "device.nonsense"}), "spec.selector: compilation failed"),
        (parameters({"selector": "1 +"}), "spec.selector: "),
        (reference(apiGroup=GROUP, kind="TpuClaimParameters", name="bad"), "is not a kind of parameters"),
        (reference(apiGroup="example.com", kind="GpuClaimParameters", name="bad"), "is not a kind of parameters"),
        (reference(kind="ConfigMap", name="bad"), "is not a kind of parameters"),
    ],
)
def test_what_a_claim_asks_for_in_a_wrong_way_is_told(put: Callable[[Scene], None], said: str) -> None:
    scene = Scene()
    put(scene)
    scene.run()
    (on_claim,) = scene.told("ResourceClaim", "bad-own-0")
    (on_pod,) = scene.told("Pod", "bad")
    assert said in on_claim
    assert said in on_pod
    assert on_pod.startswith("resourceClaims[own-0]")
    assert not scene.node_of("bad")
    assert scene.node_of("good")
    assert not scene.told("Pod", "good")


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"allocatableDevices": "all"}, "spec.allocatableDevices: expected a list"),
        ({"allocatableDevices": [{"tpu": {}}]}, "spec.allocatableDevices[0].gpu: the field is missing"),
        ({"allocatableDevices": [{"device": {"name": "gpu-0", "pool": "node-a"}}]}, "spec.allocatableDevices[0]"),
        ({"allocatableDevices": [], "allocatedClaims": {"x": 1}}, "spec.allocatedClaims.x: expected an object"),
        ({"allocatableDevices": []}, "not enough of the node's GPUs are free and match"),
        ({"allocatableDevices": [{"gpu": {"uuid": "GPU-0", "productName": "x", "memory": "much"}}]}, ""),
    ],
)
def test_a_state_that_was_edited_into_nonsense_is_told_and_the_other_node_serves(spec: JsonObject, said: str) -> None:
    scene = Scene()
    scene.edit("node-a", spec)
    scene.side.create_pod("bad", [""], node_name="node-a")
    scene.side.create_pod("good", [""])
    scene.run()
    assert scene.node_of("good") == "node-b" or not said
    for kind, name in (("ResourceClaim", "bad-own-0"), ("Pod", "bad")):
        assert all(said in note for note in scene.told(kind, name))
        assert scene.told(kind, name) or not said
    scene.side.delete_pod("bad")
    scene.side.delete_pod("good")
    scene.run()


def test_a_node_without_a_state_is_told() -> None:
    scene = Scene()
    for node in ("node-a", "node-b"):
        scene.api.delete("NodeAllocationState", (DRIVER_NAMESPACE, node))
    scene.pods()
    scene.run()
    for kind, name in (("ResourceClaim", "bad-own-0"), ("Pod", "bad")):
        (note,) = {note for note in scene.told(kind, name) if "2 nodes" in note}
        assert "the node has no NodeAllocationState" in note
        assert "look whether the driver's kubelet plugin runs there" in note


def test_one_node_without_a_state_is_no_reason_for_an_event() -> None:
    scene = Scene()
    scene.api.delete("NodeAllocationState", (DRIVER_NAMESPACE, "node-a"))
    scene.side.create_pod("pod", ["", ""])  # two claims: the scheduler asks about both nodes first
    scene.run()
    assert scene.node_of("pod") == "node-b"
    assert scene.controller.events == []


def test_a_class_of_another_driver_is_nothing_to_us() -> None:
    scene = Scene()
    scene.api.create("ResourceClass", {"metadata": {"name": "other"}, "driverName": "other.example.com"})
    scene.pods("nowhere")
    claim = scene.api.objects["ResourceClaim"][NAMESPACE, "bad-own-0"]
    scene.api.objects["ResourceClaim"][NAMESPACE, "bad-own-0"] = {**claim, "spec": {"resourceClassName": "other"}}
    for pod in ("bad", "good", "good"):
        scene.side.schedule(pod)
        scene.controller.sync_all()
    assert scene.node_of("good")
    assert scene.controller.events == []
    assert scene.api.get("ResourceClaim", (NAMESPACE, "bad-own-0")) == {**claim, "spec": {"resourceClassName": "other"}}
