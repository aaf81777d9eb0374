"""Kubernetes 1.30 against the real API server, in any order: no device is given twice, and nobody waits in vain.

Controllers, scheduler and a driver's controller are stepped one at a time on whatever the others have left half done.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from dra_core.snapshot.json_value import Json, JsonObject, at, text_at
from dra_sandbox.apiserver.server import ApiServer
from dra_sandbox.controllers.loop import step_of as controllers_step
from dra_sandbox.kubelet.prepared_claims import entries_of
from dra_sandbox.scheduler.classic_loop import classic_step_of
from dra_sandbox.world.api import Api
from dra_sandbox.world.objects import (
    CLAIM,
    CONTEXT,
    POD,
    being_deleted,
    controller_uid,
    finalizers_of,
    name_of,
    objects_at,
    pod_finished,
    uid_of,
)
from dra_sandbox.world.writes import Delete, delete, patch
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from tests.property.sandbox.classic_driver import CLASS, DRIVER, NARROW_CLASS, LittleDriver, asked_by, node_of
from tests.property.sandbox.users_of_a_cluster import UsersOfACluster

NODES, DEVICES = ("a", "b"), 3
ROUNDS = 30  # more than any chain of consequences takes here


class ClassicClusterLaw(UsersOfACluster):
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)
        self.server = ApiServer(generation="classic", clock=lambda: self.now)
        super().__init__()
        self.driver = LittleDriver(Api(self.server, "driver"), DEVICES)
        controllers = controllers_step(Api(self.server, "controllers"), "classic")
        scheduler = classic_step_of(Api(self.server, "scheduler"))
        self.steps: tuple[Callable[[], object], ...] = (
            lambda: controllers(self.world, self.now),
            lambda: scheduler(self.world, self.now),
            lambda: self.driver.step(NODES),
            self.kubelet,
        )
        self.placed: set[str] = set()
        self.create(*(node(name) for name in NODES), resource_class(CLASS), resource_class(NARROW_CLASS, "b"))
        self.create(template("one", CLASS), template("one-on-b", NARROW_CLASS))

    def kubelet(self) -> None:
        """Pods run whose claims are all theirs; those that are to go are gone."""
        for pod in self.world.all(POD):
            if not text_at(pod, "spec", "nodeName"):
                continue
            if being_deleted(pod):
                gone = Delete(kind=POD, namespace="default", name=name_of(pod), uid=uid_of(pod), grace_seconds=0)
                self.api.carry_out([gone])
            elif text_at(pod, "status", "phase") in ("", "Pending") and self.may_start(pod):
                self.api.carry_out([patch(pod, {"status": {"phase": "Running"}}, "status")])

    def may_start(self, pod: JsonObject) -> bool:
        claims = [self.world.get(CLAIM, "default", name) for name in entries_of(pod).values()]
        return all(uid_of(pod) in users_of(claim) for claim in claims)

    @rule(count=st.integers(1, DEVICES), mode=st.sampled_from(["Immediate", "WaitForFirstConsumer"]))
    def make_claim_and_its_pod(self, count: int, mode: str) -> None:
        name = self.new_name("claim")
        self.create(claim(name, count, mode), pod(self.new_name("pod"), [name], []))

    @rule(
        data=st.data(),
        own=st.lists(st.sampled_from(["one", "one-on-b"]), max_size=2),
        where=st.sampled_from(["", "", "", *NODES]),
    )
    def make_pod(self, data: st.DataObject, own: list[str], where: str) -> None:
        known = sorted(name_of(item) for item in self.world.all(CLAIM))
        used = data.draw(st.lists(st.sampled_from(known), max_size=2, unique=True)) if known else []
        name = self.new_name("pod")
        if where:
            self.placed.add(name)
        self.create(pod(name, used, own, where))

    @rule(parts=st.lists(st.integers(0, 4), min_size=1, max_size=8))
    def let_parts_work(self, parts: list[int]) -> None:
        self.now += timedelta(seconds=1)
        steps: tuple[Callable[[], object], ...] = (*self.steps, lambda: self.driver.step(NODES, most=1))
        for part in parts:
            steps[part]()
            self.no_device_is_given_twice()

    @rule()
    def let_everything_come_to_rest(self) -> None:
        self.settle()
        self.nobody_waits_in_vain()
        self.only_pods_that_run_hold_anything()

    @invariant()
    def no_device_is_given_twice(self) -> None:
        assert all(self.driver.free(name) >= 0 for name in NODES)

    @invariant()
    def a_pod_that_was_scheduled_has_all_its_claims_on_its_node(self) -> None:
        for item in self.world.all(POD):
            where = text_at(item, "spec", "nodeName")
            if not where or name_of(item) in self.placed or pod_finished(item):
                continue
            for name in entries_of(item).values():
                found = self.world.get(CLAIM, "default", name)
                assert node_of(found) == where
                assert where == "b" or text_at(found, "spec", "resourceClassName") != NARROW_CLASS
                assert uid_of(item) in users_of(found)

    def teardown(self) -> None:
        self.let_everything_come_to_rest()
        for kind in (POD, CLAIM):
            self.api.carry_out([delete(item) for item in self.world.all(kind)])
        self.settle()
        assert [self.world.all(kind) for kind in (POD, CLAIM, CONTEXT)] == [(), (), ()]

    def nobody_waits_in_vain(self) -> None:
        for item in self.world.all(POD):
            if not text_at(item, "spec", "nodeName"):
                assert self.must_wait(item), name_of(item)
            elif not pod_finished(item) and name_of(item) not in self.placed:
                assert self.world.get(CONTEXT, "default", name_of(item)) is None, "the exchange is over"

    def only_pods_that_run_hold_anything(self) -> None:
        """At rest, nobody reserves a claim who has ended, nothing is half taken back, no claim outlives its pod."""
        living = {uid_of(item) for item in self.world.all(POD) if not pod_finished(item)}
        for item in self.world.all(CLAIM):
            assert users_of(item) <= living
            assert at(item, "status", "deallocationRequested") is not True
            assert bool(finalizers_of(item)) == bool(node_of(item))
            if text_at(item, "spec", "allocationMode") != "Immediate" and not self.driver.interrupted:
                assert bool(users_of(item)) == bool(node_of(item))
            owner = controller_uid(item)
            assert not owner or owner in living or (users_of(item) and being_deleted(item))

    def must_wait(self, waiting: JsonObject) -> bool:
        """Whether on no node there is room for what the pod wants, even if it gives back what only it uses."""
        claims = [self.world.get(CLAIM, "default", name) for name in entries_of(waiting).values()]
        if any(item is None or being_deleted(item) or not self.is_to_be_had(item) for item in claims):
            return True
        fixed = {node_of(item) for item in claims if node_of(item) and not self.is_movable(item or {}, waiting)}
        loose = [item for item in claims if item is not None and (not node_of(item) or self.is_movable(item, waiting))]
        for name in NODES:
            back = sum(asked_by(item) for item in loose if node_of(item) == name)
            allowed = name == "b" or all(text_at(item, "spec", "resourceClassName") == CLASS for item in loose)
            if fixed <= {name} and allowed and self.driver.free(name) + back >= sum(map(asked_by, loose)):
                return False
        return True

    def is_to_be_had(self, item: JsonObject | None) -> bool:
        return bool(node_of(item)) or text_at(item, "spec", "allocationMode") != "Immediate"

    def is_movable(self, item: JsonObject, waiting: JsonObject) -> bool:
        return text_at(item, "spec", "allocationMode") != "Immediate" and users_of(item) <= {uid_of(waiting)}

    def settle(self) -> None:
        """Everything comes to rest, soon."""
        for _ in range(ROUNDS):
            before = {kind: self.world.kinds.get(kind) for kind in (POD, CLAIM, CONTEXT)}
            for step in self.steps:
                step()
            if all(self.world.kinds.get(kind) is objects for kind, objects in before.items()):
                return
        raise AssertionError("the cluster does not come to rest")


def users_of(value: JsonObject | None) -> set[str]:
    return {text_at(user, "uid") for user in objects_at(value, "status", "reservedFor")}


def node(name: str) -> JsonObject:
    status: JsonObject = {"allocatable": {"pods": "110"}, "capacity": {"pods": "110"}}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": status}


def resource_class(name: str, only_on: str = "") -> JsonObject:
    field: JsonObject = {"key": "metadata.name", "operator": "In", "values": [only_on]}
    selector: JsonObject = {"nodeSelectorTerms": [{"matchFields": [field]}]}
    return {
        "apiVersion": "resource.k8s.io/v1alpha2",
        "kind": "ResourceClass",
        "metadata": {"name": name},
        "driverName": DRIVER,
        **({"suitableNodes": selector} if only_on else {}),
    }


def claim(name: str, count: int, mode: str) -> JsonObject:
    parameters: JsonObject = {"kind": "Count", "name": str(count)}
    return {
        "apiVersion": "resource.k8s.io/v1alpha2",
        "kind": "ResourceClaim",
        "metadata": {"namespace": "default", "name": name},
        "spec": {"resourceClassName": CLASS, "allocationMode": mode, "parametersRef": parameters},
    }


def template(name: str, class_name: str) -> JsonObject:
    return {
        "apiVersion": "resource.k8s.io/v1alpha2",
        "kind": "ResourceClaimTemplate",
        "metadata": {"namespace": "default", "name": name},
        "spec": {"spec": {"resourceClassName": class_name}},
    }


def pod(name: str, used: list[str], own: list[str], where: str = "") -> JsonObject:
    entries: list[Json] = [{"name": item, "source": {"resourceClaimName": item}} for item in used]
    entries += [
        {"name": f"own{number}", "source": {"resourceClaimTemplateName": item}} for number, item in enumerate(own)
    ]
    spec: dict[str, Json] = {"containers": [{"name": "c", "image": "busybox"}], "resourceClaims": entries}
    if where:
        spec["nodeName"] = where
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"namespace": "default", "name": name},
        "spec": spec,
    }


TestClassicClusterLaw = ClassicClusterLaw.TestCase
TestClassicClusterLaw.settings = settings(deadline=None, stateful_step_count=12)
