"""The API server's rules for a device's capacity, and for what may be asked of a shared one (Kubernetes 1.37)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dra_core.planning import lint_values as values
from dra_core.planning.lint_values import wrong
from dra_core.refusal import Refusal
from dra_core.snapshot.device import CapacityRequestPolicyRange, DeviceCapacity
from dra_core.snapshot.quantity import Quantity

MOST_VALID_VALUES = 10


def amount_faults(text: str, path: str) -> Iterator[Refusal]:
    """A quantity."""
    amount = values.quantity(text, path)
    if isinstance(amount, Refusal):
        yield amount


def capacity_faults(capacity: DeviceCapacity, path: str, multiple: bool) -> Iterator[Refusal]:
    """A capacity; ``multiple`` says whether several claims may share the device."""
    yield from amount_faults(capacity.value, f"{path}.value")
    policy, where = capacity.request_policy, f"{path}.requestPolicy"
    if policy is None:
        return
    if not multiple:
        yield wrong(where, "a policy is for devices with allowMultipleAllocations", "leave it out")
        return
    if policy.valid_values and policy.valid_range is not None:
        yield wrong(where, "validValues and validRange are both set", "set one of them")
        return
    if policy.default is not None:
        yield from amount_faults(policy.default, f"{where}.default")
    elif policy.valid_values or policy.valid_range is not None:
        yield wrong(f"{where}.default", "the default is missing", code="Required")
    most, default = _amount(capacity.value), _amount(policy.default)
    if policy.valid_values:
        yield from _values(policy.valid_values, default, most, f"{where}.validValues")
    if policy.valid_range is not None:
        yield from _range(policy.valid_range, default, most, f"{where}.validRange")


def _amount(text: str | None) -> Quantity | None:
    """The amount; None if there is none, or nothing that can be read."""
    found = values.quantity(text, "") if text is not None else None
    return None if isinstance(found, Refusal) else found


def _too_large(amount: Quantity | None, capacity: Quantity | None, path: str) -> Iterator[Refusal]:
    if amount is not None and capacity is not None and amount.nanos > capacity.nanos:
        yield wrong(path, f"{amount} is more than the capacity {capacity}")


def _values(texts: Sequence[str], default: Quantity | None, capacity: Quantity | None, path: str) -> Iterator[Refusal]:
    yield from values.too_many(texts, MOST_VALID_VALUES, path)
    before: Quantity | None = None
    for i, text in enumerate(texts):
        amount = values.quantity(text, f"{path}[{i}]")
        if isinstance(amount, Refusal):
            yield amount
            continue
        if before is not None and amount.nanos <= before.nanos:
            yield wrong(f"{path}[{i}]", f"{text} is not more than what comes before", "sort the values, each once")
        yield from _too_large(amount, capacity, f"{path}[{i}]")
        before = amount
    if default is not None and default.nanos not in {amount.nanos for amount in map(_amount, texts) if amount}:
        yield wrong(path, f"the default {default} is not one of them", "add it, or take another default")


def _range(
    bounds: CapacityRequestPolicyRange, default: Quantity | None, capacity: Quantity | None, path: str
) -> Iterator[Refusal]:
    if bounds.min is None:
        yield wrong(f"{path}.min", "the minimum is missing", code="Required")
    for name, text in (("min", bounds.min), ("max", bounds.max), ("step", bounds.step)):
        if text is not None:
            yield from amount_faults(text, f"{path}.{name}")
    least, most, step = _amount(bounds.min), _amount(bounds.max), _amount(bounds.step)
    if least is None:
        return
    yield from _too_large(least, capacity, f"{path}.min")
    yield from _too_large(most, capacity, f"{path}.max")
    if most is not None and most.nanos < least.nanos:
        yield wrong(f"{path}.max", f"{most} is less than the minimum {least}")
    if step is not None and step.nanos <= 0:
        yield wrong(f"{path}.step", f"{step} is not positive")
        return
    if step is not None and capacity is not None and least.nanos + step.nanos > capacity.nanos:
        yield wrong(f"{path}.step", f"the minimum and one step of {step} are more than the capacity {capacity}")
    for name, amount in (("default", default), ("max", most)):
        if amount is None:
            continue
        if name == "default" and (amount.nanos < least.nanos or (most is not None and amount.nanos > most.nanos)):
            yield wrong(path, f"the default {amount} is not in the range")
        elif step is not None and (amount.nanos - least.nanos) % step.nanos:
            yield wrong(f"{path}.{name}", f"{amount} is not the minimum and a number of steps of {step}")
