"""What a pod's user is told when the driver, the runtime or the kubelet refuses; and that nothing else suffers."""

from __future__ import annotations

from dra_core.snapshot.json_value import text_at
from dra_sandbox.cluster import Sandbox
from dra_sandbox.demo.device_table import device_rows, in_use
from dra_sandbox.demo.installation import DRIVER
from dra_sandbox.world.objects import CLAIM, POD, objects_at

from tests.integration.sandbox.workloads import (
    PATIENCE,
    cdi_files,
    claim,
    claim_spec,
    delete_pod,
    get_pod,
    opaque,
    pod,
    pod_spec,
    run_id,
    wait_event,
    wait_gone,
    wait_ready,
)

WRONG = opaque({"sharing": {"strategy": "Wishful", "timeSlicingConfig": {"interval": "Never"}}})


def test_invalid_configuration_is_told_in_the_pods_events_with_every_fault(cluster: Sandbox, where: str) -> None:
    cluster.create(
        [
            claim(where, "wrong", claim_spec(config=[WRONG])),
            claim(where, "right"),
            pod(where, "bad", pod_spec(claims=["wrong"])),
            pod(where, "good", pod_spec(claims=["right"])),
        ]
    )
    wait_event(cluster, where, "bad", "FailedPrepareDynamicResources", "Wishful", "strategy", "interval")
    wait_ready(cluster, where, "good")
    waiting = get_pod(cluster, where, "bad")
    assert text_at(waiting, "status", "phase") == "Pending"
    assert text_at(objects_at(waiting, "status", "containerStatuses")[0], "state", "waiting", "reason") == (
        "ContainerCreating"
    )
    delete_pod(cluster, where, "bad")
    wait_gone(cluster, where, "bad")
    cluster.wait_for(lambda world: len(in_use(device_rows(world, DRIVER))) == 1, "one device in use", PATIENCE)
    assert len(cdi_files(cluster)) == 1


def test_an_image_that_the_sandbox_does_not_know_is_named_with_those_it_does(cluster: Sandbox, where: str) -> None:
    cluster.create([pod(where, "p", pod_spec(image="registry.example.com/team/app:v1"))])
    message = wait_event(cluster, where, "p", "Failed")
    assert "registry.example.com/team/app:v1" in message
    assert "busybox" in message


def test_a_cdi_file_that_is_gone_keeps_the_container_from_starting(own_cluster: Sandbox) -> None:
    """The runtime reads CDI files when a container starts, not when they are written."""
    own_cluster.create([claim("default", "gpu"), pod("default", "p", pod_spec(claims=["gpu"], script="sleep 1"))])
    own_cluster.wait_for(lambda world: run_id(world.get(POD, "default", "p") or {}), "the first start", PATIENCE)
    (node,) = own_cluster.nodes.values()
    for directory in node.directories.cdi:
        for path in directory.iterdir():
            path.unlink()
    message = wait_event(own_cluster, "default", "p", "Failed")
    assert message.startswith("CDI device injection failed: unresolvable CDI devices")


def test_a_claim_that_is_made_anew_waits_until_the_old_one_is_given_back(cluster: Sandbox, where: str) -> None:
    cluster.create([claim(where, "gpu"), pod(where, "first", pod_spec(claims=["gpu"]))])
    wait_ready(cluster, where, "first")
    delete_pod(cluster, where, "first")
    wait_gone(cluster, where, "first")
    cluster.create([pod(where, "second", pod_spec(claims=["gpu"]))])
    wait_ready(cluster, where, "second")
    assert cluster.world().get(CLAIM, where, "gpu") is not None


def test_a_pod_that_is_bound_by_hand_without_an_allocated_claim_does_not_start(cluster: Sandbox, where: str) -> None:
    cluster.create([claim(where, "gpu"), pod(where, "p", pod_spec(claims=["gpu"], nodeName="node-1"))])
    wait_event(cluster, where, "p", "FailedPrepareDynamicResources", "not allocated")
