"""Several nodes of Kubernetes 1.30, with the driver's controller and plugins as processes.

Each test gives everything back, which is part of it: no node's state has a claim left, no claim a finalizer.
"""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from dra_core.snapshot.json_value import Json, JsonObject, at, list_at, text_at
from dra_sandbox.cluster import Sandbox, sandbox
from dra_sandbox.demo.classic_expectations import exported, gpus_seen
from dra_sandbox.demo.installation import CLASSIC_DRIVER, install_driver
from dra_sandbox.demo.node_states import NODE_STATE, devices_by_claim
from dra_sandbox.world.objects import (
    CLAIM,
    CONTEXT,
    POD,
    World,
    finalizers_of,
    name_of,
    namespace_of,
    objects_at,
)

from tests.integration.sandbox.workloads import (
    BUSYBOX,
    PATIENCE,
    delete_namespace,
    delete_pod,
    get_pod,
    namespace,
    processes_in,
    scheduling_message,
    wait_gone,
    wait_ready,
)

API = "resource.k8s.io/v1alpha2"
CLASS = "gpu.example.com"
GROUP = "gpu.resource.example.com"
UNSUITABLE = "resourceclaim cannot be allocated for the node (unsuitable)"
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def classic() -> Iterator[Sandbox]:
    """Three nodes with eight GPUs each."""
    with sandbox(nodes=3, generation="classic") as cluster:
        install_driver(cluster, PATIENCE)
        yield cluster


@pytest.fixture
def own_classic() -> Iterator[Sandbox]:
    """The same for one test, whose controller is killed: each time the kubelet waits longer to start it again."""
    with sandbox(nodes=3, generation="classic") as cluster:
        install_driver(cluster, PATIENCE)
        yield cluster


@pytest.fixture
def here(classic: Sandbox) -> Iterator[str]:
    """A namespace; at the end it goes, and the nodes' states are empty."""
    name = f"classic-{next(_numbers)}"
    classic.create([namespace(name)])
    yield name
    delete_namespace(classic, name)
    wait_until_nothing_is_held(classic)


def wait_until_nothing_is_held(classic: Sandbox) -> None:
    classic.wait_for(lambda world: not held(world), "the nodes' states to be empty", PATIENCE)
    classic.wait_for(lambda world: not any(map(finalizers_of, world.all(CLAIM))), "claims to be let go", PATIENCE)
    classic.wait_for(lambda world: not world.all(CONTEXT), "the scheduling contexts to be gone", PATIENCE)


def held(world: World) -> list[str]:
    """What the nodes' states say that claims have, allocated or prepared."""
    return [
        f"{name_of(state)} {field} {uid}"
        for state in world.all(NODE_STATE)
        for field in ("allocatedClaims", "preparedClaims")
        for uid in devices_by_claim(state, field)
    ]


def parameters(where: str, count: int) -> JsonObject:
    return {
        "apiVersion": f"{GROUP}/v1alpha1",
        "kind": "GpuClaimParameters",
        "metadata": {"namespace": where, "name": f"count-{count}"},
        "spec": {"count": count},
    }


def spec(count: int, class_name: str = CLASS, mode: str = "WaitForFirstConsumer") -> JsonObject:
    reference: JsonObject = {"apiGroup": GROUP, "kind": "GpuClaimParameters", "name": f"count-{count}"}
    return {"resourceClassName": class_name, "allocationMode": mode, "parametersRef": reference}


def claim(where: str, name: str, count: int, mode: str = "WaitForFirstConsumer") -> JsonObject:
    meta: JsonObject = {"namespace": where, "name": name}
    return {"apiVersion": API, "kind": "ResourceClaim", "metadata": meta, "spec": spec(count, mode=mode)}


def template(where: str, name: str, count: int, class_name: str = CLASS) -> JsonObject:
    meta: JsonObject = {"namespace": where, "name": name}
    whole: JsonObject = {"spec": spec(count, class_name)}
    return {"apiVersion": API, "kind": "ResourceClaimTemplate", "metadata": meta, "spec": whole}


def pod(where: str, name: str, templates: Sequence[str] = (), claims: Sequence[str] = (), **more: Json) -> JsonObject:
    entries: list[Json] = [{"name": item, "source": {"resourceClaimTemplateName": item}} for item in templates]
    entries += [{"name": item, "source": {"resourceClaimName": item}} for item in claims]
    container: JsonObject = {
        "name": "ctr0",
        "image": BUSYBOX,
        "command": ["sh", "-c", "export; trap 'exit 0' TERM; sleep 9999 & wait"],
        "resources": {"claims": [{"name": item} for item in (*templates, *claims)]},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"namespace": where, "name": name},
        "spec": {"containers": [container], "resourceClaims": entries, **more},
    }


def node_of(cluster: Sandbox, where: str, name: str) -> str:
    return text_at(get_pod(cluster, where, name), "spec", "nodeName")


def gpus(cluster: Sandbox, where: str, name: str, count: int = 1) -> frozenset[str]:
    """What a pod's container sees, as soon as it has printed it."""
    text = cluster.wait_for_output(where, name, "ctr0", lambda text: len(gpus_seen(text)) == count, f"{count} GPUs")
    assert exported(text)["DRA_RESOURCE_DRIVER_NAME"] == CLASSIC_DRIVER
    return gpus_seen(text)


def allocated(world: World, where: str) -> list[str]:
    """Names of the claims that are allocated."""
    found = (item for item in world.all(CLAIM) if namespace_of(item) == where)
    return [name_of(item) for item in found if at(item, "status", "allocation") is not None]


def wait_message(cluster: Sandbox, where: str, name: str, part: str) -> None:
    cluster.wait_for(lambda world: part in scheduling_message(world, where, name), f"{name} to say {part!r}", PATIENCE)


def test_all_gpus_of_all_nodes_are_given_out_and_who_does_not_fit_waits_for_another_to_end(
    classic: Sandbox, here: str
) -> None:
    names = [f"p{number}" for number in range(12)]
    classic.create([parameters(here, 2), template(here, "two", 2)])
    classic.create([pod(here, name, ["two"]) for name in names])
    wait_ready(classic, here, *names)
    assert Counter(node_of(classic, here, name) for name in names) == {"node-1": 4, "node-2": 4, "node-3": 4}
    seen = [gpus(classic, here, name, 2) for name in names]
    assert len(frozenset().union(*seen)) == 24
    classic.create([pod(here, "late", ["two"])])
    wait_message(classic, here, "late", f"3 {UNSUITABLE}")
    delete_pod(classic, here, "p5")
    wait_ready(classic, here, "late")
    assert gpus(classic, here, "late", 2) == seen[5]


def test_a_class_keeps_its_claims_to_its_nodes(classic: Sandbox, here: str) -> None:
    on_two: JsonObject = {"key": "kubernetes.io/hostname", "operator": "In", "values": ["node-2"]}
    narrow: JsonObject = {
        "apiVersion": API,
        "kind": "ResourceClass",
        "metadata": {"name": f"narrow-{here}"},
        "driverName": CLASSIC_DRIVER,
        "suitableNodes": {"nodeSelectorTerms": [{"matchExpressions": [on_two]}]},
    }
    classic.create([parameters(here, 4), narrow, template(here, "four", 4, f"narrow-{here}")])
    classic.create([pod(here, name, ["four"]) for name in ("a", "b")])
    wait_ready(classic, here, "a", "b")
    classic.create([pod(here, "c", ["four"])])
    wait_message(classic, here, "c", f"1 {UNSUITABLE}, 2 excluded by resource class node filter")
    assert {node_of(classic, here, name) for name in ("a", "b")} == {"node-2"}
    delete_pod(classic, here, "a")
    wait_ready(classic, here, "c")
    assert node_of(classic, here, "c") == "node-2"


def test_an_immediate_claim_is_there_before_its_pods_and_stays_after_them(classic: Sandbox, here: str) -> None:
    classic.create([parameters(here, 3), claim(here, "soon", 3, "Immediate")])
    classic.wait_for(lambda world: allocated(world, here), "the claim to be allocated", PATIENCE)
    classic.create([pod(here, "user", claims=["soon"])])
    wait_ready(classic, here, "user")
    seen = gpus(classic, here, "user", 3)
    delete_pod(classic, here, "user")
    wait_gone(classic, here, "user")
    classic.wait_for(
        lambda world: not list_at(world.get(CLAIM, here, "soon"), "status", "reservedFor"), "no user", PATIENCE
    )
    assert allocated(classic.world(), here) == ["soon"]
    classic.create([pod(here, "next", claims=["soon"])])
    wait_ready(classic, here, "next")
    assert gpus(classic, here, "next", 3) == seen


def test_pods_that_share_a_claim_meet_on_its_node_and_the_last_gives_it_back(classic: Sandbox, here: str) -> None:
    names = ["a", "b", "c"]
    classic.create([parameters(here, 1), claim(here, "shared", 1)])
    classic.create([pod(here, name, claims=["shared"]) for name in names])
    wait_ready(classic, here, *names)
    assert len({node_of(classic, here, name) for name in names}) == 1
    assert len({gpus(classic, here, name) for name in names}) == 1
    for name in names:
        assert allocated(classic.world(), here) == ["shared"]
        delete_pod(classic, here, name)
        wait_gone(classic, here, name)
    classic.wait_for(lambda world: not allocated(world, here), "the claim to be given back", PATIENCE)
    assert classic.world().get(CLAIM, here, "shared") is not None


def test_a_pod_that_comes_with_a_node_gets_its_gpus_there(classic: Sandbox, here: str) -> None:
    classic.create([parameters(here, 2), template(here, "two", 2), claim(here, "single", 2)])
    classic.create([pod(here, "placed", ["two"], ["single"], nodeName="node-3")])
    wait_ready(classic, here, "placed")
    context = classic.world().get(CONTEXT, here, "placed")
    assert at(context, "spec") == {"selectedNode": "node-3"}

    def tells_of_both(world: World) -> bool:
        (state,) = (item for item in world.all(NODE_STATE) if name_of(item) == "node-3")
        return sorted(map(len, devices_by_claim(state, "preparedClaims").values())) == [2, 2]

    classic.wait_for(tells_of_both, "the node's state to tell of both claims", PATIENCE)


def test_a_pod_gets_all_of_its_claims_or_none(classic: Sandbox, here: str) -> None:
    classic.create([parameters(here, count) for count in (3, 5)])
    classic.create([template(here, "three", 3), template(here, "five", 5), claim(here, "more", 5)])
    classic.create([pod(here, "much", ["five"], ["more"])])
    wait_message(classic, here, "much", f"3 {UNSUITABLE}")
    assert allocated(classic.world(), here) == []
    classic.create([pod(here, "fits", ["five", "three"])])
    wait_ready(classic, here, "fits")
    names = allocated(classic.world(), here)
    assert len(names) == 2
    nodes = {
        str(list_at(list_at(term, "matchFields")[0], "values")[0])
        for name in names
        for term in objects_at(
            classic.world().get(CLAIM, here, name), "status", "allocation", "availableOnNodes", "nodeSelectorTerms"
        )
    }
    assert nodes == {node_of(classic, here, "fits")}


def controllers(cluster: Sandbox) -> list[int]:
    """Processes of the driver's controller."""
    found = []
    for pid in processes_in(cluster.directory):
        with suppress(OSError):  # it has ended meanwhile
            if b"dra_controller" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return found


def kill(pids: Sequence[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):  # it has ended meanwhile
            os.kill(pid, signal.SIGKILL)


def test_a_controller_that_is_killed_again_and_again_loses_nothing(own_classic: Sandbox) -> None:
    own_classic.create([parameters("default", 2), template("default", "two", 2)])
    names = [f"p{number}" for number in range(9)]
    for number, name in enumerate(names):
        own_classic.create([pod("default", name, ["two"])])
        if number % 4 == 0:
            kill(own_classic.wait_for(lambda _: controllers(own_classic), "a controller", PATIENCE))
    wait_ready(own_classic, "default", *names)
    assert len(frozenset().union(*(gpus(own_classic, "default", name, 2) for name in names))) == 18
    kill(controllers(own_classic))
    for name in names:
        delete_pod(own_classic, "default", name)
    own_classic.wait_for(
        lambda world: all(world.get(POD, "default", name) is None for name in names), "the pods to be gone", PATIENCE
    )
    wait_until_nothing_is_held(own_classic)


def test_the_demo_shows_what_it_should() -> None:
    command = (sys.executable, "-m", "dra_sandbox", "demo", "--api-generation", "classic")
    done = subprocess.run(command, capture_output=True, text=True, timeout=4 * PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert "4 examples at once showed what they should" in done.stdout
    assert done.stdout.count("export GPU_DEVICE_0='GPU-") == 7
    assert "          Uuid:  GPU-" in done.stdout
