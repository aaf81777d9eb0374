"""A kubelet that stops and starts again: what runs goes on, what happened meanwhile is made up for."""

from __future__ import annotations

from dra_core.snapshot.json_value import text_at
from dra_sandbox.cluster import Sandbox
from dra_sandbox.demo.installation import NAMESPACE_OF_DRIVER
from dra_sandbox.world.objects import POD, namespace_of, uid_of

from tests.integration.sandbox.workloads import (
    PATIENCE,
    cdi_files,
    claim,
    delete_pod,
    driver_pods,
    get_pod,
    pod,
    pod_spec,
    restarts,
    run_id,
    slices,
    wait_gone,
    wait_ready,
)


def test_containers_and_claims_outlive_the_kubelet(own_cluster: Sandbox) -> None:
    own_cluster.create([claim("default", "gpu"), pod("default", "p", pod_spec(claims=["gpu"]))])
    wait_ready(own_cluster, "default", "p")
    (node,) = own_cluster.nodes.values()
    before, files = run_id(get_pod(own_cluster, "default", "p")), cdi_files(own_cluster)
    (plugin,) = driver_pods(own_cluster.world())
    plugin_before = run_id(plugin), restarts(plugin)  # a plugin that starts slowly is started again before it is ready
    node.stop_kubelet()
    node.start_kubelet()
    own_cluster.create([claim("default", "other"), pod("default", "q", pod_spec(claims=["other"]))])
    own_cluster.wait_for(
        slices, "the slices, which a kubelet deletes at its start, to be published again", 2 * PATIENCE
    )
    wait_ready(own_cluster, "default", "p", "q")
    found = get_pod(own_cluster, "default", "p")
    assert (run_id(found), restarts(found)) == (before, 0)
    assert files < cdi_files(own_cluster)
    (plugin,) = driver_pods(own_cluster.world())
    assert (run_id(plugin), restarts(plugin)) == plugin_before


def test_a_pod_that_is_made_while_the_kubelet_is_down_starts_afterwards(own_cluster: Sandbox) -> None:
    (node,) = own_cluster.nodes.values()
    node.stop_kubelet()
    own_cluster.create([claim("default", "gpu"), pod("default", "p", pod_spec(claims=["gpu"]))])
    own_cluster.wait_for(lambda world: text_at(world.get(POD, "default", "p"), "spec", "nodeName"), "a node", PATIENCE)
    node.start_kubelet()
    wait_ready(own_cluster, "default", "p")


def test_a_pod_that_is_deleted_while_the_kubelet_is_down_is_given_back_afterwards(own_cluster: Sandbox) -> None:
    """Also one that is gone from the API altogether: the checkpoint knows what is held."""
    own_cluster.create(
        [
            claim("default", "gpu"),
            pod("default", "asked", pod_spec(claims=["gpu"])),
            claim("default", "other"),
            pod("default", "forced", pod_spec(claims=["other"])),
        ]
    )
    wait_ready(own_cluster, "default", "asked", "forced")
    (node,) = own_cluster.nodes.values()
    node.stop_kubelet()
    delete_pod(own_cluster, "default", "asked")
    delete_pod(own_cluster, "default", "forced", grace_seconds=0)
    assert own_cluster.world().get(POD, "default", "forced") is None
    assert len(cdi_files(own_cluster)) == 2
    others = {uid_of(item) for item in own_cluster.world().all(POD) if namespace_of(item) == NAMESPACE_OF_DRIVER}
    node.start_kubelet()
    wait_gone(own_cluster, "default", "asked")
    assert node.runtime.wait_for(lambda: node.runtime.pods() == others, PATIENCE)
    assert cdi_files(own_cluster) == set()
