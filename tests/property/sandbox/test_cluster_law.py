"""The cluster's parts against the real API server, in any order: no device is given twice, and all come back.

Controllers and scheduler are stepped one at a time on whatever the others have left half done. The kubelet is the least
that one can do: pods with a node run, and those that are to go are gone.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from dra_core.allocation.cel_language import CelLanguage
from dra_core.snapshot.json_value import Json, JsonObject, at, list_at, text_at
from dra_sandbox.apiserver.server import ApiServer
from dra_sandbox.controllers.loop import step_of as controllers_step
from dra_sandbox.kubelet.prepared_claims import entries_of
from dra_sandbox.scheduler.loop import step_of as scheduler_step
from dra_sandbox.world.api import Api
from dra_sandbox.world.objects import (
    CLAIM,
    POD,
    World,
    being_deleted,
    controller_uid,
    name_of,
    objects_at,
    pod_finished,
    uid_of,
)
from dra_sandbox.world.writes import Delete, delete, patch
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from tests.property.sandbox.users_of_a_cluster import UsersOfACluster

DRIVER = "gpu.example.com"
DEVICES = 3
ROUNDS = 12  # more than any chain of consequences takes here: claim, allocation, pod, end, release, deletion


class ClusterLaw(UsersOfACluster):
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)
        self.server = ApiServer(clock=lambda: self.now)
        super().__init__()
        self.steps = (
            controllers_step(Api(self.server, "controllers")),
            scheduler_step(Api(self.server, "scheduler"), CelLanguage()),
            self.kubelet,
        )
        self.create(node(), device_class(), published(), template())

    def kubelet(self, world: World, _: datetime) -> None:
        for pod in world.all(POD):
            if not text_at(pod, "spec", "nodeName"):
                continue
            if being_deleted(pod):
                self.api.carry_out(
                    [Delete(kind=POD, namespace="default", name=name_of(pod), uid=uid_of(pod), grace_seconds=0)]
                )
            elif text_at(pod, "status", "phase") in ("", "Pending"):
                self.api.carry_out([patch(pod, {"status": {"phase": "Running"}}, "status")])

    @rule(count=st.integers(1, DEVICES))
    def make_claim_and_its_pod(self, count: int) -> None:
        name = self.new_name("claim")
        self.create(claim(name, count), pod(self.new_name("pod"), [name], 0))

    @rule(data=st.data(), generated=st.integers(0, 2))
    def make_pod(self, data: st.DataObject, generated: int) -> None:
        known = sorted(name_of(item) for item in self.world.all(CLAIM))
        used = data.draw(st.lists(st.sampled_from(known), max_size=2, unique=True)) if known else []
        self.create(pod(self.new_name("pod"), used, generated))

    @rule(parts=st.lists(st.sampled_from([0, 1, 2]), min_size=1, max_size=8))
    def let_parts_work(self, parts: list[int]) -> None:
        self.now += timedelta(seconds=1)
        for part in parts:
            self.steps[part](self.world, self.now)
            self.no_device_is_in_two_claims()

    @invariant()
    def no_device_is_in_two_claims(self) -> None:
        held = Counter(
            text_at(result, "device")
            for item in self.world.all(CLAIM)
            for result in objects_at(item, "status", "allocation", "devices", "results")
        )
        assert all(count == 1 for count in held.values()), held

    @invariant()
    def a_pod_with_a_node_has_all_its_claims(self) -> None:
        for item in self.world.all(POD):
            if text_at(item, "spec", "nodeName") and not pod_finished(item):
                for name in entries_of(item).values():
                    found = self.world.get(CLAIM, "default", name)
                    assert at(found, "status", "allocation") is not None
                    assert uid_of(item) in {text_at(user, "uid") for user in objects_at(found, "status", "reservedFor")}

    @invariant()
    def an_allocated_claim_cannot_vanish(self) -> None:
        for item in self.world.all(CLAIM):
            if at(item, "status", "allocation") is not None:
                assert "resource.kubernetes.io/delete-protection" in list_at(item, "metadata", "finalizers")

    def teardown(self) -> None:
        self.settle()
        waiting = [item for item in self.world.all(POD) if not text_at(item, "spec", "nodeName")]
        for item in waiting:
            assert self.must_wait(item), name_of(item)
        self.only_pods_that_run_hold_anything()
        for kind in (POD, CLAIM):
            self.api.carry_out([delete(item) for item in self.world.all(kind)])
        self.settle()
        assert self.world.all(POD) == ()
        assert self.world.all(CLAIM) == ()

    def only_pods_that_run_hold_anything(self) -> None:
        """At rest, nobody reserves a claim who has ended, no claim without users has devices, none outlives its pod."""
        living = {uid_of(item) for item in self.world.all(POD) if not pod_finished(item)}
        for item in self.world.all(CLAIM):
            users = {text_at(user, "uid") for user in objects_at(item, "status", "reservedFor")}
            assert users <= living
            assert users or at(item, "status", "allocation") is None
            owner = controller_uid(item)
            assert not owner or owner in living or (users and being_deleted(item)), (
                "only another pod that uses it holds it"
            )

    def must_wait(self, waiting: JsonObject) -> bool:
        """Whether what the pod wants is gone, on its way out, or more than is left."""
        claims = [self.world.get(CLAIM, "default", name) for name in entries_of(waiting).values()]
        if any(item is None or being_deleted(item) for item in claims):
            return True
        taken = sum(
            len(objects_at(item, "status", "allocation", "devices", "results")) for item in self.world.all(CLAIM)
        )
        wanted = sum(asked_by(item or {}) for item in claims if at(item, "status", "allocation") is None)
        return wanted > DEVICES - taken

    def settle(self) -> None:
        """Everything comes to rest, soon."""
        for _ in range(ROUNDS):
            before = {kind: self.world.kinds.get(kind) for kind in (POD, CLAIM)}
            for step in self.steps:
                step(self.world, self.now)
            if all(self.world.kinds.get(kind) is objects for kind, objects in before.items()):
                return
        raise AssertionError("the cluster does not come to rest")


def asked_by(value: JsonObject) -> int:
    (request,) = objects_at(value, "spec", "devices", "requests")
    found = at(request, "exactly", "count")
    return found if isinstance(found, int) else 1


def node() -> JsonObject:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": "n"},
        "status": {"allocatable": {"pods": "110"}, "capacity": {"pods": "110"}},
    }


def device_class() -> JsonObject:
    selector: JsonObject = {"cel": {"expression": f"device.driver == '{DRIVER}'"}}
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "DeviceClass",
        "metadata": {"name": DRIVER},
        "spec": {"selectors": [selector]},
    }


def published() -> JsonObject:
    devices: list[Json] = [{"name": f"gpu-{number}"} for number in range(DEVICES)]
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceSlice",
        "metadata": {"name": "s"},
        "spec": {
            "driver": DRIVER,
            "nodeName": "n",
            "pool": {"name": "n", "generation": 1, "resourceSliceCount": 1},
            "devices": devices,
        },
    }


def requests(count: int) -> JsonObject:
    exactly: JsonObject = {"deviceClassName": DRIVER, "allocationMode": "ExactCount", "count": count}
    return {"devices": {"requests": [{"name": "gpu", "exactly": exactly}]}}


def claim(name: str, count: int) -> JsonObject:
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"namespace": "default", "name": name},
        "spec": requests(count),
    }


def template() -> JsonObject:
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaimTemplate",
        "metadata": {"namespace": "default", "name": "one"},
        "spec": {"spec": requests(1)},
    }


def pod(name: str, claims: list[str], generated: int) -> JsonObject:
    entries: list[Json] = [{"name": item, "resourceClaimName": item} for item in claims]
    entries += [{"name": f"own{number}", "resourceClaimTemplateName": "one"} for number in range(generated)]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"namespace": "default", "name": name},
        "spec": {"containers": [{"name": "c", "image": "busybox"}], "resourceClaims": entries},
    }


TestClusterLaw = ClusterLaw.TestCase
TestClusterLaw.settings = settings(deadline=None, stateful_step_count=12)
