"""What claims of classic DRA may be like, on a real Kubernetes 1.30, and what is refused."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from dra_core.snapshot.json_value import JsonObject, at, list_at, object_at, text_at
from local_cluster.api import ApiError

from tests.e2e.classic.world import (
    ClassicWorld,
    claim,
    node_selector,
    parameters,
    parameters_reference,
    resource_class,
    user,
)
from tests.e2e.objects import collection
from tests.e2e.world import consumers, eventually

pytestmark = pytest.mark.usefixtures("unused")

LABEL = "gpus"


@contextmanager
def _class(world: ClassicWorld, made: JsonObject) -> Iterator[str]:
    name = text_at(made, "metadata", "name")
    try:
        world.create(made)
        yield name
    finally:
        world.delete("ResourceClass", "", name)


@contextmanager
def _labelled_node(world: ClassicWorld, value: str) -> Iterator[None]:
    path = f"/api/v1/nodes/{world.layout.node_name}"
    try:
        world.api.merge(path, {"metadata": {"labels": {LABEL: value}}})
        yield
    finally:
        world.api.merge(path, {"metadata": {"labels": {LABEL: None}}})


def _for_suitable_nodes(value: str) -> JsonObject:
    """A class for nodes whose label has this value, which no run of a test before has had.

    The controller may not have seen yet that the node has lost a label, or that a class is another one now.
    """
    return resource_class(f"for-{value}", suitableNodes=node_selector({LABEL: value}))


def _is_allocated(world: ClassicWorld, namespace: str, name: str) -> bool:
    return bool(object_at(world.read("ResourceClaim", namespace, name), "status", "allocation"))


def _wait_prepared(world: ClassicWorld, namespace: str, used: str, pod: str) -> None:
    """The state says that the claim, and no other, is prepared with the one device that the pod sees."""
    (gpu,) = world.gpus(namespace, pod)
    prepared = {world.claim_uid(namespace, used): [gpu]}
    eventually("the prepared claim in the state", lambda: world.devices_of("preparedClaims") == prepared)


def _is_told(world: ClassicWorld, namespace: str, name: str, word: str) -> bool:
    return any(word in note for note in world.notes(namespace, name))


def test_pod_that_names_its_node_itself_gets_its_devices(world: ClassicWorld, namespace: str) -> None:
    """No scheduler proposes nodes: the context has a selected node only."""
    world.run(claim(namespace, "gpu"), user(namespace, "pinned", "gpu", nodeName=world.layout.node_name))
    _wait_prepared(world, namespace, "gpu", "pinned")


def test_immediate_claim_is_allocated_before_there_is_a_pod_and_kept_after_it(
    world: ClassicWorld, namespace: str
) -> None:
    world.create(claim(namespace, "gpu", allocationMode="Immediate"))
    eventually("the allocation", lambda: _is_allocated(world, namespace, "gpu"))
    uid = world.claim_uid(namespace, "gpu")
    (gpu,) = world.devices_of("allocatedClaims")[uid]
    world.run(user(namespace, "user", "gpu"))
    assert world.gpus(namespace, "user") == [gpu]
    world.empty_of_pods(namespace)
    eventually("unprepare", lambda: not world.devices_of("preparedClaims"))
    eventually("the end of the reservation", lambda: not consumers(world.read("ResourceClaim", namespace, "gpu")))
    assert world.devices_of("allocatedClaims") == {uid: [gpu]}


def test_delayed_claim_is_given_back_with_its_last_pod_and_can_be_had_again(
    world: ClassicWorld, namespace: str
) -> None:
    world.run(claim(namespace, "gpu"), user(namespace, "one", "gpu"))
    world.run(user(namespace, "two", "gpu"))  # not at once: docs/classic.md, "What Kubernetes 1.30 does wrong"
    assert world.gpus(namespace, "one") == world.gpus(namespace, "two")
    assert sorted(consumers(world.read("ResourceClaim", namespace, "gpu"))) == ["one", "two"]
    world.delete("Pod", namespace, "one")
    world.wait_gone(namespace, "one")
    assert world.phase(namespace, "two") == "Running"
    _wait_prepared(world, namespace, "gpu", "two")
    world.delete("Pod", namespace, "two")
    eventually("deallocation", lambda: not _is_allocated(world, namespace, "gpu"))
    eventually("an empty state", lambda: not world.devices_of("allocatedClaims"))
    assert not list_at(world.read("ResourceClaim", namespace, "gpu"), "metadata", "finalizers")
    world.run(user(namespace, "three", "gpu"))
    assert len(world.gpus(namespace, "three")) == 1


def test_class_for_suitable_nodes_waits_for_one(world: ClassicWorld, namespace: str) -> None:
    """Before the node has the label nothing is allocated; with it the pod runs."""
    made = _for_suitable_nodes(namespace)
    with _class(world, made) as name, _labelled_node(world, "no"):
        world.create(claim(namespace, "gpu", name), user(namespace, "patient", "gpu"))
        world.wait_for_event(namespace, "patient", "FailedScheduling")
        assert not _is_allocated(world, namespace, "gpu")
        with _labelled_node(world, namespace):
            world.wait_ready(namespace, "patient")
            assert len(world.gpus(namespace, "patient")) == 1
            world.empty_of_pods(namespace)
            eventually("deallocation", lambda: not _is_allocated(world, namespace, "gpu"))


def test_immediate_claim_heeds_suitable_nodes_too(world: ClassicWorld, namespace: str) -> None:
    made = _for_suitable_nodes(namespace)
    with _class(world, made) as name, _labelled_node(world, "no"):
        world.create(claim(namespace, "early", name, allocationMode="Immediate"))
        world.create(claim(namespace, "other", allocationMode="Immediate"))
        eventually("the other claim's allocation", lambda: _is_allocated(world, namespace, "other"))
        assert not _is_allocated(world, namespace, "early")
        with _labelled_node(world, namespace):
            eventually("the allocation", lambda: _is_allocated(world, namespace, "early"))
        world.delete("ResourceClaim", namespace, "early")
        eventually("its end", lambda: "early" not in str(world.claims(namespace)))


def test_claims_of_one_pod_are_allocated_together_or_not_at_all(world: ClassicWorld, namespace: str) -> None:
    """Five and four do not fit into eight: none is taken. Five and three do."""
    world.create(
        parameters(namespace, "five", count=5),
        parameters(namespace, "four", count=4),
        parameters(namespace, "three", count=3),
        *(claim(namespace, name, parametersRef=parameters_reference(name)) for name in ("five", "four", "three")),
        user(namespace, "greedy", "five", "four"),
    )
    world.wait_for_event(namespace, "greedy", "FailedScheduling")
    assert not world.devices_of("allocatedClaims")
    world.delete("Pod", namespace, "greedy")
    world.wait_gone(namespace, "greedy")
    world.run(user(namespace, "modest", "five", "three"))
    held = world.devices_of("allocatedClaims")
    assert sorted(len(set(uuids)) for uuids in held.values()) == [3, 5]
    assert len({uuid for uuids in held.values() for uuid in uuids}) == 8


def test_ninth_gpu_waits_until_one_is_free(world: ClassicWorld, namespace: str) -> None:
    world.run(
        parameters(namespace, "all", count=8),
        claim(namespace, "all", parametersRef=parameters_reference("all")),
        user(namespace, "first", "all"),
    )
    world.create(claim(namespace, "ninth"), user(namespace, "second", "ninth"))
    world.wait_for_event(namespace, "second", "FailedScheduling")
    world.delete("Pod", namespace, "first")
    world.wait_ready(namespace, "second")


def test_missing_parameters_are_told_on_claim_and_pod_until_they_are_there(world: ClassicWorld, namespace: str) -> None:
    reference = parameters_reference("later")
    world.create(claim(namespace, "gpu", parametersRef=reference), user(namespace, "user", "gpu"))
    for name in ("gpu", "user"):
        eventually("the event", partial(_is_told, world, namespace, name, "later"))
        assert any("create it, or correct the name" in note for note in world.notes(namespace, name))
    world.create(parameters(namespace, "later", count=2))
    world.wait_ready(namespace, "user")
    assert len(world.gpus(namespace, "user")) == 2


def test_unknown_kind_of_parameters_is_told_and_holds_nobody_up(world: ClassicWorld, namespace: str) -> None:
    reference = parameters_reference("x", "GpuWishes")
    world.create(claim(namespace, "bad", parametersRef=reference), user(namespace, "user", "bad"))
    eventually("the event", partial(_is_told, world, namespace, "user", "GpuWishes"))
    assert any("gpu.resource.example.com/GpuClaimParameters" in note for note in world.notes(namespace, "user"))
    world.run(claim(namespace, "good"), user(namespace, "other", "good"))
    assert world.phase(namespace, "user") == "Pending"


def test_class_of_another_driver_is_left_alone(world: ClassicWorld, namespace: str) -> None:
    """No word, no finalizer, no entry in the context."""
    with _class(world, resource_class("foreign", "other.example.com")) as name:
        world.create(claim(namespace, "theirs", name), user(namespace, "user", "theirs"))
        world.run(claim(namespace, "ours"), user(namespace, "other", "ours"))
        path = f"{collection('PodSchedulingContext', namespace)}/user"
        eventually("the context", lambda: world.api.exists(path))
        found = world.read("ResourceClaim", namespace, "theirs")
        assert not list_at(found, "metadata", "finalizers")
        assert not object_at(found, "status")
        context = world.read("PodSchedulingContext", namespace, "user")
        assert not list_at(context, "status", "resourceClaims")
        assert not world.notes(namespace, "user")
        assert not world.notes(namespace, "theirs")
        world.empty_of_pods(namespace)


@pytest.mark.parametrize("spec", [{"count": 0}, {"count": 10000}, {"sharing": {"strategy": "Magic"}}])
def test_parameters_that_make_no_sense_are_refused_at_admission(
    world: ClassicWorld, namespace: str, spec: JsonObject
) -> None:
    with pytest.raises(ApiError, match=r"422.*(count|strategy)"):
        world.create(parameters(namespace, "bad", **spec))


def test_misspelt_parameter_is_refused_by_kubectl(world: ClassicWorld, namespace: str) -> None:
    written = f'{{"apiVersion": "gpu.resource.example.com/v1alpha1", "kind": "GpuClaimParameters", \
"metadata": {{"namespace": "{namespace}", "name": "bad"}}, "spec": {{"cuont": 1}}}}'
    command = [str(world.cluster.kubectl), f"--kubeconfig={world.layout.kubeconfig}", "apply", "-f", "-"]
    cache = ["--cache-dir", str(world.layout.root / "kubectl")]
    done = subprocess.run([*command, *cache], input=written, capture_output=True, text=True)
    assert done.returncode != 0
    assert "cuont" in done.stderr


def test_allocation_names_the_node_and_may_be_shared(world: ClassicWorld, namespace: str) -> None:
    """What the scheduler goes by."""
    world.run(claim(namespace, "gpu"), user(namespace, "user", "gpu"))
    allocation = object_at(world.read("ResourceClaim", namespace, "gpu"), "status", "allocation")
    assert allocation["shareable"] is True
    (term,) = list_at(allocation, "availableOnNodes", "nodeSelectorTerms")
    (field,) = list_at(term, "matchFields")
    assert (at(field, "key"), list_at(field, "values")) == ("metadata.name", [world.layout.node_name])
