"""Jobs, deployments and restarts: claims live as long as their pods run, and no longer."""

from __future__ import annotations

from dra_core.snapshot.json_value import Json, JsonObject, at, text_at
from dra_sandbox.cluster import Sandbox
from dra_sandbox.world.objects import (
    CLAIM,
    DEPLOYMENT,
    JOB,
    POD,
    World,
    condition_status,
    namespace_of,
    pod_ready,
    uid_of,
    whole_number_at,
)
from dra_sandbox.world.writes import Delete

from tests.integration.sandbox.workloads import (
    PATIENCE,
    allocated_devices,
    get_pod,
    pod,
    pod_spec,
    restarts,
    template,
    wait_ready,
)


def claims_in(world: World, where: str) -> list[JsonObject]:
    return [item for item in world.all(CLAIM) if namespace_of(item) == where]


def pods_in(world: World, where: str) -> list[JsonObject]:
    return [item for item in world.all(POD) if namespace_of(item) == where]


def owner(
    where: str, kind: str, version: str, labels: JsonObject, spec: JsonObject, template_spec: JsonObject
) -> JsonObject:
    pod_template: JsonObject = {"metadata": {"labels": labels}, "spec": template_spec}
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"namespace": where, "name": "it"},
        "spec": {**spec, "template": pod_template},
    }


def test_a_finished_job_gives_its_devices_back(cluster: Sandbox, where: str) -> None:
    work = pod_spec(templates=["gpu"], script="env | grep GPU_DEVICE_", restartPolicy="Never")
    spec: JsonObject = {"completions": 2, "parallelism": 1}
    cluster.create([template(where, "gpu"), owner(where, "Job", "batch/v1", {}, spec, work)])
    cluster.wait_for(
        lambda world: condition_status(world.get(JOB, where, "it") or {}, "Complete") == "True", "the job", PATIENCE
    )
    cluster.wait_for(lambda world: not claims_in(world, where), "the claims to be gone", PATIENCE)
    assert [text_at(item, "status", "phase") for item in pods_in(cluster.world(), where)] == ["Succeeded"] * 2


def test_a_deployment_has_a_device_for_each_replica(cluster: Sandbox, where: str) -> None:
    labels: JsonObject = {"app": "it"}
    spec: JsonObject = {"replicas": 3, "selector": {"matchLabels": labels}}
    cluster.create(
        [template(where, "gpu"), owner(where, "Deployment", "apps/v1", labels, spec, pod_spec(templates=["gpu"]))]
    )

    def replicas(world: World) -> int:
        return whole_number_at(world.get(DEPLOYMENT, where, "it") or {}, "status", "availableReplicas", default=0)

    cluster.wait_for(lambda world: replicas(world) == 3, "three replicas", PATIENCE)
    assert len(set(allocated_devices(cluster.world(), where))) == 3
    victim = pods_in(cluster.world(), where)[0]
    cluster.carry_out(Delete(kind=POD, namespace=where, name=text_at(victim, "metadata", "name"), uid=uid_of(victim)))

    def replaced(world: World) -> bool:
        pods = pods_in(world, where)
        return len(pods) == 3 and all(pod_ready(item) and uid_of(item) != uid_of(victim) for item in pods)

    cluster.wait_for(replaced, "a new pod for the deleted one", PATIENCE)
    made = cluster.world().get(DEPLOYMENT, where, "it")
    assert made is not None
    cluster.carry_out(Delete(kind=DEPLOYMENT, namespace=where, name="it", uid=uid_of(made), propagation="Background"))
    cluster.wait_for(lambda world: not pods_in(world, where) and not claims_in(world, where), "all to go", PATIENCE)


def test_a_container_that_fails_starts_again_with_the_same_device(cluster: Sandbox, where: str) -> None:
    script = (
        "env | grep '^GPU_DEVICE_.*_UUID'; test -e once || { touch once; exit 3; }; trap 'exit 0' TERM; sleep 99 & wait"
    )
    cluster.create([template(where, "gpu"), pod(where, "p", pod_spec(templates=["gpu"], script=script))])

    def started_again(world: World) -> bool:
        found = world.get(POD, where, "p") or {}
        return restarts(found) == 1 and pod_ready(found)

    cluster.wait_for(started_again, "the second start", PATIENCE)
    statuses = at(get_pod(cluster, where, "p"), "status", "containerStatuses")
    assert isinstance(statuses, list | tuple)
    assert at(statuses[0], "lastState", "terminated", "exitCode") == 3
    assert len(allocated_devices(cluster.world(), where)) == 1


def test_readiness_follows_the_probe(cluster: Sandbox, where: str) -> None:
    probe: JsonObject = {"exec": {"command": ["test", "-e", "ready"]}, "periodSeconds": 1}
    spec = pod_spec(script="trap 'exit 0' TERM; touch started; sleep 99 & wait")
    containers: list[Json] = [{**item, "readinessProbe": probe} for item in _containers(spec)]
    cluster.create([pod(where, "p", {**spec, "containers": containers})])
    cluster.wait_for(
        lambda world: text_at(world.get(POD, where, "p"), "status", "phase") == "Running", "the pod to run", PATIENCE
    )
    found = get_pod(cluster, where, "p")
    assert not pod_ready(found)
    (node,) = cluster.nodes.values()
    (node.directories.pods / uid_of(found) / "ready").touch()
    wait_ready(cluster, where, "p")


def _containers(spec: JsonObject) -> list[JsonObject]:
    found = spec["containers"]
    assert isinstance(found, list)
    return found


def test_a_config_map_reaches_the_container_as_variable_and_as_file(cluster: Sandbox, where: str) -> None:
    settings: JsonObject = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"namespace": where, "name": "settings"},
        "data": {"colour": "green"},
    }
    container: JsonObject = {
        "name": "ctr0",
        "image": "docker.io/library/busybox:1.36",
        "command": ["sh", "-c", "echo $COLOUR; cat /etc/settings/colour; echo; trap 'exit 0' TERM; sleep 99 & wait"],
        "env": [{"name": "COLOUR", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "colour"}}}],
        "volumeMounts": [{"name": "settings", "mountPath": "/etc/settings"}],
    }
    volumes: list[Json] = [{"name": "settings", "configMap": {"name": "settings"}}]
    cluster.create([settings, pod(where, "p", {"containers": [container], "volumes": volumes})])
    wait_ready(cluster, where, "p")
    cluster.wait_for_output(where, "p", "ctr0", lambda text: text == "green\ngreen\n", "the value twice")
