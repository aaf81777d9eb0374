"""The classic demo: the walk of Kubernetes 1.30 through four examples at once, each step looked at and checked."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping

from dra_core.snapshot.json_value import JsonObject, at, object_at

from dra_sandbox.cluster import RefusedError, Sandbox, TimeOutError, sandbox
from dra_sandbox.demo.checks import all_ready, not_ready, objects_left
from dra_sandbox.demo.classic_expectations import classic_faults, gpus_seen, told
from dra_sandbox.demo.expectations import Container, Expectation
from dra_sandbox.demo.installation import NAMESPACE_OF_DRIVER, warnings_in
from dra_sandbox.demo.listing import listing
from dra_sandbox.demo.node_states import NODE_STATE, devices_by_claim, prepared_claims, state_devices
from dra_sandbox.demo.screen import Screen
from dra_sandbox.demo.story import PATIENCE, installed, took, without_faults
from dra_sandbox.files import classic_example_manifest
from dra_sandbox.manifests import objects_in
from dra_sandbox.world.objects import NAMESPACE, POD, World, name_of, uid_of
from dra_sandbox.world.writes import Delete

Outputs = Mapping[str, Mapping[Container, str]]
"""By example: what each container printed."""


def tell_classic(wanted: tuple[Expectation, ...], nodes: int, screen: Screen) -> bool:
    """Run the examples at once; whether all showed what they should."""
    started = time.monotonic()
    screen.say("Classic Dynamic Resource Allocation (resource.k8s.io/v1alpha2) on an embedded cluster")
    with contextlib.ExitStack() as stack:
        with screen.working("starting the cluster"):
            cluster = stack.enter_context(sandbox(nodes, generation="classic"))
        kubelets = "a kubelet" if nodes == 1 else f"{nodes} kubelets"
        screen.good(f"API server, controllers, scheduler and {kubelets} of Kubernetes 1.30 are running{took(started)}")
        if not installed(cluster, screen):
            return False
        faults = _walk(cluster, wanted, screen)
    for fault in faults:
        screen.bad(fault)
    what = "1 example" if len(wanted) == 1 else f"{len(wanted)} examples at once"
    verdict = (
        f"showed what {'it' if len(wanted) == 1 else 'they'} should"
        if not faults
        else "ran, and not all was as it should be"
    )
    screen.heading(f"{what} {verdict}{took(started)}")
    return not faults


def _walk(cluster: Sandbox, wanted: tuple[Expectation, ...], screen: Screen) -> tuple[str, ...]:
    screen.heading("The driver   kubectl get pod,nas -n dra-example-driver")
    screen.table(*listing(cluster, POD, [NAMESPACE_OF_DRIVER]))
    screen.say()
    screen.table(*listing(cluster, NODE_STATE, [NAMESPACE_OF_DRIVER]))
    screen.heading("The devices   kubectl describe nas -n dra-example-driver")
    screen.table(
        ("NODE", "PRODUCT NAME", "UUID"),
        [(item.node, item.product, item.uuid) for item in state_devices(cluster.world())],
    )
    before = _specs(cluster.world())
    try:
        faults = _run(cluster, wanted, screen)
    except (RefusedError, TimeOutError) as error:
        faults = (str(error), *_account(cluster, wanted))
    return (*faults, *_end(cluster, wanted, before, screen))


def _run(cluster: Sandbox, wanted: tuple[Expectation, ...], screen: Screen) -> tuple[str, ...]:
    screen.heading(f"The examples   kubectl apply -f {' -f '.join(f'{item.name}.yaml' for item in wanted)}")
    for item in wanted:
        screen.say(f"{item.name}: {item.shows}")
    since = time.monotonic()
    with screen.working("waiting until the pods are ready"):
        for item in wanted:
            cluster.create(objects_in(classic_example_manifest(item.name)))
        cluster.wait_for(lambda world: all(all_ready(world, item) for item in wanted), "pods that are ready", PATIENCE)
        outputs, faults = _observed(cluster, wanted)
    screen.heading("The pods   kubectl get pod -A")
    screen.table(*listing(cluster, POD, [item.name for item in wanted]))
    screen.heading("What each container sees   kubectl logs … | grep -E 'DRA_RESOURCE_DRIVER_NAME|GPU_DEVICE'")
    _show_outputs(outputs, screen)
    screen.heading("Prepared claims   kubectl describe nas -n dra-example-driver")
    _show_prepared(cluster.world(), screen)
    screen.table(*listing(cluster, NODE_STATE, [NAMESPACE_OF_DRIVER]))
    if not faults:
        screen.good(f"every container sees the GPUs of its claims, and no GPU has two claims{took(since)}")
    return faults


def _show_outputs(outputs: Outputs, screen: Screen) -> None:
    for name, printed in outputs.items():
        screen.say(f"{name}:")
        for (pod, container), text in printed.items():
            screen.say(f"{pod} {container}:")
            for line in told(text):
                screen.say(line)
        screen.say()


def _show_prepared(world: World, screen: Screen) -> None:
    """As kubectl describes a node's state, and beside each UID whose it is."""
    node = ""
    for item in prepared_claims(world):
        if item.node != node:
            node = item.node
            screen.say(f"{node}:")
            screen.say("  Prepared Claims:")
        screen.say(f"    {item.uid}:  {item.claim} ({', '.join(item.pods)})")
        screen.say("      Gpu:")
        screen.say("        Devices:")
        for uuid in item.uuids:
            screen.say(f"          Uuid:  {uuid}")
    screen.say()


def _observed(cluster: Sandbox, wanted: tuple[Expectation, ...]) -> tuple[Outputs, tuple[str, ...]]:
    """What the containers printed, which may take a moment; and what is wrong."""

    def look() -> tuple[Outputs, tuple[str, ...]]:
        outputs = {
            item.name: {place: cluster.output(item.name, *place) for place in item.containers} for item in wanted
        }
        return outputs, (*classic_faults(outputs), *_state_faults(cluster.world(), outputs))

    return without_faults(look)


def _state_faults(world: World, outputs: Outputs) -> tuple[str, ...]:
    """Whether the nodes' states tell exactly the GPUs that containers see, as allocated and as prepared."""
    seen = sorted(frozenset().union(*(gpus_seen(text) for printed in outputs.values() for text in printed.values())))
    return tuple(
        f"{field} of the nodes' states has {len(told)} GPUs, containers see {len(seen)}"
        for field in ("allocatedClaims", "preparedClaims")
        if (told := sorted(uuid for state in world.all(NODE_STATE) for uuid in _uuids(state, field))) != seen
    )


def _uuids(state: JsonObject, field: str) -> tuple[str, ...]:
    return tuple(uuid for uuids in devices_by_claim(state, field).values() for uuid in uuids)


def _end(
    cluster: Sandbox, wanted: tuple[Expectation, ...], before: Mapping[str, JsonObject], screen: Screen
) -> tuple[str, ...]:
    """Delete everything; whether the nodes' states are as they were, and nothing is left."""
    since = time.monotonic()
    names = [item.name for item in wanted]
    screen.heading(f"The end   kubectl delete -f {' -f '.join(f'{name}.yaml' for name in names)}")
    try:
        with screen.working("deleting"):
            for name in names:
                namespace = cluster.world().get(NAMESPACE, "", name)
                if namespace is not None:
                    cluster.carry_out(Delete(kind=NAMESPACE, namespace="", name=name, uid=uid_of(namespace)))
            cluster.wait_for(
                lambda world: all(world.get(NAMESPACE, "", name) is None for name in names), "the deletion", PATIENCE
            )
            cluster.wait_for(
                lambda world: _specs(world) == before, "nodes' states that are as they were at first", PATIENCE
            )
    except (RefusedError, TimeOutError) as error:
        return (str(error), *objects_left(cluster.world(), names))
    screen.table(*listing(cluster, NODE_STATE, [NAMESPACE_OF_DRIVER]))
    screen.good(f"deleted; the nodes' states are as they were at first{took(since)}")
    return ()


def _specs(world: World) -> Mapping[str, JsonObject]:
    """What the nodes' states say, without what is written for people or stands empty."""
    return {
        name_of(state): {
            "devices": at(state, "spec", "allocatableDevices"),
            "allocated": object_at(state, "spec", "allocatedClaims"),
            "prepared": object_at(state, "spec", "preparedClaims"),
        }
        for state in world.all(NODE_STATE)
    }


def _account(cluster: Sandbox, wanted: tuple[Expectation, ...]) -> tuple[str, ...]:
    """What the cluster itself says about examples that do not run."""
    world = cluster.world()
    pods = tuple(f"pod {item.name}/{name} is not ready" for item in wanted for name in not_ready(world, item))
    return (*pods, *(warning for item in wanted for warning in warnings_in(world, item.name)))
