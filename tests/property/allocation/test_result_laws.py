"""Whatever is allocated obeys the rules, on generated clusters and claims of every feature."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec
from dra_core.allocation.allocate import Allocation, Answer, Unallocated, Wrong
from dra_core.allocation.cel_language import CelLanguage
from dra_core.allocation.features import Variant
from dra_core.allocation.node_match import node_matches
from dra_core.allocation.question import Question, answer_question, read_question
from dra_core.allocation.selectors import Questions
from dra_core.allocation.taints import tolerates
from dra_core.snapshot.device import Device
from dra_core.snapshot.quantity import parse
from dra_core.snapshot.resource_claim import (
    AllocationResult,
    DeviceRequestAllocationResult,
    DeviceSubRequest,
    ExactDeviceRequest,
    ResourceClaim,
)
from dra_core.snapshot.resource_slice import ResourceSlice
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.integration.oracle.questions import JsonDict, examples, questions

QUESTIONS = Questions(CelLanguage())
BUDGET = 20_000
LAW = settings(max_examples=examples(30), deadline=None, suppress_health_check=list(HealthCheck))
DeviceId = tuple[str, str, str]


def read(question: JsonDict) -> Question:
    return read_question(question).unwrap()


def answer(question: Question, memory: Questions = QUESTIONS, budget: int = BUDGET) -> Answer:
    return answer_question(question, memory, lambda: "share", budget)[1]


def id_of(result: DeviceRequestAllocationResult) -> DeviceId:
    return result.driver, result.pool, result.device


def results_of(allocation: Allocation) -> list[DeviceRequestAllocationResult]:
    return [result for claim in allocation.results for result in claim.devices.results]


def newest(question: Question) -> Mapping[DeviceId, tuple[Device, ResourceSlice]]:
    """Devices of the newest generation of each pool, as far as this node sees pools."""
    generations: Counter[tuple[str, str]] = Counter()
    for item in question.slices:
        pool = (item.spec.driver, item.spec.pool.name)
        generations[pool] = max(generations[pool], item.spec.pool.generation)
    return {
        (item.spec.driver, item.spec.pool.name, device.name): (device, item)
        for item in question.slices
        for device in item.spec.devices
    }


@LAW
@given(generated=questions())
def test_every_result_obeys_the_rules(generated: JsonDict) -> None:
    question = read(generated)
    found = answer(question)
    event(type(found).__name__)
    if not isinstance(found, Allocation):
        return
    devices = newest(question)
    assert len(found.results) == len(question.claims)
    no_device_is_given_twice(question, found)
    counters_are_not_overdrawn(question, found, devices)
    capacity_is_not_exceeded(question, found, devices)
    for claim, result in zip(question.claims, found.results, strict=True):
        requests_are_met(question, claim, result, devices)
        constraints_hold(question, claim, result, devices)
        configuration_names_what_was_chosen(claim, result)


def no_device_is_given_twice(question: Question, found: Allocation) -> None:
    whole: set[DeviceId] = set()
    for claim in found.results:
        admin: set[DeviceId] = set()
        for result in claim.devices.results:
            device = id_of(result)
            if result.share_id is not None:
                continue
            if result.admin_access:
                assert device not in admin, "not even with admin access, in one claim"
                admin.add(device)
                continue
            assert device not in whole
            assert device[2] not in question.allocated.devices.get(device[:2], ())
            whole.add(device)


def counters_are_not_overdrawn(
    question: Question, found: Allocation, devices: Mapping[DeviceId, tuple[Device, ResourceSlice]]
) -> None:
    if not question.features.partitionable_devices:
        return
    used: Counter[tuple[str, str, str, str]] = Counter()
    new = {id_of(result) for result in results_of(found)}
    held = {device for device in devices if question.allocated.holds(device[:2], device[2])}
    pools = {device[:2] for device in new if devices[device][0].consumes_counters}
    for device in new | (held if question.features.variant is not Variant.STABLE else set()):
        for taken in devices[device][0].consumes_counters:
            for name, counter in taken.counters.items():
                used[(*device[:2], taken.counter_set, name)] += nanos(counter.value)
    for item in question.slices:
        pool = (item.spec.driver, item.spec.pool.name)
        for counters in item.spec.shared_counters if pool in pools else ():
            for name, counter in counters.counters.items():
                assert used[(*pool, counters.name, name)] <= nanos(counter.value)


def capacity_is_not_exceeded(
    question: Question, found: Allocation, devices: Mapping[DeviceId, tuple[Device, ResourceSlice]]
) -> None:
    used: Counter[tuple[DeviceId, str]] = Counter()
    for result in results_of(found):
        assert (result.share_id is not None) == (
            question.features.consumable_capacity and bool(devices[id_of(result)][0].allow_multiple_allocations)
        )
        for name, text in result.consumed_capacity.items():
            used[id_of(result), name] += nanos(text)
    for (device, name), amount in used.items():
        before = question.allocated.consumed.get(device, {}).get(name, 0)
        # What others were given before is not ours to judge, unless something is added to it.
        assert amount == 0 or before + amount <= nanos(devices[device][0].capacity[name].value)


def nanos(text: str) -> int:
    amount = parse(text)
    assert amount is not None
    return amount.nanos


def asked_for(claim: ResourceClaim, name: str) -> ExactDeviceRequest | DeviceSubRequest:
    parent, _, alternative = name.partition("/")
    request = next(request for request in claim.spec.devices.requests if request.name == parent)
    if not alternative:
        assert request.exactly is not None
        return request.exactly
    return next(item for item in request.first_available if item.name == alternative)


def requests_are_met(
    question: Question,
    claim: ResourceClaim,
    result: AllocationResult,
    devices: Mapping[DeviceId, tuple[Device, ResourceSlice]],
) -> None:
    taken: Counter[str] = Counter()
    for item in result.devices.results:
        request = asked_for(claim, item.request)
        device, part = devices[id_of(item)]
        taken[item.request] += 1
        selectors = (*question.classes[request.device_class_name].spec.selectors, *request.selectors)
        for selector in selectors:
            assert selector.cel is not None
            found = CelLanguage().selector(selector.cel.expression)
            inventory = answer_question(question, QUESTIONS, lambda: "", 1)[0]
            here = [
                known
                for slices in inventory.pools.values()
                for listed in slices
                for known in listed.devices
                if known.id == id_of(item) and known.record is device
            ]
            assert all(found.matches(known) is True for known in here)  # type: ignore[union-attr] # it compiled before
        spec = part.spec
        if spec.per_device_node_selection:
            assert node_matches(question.node, device.node_name, device.all_nodes, device.node_selector) is True
        else:
            assert node_matches(question.node, spec.node_name, spec.all_nodes, spec.node_selector) is True
        if question.features.device_taints:
            for taint in device.taints:
                blocks = taint.effect in ("NoSchedule", "NoExecute")
                assert not blocks or any(tolerates(toleration, taint) for toleration in request.tolerations)
    for request_record in claim.spec.devices.requests:
        if request_record.exactly is not None and request_record.exactly.allocation_mode == "ExactCount":
            assert taken[request_record.name] == (request_record.exactly.count or 0)
        if request_record.first_available:
            chosen = [name for name in taken if name.partition("/")[0] == request_record.name]
            assert len(chosen) <= 1, "one alternative"
    assert sum(taken.values()) <= 32


def constraints_hold(
    question: Question,
    claim: ResourceClaim,
    result: AllocationResult,
    devices: Mapping[DeviceId, tuple[Device, ResourceSlice]],
) -> None:
    if question.features.list_type_attributes or question.features.derived_attributes:
        return  # compared with the scheduler's library instead
    for constraint in claim.spec.devices.constraints:
        values: list[object] = []
        for item in result.devices.results:
            named = constraint.requests
            if named and item.request not in named and item.request.partition("/")[0] not in named:
                continue
            name = constraint.match_attribute or constraint.distinct_attribute or ""
            device = devices[id_of(item)][0]
            short = name.removeprefix(f"{item.driver}/")
            attribute = device.attributes.get(name) or device.attributes.get(short)
            assert attribute is not None
            values.append(attribute)
        if constraint.match_attribute is not None:
            assert len(set(values)) <= 1
        else:
            assert len(set(values)) == len(values)


def configuration_names_what_was_chosen(claim: ResourceClaim, result: AllocationResult) -> None:
    names = {request.name for request in claim.spec.devices.requests}
    alternatives = {
        f"{request.name}/{item.name}" for request in claim.spec.devices.requests for item in request.first_available
    }
    sources = [item.source for item in result.devices.config]
    assert sources == sorted(sources, key=["FromClass", "FromClaim"].index)
    for item in result.devices.config:
        assert set(item.requests) <= names | alternatives


@LAW
@given(generated=questions(), data=st.data())
def test_the_answer_is_a_function_of_the_snapshot(generated: JsonDict, data: st.DataObject) -> None:
    """What CEL was asked before, and the order of slices where pools are sorted, say nothing."""
    question = read(generated)
    first = answer(question)
    assert answer(question, Questions(CelLanguage())) == first
    if question.features.variant is not Variant.STABLE and not isinstance(first, Wrong):
        shuffled = tuple(data.draw(st.permutations(question.slices)))
        assert answer(msgspec.structs.replace(question, slices=shuffled)) == first


@LAW
@given(generated=questions())
def test_another_device_never_makes_claims_fit_less(generated: JsonDict) -> None:
    question = read(generated)
    exact = all(
        item.allocation_mode == "ExactCount"
        for claim in question.claims
        for request in claim.spec.devices.requests
        for item in (*((request.exactly,) if request.exactly else ()), *request.first_available)
    )
    if not exact or not isinstance(answer(question), Allocation):
        return
    more = msgspec.convert(
        {
            "metadata": {"name": "another"},
            "spec": {
                "driver": "a.example.com",
                "pool": {"name": "another", "generation": 1, "resourceSliceCount": 1},
                "nodeName": question.node.metadata.name,
                "devices": [{"name": "d", "attributes": {"model": {"string": "x"}, "index": {"int": 1}}}],
            },
        },
        ResourceSlice,
    )
    found = answer(msgspec.structs.replace(question, slices=(*question.slices, more)))
    # An expression may fail on the new device, which ends the attempt; that is the expression's fault.
    assert not isinstance(found, Unallocated) or found.gave_up
