"""What a PodSchedulingContext is answered, and when it is not obeyed."""

from __future__ import annotations

from dra_core.snapshot.json_value import Json, JsonObject, at, list_at, text_at

from tests.property.negotiation.classic_api import ClassicApi
from tests.property.negotiation.cluster_side import NAMESPACE, ClusterSide
from tests.property.negotiation.controller_side import Controller


class Scene:
    """So many nodes of one GPU each."""

    def __init__(self, nodes: int = 1) -> None:
        self.api = ClassicApi()
        self.side = ClusterSide(self.api, gpus=1)
        self.side.create_parameters("two", {"count": 2})
        self.nodes = [f"node-{number:03}" for number in range(nodes)]
        for node in self.nodes:
            self.side.node_comes(node)
        self.controller = Controller(self.api)

    def ask(self, spec: JsonObject) -> None:
        self.api.patch("PodSchedulingContext", (NAMESPACE, "pod"), {"spec": spec})
        self.controller.sync_all()

    def claim(self) -> JsonObject:
        found = self.api.get("ResourceClaim", (NAMESPACE, "pod-own-0"))
        assert found is not None
        return found

    def told(self) -> list[Json]:
        (entry,) = list_at(self.api.get("PodSchedulingContext", (NAMESPACE, "pod")), "status", "resourceClaims")
        return [*list_at(entry, "unsuitableNodes")]


def test_the_pod_has_its_claim_reserved_with_the_allocation() -> None:
    """In one write: nobody else can take it before the scheduler comes back."""
    scene = Scene()
    scene.side.create_pod("pod", [""])
    scene.side.schedule("pod")
    scene.controller.sync_all()
    (reserved,) = list_at(scene.claim(), "status", "reservedFor")
    assert (text_at(reserved, "resource"), text_at(reserved, "name")) == ("pods", "pod")


def test_of_more_nodes_than_an_answer_holds_the_selected_one_is_told_first_then_those_asked_about() -> None:
    scene = Scene(nodes=200)
    scene.side.create_pod("pod", ["two"])
    scene.side.schedule("pod")
    scene.ask({"selectedNode": None, "potentialNodes": scene.nodes[:128]})
    assert scene.told() == scene.nodes[:128]
    scene.ask({"selectedNode": scene.nodes[199], "potentialNodes": scene.nodes[100:198]})
    told = scene.told()
    assert len(told) == 128, "the API server takes no more"
    assert set(told) >= {scene.nodes[199], *scene.nodes[100:198]}
    assert told == sorted(map(str, told))


def test_a_pod_that_is_being_deleted_gets_nothing() -> None:
    scene = Scene()
    scene.side.create_pod("pod", [""])
    scene.side.schedule("pod")
    scene.api.patch(
        "Pod", (NAMESPACE, "pod"), {"metadata": {"deletionTimestamp": "now", "finalizers": ["example.com/x"]}}
    )
    scene.controller.sync_all()
    assert at(scene.claim(), "status", "allocation") is None


def test_a_context_that_is_being_deleted_is_not_obeyed() -> None:
    scene = Scene()
    scene.side.create_pod("pod", [""])
    scene.side.schedule("pod")
    gone: JsonObject = {"metadata": {"deletionTimestamp": "now", "finalizers": ["example.com/x"]}}
    scene.api.patch("PodSchedulingContext", (NAMESPACE, "pod"), gone)
    scene.controller.sync_all()
    assert at(scene.claim(), "status", "allocation") is None


def test_a_claim_of_a_generated_name_that_was_made_for_another_pod_is_not_taken() -> None:
    scene = Scene()
    scene.side.create_pod("pod", [""])
    scene.api.patch("ResourceClaim", (NAMESPACE, "pod-own-0"), {"metadata": {"ownerReferences": None}})
    scene.side.schedule("pod")
    scene.controller.sync_all()
    assert at(scene.claim(), "status", "allocation") is None
    assert "the claim was not made for the pod pod" in scene.controller.events[0].note
