"""The driver's process comes, is killed, is updated and goes: what happens to its slices and to pods."""

from __future__ import annotations

import signal
from datetime import timedelta

from dra_core.snapshot.json_value import JsonObject, at, text_at
from dra_sandbox.cluster import Sandbox, sandbox
from dra_sandbox.demo.installation import DRIVER, install_driver
from dra_sandbox.world.objects import (
    DAEMON_SET,
    World,
    name_of,
    namespace_of,
    objects_at,
    pod_ready,
    uid_of,
    whole_number_at,
)
from dra_sandbox.world.writes import Delete, Patch

from tests.integration.sandbox.workloads import (
    PATIENCE,
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


def kill_plugin(cluster: Sandbox, number: signal.Signals) -> None:
    """End the driver's process as its node would see it, and wait until it is back."""
    (victim,) = driver_pods(cluster.world())
    before, (node,) = restarts(victim), cluster.nodes.values()
    node.runtime.stop(run_id(victim), 0 if number is signal.SIGKILL else 30)

    def back(world: World) -> bool:
        (found,) = driver_pods(world)
        return restarts(found) > before and pod_ready(found)  # more than once where its port was taken meanwhile

    cluster.wait_for(back, "the driver to be back", PATIENCE)


def test_a_killed_plugin_comes_back_and_finds_everything_as_it_was(own_cluster: Sandbox) -> None:
    own_cluster.create([claim("default", "gpu"), pod("default", "before", pod_spec(claims=["gpu"]))])
    wait_ready(own_cluster, "default", "before")
    published, running = slices(own_cluster.world()), run_id(get_pod(own_cluster, "default", "before"))
    kill_plugin(own_cluster, signal.SIGKILL)
    own_cluster.create([claim("default", "other"), pod("default", "after", pod_spec(claims=["other"]))])
    wait_ready(own_cluster, "default", "after")
    assert slices(own_cluster.world()) == published
    assert run_id(get_pod(own_cluster, "default", "before")) == running
    for name in ("before", "after"):
        delete_pod(own_cluster, "default", name)
        wait_gone(own_cluster, "default", name)


def test_a_restarted_plugin_leaves_its_slices_untouched(own_cluster: Sandbox) -> None:
    published = slices(own_cluster.world())
    kill_plugin(own_cluster, signal.SIGTERM)
    assert slices(own_cluster.world()) == published


def test_a_pod_that_ends_while_the_plugin_is_away_is_unprepared_when_it_is_back(own_cluster: Sandbox) -> None:
    own_cluster.create([claim("default", "gpu"), pod("default", "p", pod_spec(claims=["gpu"]))])
    wait_ready(own_cluster, "default", "p")
    (victim,) = driver_pods(own_cluster.world())
    (node,) = own_cluster.nodes.values()
    node.runtime.stop(run_id(victim), 0)
    delete_pod(own_cluster, "default", "p")
    wait_gone(own_cluster, "default", "p")


def test_an_update_starts_the_new_plugin_beside_the_old_one(own_cluster: Sandbox) -> None:
    """MaxSurge 1: no moment without a plugin, and slices byte for byte as before."""
    (old,) = driver_pods(own_cluster.world())
    published = slices(own_cluster.world())
    (daemon_set,) = own_cluster.world().all(DAEMON_SET)
    change: JsonObject = {"spec": {"template": {"metadata": {"annotations": {"version": "2"}}}}}
    own_cluster.carry_out(
        Patch(kind=DAEMON_SET, namespace=namespace_of(daemon_set), name=name_of(daemon_set), patch=change)
    )

    def exchanged(world: World) -> bool:
        pods = driver_pods(world)
        return len(pods) == 1 and uid_of(pods[0]) != uid_of(old) and pod_ready(pods[0])

    own_cluster.wait_for(exchanged, "the new plugin alone", PATIENCE)
    assert slices(own_cluster.world()) == published
    own_cluster.create([claim("default", "gpu"), pod("default", "p", pod_spec(claims=["gpu"]))])
    wait_ready(own_cluster, "default", "p")


def test_slices_of_a_plugin_that_stays_away_are_deleted_and_come_back_with_it() -> None:
    with sandbox(slice_patience=timedelta(seconds=1)) as cluster:
        install_driver(cluster, PATIENCE)
        (daemon_set,) = cluster.world().all(DAEMON_SET)
        where, name = namespace_of(daemon_set), name_of(daemon_set)
        cluster.carry_out(Delete(kind=DAEMON_SET, namespace=where, name=name, uid=uid_of(daemon_set)))
        cluster.wait_for(lambda world: not slices(world), "the slices to be deleted", PATIENCE)
        cluster.create(
            [
                {
                    "apiVersion": "apps/v1",
                    "kind": "DaemonSet",
                    "metadata": {"namespace": where, "name": name},
                    "spec": daemon_set["spec"],
                }
            ]
        )
        cluster.wait_for(slices, "the slices to be back", PATIENCE)


def test_the_health_of_a_device_is_shown_in_the_pods_status(own_cluster: Sandbox) -> None:
    own_cluster.create([claim("default", "gpu"), pod("default", "p", pod_spec(claims=["gpu"]))])
    wait_ready(own_cluster, "default", "p")

    def health(world: World) -> tuple[str, str]:
        found = world.get("Pod", "default", "p")
        statuses = objects_at(found, "status", "containerStatuses")
        shown = objects_at(statuses[0], "allocatedResourcesStatus") if statuses else ()
        resource = objects_at(shown[0], "resources")[0] if shown else {}
        return text_at(resource, "health"), text_at(resource, "message")

    own_cluster.wait_for(lambda world: health(world)[0] == "Healthy", "the device to be healthy", PATIENCE)
    (node,) = own_cluster.nodes.values()
    unhealthy = node.directories.plugins / DRIVER / "unhealthy"
    unhealthy.mkdir()
    (unhealthy / "gpu-0").write_text("ECC errors: zu viele · 42")
    own_cluster.wait_for(
        lambda world: health(world) == ("Unhealthy", "ECC errors: zu viele · 42"), "the fault to be shown", PATIENCE
    )
    (unhealthy / "gpu-0").unlink()
    own_cluster.wait_for(lambda world: health(world)[0] == "Healthy", "the device to be healthy again", PATIENCE)
    kill_plugin(own_cluster, signal.SIGKILL)
    own_cluster.wait_for(lambda world: health(world)[0] == "Healthy", "the new plugin's report", PATIENCE)


def test_the_daemon_set_reports_its_pods(own_cluster: Sandbox) -> None:
    def is_available(world: World) -> bool:
        (daemon_set,) = world.all(DAEMON_SET)
        return whole_number_at(daemon_set, "status", "numberAvailable", default=0) == 1

    own_cluster.wait_for(is_available, "a plugin that is available", PATIENCE)
    (daemon_set,) = own_cluster.world().all(DAEMON_SET)
    assert at(daemon_set, "status", "observedGeneration") == at(daemon_set, "metadata", "generation")
