"""Which rule is the first to refuse a device to a request, and what it saw."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from dra_core.allocation.allocated import DeviceId
from dra_core.allocation.capacity import Shortage
from dra_core.allocation.in_flight import Chosen, Fatal, InFlight, No
from dra_core.allocation.node_match import node_matches
from dra_core.allocation.pools import Candidate
from dra_core.allocation.requests import Request
from dra_core.allocation.taints import preventing
from dra_core.snapshot.quantity import DECIMAL_SI, canonical

RULES = (
    "InUse",  # another claim holds the device
    "BindingConditions",  # it waits for conditions, which are not enabled
    "Class",  # a selector of the class is false
    "Request",  # a selector of the request is false
    "Error",  # an expression fails on it
    "OtherNode",  # it is meant for other nodes (perDeviceNodeSelection)
    "Capacity",  # an amount is unknown, not allowed or not left
    "NodeOperations",  # the node does not declare that node operations may be left out
    "Partitions",  # it draws from counters, which are not enabled
    "CompatibilityGroups",  # it does not go together with devices in use
    "Counter",  # a counter would be overdrawn
    "Taint",  # a taint is not tolerated
    "Constraint",  # it lacks an attribute that a constraint compares
)


class Refused(msgspec.Struct, frozen=True):
    """A device, the rule that refused it, and what the rule saw."""

    device: DeviceId
    rule: str
    detail: str


def refusing_rule(
    request: Request, candidate: Candidate, state: InFlight, holders: Mapping[DeviceId, str]
) -> Refused | None:
    """The first rule that refuses the device to the request, while nothing else is given away; None if it fits."""
    device = candidate.device
    if not any(state.usable(request, (candidate,))):
        holder = holders.get(device.id)
        return Refused(device.id, "InUse", f"allocated to {holder}" if holder else "allocated to another claim")
    selectable = state.selectable(request, candidate)
    if isinstance(selectable, Fatal):
        return Refused(device.id, "Error", selectable.text)
    if not selectable:
        return _unselected(request, candidate, state)
    short = state.short_of(request, device)
    if isinstance(short, Fatal):
        return Refused(device.id, "Error", short.text)
    if short is not None:
        return Refused(device.id, "Capacity", shortage_in_words(short))
    attempt = state.take(request, candidate, must=False)
    if isinstance(attempt, Chosen):
        state.give_back(attempt)
        return None
    if isinstance(attempt, Fatal):
        return Refused(device.id, "Error", attempt.text)
    return Refused(device.id, attempt.rule, _detail(attempt, request, candidate, state))


def _unselected(request: Request, candidate: Candidate, state: InFlight) -> Refused:
    device = candidate.device
    if device.record.binding_conditions and not state.features.device_binding_and_status:
        return Refused(device.id, "BindingConditions", ", ".join(device.record.binding_conditions))
    for condition in request.conditions:
        if state.questions.ask(condition.expression, device) is not True:
            because = state.questions.because(condition.expression, device)
            seen = f": {because}" if because else ""
            rule = "Class" if condition.of_class else "Request"
            return Refused(device.id, rule, f"{condition.blame} {condition.expression}{seen}")
    record = device.record
    if node_matches(state.node, record.node_name, record.all_nodes, record.node_selector) is not True:
        where = f"node {record.node_name}" if record.node_name else "its node selector"
        return Refused(device.id, "OtherNode", f"only on {where}")
    return Refused(device.id, "Request", "not selected")


def _detail(refusal: No, request: Request, candidate: Candidate, state: InFlight) -> str:
    device = candidate.device
    match refusal.rule:
        case "Taint":
            taint = preventing(device, request.tolerations)
            if taint is None:
                return ""
            value = f"={taint.value}" if taint.value else ""
            return f"taint {taint.key}{value}:{taint.effect} is not tolerated"
        case "Counter":
            counters = state.counters(candidate.pool)
            short = counters.short(device)
            if short is None:
                return ""
            left = canonical(counters.left(short), DECIMAL_SI)
            wanted = sum(
                amount
                for taken in device.consumes
                if taken.counter_set == short[0]
                for name, amount in taken.counters
                if name == short[1]
            )
            asked = canonical(wanted, DECIMAL_SI)
            missing = canonical(wanted - counters.left(short), DECIMAL_SI)
            return f"counter {short[1]} of {short[0]} has {left} left, {asked} wanted, {missing} short"
        case "CompatibilityGroups":
            return f"counter set {state.counters(candidate.pool).incompatible(device)} is used by another group"
        case "NodeOperations":
            return "the node does not declare DRAOptionalNodeOperations"
        case "Partitions":
            return "DRAPartitionableDevices is not enabled"
        case "Constraint":
            name = state.constraint(request.claim, refusal.detail).attribute
            return f"constraint #{refusal.detail} needs the attribute {name}"
        case "Capacity":
            return shortage_in_words(refusal.shortage) if refusal.shortage is not None else ""
        case _:
            return refusal.rule


def shortage_in_words(short: Shortage) -> str:
    """Which capacity, and by how much."""
    if short.kind == "unknown":
        return f"the device has no capacity {short.name}"
    if short.kind == "policy":
        return f"{short.name}: its policy does not allow {short.wanted}"
    if short.wanted is None:
        return short.name
    left = canonical(short.left, short.wanted.format)
    missing = canonical(short.wanted.nanos - short.left, short.wanted.format)
    return f"{short.name}: {short.wanted} wanted, {left} left, {missing} short"
