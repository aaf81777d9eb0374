"""What must hold while an example runs, and after it was deleted; in words, nothing if all is well."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from dra_sandbox.demo.device_table import Row, in_use
from dra_sandbox.demo.expectations import Container, Expectation, environment_of, faults, gpus_of
from dra_sandbox.demo.node_states import NODE_STATE
from dra_sandbox.world.objects import (
    CLAIM,
    POD,
    World,
    name_of,
    namespace_of,
    pod_finished,
    pod_ready,
    whole_number_at,
)


def all_ready(world: World, wanted: Expectation) -> bool:
    """Whether every pod of the example is there and ready."""
    pods = (world.get(POD, wanted.name, name) for name in wanted.pods)
    return all(pod is not None and pod_ready(pod) and not pod_finished(pod) for pod in pods)


def not_ready(world: World, wanted: Expectation) -> tuple[str, ...]:
    """The pods that are not, by name."""
    return tuple(name for name in wanted.pods if not pod_ready(world.get(POD, wanted.name, name) or {}))


def running_faults(wanted: Expectation, outputs: Mapping[Container, str], rows: tuple[Row, ...]) -> tuple[str, ...]:
    """The example's expectations; and that the device table shows exactly the GPUs that the containers see."""
    seen = {uuid for text in outputs.values() for uuid in gpus_of(environment_of(text)).values()}
    used = {row.uuid or f"{row.node}/{row.device}" for row in in_use(rows)}
    strays = tuple(f"a container sees {uuid}, which no claim has" for uuid in sorted(seen - used))
    unseen = tuple(f"a claim has {uuid}, which no container sees" for uuid in sorted(used - seen))
    return (*faults(wanted, outputs), *strays, *unseen)


def mirror_faults(world: World, rows: tuple[Row, ...]) -> tuple[str, ...]:
    """Whether each node's NodeAllocationState counts as many devices as claims have, allocated and prepared."""
    found: list[str] = []
    for node in sorted({row.node for row in rows}):
        here = [row for row in rows if row.node == node]
        state = next((item for item in world.all(NODE_STATE) if name_of(item) == node), None)
        wanted = {"allocated": sum(row.occupied for row in here), "prepared": len(in_use(tuple(here)))}
        for field, count in wanted.items():
            told = whole_number_at(state, "spec", "counts", field, default=0)
            if told != count:
                found.append(f"the state of {node} tells {told} devices {field}, claims have {count}")
    return tuple(found)


def objects_left(world: World, namespaces: Collection[str]) -> tuple[str, ...]:
    """Pods and claims that are still in namespaces that are to be gone."""
    return tuple(
        f"{kind.partition('.')[0]} {namespace_of(value)}/{name_of(value)} is still there"
        for kind in (POD, CLAIM)
        for value in world.all(kind)
        if namespace_of(value) in namespaces
    )


def left_over(world: World, namespace: str, rows: tuple[Row, ...]) -> tuple[str, ...]:
    """What an example should have taken with it."""
    devices = (f"{row.device} of {row.node} is still in use" for row in in_use(rows))
    return (*objects_left(world, (namespace,)), *devices)
