"""NodeAllocationStates on a modern cluster: the node's truth for people, by controller and plugin together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dra_core.snapshot.json_value import JsonObject, list_at, object_at, text_at
from local_cluster.api import ApiError
from local_cluster.driver import NAMESPACE

from tests.e2e.objects import claim, pod, request
from tests.e2e.world import World, allocated_devices, eventually


def _state(world: World) -> JsonObject:
    try:
        return world.read("NodeAllocationState", NAMESPACE, world.layout.node_name)
    except ApiError as error:
        if error.status != 404:
            raise
        return {}


def _columns(world: World) -> dict[str, str]:
    """What kubectl get nas shows of the node; empty as long as there is no state, or it tells only a part."""
    shown = world.kubectl("get", "nas", "-n", NAMESPACE, world.layout.node_name, "--ignore-not-found").splitlines()
    header, row = (line.split() for line in shown or ("", ""))
    return dict(zip(header, row, strict=True)) if len(header) == len(row) else {}


def _shows(world: World, devices: int, allocated: int, prepared: int) -> bool:
    shown = _columns(world)
    counts = [shown.get(name) for name in ("DEVICES", "ALLOCATED", "PREPARED", "UNHEALTHY", "STATUS")]
    return counts == [str(devices), str(allocated), str(prepared), "0", "Ready"]


def _pods(world: World) -> dict[str, list[str]]:
    """By claim the pods that have it, as the state tells."""
    entries = object_at(_state(world), "spec", "allocatedClaims").values()
    return {
        text_at(entry, "claim", "name"): sorted(str(each) for each in list_at(entry, "claim", "pods"))
        for entry in entries
    }


@contextmanager
def _without_controller(world: World) -> Iterator[None]:
    try:
        world.install("controller.replicas=0")
        eventually("no controller", lambda: not world.controllers())
        yield
    finally:
        world.install()


def test_state_follows_claims_from_allocation_to_their_end(world: World, namespace: str) -> None:
    """In numbers for kubectl get, and by claim, pod, request and device for kubectl describe."""
    eventually("an unused node", lambda: _shows(world, 8, 0, 0))
    three = request("gpus", allocationMode="ExactCount", count=3)
    world.run(
        claim(namespace, "one"),
        pod(namespace, "user", {"gpu": "one"}),
        claim(namespace, "three", three),
        pod(namespace, "other", {"gpu": "three"}),
        pod(namespace, "another", {"gpu": "three"}),
    )
    eventually("four in use", lambda: _shows(world, 8, 4, 4))
    pods = {"one": ["user"], "three": ["another", "other"]}
    eventually("the pods of both claims", lambda: _pods(world) == pods)
    spec = object_at(_state(world), "spec")
    for name in pods:
        uid, found = world.claim_uid(namespace, name), world.read("ResourceClaim", namespace, name)
        entry = object_at(spec, "allocatedClaims", uid)
        assert (text_at(entry, "claim", "namespace"), text_at(entry, "claim", "name")) == (namespace, name)
        devices = [text_at(each, "device") for each in list_at(entry, "devices")]
        assert devices == allocated_devices(found)
        prepared = list_at(spec, "preparedClaims", uid, "devices")
        assert sorted(text_at(each, "device") for each in prepared) == sorted(devices)
    words = ("Allocatable Devices:", "Allocated Claims:", "Prepared Claims:", namespace)
    describe = ("describe", "nas", "-n", NAMESPACE, world.layout.node_name)
    eventually("its description", lambda: all(word in world.kubectl(*describe) for word in words))
    world.empty_of_pods(namespace)
    eventually("an unused node again", lambda: _shows(world, 8, 0, 0))
    assert not {"allocatedClaims", "preparedClaims"} & set(object_at(_state(world), "spec"))


def test_state_that_somebody_deletes_is_made_again(world: World, namespace: str) -> None:
    world.run(claim(namespace, "one"), pod(namespace, "user", {"gpu": "one"}))
    eventually("one in use", lambda: _shows(world, 8, 1, 1))
    before = text_at(_state(world), "metadata", "uid")
    world.delete("NodeAllocationState", NAMESPACE, world.layout.node_name)
    eventually("another one", lambda: text_at(_state(world), "metadata", "uid") not in ("", before))
    eventually("all devices and claims", lambda: _columns(world).get("ALLOCATED") == "1")


def test_pods_need_no_controller_and_the_next_one_shows_what_they_have(world: World, namespace: str) -> None:
    with _without_controller(world):
        world.run(claim(namespace, "one"), pod(namespace, "user", {"gpu": "one"}))
        assert len(world.prepared()) == 1
    eventually("one in use", lambda: _shows(world, 8, 1, 1))


def test_state_belongs_to_its_node(world: World) -> None:
    eventually("a state", lambda: bool(_state(world)))
    (owner,) = list_at(_state(world), "metadata", "ownerReferences")
    assert (text_at(owner, "kind"), text_at(owner, "name")) == ("Node", world.layout.node_name)
