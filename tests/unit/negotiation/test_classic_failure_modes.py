"""The ways in which drivers of classic DRA were seen to fail, one by one, and what happens here instead.

Each is also reachable by the state machine (tests/property/negotiation); here they stand as examples, by name. What is
the plugin's part (10, 15, 17, 19) is in tests/unit/nodestate and tests/property/nodestate; that a look
asks for no node (18) is in tests/unit/controller.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from dra_core.negotiation import Write
from dra_core.snapshot.json_value import JsonObject, at, list_at, text_at

from tests.property.negotiation import laws
from tests.property.negotiation.classic_api import DRIVER_NAMESPACE, ClassicApi
from tests.property.negotiation.cluster_side import DRIVER, FINALIZER, NAMESPACE, ClusterSide, allocated_node, gpu
from tests.property.negotiation.controller_side import Controller


class Scene:
    """An API server with the nodes node-a and node-b of three GPUs each, everybody who acts on it, one controller."""

    def __init__(self) -> None:
        self.api = ClassicApi()
        self.side = ClusterSide(self.api, gpus=3)
        for name in ("one", "two", "three"):
            self.side.create_parameters(name, {"count": laws.COUNTS[name]})
        for node in ("node-a", "node-b"):
            self.side.node_comes(node)
        self.controller = Controller(self.api)

    def claim(self, name: str) -> JsonObject:
        found = self.api.get("ResourceClaim", (NAMESPACE, name))
        assert found is not None
        return found

    def entries(self, node: str) -> JsonObject:
        state = self.api.get("NodeAllocationState", (DRIVER_NAMESPACE, node))
        assert state is not None
        return laws.entries(state)

    def unsuitable(self, pod: str) -> dict[str, list[str]]:
        context = self.api.get("PodSchedulingContext", (NAMESPACE, pod))
        told = list_at(context, "status", "resourceClaims")
        return {text_at(one, "name"): [str(node) for node in list_at(one, "unsuitableNodes")] for one in told}

    def node_of(self, pod: str) -> str:
        return text_at(self.api.get("Pod", (NAMESPACE, pod)), "spec", "nodeName")

    def settle(self) -> None:
        laws.settle(self.side, [self.controller])

    def events(self, kind: str) -> list[str]:
        return [event.note for event in self.controller.events if event.regarding.kind == kind]


@pytest.fixture
def scene() -> Iterator[Scene]:
    made = Scene()
    yield made
    laws.no_gpu_is_in_two_claims(made.api)


def test_01_a_pod_that_goes_before_its_allocation_leaves_nothing_reserved(scene: Scene) -> None:
    scene.side.create_pod("pod", ["three", "three"])
    scene.side.schedule("pod")  # two claims: the scheduler asks before it selects
    scene.controller.sync_all()
    assert scene.unsuitable("pod") == {"own-0": ["node-a", "node-b"], "own-1": ["node-a", "node-b"]}
    scene.side.delete_pod("pod")
    scene.settle()
    laws.nothing_is_left_behind(scene.api)


def test_02_a_node_that_was_only_asked_about_is_free_for_others(scene: Scene) -> None:
    scene.side.create_pod("asks", ["two", "one"])
    scene.side.schedule("asks")
    scene.controller.sync_all()
    assert scene.unsuitable("asks") == {"own-0": [], "own-1": []}
    for i in range(2):
        scene.side.create_pod(f"takes-{i}", ["three"])
        scene.side.schedule(f"takes-{i}", i)
        scene.controller.sync_all()
    assert len(scene.entries("node-a")) == len(scene.entries("node-b")) == 1


def test_02b_what_was_said_of_a_node_is_not_forgotten_when_others_are_asked_about(scene: Scene) -> None:
    scene.side.create_pod("pod", ["three", "three"])
    scene.side.schedule("pod")
    scene.controller.sync_all()
    scene.api.patch("PodSchedulingContext", (NAMESPACE, "pod"), {"spec": {"potentialNodes": ["node-b"]}})
    scene.controller.sync_all()
    assert scene.unsuitable("pod")["own-0"] == ["node-a", "node-b"], (
        "else the scheduler asks about both in turn, for ever"
    )


def test_03_a_restarted_controller_allocates_at_once(scene: Scene) -> None:
    scene.side.create_pod("pod", ["two", "one"])
    scene.side.schedule("pod")
    scene.controller.sync_all()
    scene.side.schedule("pod")
    scene.controller.crash()
    scene.controller.sync_all()
    assert at(scene.claim("pod-own-0"), "status", "allocation") is not None
    assert at(scene.claim("pod-own-1"), "status", "allocation") is not None


def test_04_a_pod_that_was_given_a_node_past_the_scheduler_gets_its_claim_there(scene: Scene) -> None:
    scene.side.create_pod("pod", ["two"], node_name="node-b")
    scene.controller.sync_all()
    assert allocated_node(scene.claim("pod-own-0")) == "node-b"


def test_05_an_immediate_claim_is_allocated_without_a_pod(scene: Scene) -> None:
    only_b = {"nodeSelectorTerms": [{"matchExpressions": [{"key": "host", "operator": "In", "values": ["node-b"]}]}]}
    scene.api.patch("ResourceClass", ("", "gpu.example.com"), {"suitableNodes": only_b})
    scene.side.create_claim("now", "two", "Immediate")
    scene.controller.sync_all()
    assert allocated_node(scene.claim("now")) == "node-b"
    assert at(scene.claim("now"), "status", "reservedFor") is None


def test_06_a_conflict_with_the_plugin_costs_one_more_reading_and_no_event(scene: Scene) -> None:
    scene.side.create_pod("pod", ["one"])
    scene.side.schedule("pod")
    scene.controller.catch_up()
    scene.controller.sync("ResourceClaim", (NAMESPACE, "pod-own-0"))
    key = (NAMESPACE, "pod")
    assert scene.controller.decide("PodSchedulingContext", key)
    assert scene.controller.write_one()  # the finalizer
    scene.api.patch("NodeAllocationState", (DRIVER_NAMESPACE, "node-a"), {"spec": {"preparedClaims": {}}})
    assert scene.controller.decide("PodSchedulingContext", key)
    assert not scene.controller.write_one(), "the plugin was first"
    scene.controller.sync_all()
    assert at(scene.claim("pod-own-0"), "status", "allocation") is not None
    assert scene.controller.events == []


def test_07_deallocation_ends_though_node_and_state_are_gone(scene: Scene) -> None:
    scene.side.create_claim("kept", "one")
    scene.side.create_pod("pod", ["two"], ["kept"])
    scene.settle()
    scene.side.node_goes(scene.node_of("pod"))
    scene.settle()
    laws.nothing_is_left_behind(scene.api)


def test_08_an_allocated_claim_needs_no_ready_plugin(scene: Scene) -> None:
    scene.side.create_claim("kept", "one")
    scene.side.create_pod("first", [], ["kept"])
    scene.settle()
    scene.side.plugin("node-a", "NotReady")
    scene.side.create_pod("second", [], ["kept"])
    scene.settle()
    assert scene.node_of("second") == scene.node_of("first") == "node-a"


def test_08b_a_node_that_is_not_ready_is_unsuitable_though_its_state_says_ready(scene: Scene) -> None:
    scene.api.patch("Node", ("", "node-a"), {"status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}})
    scene.side.create_pod("pod", ["one"])
    scene.side.schedule("pod")
    scene.controller.sync_all()
    assert scene.unsuitable("pod") == {"own-0": ["node-a"]}


def test_08c_a_node_whose_plugin_says_that_it_is_not_ready_is_unsuitable(scene: Scene) -> None:
    scene.side.plugin("node-a", "NotReady")
    scene.side.create_pod("pod", ["one"])
    scene.side.schedule("pod")
    scene.controller.sync_all()
    assert scene.unsuitable("pod") == {"own-0": ["node-a"]}


def test_09_entries_of_claims_that_are_gone_are_collected(scene: Scene) -> None:
    scene.side.create_claim("forced", "two", "Immediate")
    scene.controller.sync_all()
    scene.api.patch("ResourceClaim", (NAMESPACE, "forced"), {"metadata": {"finalizers": None}})
    scene.api.delete("ResourceClaim", (NAMESPACE, "forced"))
    assert len(scene.entries("node-a")) == 1
    scene.controller.clean_up_all()
    assert scene.entries("node-a") == {}


def test_09b_an_allocation_on_its_way_is_not_collected(scene: Scene) -> None:
    scene.side.create_claim("now", "two", "Immediate")
    scene.controller.catch_up()
    for _ in range(2):  # finalizer, entry
        scene.controller.decide("ResourceClaim", (NAMESPACE, "now"))
        scene.controller.write_one()
    other = Controller(scene.api)
    other.clean_up_all()
    assert len(scene.entries("node-a")) == 1
    scene.controller.sync("ResourceClaim", (NAMESPACE, "now"))
    assert at(scene.claim("now"), "status", "allocation") is not None


def test_09c_a_claim_that_is_deleted_while_a_pod_uses_it_keeps_its_devices(scene: Scene) -> None:
    scene.side.create_claim("kept", "two")
    scene.side.create_pod("pod", [], ["kept"])
    scene.settle()
    node = scene.node_of("pod")
    before = scene.entries(node)
    scene.api.delete("ResourceClaim", (NAMESPACE, "kept"))
    scene.controller.sync_all()
    scene.controller.clean_up_all()
    assert scene.entries(node) == before
    assert at(scene.claim("kept"), "status", "allocation") is not None
    scene.side.delete_pod("pod")
    scene.settle()
    laws.nothing_is_left_behind(scene.api)


def test_09d_a_pod_that_is_gone_or_another_one_of_its_name_is_not_obeyed(scene: Scene) -> None:
    """Its context may be left a moment longer than itself."""
    scene.side.create_claim("kept", "two")
    scene.side.create_pod("pod", [], ["kept"])
    scene.side.schedule("pod")
    context = scene.api.get("PodSchedulingContext", (NAMESPACE, "pod"))
    assert context is not None
    scene.side.delete_pod("pod")
    scene.api.create("PodSchedulingContext", context)
    scene.controller.sync_all()
    assert at(scene.claim("kept"), "status", "allocation") is None
    scene.side.create_pod("pod", [], ["kept"])
    scene.controller.sync_all()
    assert at(scene.claim("kept"), "status", "allocation") is None, "the context is of the pod that is gone"


def test_11_of_several_claims_all_are_allocated_or_none(scene: Scene) -> None:
    scene.side.create_pod("pod", ["two", "two"])
    for _ in range(3):
        scene.side.schedule("pod")
        scene.controller.sync_all()
    assert scene.entries("node-a") == scene.entries("node-b") == {}
    assert not any(list_at(claim, "metadata", "finalizers") for claim in scene.api.all_of("ResourceClaim"))


def test_12_claims_of_one_pod_are_counted_together(scene: Scene) -> None:
    scene.side.create_pod("pod", ["two", "one"])
    scene.settle()
    assert scene.node_of("pod") != ""
    held = scene.entries(scene.node_of("pod"))
    assert sorted(len(laws.devices_of(entry)) for entry in held.values()) == [1, 2]


def test_13_of_two_controllers_that_give_away_the_same_gpu_one_reads_again(scene: Scene) -> None:
    other = Controller(scene.api)
    for name in ("first", "second"):
        scene.side.create_claim(name, "three", "Immediate")
    for controller, name in ((scene.controller, "first"), (other, "second")):
        controller.catch_up()
        controller.decide("ResourceClaim", (NAMESPACE, name))
        assert controller.write_one(), "the finalizer"
        assert controller.decide("ResourceClaim", (NAMESPACE, name))
    assert scene.controller.write_one()
    assert not other.write_one(), "the same version of the same state"
    laws.settle(scene.side, [scene.controller, other])
    nodes = [allocated_node(scene.claim(name)) for name in ("first", "second")]
    assert sorted(nodes) == ["node-a", "node-b"]


def test_14_devices_are_given_in_a_stable_order(scene: Scene) -> None:
    shuffled = [gpu("node-a", index) for index in (2, 0, 1)]
    scene.api.patch("NodeAllocationState", (DRIVER_NAMESPACE, "node-a"), {"spec": {"allocatableDevices": shuffled}})
    scene.side.create_claim("now", "two", "Immediate")
    scene.controller.sync_all()
    (entry,) = scene.entries("node-a").values()
    assert laws.devices_of(entry) == ["GPU-node-a-0", "GPU-node-a-1"]


def test_15_a_device_that_is_gone_troubles_nobody_else(scene: Scene) -> None:
    scene.side.create_claim("has", "two", "Immediate")
    scene.controller.sync_all()
    left = [gpu("node-a", 2)]
    scene.api.patch("NodeAllocationState", (DRIVER_NAMESPACE, "node-a"), {"spec": {"allocatableDevices": left}})
    scene.side.create_claim("wants", "one", "Immediate")
    scene.controller.sync_all()
    assert allocated_node(scene.claim("wants")) == "node-a"
    scene.api.delete("ResourceClaim", (NAMESPACE, "has"))
    scene.settle()
    assert len(scene.entries("node-a")) == 1


def test_16_two_workers_at_the_same_node_need_no_lock(scene: Scene) -> None:
    """Both have decided over the same version of its state; the one that comes second decides again."""
    for name in ("first", "second"):
        scene.side.create_claim(name, "two", "Immediate")
    scene.controller.catch_up()
    due: dict[str, list[Write]] = {}
    for name in ("first", "second"):
        scene.controller.decide("ResourceClaim", (NAMESPACE, name))
        assert scene.controller.write_one(), "the finalizer"
    for name in ("first", "second"):
        scene.controller.decide("ResourceClaim", (NAMESPACE, name))
        due[name] = scene.controller.to_do
    scene.controller.to_do = due["first"]
    assert scene.controller.write_one()
    scene.controller.to_do = due["second"]
    assert not scene.controller.write_one(), "two of three GPUs are no longer free"
    scene.controller.sync_all()
    assert [allocated_node(scene.claim(name)) for name in ("first", "second")] == ["node-a", "node-b"]


def test_17_a_state_that_was_made_anew_gets_its_entries_back(scene: Scene) -> None:
    scene.side.create_claim("now", "two", "Immediate")
    scene.controller.sync_all()
    before = scene.entries("node-a")
    scene.side.node_goes("node-a")
    scene.side.node_comes("node-a")
    assert scene.entries("node-a") == {}
    scene.controller.sync_all()
    assert scene.entries("node-a") == before


def test_17c_a_state_that_was_made_anew_gives_nothing_away_that_it_has_lost(scene: Scene) -> None:
    scene.side.create_claim("now", "two", "Immediate")
    scene.controller.sync_all()
    scene.side.node_goes("node-a")
    scene.side.node_comes("node-a")
    scene.side.create_claim("next", "two", "Immediate")
    scene.controller.catch_up()
    scene.controller.sync("ResourceClaim", (NAMESPACE, "next"))
    assert allocated_node(scene.claim("next")) == "node-b"


def test_17b_what_was_taken_meanwhile_is_told(scene: Scene) -> None:
    scene.side.create_claim("now", "two", "Immediate")
    scene.controller.sync_all()
    thief: JsonObject = {"gpu": {"devices": [{"uuid": "GPU-node-a-0"}]}}
    scene.side.node_goes("node-a")
    scene.side.node_comes("node-a")
    patch: JsonObject = {"spec": {"allocatedClaims": {"other-uid": thief}}}
    scene.api.patch("NodeAllocationState", (DRIVER_NAMESPACE, "node-a"), patch)
    scene.controller.sync_all()
    assert "the claim's devices GPU-node-a-0 are with other claims" in scene.events("ResourceClaim")[0]
    scene.api.patch("NodeAllocationState", (DRIVER_NAMESPACE, "node-a"), {"spec": {"allocatedClaims": None}})


def test_20_a_claim_of_the_same_name_is_another_claim(scene: Scene) -> None:
    scene.side.create_claim("same", "two", "Immediate")
    scene.controller.catch_up()
    for _ in range(2):  # finalizer, entry
        scene.controller.decide("ResourceClaim", (NAMESPACE, "same"))
        scene.controller.write_one()
    scene.controller.decide("ResourceClaim", (NAMESPACE, "same"))
    scene.api.patch("ResourceClaim", (NAMESPACE, "same"), {"metadata": {"finalizers": None}})
    scene.api.delete("ResourceClaim", (NAMESPACE, "same"))
    scene.side.create_claim("same", "one")
    assert not scene.controller.write_one(), "the allocation was meant for the one that is gone"
    scene.settle()
    assert scene.entries("node-a") == {}


def test_21_another_drivers_claims_are_left_alone(scene: Scene) -> None:
    scene.api.create("ResourceClass", {"metadata": {"name": "other"}, "driverName": "other.example.com"})
    scene.side.create_pod("pod", ["three"])
    scene.side.create_claim("foreign")
    scene.api.objects["ResourceClaim"][NAMESPACE, "foreign"]["spec"] = {"resourceClassName": "other"}
    entries = [*list_at(scene.api.get("Pod", (NAMESPACE, "pod")), "spec", "resourceClaims")]
    entries.append({"name": "foreign", "source": {"resourceClaimName": "foreign"}})
    scene.api.patch("Pod", (NAMESPACE, "pod"), {"spec": {"resourceClaims": entries}})
    scene.side.schedule("pod")
    theirs: JsonObject = {"name": "foreign", "unsuitableNodes": ["node-b"]}
    scene.api.patch("PodSchedulingContext", (NAMESPACE, "pod"), {"status": {"resourceClaims": [theirs]}}, status=True)
    scene.controller.sync_all()
    assert scene.unsuitable("pod") == {"foreign": ["node-b"], "own-0": []}
    assert at(scene.claim("foreign"), "status", "allocation") is None
    assert scene.controller.events == []


def test_21b_what_another_driver_answers_meanwhile_is_kept(scene: Scene) -> None:
    scene.side.create_pod("pod", ["three", "three"])
    scene.side.schedule("pod")
    scene.controller.catch_up()
    assert scene.controller.decide("PodSchedulingContext", (NAMESPACE, "pod"))
    theirs: JsonObject = {"name": "foreign", "unsuitableNodes": ["node-b"]}
    scene.api.patch("PodSchedulingContext", (NAMESPACE, "pod"), {"status": {"resourceClaims": [theirs]}}, status=True)
    assert not scene.controller.write_one(), "the answer would have replaced theirs"
    scene.controller.sync_all()
    assert set(scene.unsuitable("pod")) == {"foreign", "own-0", "own-1"}


@pytest.mark.parametrize("writes", [1, 2, 3])
def test_22_a_crash_behind_any_write_is_made_good(scene: Scene, writes: int) -> None:
    scene.side.create_pod("pod", ["two"])
    scene.side.schedule("pod")
    scene.controller.catch_up()
    for _ in range(writes):
        scene.controller.decide("PodSchedulingContext", (NAMESPACE, "pod"))
        assert scene.controller.write_one()
    before = scene.entries("node-a")
    scene.controller.crash()
    scene.controller.sync_all()
    claim = scene.claim("pod-own-0")
    assert FINALIZER in list_at(claim, "metadata", "finalizers")
    assert at(claim, "status", "driverName") == DRIVER
    assert writes < 2 or scene.entries("node-a") == before, "the same devices as before the crash"


def test_22a_finalizers_that_others_add_or_take_meanwhile_are_theirs(scene: Scene) -> None:
    scene.side.create_claim("now", "two", "Immediate")
    scene.controller.catch_up()
    assert scene.controller.decide("ResourceClaim", (NAMESPACE, "now"))
    scene.api.patch("ResourceClaim", (NAMESPACE, "now"), {"metadata": {"finalizers": ["example.com/theirs"]}})
    assert not scene.controller.write_one(), "it would have taken theirs away"
    scene.controller.sync_all()
    assert set(list_at(scene.claim("now"), "metadata", "finalizers")) == {"example.com/theirs", FINALIZER}


def test_22c_what_was_begun_is_finished_with_the_same_devices_though_others_are_free_by_now(scene: Scene) -> None:
    scene.side.create_claim("first", "two", "Immediate")
    scene.controller.sync_all()
    scene.side.create_claim("second", "one", "Immediate")
    scene.controller.catch_up()
    for _ in range(2):  # finalizer, entry
        scene.controller.decide("ResourceClaim", (NAMESPACE, "second"))
        assert scene.controller.write_one()
    scene.controller.crash()
    scene.api.delete("ResourceClaim", (NAMESPACE, "first"))
    scene.settle()
    (entry,) = scene.entries("node-a").values()
    assert laws.devices_of(entry) == ["GPU-node-a-2"], "the first two were free when it was finished"


def test_22d_an_entry_by_one_who_knew_an_older_claim_is_put_right(scene: Scene) -> None:
    """It has lost its allocation to another controller, and does not know it."""
    scene.side.create_claim("now", "two", "Immediate")
    late = Controller(scene.api)
    late.catch_up()
    late.decide("ResourceClaim", (NAMESPACE, "now"))
    assert late.write_one(), "the finalizer"
    scene.api.patch("ResourceClaim", (NAMESPACE, "now"), {"metadata": {"labels": {"changed": "yes"}}})
    scene.controller.sync_all()
    given = scene.entries("node-a")
    late.catch_up("NodeAllocationState")
    late.decide("ResourceClaim", (NAMESPACE, "now"))
    assert late.write_one(), "over the state as it is, for a claim as it was"
    assert scene.entries("node-a") != given
    scene.controller.sync_all()
    assert scene.entries("node-a") == given, "what the claim's allocation says"


@pytest.mark.parametrize("writes", [1, 2])
def test_22b_what_is_begun_and_never_finished_is_taken_back(scene: Scene, writes: int) -> None:
    scene.side.create_claim("kept", "two")
    scene.side.create_pod("pod", [], ["kept"])
    scene.side.schedule("pod")
    scene.controller.catch_up()
    for _ in range(writes):
        scene.controller.decide("PodSchedulingContext", (NAMESPACE, "pod"))
        assert scene.controller.write_one()
    scene.controller.crash()
    scene.side.delete_pod("pod")
    scene.settle()
    laws.nothing_is_left_behind(scene.api)


def test_the_allocation_repeats_its_entry_for_the_plugin(scene: Scene) -> None:
    scene.side.create_pod("pod", ["two"])
    scene.settle()
    claim = scene.claim("pod-own-0")
    (handle,) = list_at(claim, "status", "allocation", "resourceHandles")
    assert json.loads(text_at(handle, "data")) == scene.entries("node-a")[text_at(claim, "metadata", "uid")]
    assert at(claim, "status", "allocation", "shareable") is True
    (reserved,) = list_at(claim, "status", "reservedFor")
    assert text_at(reserved, "name") == "pod"


def test_a_deallocated_claim_is_as_at_first(scene: Scene) -> None:
    scene.side.create_claim("kept", "two")
    scene.side.create_pod("pod", [], ["kept"])
    scene.settle()
    scene.side.delete_pod("pod")
    scene.side.release()
    scene.controller.sync_all()
    after = scene.claim("kept")
    assert not list_at(after, "metadata", "finalizers")
    assert not at(after, "status")


def begin(scene: Scene, pod: str, writes: int = 2) -> None:
    """The finalizer, the entry; not the allocation."""
    scene.controller.catch_up()
    for _ in range(writes):
        scene.controller.decide("PodSchedulingContext", (NAMESPACE, pod))
        assert scene.controller.write_one()


def test_an_allocation_begun_on_another_node_is_taken_back(scene: Scene) -> None:
    scene.side.create_pod("pod", ["one"])
    scene.side.schedule("pod", 0)
    begin(scene, "pod")
    scene.controller.crash()
    scene.side.schedule("pod", 1)
    scene.controller.sync_all()
    assert allocated_node(scene.claim("pod-own-0")) == "node-b"
    scene.controller.sync_all()
    assert scene.entries("node-a") == {}


def test_an_entry_of_an_older_version_of_the_claim_is_not_relied_on(scene: Scene) -> None:
    scene.side.create_pod("pod", ["one"])
    scene.side.schedule("pod")
    begin(scene, "pod")
    scene.api.patch("ResourceClaim", (NAMESPACE, "pod-own-0"), {"metadata": {"labels": {"changed": "yes"}}})
    scene.controller.catch_up()
    scene.controller.decide("PodSchedulingContext", (NAMESPACE, "pod"))
    Controller(scene.api).clean_up_all()  # the entry is dead: its version of the claim is gone
    scene.controller.write_one()
    laws.every_live_claim_has_its_entry(scene.api)
    scene.controller.sync_all()
    assert at(scene.claim("pod-own-0"), "status", "allocation") is not None
    laws.every_live_claim_has_its_entry(scene.api)


def test_an_allocation_is_written_over_its_version_of_the_claim_or_not_at_all(scene: Scene) -> None:
    scene.side.create_pod("pod", ["one"])
    scene.side.schedule("pod")
    begin(scene, "pod")
    scene.controller.decide("PodSchedulingContext", (NAMESPACE, "pod"))
    scene.api.patch("ResourceClaim", (NAMESPACE, "pod-own-0"), {"metadata": {"labels": {"changed": "yes"}}})
    Controller(scene.api).clean_up_all()
    assert scene.entries("node-a") == {}, "dead, for nobody can write its allocation any more"
    assert not scene.controller.write_one()
    laws.every_live_claim_has_its_entry(scene.api)
