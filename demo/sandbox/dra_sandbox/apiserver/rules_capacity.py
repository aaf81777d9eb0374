"""Capacities of devices and the policies by which shares of them are requested (resource.k8s.io/v1, 1.37)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from dra_core.refusal import Refusal
from dra_core.snapshot.json_value import JsonObject, at, list_at, object_at
from dra_core.snapshot.quantity import MOST, NANOS, Quantity, parse

from dra_sandbox.apiserver import faults
from dra_sandbox.apiserver.device_names import size_faults

VALID_VALUES = 10  # CapacityRequestPolicyDiscreteMaxOptions
_MILLI = NANOS // 1000


def capacity_faults(path: str, capacity: JsonObject, *, multiple: bool) -> Iterator[Refusal]:
    """One capacity of a device; only devices that can be allocated several times have a policy."""
    policy = capacity.get("requestPolicy")
    if policy is None:
        return
    path = f"{path}.requestPolicy"
    if not multiple:
        yield faults.forbidden(path, "allowMultipleAllocations must be true")
        return
    values, within = list_at(policy, "validValues"), at(policy, "validRange")
    if values and within is not None:
        yield faults.forbidden(
            path, 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time'
        )
        return
    most, default = _amount(capacity, "value"), _amount(policy, "default")
    if most is None or not (values or within is not None):
        return
    kind = "validValues" if values else "validRange"
    if default is None:
        yield faults.required(f"{path}.default", f"required when {kind} is defined")
    elif values:
        parsed = [parse(str(value)) for value in values]
        yield from _value_faults(f"{path}.validValues", [one for one in parsed if one is not None], default, most)
    else:
        yield from _range_faults(f"{path}.validRange", object_at(policy, "validRange"), default, most)


def _value_faults(path: str, values: list[Quantity], default: Quantity, most: Quantity) -> Iterator[Refusal]:
    for i, (left, right) in enumerate(pairwise(values)):
        if left.nanos > right.nanos:
            yield faults.invalid(f"{path}[{i + 1}]", str(right), "values must be sorted in ascending order")
    yield from size_faults(path, [str(value) for value in values], VALID_VALUES)
    if len(values) > VALID_VALUES:
        return
    seen: set[int] = set()
    for i, value in enumerate(values):
        if value.nanos > most.nanos:
            yield faults.invalid(f"{path}[{i}]", str(value), f"option is larger than capacity value: {most}")
        if value.nanos in seen:
            yield faults.duplicate(f"{path}[{i}]", str(value))
        seen.add(value.nanos)
    if default.nanos not in seen:
        yield faults.invalid(path, str(default), "default value is not valid according to the requestPolicy")


def _range_faults(path: str, within: JsonObject, default: Quantity, most: Quantity) -> Iterator[Refusal]:
    least, top, step = _amount(within, "min"), _amount(within, "max"), _amount(within, "step")
    if least is None:
        yield faults.required(f"{path}.min", "required when validRange is defined")
        return
    for name, value in (("min", least), ("max", top), ("step", step)):
        if value is not None and value.nanos < 0:
            yield faults.invalid(f"{path}.{name}", str(value), "must be greater than or equal to 0")
        if value is not None and value.nanos > MOST * NANOS:
            yield faults.invalid(f"{path}.{name}", str(value), f"must not be larger than {MOST}")
    if least.nanos > most.nanos:
        yield faults.invalid(f"{path}.min", str(least), f"min is larger than capacity value: {most}")
    if default.nanos < least.nanos:
        yield faults.invalid(f"{path}.default", str(default), f"default is less than min: {least}")
    if top is not None:
        if least.nanos > top.nanos:
            yield faults.invalid(f"{path}.max", str(least), f"min is larger than max: {top}")
        if top.nanos > most.nanos:
            yield faults.invalid(f"{path}.max", str(top), f"max is larger than capacity value: {most}")
        if default.nanos > top.nanos:
            yield faults.invalid(f"{path}.default", str(default), f"default is more than max: {top}")
    if step is not None:
        yield from _step_faults(path, (default, least, top, step), most)


def _step_faults(
    path: str, parts: tuple[Quantity, Quantity, Quantity | None, Quantity], most: Quantity
) -> Iterator[Refusal]:
    """Everything is on the grid of steps from the minimum; whole numbers unless some part is not whole."""
    default, least, top, step = parts
    unit = _MILLI if any(one is not None and one.nanos % NANOS for one in parts) else NANOS
    stride = -(-step.nanos // unit)
    if stride <= 0:
        yield faults.invalid(f"{path}.step", str(step), "must be greater than zero")
        return
    if least.nanos + step.nanos > most.nanos:
        yield faults.invalid(
            f"{path}.step", str(step), f"one step {_sum(least, step)} is larger than capacity value: {most}"
        )
    for value in (default, top):
        if value is not None and (value.nanos - least.nanos) // unit % stride:
            yield faults.invalid(
                f"{path}.step", str(value), f"value is not a multiple of a given step ({step}) from ({least})"
            )


def _sum(left: Quantity, right: Quantity) -> str:
    return str(Quantity(left.nanos + right.nanos, left.format))


def _amount(value: JsonObject | object, key: str) -> Quantity | None:
    found = value.get(key) if isinstance(value, dict) else None
    return parse(str(found)) if found is not None else None
