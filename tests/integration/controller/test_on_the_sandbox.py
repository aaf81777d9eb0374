"""The controller, as a process, against the sandbox's API server; the test plays the scheduler and the rest."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from dra_apiserver import LEASES
from dra_core.snapshot.json_value import JsonObject, at, text_at

from tests.integration.controller.controller_process import ControllerProcess
from tests.integration.controller.over_http import OverHttp, done, eventually
from tests.property.negotiation import laws
from tests.property.negotiation.classic_api import DRIVER_NAMESPACE
from tests.property.negotiation.cluster_side import NAMESPACE, ClusterSide


def http(side: ClusterSide) -> OverHttp:
    assert isinstance(side.api, OverHttp)
    return side.api


def runs(side: ClusterSide, pod: str) -> bool:
    """One more attempt of the scheduler, after what is free is known to be; whether the pod has a node."""
    side.release()
    side.schedule(pod)
    return bool(text_at(side.api.get("Pod", (NAMESPACE, pod)), "spec", "nodeName"))


def is_allocated(side: ClusterSide, claim: str) -> bool:
    return at(side.api.get("ResourceClaim", (NAMESPACE, claim)), "status", "allocation") is not None


def nothing_is_left(side: ClusterSide) -> bool:
    side.release()
    try:
        laws.nothing_is_left_behind(side.api)
    except AssertionError:
        return False
    return True


def lease_holder(side: ClusterSide) -> str:
    lease = done(http(side).client.get(LEASES, "gpu-resource-example-com", DRIVER_NAMESPACE))
    return text_at(lease, "spec", "holderIdentity")


def test_pods_get_their_gpus_and_leave_nothing_behind(side: ClusterSide, controller: ControllerProcess) -> None:
    side.create_parameters("two", {"count": 2, "selector": 'device.attributes["gpu.resource.example.com"].index > 0'})
    side.create_claim("kept")
    side.create_pod("first", ["two"], ["kept"])
    side.create_pod("second", [], ["kept"])
    for pod in ("first", "second"):
        eventually(partial(runs, side, pod), f"{pod} is scheduled: {controller.lines}")
    laws.no_gpu_is_in_two_claims(side.api)
    laws.every_live_claim_has_its_entry(side.api)
    (state,) = side.api.all_of("NodeAllocationState")
    held = [laws.devices_of(entry) for entry in laws.entries(state).values()]
    assert ["GPU-node-a-1", "GPU-node-a-2"] in held
    for pod in ("first", "second"):
        side.delete_pod(pod)
    eventually(lambda: nothing_is_left(side), f"nothing is left: {controller.lines}")


def test_a_pod_that_waits_gets_what_another_gives_back(side: ClusterSide, controller: ControllerProcess) -> None:
    side.create_parameters("four", {"count": 4})
    for pod in ("first", "second"):
        side.create_pod(pod, ["four"])
    eventually(lambda: runs(side, "first"), f"the first is scheduled: {controller.lines}")
    side.schedule("second")

    def is_told_to_wait() -> bool:
        context = side.api.get("PodSchedulingContext", (NAMESPACE, "second"))
        return "node-a" in str(at(context, "status", "resourceClaims"))

    eventually(is_told_to_wait, f"the second is told to wait: {controller.lines}")
    assert not is_allocated(side, "second-own-0")
    side.delete_pod("first")
    eventually(lambda: runs(side, "second"), f"the second is scheduled: {controller.lines}")


def test_bad_parameters_are_told_and_hold_nobody_up(side: ClusterSide, controller: ControllerProcess) -> None:
    side.create_parameters("bad", {"selector": "device.nonsense"})
    side.create_claim("missing", "nowhere", "Immediate")
    side.create_claim("unusable", "bad", "Immediate")
    side.create_claim("good", "", "Immediate")
    eventually(lambda: is_allocated(side, "good"), f"it is allocated: {controller.lines}")

    def is_told(words: str) -> bool:
        return any(note.startswith(words) for note in http(side).events("ResourceClaim"))

    for words in (
        "gpuclaimparameters bad: spec.selector: compilation failed",
        "spec.parametersRef.name: there is no GpuClaimParameters nowhere",
    ):
        eventually(partial(is_told, words), f"it is told: {words}")
    side.create_parameters("nowhere", {})
    eventually(lambda: is_allocated(side, "missing"), f"it is allocated after all: {controller.lines}")


@pytest.mark.parametrize("count", [0, 33, 10_000])
def test_a_count_that_cannot_be_is_refused_when_it_is_written(side: ClusterSide, count: int) -> None:
    with pytest.raises(AssertionError, match=r"spec\.count in body should be"):
        side.create_parameters("bad", {"count": count})


def test_what_is_wrong_is_told_on_claim_and_pod_and_others_are_served(
    side: ClusterSide, controller: ControllerProcess
) -> None:
    side.node_comes("node-b")
    nonsense: JsonObject = {"spec": {"allocatableDevices": [{"device": {"name": "gpu-0", "pool": "node-b"}}]}}
    side.api.patch("NodeAllocationState", (DRIVER_NAMESPACE, "node-b"), nonsense)
    side.create_pod("missing", ["nowhere"])
    side.create_pod("on-b", [""], node_name="node-b")
    side.create_pod("good", [""])
    side.schedule("missing")
    eventually(lambda: runs(side, "good"), f"the good one is scheduled: {controller.lines}")

    def told(kind: str) -> list[str]:
        return sorted(http(side).events(kind))

    for kind in ("Pod", "ResourceClaim"):
        for said in (
            "nodeallocationstate node-b.spec.allocatableDevices[0]",
            "there is no GpuClaimParameters nowhere in the namespace default",
        ):
            eventually(lambda: any(said in note for note in told(kind)), f"{said} is told on the {kind}")  # noqa: B023  awaited here


def test_another_takes_over_at_once_when_the_leader_stops(
    kubeconfig: Path, side: ClusterSide, controller: ControllerProcess
) -> None:
    controller.wait_for("working")
    other = ControllerProcess(kubeconfig, ["--identity", "other"])
    try:
        other.wait_for("waiting for the lease")
        assert other.ask("/readyz") == (200, "ok")  # an update waits for it before it takes away the one that leads
        assert "dra_example_controller_leading 0.0" in other.ask("/metrics")[1]
        assert controller.ask("/readyz") == (200, "ok")
        assert controller.stop() == 0, controller.lines
        other.wait_for("working")
        assert lease_holder(side) == "other"
        side.create_claim("good", "", "Immediate")
        eventually(lambda: is_allocated(side, "good"), f"it is allocated: {other.lines}")
        assert "dra_example_controller_leading 1.0" in other.ask("/metrics")[1]
        assert other.stop() == 0
        assert lease_holder(side) == ""
    finally:
        other.end()


def test_a_controller_that_was_killed_is_made_good_by_the_next(
    kubeconfig: Path, side: ClusterSide, controller: ControllerProcess
) -> None:
    side.create_claim("before", "", "Immediate")
    eventually(lambda: is_allocated(side, "before"), f"it is allocated: {controller.lines}")
    controller.kill()
    side.api.patch("ResourceClaim", (NAMESPACE, "before"), {"metadata": {"finalizers": None}})
    side.api.delete("ResourceClaim", (NAMESPACE, "before"))
    following = ControllerProcess(kubeconfig, ["--leader-election", "false"])
    try:
        eventually(lambda: nothing_is_left(side), f"it is cleaned up: {following.lines}")
    finally:
        following.end()


def test_a_state_edited_into_nonsense_is_refused_by_the_schema(side: ClusterSide) -> None:
    nonsense: JsonObject = {"spec": {"allocatedClaims": {"some-uid": {"gpu": {"devices": "all"}}}}}
    try:
        side.api.patch("NodeAllocationState", (DRIVER_NAMESPACE, "node-a"), nonsense)
    except AssertionError as refused:
        assert "spec.allocatedClaims" in str(refused)  # noqa: PT017  the failure is the assertion of ``done``
    else:
        raise AssertionError("it was accepted")
