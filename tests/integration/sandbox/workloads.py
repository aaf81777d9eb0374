"""Objects that tests put into the cluster, and questions that they ask it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from dra_core.snapshot.json_value import Json, JsonObject, at, text_at
from dra_sandbox.cluster import Sandbox
from dra_sandbox.demo.installation import DRIVER
from dra_sandbox.world.objects import (
    CLAIM,
    DAEMON_SET,
    EVENT,
    NAMESPACE,
    POD,
    SLICE,
    World,
    condition_status,
    controller_uid,
    name_of,
    namespace_of,
    objects_at,
    pod_ready,
    uid_of,
)
from dra_sandbox.world.writes import Delete

BUSYBOX = "docker.io/library/busybox:1.36"
PRINT_AND_STAY = "env | sort; trap 'exit 0' TERM; sleep 9999 & wait"
PATIENCE = 60.0


def namespace(name: str) -> JsonObject:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def delete_namespace(cluster: Sandbox, name: str) -> None:
    """Delete one that is there, and wait until it is gone with all that is in it."""
    found = cluster.world().get(NAMESPACE, "", name)
    assert found is not None
    cluster.carry_out(Delete(kind=NAMESPACE, namespace="", name=name, uid=uid_of(found)))
    cluster.wait_for(lambda world: world.get(NAMESPACE, "", name) is None, f"{name} to be gone", PATIENCE)


def claim_spec(count: int = 1, config: Sequence[JsonObject] = (), expression: str = "", **more: Json) -> JsonObject:
    selectors: list[Json] = [{"cel": {"expression": expression}}] if expression else []
    exactly: JsonObject = {"deviceClassName": DRIVER, "count": count, "allocationMode": "ExactCount", **more}
    request: JsonObject = {"name": "gpu", "exactly": {**exactly, **({"selectors": selectors} if selectors else {})}}
    return {"devices": {"requests": [request], **({"config": list(config)} if config else {})}}


def claim(where: str, name: str, spec: JsonObject | None = None) -> JsonObject:
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"namespace": where, "name": name},
        "spec": spec or claim_spec(),
    }


def template(where: str, name: str, spec: JsonObject | None = None) -> JsonObject:
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaimTemplate",
        "metadata": {"namespace": where, "name": name},
        "spec": {"spec": spec or claim_spec()},
    }


def pod_spec(
    claims: Sequence[str] = (),
    templates: Sequence[str] = (),
    script: str = PRINT_AND_STAY,
    image: str = BUSYBOX,
    **more: Json,
) -> JsonObject:
    names = [*claims, *templates]
    entries: list[Json] = [{"name": name, "resourceClaimName": name} for name in claims]
    entries += [{"name": name, "resourceClaimTemplateName": name} for name in templates]
    container: JsonObject = {
        "name": "ctr0",
        "image": image,
        "command": ["sh", "-c", script],
        "resources": {"claims": [{"name": name} for name in names]},
    }
    return {"containers": [container], **({"resourceClaims": entries} if entries else {}), **more}


def pod(where: str, name: str, spec: JsonObject | None = None) -> JsonObject:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"namespace": where, "name": name},
        "spec": spec or pod_spec(),
    }


def opaque(parameters: JsonObject) -> JsonObject:
    whole: JsonObject = {"apiVersion": "gpu.resource.example.com/v1alpha1", "kind": "GpuConfig", **parameters}
    return {"opaque": {"driver": DRIVER, "parameters": whole}}


def is_ready(where: str, *names: str) -> Callable[[World], bool]:
    return lambda world: all(pod_ready(world.get(POD, where, name) or {}) for name in names)


def wait_ready(cluster: Sandbox, where: str, *names: str) -> None:
    cluster.wait_for(is_ready(where, *names), f"pods {', '.join(names)} in {where} to be ready", PATIENCE)


def get_pod(cluster: Sandbox, where: str, name: str) -> JsonObject:
    found = cluster.world().get(POD, where, name)
    assert found is not None
    return found


def delete_pod(cluster: Sandbox, where: str, name: str, grace_seconds: int | None = None) -> None:
    uid = uid_of(get_pod(cluster, where, name))
    cluster.carry_out(Delete(kind=POD, namespace=where, name=name, uid=uid, grace_seconds=grace_seconds))


def wait_gone(cluster: Sandbox, where: str, name: str, seconds: float = PATIENCE) -> None:
    cluster.wait_for(lambda world: world.get(POD, where, name) is None, f"pod {where}/{name} to be gone", seconds)


def event_of(world: World, where: str, name: str, reason: str, *words: str) -> str:
    """The newest message of this reason, with all these words, about an object, or ""."""
    events = [
        event
        for event in world.all(EVENT)
        if namespace_of(event) == where
        and text_at(event, "involvedObject", "name") == name
        and text_at(event, "reason") == reason
        and all(word in text_at(event, "message") for word in words)
    ]
    return text_at(max(events, key=lambda event: text_at(event, "lastTimestamp"), default=None), "message")


def wait_event(cluster: Sandbox, where: str, name: str, reason: str, *words: str) -> str:
    """Others of the reason may come before: a plugin that serves need not be registered yet."""
    what = f"an event {reason} about {where}/{name} with {words}"
    return cluster.wait_for(lambda world: event_of(world, where, name, reason, *words), what, PATIENCE)


def scheduling_message(world: World, where: str, name: str) -> str:
    """What the pod says about why it has no node, or ""."""
    found = world.get(POD, where, name) or {}
    if condition_status(found, "PodScheduled") != "False":
        return ""
    return next(
        text_at(item, "message")
        for item in objects_at(found, "status", "conditions")
        if item.get("type") == "PodScheduled"
    )


def driver_pods(world: World) -> tuple[JsonObject, ...]:
    """The pods of the driver's plugins."""
    owner = next(iter(world.all(DAEMON_SET)))
    return tuple(item for item in world.all(POD) if controller_uid(item) == uid_of(owner))


def slices(world: World) -> dict[str, JsonObject]:
    """The driver's slices as they are stored, by name."""
    return {name_of(item): item for item in world.all(SLICE) if text_at(item, "spec", "driver") == DRIVER}


def run_id(value: JsonObject, container: int = 0) -> str:
    """The runtime's id of a container's latest run."""
    statuses = objects_at(value, "status", "containerStatuses")
    return text_at(statuses[container], "containerID").removeprefix("sandbox://") if statuses else ""


def restarts(value: JsonObject) -> int:
    statuses = objects_at(value, "status", "containerStatuses")
    found = at(statuses[0], "restartCount") if statuses else 0
    return found if isinstance(found, int) else 0


def allocated_devices(world: World, where: str) -> list[str]:
    """Devices that claims of a namespace have."""
    return [
        f"{text_at(result, 'pool')}/{text_at(result, 'device')}"
        for item in world.all(CLAIM)
        if namespace_of(item) == where
        for result in objects_at(item, "status", "allocation", "devices", "results")
    ]


def cdi_files(cluster: Sandbox) -> set[str]:
    """Names of the CDI files of claims on all nodes."""
    return {
        path.name
        for node in cluster.nodes.values()
        for directory in node.directories.cdi
        for path in directory.iterdir()
        if "common" not in path.name
    }


def processes_in(directory: Path) -> list[int]:
    """Processes whose working directory is below this one: containers start in their pods' directories."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                where = (entry / "cwd").readlink()
            except OSError:
                continue
            if where.is_relative_to(directory) or str(where).startswith(f"{directory}/"):
                found.append(int(entry.name))
    return found
