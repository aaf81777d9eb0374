"""What classes and parameters make of a node's GPUs: one allocator, asked in the words of resource.k8s.io/v1."""

from __future__ import annotations

from dra_core.snapshot.json_value import Json, JsonObject, at, text_at

from tests.property.negotiation import laws
from tests.property.negotiation.classic_api import DRIVER_NAMESPACE, ClassicApi
from tests.property.negotiation.cluster_side import DRIVER, GROUP, NAMESPACE, ClusterSide, allocated_node
from tests.property.negotiation.controller_side import Controller

CLASS = ("", "gpu.example.com")


class Scene:
    """A node of four GPUs: the first two of model A-1, the others of model B.1."""

    def __init__(self) -> None:
        self.api = ClassicApi()
        self.side = ClusterSide(self.api, gpus=0)
        self.side.node_comes("node")
        models = ("A-1", "A-1", "B.1", "B.1")
        devices: list[Json] = [
            {"gpu": {"uuid": f"GPU-{i}", "productName": model, "index": i, "memory": f"{40 + 10 * i}Gi"}}
            for i, model in enumerate(models)
        ]
        self.patch_state({"spec": {"allocatableDevices": devices}})
        self.controller = Controller(self.api)

    def patch_state(self, patch: JsonObject) -> None:
        self.api.patch("NodeAllocationState", (DRIVER_NAMESPACE, "node"), patch)

    def class_parameters(self, spec: JsonObject) -> None:
        self.api.create(
            "DeviceClassParameters", {"apiVersion": f"{GROUP}/v1alpha1", "metadata": {"name": "class"}, "spec": spec}
        )
        reference: JsonObject = {"apiGroup": GROUP, "kind": "DeviceClassParameters", "name": "class"}
        self.api.patch("ResourceClass", CLASS, {"parametersRef": reference})

    def claim(self, name: str, spec: JsonObject | None = None) -> list[str]:
        """The GPUs of a claim with these parameters; empty: it is not allocated."""
        if spec is not None:
            self.side.create_parameters(name, spec)
        self.side.create_claim(name, name if spec is not None else "", "Immediate")
        self.controller.sync_all()
        entry = self.entry(name)
        return laws.devices_of(entry) if entry is not None else []

    def entry(self, name: str) -> Json:
        claim = self.api.get("ResourceClaim", (NAMESPACE, name))
        state = self.api.get("NodeAllocationState", (DRIVER_NAMESPACE, "node"))
        assert state is not None
        return laws.entries(state).get(text_at(claim, "metadata", "uid"))

    def told(self) -> str:
        return self.controller.events[-1].note


def test_a_selector_chooses_among_the_gpus() -> None:
    scene = Scene()
    domain = f'device.attributes["{DRIVER}"]'
    assert scene.claim("b", {"selector": f'{domain}.model == "B.1"'}) == ["GPU-2"]
    capacity = f'device.capacity["{DRIVER}"].memory'
    assert scene.claim("big", {"selector": f'{capacity}.compareTo(quantity("45Gi")) > 0', "count": 2}) == [
        "GPU-1",
        "GPU-3",
    ]


def test_how_many_are_allocated_is_told_for_people() -> None:
    scene = Scene()

    def allocated() -> Json:
        return at(scene.api.get("NodeAllocationState", (DRIVER_NAMESPACE, "node")), "spec", "counts", "allocated")

    scene.claim("one")
    scene.claim("two", {"count": 2})
    assert allocated() == 3
    scene.api.delete("ResourceClaim", (NAMESPACE, "two"))
    scene.controller.sync_all()
    assert allocated() == 1
    scene.api.delete("ResourceClaim", (NAMESPACE, "one"))
    scene.controller.sync_all()
    assert allocated() == 0


def test_a_class_names_products_with_stars() -> None:
    scene = Scene()
    scene.class_parameters({"deviceSelector": [{"type": "gpu", "name": "B.?"}, {"type": "gpu", "name": "none"}]})
    assert scene.claim("any") == ["GPU-2"]
    assert scene.claim("two", {"count": 2}) == []
    assert "not enough of the node's GPUs are free and match" in scene.told()


def test_the_point_in_a_products_name_is_a_point() -> None:
    scene = Scene()
    scene.class_parameters({"deviceSelector": [{"type": "gpu", "name": "A.1"}]})
    assert scene.claim("any") == []


def test_the_claims_sharing_wins_over_the_classs() -> None:
    scene = Scene()
    scene.class_parameters({"sharing": {"strategy": "SpacePartitioning"}})
    scene.claim("class")
    scene.claim("own", {"sharing": {"strategy": "TimeSlicing"}})
    assert at(scene.entry("class"), "gpu", "sharing", "spacePartitioningConfig", "partitionCount") == 1
    assert at(scene.entry("own"), "gpu", "sharing", "timeSlicingConfig", "interval") == "Default"


def test_an_unhealthy_gpu_is_given_to_nobody() -> None:
    scene = Scene()
    sick: JsonObject = {"gpu": {"uuid": "GPU-0", "productName": "A-1", "health": "Unhealthy"}}
    well: JsonObject = {"gpu": {"uuid": "GPU-1", "productName": "A-1"}}
    scene.patch_state({"spec": {"allocatableDevices": [sick, well]}})
    assert scene.claim("one") == ["GPU-1"]
    assert scene.claim("two") == []


def test_a_state_edited_into_nonsense_holds_only_its_own_node_up() -> None:
    scene = Scene()
    scene.side.gpus = 1
    scene.side.node_comes("zebra")
    scene.patch_state({"spec": {"allocatedClaims": {"some-uid": {"gpu": {"devices": "all"}}}}})
    assert scene.claim("first") == []
    claim = scene.api.get("ResourceClaim", (NAMESPACE, "first"))
    assert claim is not None
    assert allocated_node(claim) == "zebra"
    assert scene.claim("second") == []
    assert 'expected a list, found "all"' in scene.told()


def test_a_gpu_that_is_listed_twice_is_given_once() -> None:
    scene = Scene()
    twice: JsonObject = {"gpu": {"uuid": "GPU-0", "productName": "A-1"}}
    scene.patch_state({"spec": {"allocatableDevices": [twice, twice]}})
    assert scene.claim("first") == ["GPU-0"]
    assert scene.claim("second") == []


def test_a_node_without_a_state_is_unsuitable() -> None:
    scene = Scene()
    scene.api.delete("NodeAllocationState", (DRIVER_NAMESPACE, "node"))
    scene.side.create_pod("pod", [""])
    scene.side.schedule("pod")
    scene.controller.sync_all()
    context = scene.api.get("PodSchedulingContext", (NAMESPACE, "pod"))
    assert at(context, "status", "resourceClaims") == [{"name": "own-0", "unsuitableNodes": ["node"]}]


def test_a_gpu_that_is_still_prepared_for_a_claim_that_ended_waits_for_its_plugin() -> None:
    scene = Scene()
    prepared: JsonObject = {"ended": {"gpu": {"devices": [{"uuid": "GPU-0"}]}}}
    scene.patch_state({"spec": {"preparedClaims": prepared}})
    assert scene.claim("one") == ["GPU-1"]
    assert scene.claim("three", {"count": 3}) == []
    scene.patch_state({"spec": {"preparedClaims": None}})
    scene.controller.sync_all()
    assert laws.devices_of(scene.entry("three")) == ["GPU-0", "GPU-2", "GPU-3"]
