"""Prepare and unprepare: modern DRA's conformance list, as far as it takes a real kubelet."""

from __future__ import annotations

from dra_core.snapshot.json_value import text_at

from tests.e2e.objects import DRIVER, claim, gpu_config, pod, request, template
from tests.e2e.world import World, allocated_devices, consumers, eventually

FAILED = "FailedPrepareDynamicResources"


def test_failing_prepare_keeps_the_pod_pending_and_says_why_then_a_later_one_succeeds(
    world: World, namespace: str
) -> None:
    with world.cdi_directory_read_only():
        world.create(claim(namespace, "gpu"), pod(namespace, "patient", {"gpu": "gpu"}))
        world.wait_for_event(
            namespace, "patient", FAILED, "ResourceClaim gpu", "CDI file", "not be written", "Permission denied"
        )
        assert world.phase(namespace, "patient") == "Pending"
    world.wait_ready(namespace, "patient")


def test_failing_prepare_is_repeated_after_a_restart_of_the_kubelet(world: World, namespace: str) -> None:
    with world.cdi_directory_read_only():
        world.create(claim(namespace, "gpu"), pod(namespace, "patient", {"gpu": "gpu"}))
        world.wait_for_event(namespace, "patient", FAILED)
        world.cluster.restart("kubelet")
    world.wait_ready(namespace, "patient")


def test_failing_unprepare_is_repeated_until_it_succeeds(world: World, namespace: str) -> None:
    """With a pod that runs to its end, and one that is deleted; also after a restart of the kubelet in between."""
    world.run(claim(namespace, "kept"), claim(namespace, "gpu"), pod(namespace, "deleted", {"gpu": "gpu"}))
    with world.cdi_directory_read_only():
        world.create(pod(namespace, "done", {"gpu": "kept"}, command=["true"]))
        # Both claims need a write: `done` cannot even start, `deleted` cannot be unprepared.
        world.delete("Pod", namespace, "deleted")
        world.wait_for_event(namespace, "done", FAILED)
        assert world.claim_uid(namespace, "gpu") in world.prepared()
        world.cluster.restart("kubelet")
        assert world.phase(namespace, "deleted") == "Running"
    world.wait_gone(namespace, "deleted")
    eventually("the end of `done`", lambda: world.phase(namespace, "done") == "Succeeded")
    eventually("unprepare of both", world.nothing_is_prepared)
    assert consumers(world.read("ResourceClaim", namespace, "kept")) in ([], ["done"])


def test_force_deleted_pod_is_unprepared(world: World, namespace: str) -> None:
    world.run(claim(namespace, "gpu"), pod(namespace, "short", {"gpu": "gpu"}))
    world.delete("Pod", namespace, "short", grace_seconds=0)
    eventually("unprepare", world.nothing_is_prepared)


def test_new_claim_of_the_same_name_waits_for_the_unprepare_of_the_old_one(world: World, namespace: str) -> None:
    world.run(claim(namespace, "gpu"), pod(namespace, "old", {"gpu": "gpu"}))
    old = world.claim_uid(namespace, "gpu")
    with world.cdi_directory_read_only():
        world.delete("Pod", namespace, "old", grace_seconds=0)
        world.delete("ResourceClaim", namespace, "gpu")
        eventually("the end of the old claim", lambda: not world.claims(namespace))
        world.create(claim(namespace, "gpu"), pod(namespace, "new", {"gpu": "gpu"}))
        world.wait_for_event(namespace, "new", FAILED, "old", "UID")
        assert world.prepared() == {old}
    world.wait_ready(namespace, "new")
    assert world.prepared() == {world.claim_uid(namespace, "gpu")} != {old}


def test_prepare_is_called_for_a_claim_that_no_container_uses(world: World, namespace: str) -> None:
    world.run(claim(namespace, "gpu"), pod(namespace, "idle", {"gpu": "gpu"}, {"ctr0": []}))
    assert world.prepared() == {world.claim_uid(namespace, "gpu")}
    assert not [key for key in world.environment(namespace, "idle") if key.startswith("GPU_DEVICE_")]


def test_pod_put_on_the_node_by_hand_does_not_start_without_an_allocated_claim(world: World, namespace: str) -> None:
    node = world.layout.node_name
    world.create(claim(namespace, "gpu"), pod(namespace, "pushy", {"gpu": "gpu"}, nodeName=node))
    world.wait_for_event(namespace, "pushy", FAILED)
    assert world.phase(namespace, "pushy") == "Pending"
    assert world.nothing_is_prepared()


def test_invalid_opaque_configuration_is_told_with_all_its_faults(world: World, namespace: str) -> None:
    """Each fault with its path, in the pod's events; another pod on the node is none the worse for it."""
    wrong = gpu_config({"sharing": {"strategy": "TimeSlicing", "timeSlicingConfig": {"interval": "Eternal"}}}, "first")
    worse = gpu_config(
        {"sharing": {"strategy": "SpacePartitioning", "spacePartitioningConfig": {"partitionCount": -1}}}
    )
    unknown = gpu_config({"shering": {}}, "second")
    broken = claim(namespace, "broken", request("first"), request("second"), config=[wrong, worse, unknown])
    world.create(broken, pod(namespace, "broken", {"gpus": "broken"}))
    world.wait_for_event(
        namespace, "broken", FAILED,
        "config[0].opaque.parameters.sharing.timeSlicingConfig.interval", "Eternal",
        "config[1].opaque.parameters.sharing.spacePartitioningConfig.partitionCount", "-1",
        "config[2].opaque.parameters", "shering",
    )  # fmt: skip
    world.run(claim(namespace, "sound"), pod(namespace, "sound", {"gpu": "sound"}))
    assert world.phase(namespace, "broken") == "Pending"
    assert world.prepared() == {world.claim_uid(namespace, "sound")}


def test_two_drivers_in_one_pod_are_both_called(world: World, namespace: str) -> None:
    """A second release of the chart with another driver's name, beside the first; the kubelet counts for each."""
    other = f"second.{namespace}.example.com"  # another one in a second run: slices outlive their plugin by 30 s
    with world.second_release(other):
        world.run(
            claim(namespace, "both", request("one"), request("two", other)),
            pod(namespace, "both", {"gpus": "both"}),
        )
        environment = world.environment(namespace, "both")
        assert environment["DRA_RESOURCE_DRIVER_NAME"] in {DRIVER, other}
        uid = world.claim_uid(namespace, "both")
        assert world.prepared() == world.prepared(other) == {uid}
        assert len({name for name in world.cdi_files() if uid in name}) == 2
        eventually("the kubelet's count", lambda: _claims_in_use(world) == {DRIVER: 1, other: 1, "<any>": 1})
        world.delete("Pod", namespace, "both")
        world.wait_gone(namespace, "both")
        eventually("both unprepared", lambda: not world.prepared() and not world.prepared(other))
        eventually("the kubelet's count at zero", lambda: set(_claims_in_use(world).values()) <= {0})


def _claims_in_use(world: World) -> dict[str, float]:
    """By driver; ``<any>`` counts each claim once."""
    name = 'dra_resource_claims_in_use{driver_name="'
    metrics = world.metrics(f"/api/v1/nodes/{world.layout.node_name}/proxy/metrics")
    return {key.removeprefix(name).removesuffix('"}'): value for key, value in metrics.items() if key.startswith(name)}


def test_claim_is_deallocated_after_use_and_a_generated_one_deleted(world: World, namespace: str) -> None:
    world.run(
        claim(namespace, "stays"),
        template(namespace, "generated"),
        pod(namespace, "user", {"own": "stays", "generated": "template:generated"}),
    )
    assert len(world.claims(namespace)) == 2
    assert all(consumers(found) == ["user"] for found in world.claims(namespace))
    world.delete("Pod", namespace, "user")
    eventually("the end of the generated claim", lambda: len(world.claims(namespace)) == 1)
    eventually("deallocation", lambda: not allocated_devices(world.read("ResourceClaim", namespace, "stays")))
    assert text_at(world.claims(namespace)[0], "metadata", "name") == "stays"
